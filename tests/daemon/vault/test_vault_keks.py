"""Key-encryption keys: how they are written, which is in use, and what is said of what protects them."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from vault_place import opened

from config.model import Secret
from config.vaulting import Pkcs11, VaultWords
from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import FILE_KEYS_MAX, KeyFile, LocalKek, read_key
from daemon.vault.sealing import kind_of, of_credential

KEY = bytes(range(32))
KINDS = {
    "5a1c6a86df9d4096b1d5a65e0862f19a": "host key",
    "0c7cc07b117645919c4b0bea08bc20fe": "tpm2",
    "faf7eb9341e3412ca1a436f95a29362f": "tpm2",
    "93a894094874449090caf2fc93cab553": "host key and tpm2",
    "af4950a849134eb1a73846304ff30c05": "host key and tpm2",
    "058469daf6f54324800549da0f8ea2fb": "plain",
    "00000000000000000000000000000000": "systemd, kind unknown",
}


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode(), f"\n{KEY.hex()}  \n"])
def test_a_key_is_hexadecimal_or_base64(text: str) -> None:
    assert read_key(text) == KEY


@pytest.mark.parametrize(
    "text", ["", "secret", KEY.hex()[:-2], KEY.hex() + "00", "g" * 64, base64.b64encode(KEY[1:]).decode()]
)
def test_anything_else_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(VaultUnusable, match="32 bytes in hexadecimal or base64") as refused:
        read_key(text)
    assert not text or text not in refused.value.why


def test_a_hint_gives_the_same_bytes_again_and_another_key_others() -> None:
    kek, other = LocalKek(KEY, "here"), LocalKek(KEY[::-1], "there")
    hint, secret = kek.fresh()
    assert kek.recall([hint, b""])[0] == secret
    assert other.recall([hint]) != [secret]
    assert kek.identify() != other.identify()
    assert KEY.hex() not in repr(kek)


def test_the_file_keeps_the_newest_first(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "x.vault")
    assert file.load() == []
    [first] = file.keep()
    assert file.keep() == [first]
    second, former = file.renew()
    assert (former, file.load()) == (first, [second, first])
    assert file.path.stat().st_mode & 0o777 == 0o600
    for _ in range(FILE_KEYS_MAX - 2):
        file.renew()
    with pytest.raises(VaultUnusable, match="8 keys in it already"):
        file.renew()
    assert file.load()[-1] == first, "none was dropped"


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key\n", b"\xff\xfe", b"ab" * 31, b"\n".join([b"ab" * 32] * 9)])
def test_a_file_that_is_none_of_ours_is_neither_used_nor_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.vault"
    path.write_bytes(content)
    with pytest.raises(VaultUnusable, match="no key file of ours"):
        KeyFile(path).keep()
    assert path.read_bytes() == content


@pytest.mark.parametrize(("identity", "kind"), KINDS.items())
def test_how_a_credential_is_sealed_stands_at_its_beginning(tmp_path: Path, identity: str, kind: str) -> None:
    blob = base64.encodebytes(bytes.fromhex(identity) + bytes(100))
    assert kind_of(blob) == kind
    (tmp_path / "lmsyncd-vault.cred").write_bytes(blob)
    told = of_credential("lmsyncd-vault", [tmp_path / "none", tmp_path])
    assert (told.kind, str(tmp_path) in told.where) == (kind, True)


@pytest.mark.parametrize("blob", [b"", b"ab", b"no base64 !", b"=" * 40])
def test_what_cannot_be_read_is_said_to_be_unknown(tmp_path: Path, blob: bytes) -> None:
    assert kind_of(blob) == "systemd, kind unknown"
    assert of_credential("lmsyncd-vault", [tmp_path]).kind == "systemd, kind unknown"


async def test_what_is_used_without_a_word_of_the_configuration(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        assert place.room.keks.source.sealing.kind == "plain"
        assert place.room.keks.file is not None
    creds = tmp_path / "creds"
    creds.mkdir()
    (creds / "lmsyncd-vault").write_text(KEY.hex())
    (tmp_path / "lmsyncd-vault.cred").write_bytes(base64.b64encode(bytes.fromhex(next(iter(KINDS))) + bytes(64)))
    async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(creds)}) as place:
        assert place.room.keks.source.sealing.kind == "host key"
        await place.room.put("acme", "x", "value", "ada")
        assert (await place.room.state()).kek == LocalKek(KEY, "").identify().hex()
    assert not (tmp_path / "v.db.vault").exists()
    words = VaultWords(key=Secret(file=tmp_path / "other"))
    (tmp_path / "other").write_text("ef" * 32)
    async with opened(tmp_path, words, {"CREDENTIALS_DIRECTORY": str(creds)}) as place:
        assert place.room.keks.source.sealing.where.endswith("other"), "what is written goes first"
        assert place.secrets.open(place.secrets.stored()["acme", "x"]) == b"value", "and the credential still unwraps"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), ("", "the file is empty"), ("short", "32 bytes in hexadecimal or base64")],
)
async def test_a_key_that_cannot_be_had_is_named_and_nothing_falls_back(
    tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    async with opened(tmp_path, VaultWords(key=Secret(file=tmp_path / "key"))) as place:
        with pytest.raises(VaultUnusable, match=said):
            await place.room.put("acme", "x", "value", "ada")
        assert said in (await place.room.state()).trouble
    assert not (tmp_path / "v.db.vault").exists(), "no plain key was made instead"


def test_the_key_is_in_one_place() -> None:
    hsm = Pkcs11(module=Path("/x"), token="t", key="k", pin=Secret(env="PIN"))
    with pytest.raises(ValueError, match="not in both"):
        VaultWords(key=Secret(env="KEY"), pkcs11=hsm)


def test_no_core_is_dumped_and_nobody_of_the_same_user_may_look() -> None:
    """In a process of its own: it cannot be taken back."""
    said = (
        "import ctypes, resource; from daemon.private import *; print(repr(keep_memory_private()), "
        "resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(PR_GET_DUMPABLE))"
    )
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ran.stdout == "'' (0, 0) 0\n"
