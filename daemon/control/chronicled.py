"""Rows of the time line and of alarms. ``views`` re-exports them."""

from daemon.control.view import View


class EventRow(View, frozen=True, kw_only=True, tag="event"):
    """Something that happened. ``what``: start, stop, deploy, reload, outage, recovered, suspended, source, brake,
    token, store, loss, crash, clock, mapping or alarm. ``tenant`` empty: it concerns the daemon itself."""

    no: int
    at_us: int
    what: str
    tenant: str
    subject: str
    words: str


class AlarmRow(View, frozen=True, kw_only=True, tag="alarm"):
    """An alarm that stands. ``no`` 0: it has not lasted long enough to be told. ``told``: how often it was."""

    no: int
    about: str
    severity: str
    tenant: str
    subject: str
    words: str
    command: str
    since_us: int
    told: int
    told_us: int | None = None


class AlertRow(View, frozen=True, kw_only=True, tag="alert"):
    """Who is told. ``about`` empty: of everything. ``place``: where, in words of the vendor; ``problem``: why not."""

    lane: str
    place: str
    about: tuple[str, ...]
    daemon: bool
    repeat: str
    problem: str = ""
