"""What is asked about the time line and about alarms. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Limit, Role, Word

YEARS_S = 4e8


class Events(Ask, frozen=True, kw_only=True, tag="events"):
    """The time line, oldest first: the newest ``limit`` of the last ``since_s``. ``after``: those behind this number.
    ``tenant``: this one's, with the daemon's own; ``of``: only these kinds."""

    tenant: Word = ""
    since_s: Annotated[float, Meta(gt=0, le=YEARS_S)] = 86_400.0
    after: Annotated[int, Meta(ge=0)] = 0
    of: tuple[Word, ...] = ()
    limit: Limit = 200

    role = Role.VIEWER


class AlertList(Ask, frozen=True, kw_only=True, tag="alert.list"):
    """Alarms that stand, and who is told."""

    tenant: Word = ""

    role = Role.VIEWER


class AlertTest(Change, frozen=True, kw_only=True, tag="alert.test"):
    """Tell everybody whom a tenant's ``[[alerts]]`` name that this is a test."""

    tenant: Word

    role = Role.OPERATOR
