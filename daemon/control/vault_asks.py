"""What operators ask about secrets at rest and the keys above them. One request carries a secret, and does not say it
when it is printed. ``asks`` re-exports them.
"""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

SECRET_CHARS_MAX = 64 * 1024
NAMES_MAX = 100
TENANTS_MAX = 1_000

Names = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=NAMES_MAX)]
"""Each NAME, or TENANT/NAME for one that only this tenant may refer to."""


class SecretSet(Change, frozen=True, kw_only=True, tag="secret.set"):
    """``value`` takes the place of what was there before."""

    name: Word
    value: Annotated[str, Meta(max_length=SECRET_CHARS_MAX)] = ""

    role = Role.ADMIN

    def __repr__(self) -> str:
        return f"SecretSet(name={self.name!r}, value=***)"


class SecretList(Ask, frozen=True, kw_only=True, tag="secret.list"):
    """``tenant`` empty: all of them."""

    tenant: Word = ""


class SecretRemove(Change, frozen=True, kw_only=True, tag="secret.remove"):
    names: Names

    role = Role.ADMIN


class VaultStatus(Ask, frozen=True, kw_only=True, tag="vault.status"):
    """Which key protects what is at rest, and which data keys there are under it."""


class VaultRotate(Change, frozen=True, kw_only=True, tag="vault.rotate"):
    """Wrap every data key with the key in use; with ``tenants`` (``.`` is the host) or ``everything``, make new data
    keys instead, and seal anew what was sealed with the former ones."""

    tenants: Annotated[tuple[Word, ...], Meta(max_length=TENANTS_MAX)] = ()
    everything: bool = False

    role = Role.ADMIN


class VaultUnlock(Change, frozen=True, kw_only=True, tag="vault.unlock"):
    """Try again what cannot be opened, also with a PIN that was refused before."""

    role = Role.ADMIN


class VaultShred(Change, frozen=True, kw_only=True, tag="vault.shred"):
    """Forget the data keys of a tenant that is not configured: what was sealed with them is unreadable for good."""

    tenant: Word

    role = Role.ADMIN
