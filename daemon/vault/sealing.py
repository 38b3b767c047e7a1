"""What protects a key-encryption key itself, as far as it can be told: for ``status``, which must not promise too much.

systemd hands a credential over in the clear. How it was sealed stands in the first 16 bytes of the encrypted file it
came from, which may or may not be readable for us.
"""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from config.files import Unreadable, read_bytes

CREDENTIAL = "lmsyncd-vault"
"""The credential that is used where the configuration names no key."""
STORES = (Path("/etc/credstore.encrypted"), Path("/run/credstore.encrypted"), Path("/usr/lib/credstore.encrypted"))
BLOB_BYTES_MAX = 2 << 20
ID_BYTES = 16

Kind = Literal["tpm2", "host key", "host key and tpm2", "pkcs11", "systemd, kind unknown", "plain"]

_BY_ID: dict[str, Kind] = {
    "5a1c6a86df9d4096b1d5a65e0862f19a": "host key",
    "55b9ed1d38594d43a8319d2ebb332ac6": "host key",
    "0c7cc07b117645919c4b0bea08bc20fe": "tpm2",
    "faf7eb9341e3412ca1a436f95a29362f": "tpm2",
    "93a894094874449090caf2fc93cab553": "host key and tpm2",
    "ef4ac13679a9480ea7db68897f9f165d": "host key and tpm2",
    "af4950a849134eb1a73846304ff30c05": "host key and tpm2",
    "adbc4ca3efb64201ba881b6f2e4095ea": "host key and tpm2",
    "058469daf6f54324800549da0f8ea2fb": "plain",
}
"""What systemd-creds writes at the beginning of an encrypted credential; the last is its empty key."""


class Sealing(msgspec.Struct, frozen=True):
    """``kind`` in a word, ``where`` the key is."""

    kind: Kind
    where: str


def kind_of(blob: bytes) -> Kind:
    """Of an encrypted credential, in base64 as systemd-creds writes it."""
    try:
        head = base64.b64decode(b"".join(blob[:128].split())[:24], validate=True)[:ID_BYTES]
    except (ValueError, binascii.Error):
        return "systemd, kind unknown"
    return _BY_ID.get(head.hex(), "systemd, kind unknown")


def of_credential(name: str, directories: Sequence[Path]) -> Sealing:
    """Of a systemd credential: the encrypted file is looked for in ``directories``, as ``NAME`` and ``NAME.cred``."""
    for directory in directories:
        for path in (directory / name, directory / f"{name}.cred"):
            try:
                blob, _ = read_bytes(path, BLOB_BYTES_MAX)
            except Unreadable:
                continue
            return Sealing(kind_of(blob), f"systemd credential {name}, from {path}")
    return Sealing("systemd, kind unknown", f"systemd credential {name}")
