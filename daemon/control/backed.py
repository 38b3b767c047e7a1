"""Rows about backups, proofs of the store, and bundles for support. ``views`` re-exports them."""

from daemon.control.view import View


class ProgressRow(View, frozen=True, kw_only=True, tag="progress"):
    """How far something long is: ``done`` of ``of`` (0: not known), in ``unit``."""

    doing: str
    done: int
    of: int = 0
    unit: str = ""


class BackupHeadRow(View, frozen=True, kw_only=True, tag="backup_head"):
    """A backup begins: what the file is called, where it goes and how many stay if nobody says otherwise. It takes
    ``database_bytes`` at most, and a little."""

    store: str
    name: str
    directory: str
    keep: int
    database_bytes: int
    sealed_for: tuple[str, ...]


class BackupPartRow(View, frozen=True, kw_only=True, tag="backup_part"):
    """The next bytes of the file."""

    data: bytes


class BackupRow(View, frozen=True, kw_only=True, tag="backup"):
    """A backup that is complete: the state after commit ``number`` of ``at_us``. ``sha256`` is the database's.
    ``log_bytes``: what the write-ahead log came to while it was copied. ``file``: where it is, if that is known."""

    store: str
    number: int
    at_us: int
    database_bytes: int
    file_bytes: int
    sha256: str
    sealed_for: tuple[str, ...]
    log_bytes: int = 0
    took_s: float = 0.0
    file: str = ""


class VerifiedRow(View, frozen=True, kw_only=True, tag="verified"):
    """A step of the proof: ``looked_at`` things, of which ``wrong`` do not fit."""

    step: str
    looked_at: int
    wrong: int
    detail: str = ""
    took_s: float = 0.0


class WrongRow(View, frozen=True, kw_only=True, tag="wrong"):
    """What does not fit: ``row`` is its number in ``table``, where it has one."""

    step: str
    table: str
    row: int = 0
    tenant: str = ""
    detail: str


class StorageRow(View, frozen=True, kw_only=True, tag="storage"):
    """What a tenant (empty: all together) stores of one kind: ``rows`` of ``bytes`` with their indexes, so many more a
    day, and from ``stable_us`` on not more than ``stable_bytes``, because as much leaves as comes; None: never."""

    tenant: str
    what: str
    rows: int
    bytes: int
    rows_per_day: float
    bytes_per_day: int
    period: str = ""
    stable_us: int | None = None
    stable_bytes: int | None = None


class DiskRow(View, frozen=True, kw_only=True, tag="disk"):
    """The database and its disk. ``bytes_per_day``: growth now. ``full_us``: when nothing is free any more, None: never
    at this rate. ``measured``: ``dbstat`` or ``sampled``; ``days``: what the rate was taken from."""

    database_bytes: int
    reusable_bytes: int
    disk_free_bytes: int
    bytes_per_day: int
    full_us: int | None
    measured: str
    days: float


class SupportPartRow(View, frozen=True, kw_only=True, tag="support_part"):
    """A file of the bundle. ``data`` is empty where it is only said what would be in it."""

    name: str
    size_bytes: int
    what: str
    data: bytes = b""


class BackupFileRow(View, frozen=True, kw_only=True, tag="backup_file"):
    """What a backup holds: the state after commit ``number`` of ``at_us``. ``commits_behind`` (None: not known) and
    ``behind_us`` of the mark of the store whose place it would take. ``keys_missing``: vault's keys, by id, without
    which secrets in it cannot be opened here."""

    file: str
    store: str
    lmsyncd: str
    schema_version: int
    number: int
    at_us: int
    made_us: int
    database_bytes: int
    sha256: str
    sealed_for: tuple[str, ...]
    tenants: tuple[str, ...]
    statements: int
    deliveries: dict[str, int]
    against: str
    commits_behind: int | None = None
    behind_us: int | None = None
    keys_missing: tuple[str, ...] = ()
