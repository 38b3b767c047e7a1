"""What is asked about people who signed in to the pages. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

NAMES_MAX = 100


class SessionList(Ask, frozen=True, kw_only=True, tag="session.list"):
    """``tenant`` empty: of all."""

    tenant: Word = ""

    role = Role.OPERATOR


class SessionRevoke(Change, frozen=True, kw_only=True, tag="session.revoke"):
    """Each TENANT/ID, or TENANT/ALL. From the next request on they are not signed in any more."""

    names: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=NAMES_MAX)]

    role = Role.ADMIN
