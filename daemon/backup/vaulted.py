"""The file key of a backup under the vault's key: wrapped as a data key is, with the file's salt in place of a key's
id, so that the envelope opens for this file alone and for no tenant's data key.
"""

from collections.abc import Sequence

from daemon.backup.recipients import SealedKey
from daemon.backup.refusing import BackupRefused
from daemon.vault.envelope import VaultUnusable, unwrap, wrap
from daemon.vault.keks import Kek, ask
from daemon.vault.opening import Keks

PLACE = "(backup)"
"""Stands where a tenant's name would; no tenant can be called so."""


async def seal_for_vault(keks: Keks, file_key: bytes, salt: bytes) -> SealedKey:
    """Under the key that is in use. Raises BackupRefused."""
    try:
        under = await keks.in_use()
        hint, secret = await ask(under.kek, under.kek.fresh)
    except VaultUnusable as error:
        raise BackupRefused(f"the vault's key cannot be used: {error.why}") from None
    return SealedKey(kind="vault", key=under.id.hex(), hint=hint, sealed=wrap(secret, under.id, salt, PLACE, file_key))


async def open_by_vault(keks: Keks, keys: Sequence[SealedKey], salt: bytes) -> bytes | None:
    """The file key, None where the file was not made for a vault. Raises BackupRefused."""
    for each in keys:
        if each.kind == "vault":
            try:
                kek = await keks.by_id(bytes.fromhex(each.key))
                return await _opened(kek, each, salt)
            except VaultUnusable as error:
                raise BackupRefused(
                    f"{error.why}; one that systemd hands to the daemon is named by --identity"
                ) from None
    return None


async def open_by_key(keks: Sequence[Kek], keys: Sequence[SealedKey], salt: bytes) -> bytes | None:
    """The same with keys that somebody holds; None where none of them is the one."""
    for kek in keks:
        found = next((each for each in keys if each.kind == "vault" and each.key == kek.identify().hex()), None)
        if found is not None:
            try:
                return await _opened(kek, found, salt)
            except VaultUnusable as error:
                raise BackupRefused(error.why) from None
    return None


async def _opened(kek: Kek, key: SealedKey, salt: bytes) -> bytes:
    """Raises VaultUnusable."""
    [secret] = await ask(kek, lambda: kek.recall([key.hint]))
    if secret is None:
        raise VaultUnusable("the file's key does not open: the file was altered")
    return unwrap(secret, bytes.fromhex(key.key), salt, PLACE, key.sealed)
