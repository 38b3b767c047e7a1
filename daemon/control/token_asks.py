"""What operators ask about the tokens of connections: no request and no answer has one in it."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

NAMES_MAX = 100
REASON_CHARS_MAX = 200

Names = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=NAMES_MAX)]
"""Each TENANT/NAME, or TENANT/NAME:SPEAKER for one of several that speak there."""


class TokenList(Ask, frozen=True, kw_only=True, tag="token.list"):
    """``tenant`` empty: all of them."""

    tenant: Word = ""


class TokenScopes(Ask, frozen=True, kw_only=True, tag="token.scopes"):
    """What is granted, beside what the routes need. ``name`` is a tenant, TENANT/NAME or TENANT/NAME:SPEAKER; empty:
    all."""

    name: Word = ""


class TokenRotate(Change, frozen=True, kw_only=True, tag="token.rotate"):
    """Have new tokens fetched now; those in use serve until they are there."""

    names: Names

    role = Role.ADMIN


class TokenRevoke(Change, frozen=True, kw_only=True, tag="token.revoke"):
    """Give them back to the vendor and forget them; the lane waits until somebody connects again."""

    names: Names
    reason: Annotated[str, Meta(max_length=REASON_CHARS_MAX)] = ""

    role = Role.ADMIN
