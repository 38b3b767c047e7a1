"""What operators ask about the clients of the embedded LRS. No request carries a secret: they are made by the daemon,
and shown once in the answer. ``asks`` re-exports them.
"""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

NAMES_MAX = 100
SCOPES_MAX = 32
LIFE_S_MAX = 3_650 * 86_400.0
OVERLAP_S_MAX = 366 * 86_400.0
OVERLAP_S = 86_400.0

Names = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=NAMES_MAX)]
"""Each TENANT/NAME."""


class CredentialList(Ask, frozen=True, kw_only=True, tag="credential.list"):
    """``tenant`` empty: all of them."""

    tenant: Word = ""


class CredentialCreate(Change, frozen=True, kw_only=True, tag="credential.create"):
    """``source`` is TENANT/SOURCE. Without a name one is made up; without scopes it may write, and read its own."""

    source: Word
    name: Word = ""
    scopes: Annotated[tuple[Word, ...], Meta(max_length=SCOPES_MAX)] = ()
    rate_per_s: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    burst: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    expires_s: Annotated[float, Meta(gt=0, le=LIFE_S_MAX)] | None = None

    role = Role.ADMIN


class CredentialRotate(Change, frozen=True, kw_only=True, tag="credential.rotate"):
    """A new secret for each; the one before goes on working for ``overlap_s``."""

    names: Names
    overlap_s: Annotated[float, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S

    role = Role.ADMIN


class CredentialRevoke(Change, frozen=True, kw_only=True, tag="credential.revoke"):
    """Each is refused from the next request on."""

    names: Names

    role = Role.ADMIN
