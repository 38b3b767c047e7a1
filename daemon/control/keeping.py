"""Rows about what is kept, what has left, and the space it takes. ``views`` re-exports them."""

from daemon.control.view import View


class KeptRow(View, frozen=True, kw_only=True, tag="kept"):
    """Rows of one kind, of a tenant, or (``tenant`` empty) of all tenants together. ``about``: ``kept`` is an estimate;
    ``more``: there are at least so many. ``bytes`` is estimated, 0 where it is not known. ``period``: how long they
    are kept, as configured. ``removed``: how many left ever, the last of them on the day that began at
    ``removed_us``. ``next_us``: when the tenant's janitor comes next."""

    tenant: str
    what: str
    kept: int
    about: bool = False
    more: bool = False
    bytes: int = 0
    oldest_us: int | None = None
    period: str = ""
    removed: int = 0
    removed_us: int | None = None
    next_us: int | None = None


class SpaceRow(View, frozen=True, kw_only=True, tag="space"):
    """The database's file and its write-ahead log. ``returns``: whether free space goes back to the file system."""

    database_bytes: int
    free_bytes: int
    log_bytes: int
    returns: bool


class SweptRow(View, frozen=True, kw_only=True, tag="swept"):
    """How many rows of what a run has removed so far, or (``ended``) in all; with ``dry_run``, would remove."""

    tenant: str
    removed: dict[str, int]
    dry_run: bool = False
    ended: bool = False
