"""Retention in the store: what has had its time leaves through the one writer, a few rows a transaction, with a count.

A tenant's own rows are found by index (``retiring``). What is kept by hash alone (effects, entities, ids of forgotten
statements) belongs to nobody in particular, so it is walked through in the order of its keys, by one tenant's run at a
time and once a day; how far the walk has come is kept, and it knows no index that a delivery would have to pay for.
Last, pages that fell free go back to the file system, as far as more of them are free than the next days will need.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from actors.domain.retention import DAY_US, SLACK_US, Cutoffs, Mark, Rules, Step, cutoffs, longest_horizon_us
from daemon.store import rows
from daemon.store.engine import Engine
from daemon.store.keeping import Kept, of_all, of_tenant
from daemon.store.leaving import RECORDS_CHORES
from daemon.store.leaving_persons import PERSONS_CHORES
from daemon.store.leaving_rosters import ROSTER_CHORES
from daemon.store.retiring import CHORES, LOOK_MAX, Chore, Page, count
from daemon.store.retiring_conflicts import CONFLICT_CHORES
from daemon.store.retiring_figures import FIGURE_CHORES
from daemon.store.writer import Writer

WALK_LOOK_MAX = 2_000
"""Rows of a walk looked at by one read; it deletes no more than ``LOOK_MAX`` of them at a time."""
WALK_EVERY_US = DAY_US
WALK_LEASE_US = 300_000_000
"""Whoever walks and is not heard of for so long is taken to have ended."""
PAGES_MAX = 64
"""Given back by one transaction: each may mean moving a page from the end of the file."""
PAGES_KEPT = 256
"""Free pages that stay (and a fiftieth of all): they are about to be used again."""
PLANS_KEPT_US = 30 * DAY_US
_WALK = "shared"
_SPACE = "space"
_CHORES = CHORES | RECORDS_CHORES | PERSONS_CHORES | CONFLICT_CHORES | ROSTER_CHORES | FIGURE_CHORES
_ORDER = (*_CHORES, _WALK, _SPACE)

Table = Literal["effects", "forgotten", "entities"]
TABLES: tuple[Table, ...] = ("effects", "forgotten", "entities")
"""An entity's count goes after the effects that were counted by it."""


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the walk is: in which table, after which key. ``table`` None: it is over until a day after it began."""

    began_us: int
    table: Table | None = "effects"
    after: bytes = b""


def log_bytes(path: Path) -> int:
    """The size of the write-ahead log beside a database."""
    log = path.with_name(path.name + "-wal")
    return log.stat().st_size if log.exists() else 0


class Space(NamedTuple):
    """Pages of the database: all, and free ones. ``returns``: whether free ones can be given back."""

    page_bytes: int
    pages: int
    free: int
    returns: bool

    @property
    def spare(self) -> int:
        """How many can be given back now."""
        return max(0, self.free - max(PAGES_KEPT, self.pages // 50)) if self.returns else 0


_encode = msgspec.json.Encoder().encode
_walk: msgspec.json.Decoder[Walk] = msgspec.json.Decoder(Walk)


class SqlHousekeeping:
    """Implements ``ports.Housekeeping``. ``removed`` counts (tenant, what) since the daemon started; rows that are
    nobody's in particular have no tenant."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._walker = ""
        self._walker_until_us = 0
        self.removed: Counter[tuple[str, str]] = Counter()

    async def step(
        self, rules: Rules, horizons: Mapping[str, int], mark: Mark, now_us: int, *, dry_run: bool = False
    ) -> Step:
        name = mark.chore or _ORDER[0]
        if name == _WALK:
            return await self._step_of_walk(rules.tenant, horizons, mark, now_us, dry_run)
        if name == _SPACE:
            return await self._step_of_space(mark, dry_run)
        chore, cut = _CHORES[name], cutoffs(rules, now_us)
        page = await self._read(lambda raw: chore.find(raw, cut, mark.after))
        removed: Mapping[str, int] = {}
        if page.keys and dry_run:
            removed = {"deliveries" if name == "items" else name: len(page.keys)}
        elif page.keys:
            page, removed = await self._write(lambda raw: _take(raw, chore, cut, mark))
            self._count(rules.tenant, removed)
        after = None if page.after is None else Mark(chore=name, after=page.after)
        return Step(removed=dict(removed), next=after or _following(name))

    async def _step_of_walk(
        self, tenant: str, horizons: Mapping[str, int], mark: Mark, now_us: int, dry_run: bool
    ) -> Step:
        over = Step(next=_following(_WALK))
        if dry_run or (self._walker != tenant and now_us < self._walker_until_us):
            return over
        self._walker, self._walker_until_us = tenant, now_us + WALK_LEASE_US
        walk = await self._read(lambda raw: _where(raw, mark, now_us))
        if walk.table is None:
            self._walker_until_us = 0
            return over
        cutoff_us = await self._read(lambda raw: _forgotten_before(raw, horizons, now_us))
        page = await self._read(lambda raw: look(raw, walk, cutoff_us))
        removed: Mapping[str, int] = {}
        if page.keys or page.after is None:
            walk, removed = await self._write(lambda raw: walk_on(raw, walk, page, cutoff_us, now_us))
            self._count("", removed)
        elif isinstance(page.after[0], bytes):
            walk = msgspec.structs.replace(walk, after=page.after[0])
        return Step(removed=dict(removed), next=Mark(chore=_WALK, after=(_encode(walk),)))

    async def _step_of_space(self, mark: Mark, dry_run: bool) -> Step:
        spare = (await self._read(space)).spare
        if dry_run or not spare:
            return Step(next=_following(_SPACE))
        freed = await self._write(lambda raw: shrink(raw, min(spare, PAGES_MAX)))
        self._count("", {"pages": freed})
        return Step(removed={"pages": freed}, next=mark if freed else _following(_SPACE))

    async def space(self) -> Space:
        """The database's pages now."""
        return await self._read(space)

    async def kept(self, tenant: str) -> list[Kept]:
        """What a tenant keeps, and what has left; without a tenant, what is nobody's in particular."""
        return await self._read(lambda raw: of_tenant(raw, tenant) if tenant else of_all(raw))

    def _count(self, tenant: str, removed: Mapping[str, int]) -> None:
        for what, n in removed.items():
            self.removed[tenant, what] += n


def _following(name: str) -> Mark | None:
    place = _ORDER.index(name) + 1
    return Mark(chore=_ORDER[place]) if place < len(_ORDER) else None


def _take(raw: sqlite3.Connection, chore: Chore, cut: Cutoffs, mark: Mark) -> tuple[Page, Mapping[str, int]]:
    """Look again and delete, in one transaction with the count."""
    page = chore.find(raw, cut, mark.after)
    taken = chore.take(raw, cut, page.keys) if page.keys else {}
    removed = {what: n for what, n in taken.items() if n}
    count(raw, cut.tenant, removed, cut.now_us)
    return page, removed


# ── the walk ─────────────────────────────────────────────────────────────────────────────────────────


def _where(raw: sqlite3.Connection, mark: Mark, now_us: int) -> Walk:
    """Where this run's walk is, else where the last one stopped; a new one where that ended a day ago."""
    if mark.after and isinstance(mark.after[0], bytes):
        return _walk.decode(mark.after[0])
    kept = raw.execute("SELECT at FROM walks WHERE name = ?", (_WALK,)).fetchone()
    walk = _walk.decode(kept[0]) if kept else None
    if walk is None or (walk.table is None and not 0 <= now_us - walk.began_us < WALK_EVERY_US):
        return Walk(began_us=now_us)
    return walk


def _forgotten_before(raw: sqlite3.Connection, horizons: Mapping[str, int], now_us: int) -> int:
    """Effects of before this time are forgotten."""
    seen = [row[0] for row in raw.execute("SELECT tenant FROM cursors")]
    return now_us - longest_horizon_us(horizons, seen) - SLACK_US


def look(raw: sqlite3.Connection, walk: Walk, cutoff_us: int) -> Page:
    """The next keys of the table that have had their time."""
    if walk.table == "entities":
        # Its count must outlive the effects counted by it. A change is routed until a horizon after it happened, or
        # after the store learnt to keep times; its effect is kept a horizon longer.
        [kept_since_us] = raw.execute("SELECT max(applied_us) FROM migrations WHERE version <= 3").fetchone()
        found = raw.execute(
            "SELECT key, max(at_us, ?) FROM entities WHERE key > ? ORDER BY key LIMIT ?",
            (kept_since_us, walk.after, WALK_LOOK_MAX),
        ).fetchall()
        before = cutoff_us - (walk.began_us - cutoff_us) - SLACK_US
    else:
        found = raw.execute(
            f"SELECT key, day FROM {walk.table} WHERE key > ? ORDER BY key LIMIT ?",  # noqa: S608  # one of TABLES
            (walk.after, WALK_LOOK_MAX),
        ).fetchall()
        before = cutoff_us // DAY_US
    old = [row[0] for row in found if row[1] < before]
    if len(old) > LOOK_MAX:
        return Page(old[:LOOK_MAX], (old[LOOK_MAX - 1],))
    return Page(old, (found[-1][0],) if len(found) == WALK_LOOK_MAX else None)


def walk_on(
    raw: sqlite3.Connection, walk: Walk, page: Page, cutoff_us: int, now_us: int
) -> tuple[Walk, Mapping[str, int]]:
    """Forget these, and keep where the walk is now. What changed since it was looked at stays."""
    removed: dict[str, int] = {}
    if page.keys and walk.table is not None:
        keys = look(raw, walk, cutoff_us).keys
        if walk.table == "effects":
            keys = _unneeded(raw, keys, cutoff_us)
        n = raw.executemany(f"DELETE FROM {walk.table} WHERE key = ?", [(key,) for key in keys]).rowcount  # noqa: S608  # one of TABLES
        if n > 0:
            removed[walk.table] = n
        count(raw, "", removed, now_us)
    if page.after is not None and isinstance(page.after[0], bytes):
        walk = msgspec.structs.replace(walk, after=page.after[0])
    else:
        walk = Walk(began_us=walk.began_us, table=_next_table(walk.table), after=b"")
        if walk.table is None:
            raw.execute("DELETE FROM plans WHERE made_us < ?", (now_us - PLANS_KEPT_US,))
    raw.execute("INSERT OR REPLACE INTO walks VALUES (?, ?)", (_WALK, _encode(walk)))
    return walk, removed


def _unneeded(raw: sqlite3.Connection, keys: Sequence[bytes], cutoff_us: int) -> list[bytes]:
    """Effects whose delivery is not there any more. One that is (nobody sent or discarded it for so long) keeps its
    effect, because its id could not be given again, and the count of its entity: that is dated later, but still before
    anything that is routed today, so that it looks the same to whatever comes."""
    gone = []
    for key in keys:
        there = raw.execute("SELECT lane, change FROM deliveries WHERE id = ?", (key,)).fetchone()
        if there is None:
            gone.append(key)
        else:
            entity = rows.key(there[0].partition("/")[0], rows.unpack_change(there[1]).entity)
            raw.execute("UPDATE entities SET at_us = max(at_us, ?) WHERE key = ?", (cutoff_us, entity))
    return gone


def _next_table(table: Table | None) -> Table | None:
    place = TABLES.index(table) + 1 if table else len(TABLES)
    return TABLES[place] if place < len(TABLES) else None


# ── space ────────────────────────────────────────────────────────────────────────────────────────────


def space(raw: sqlite3.Connection) -> Space:
    page_bytes, pages, free, mode = (
        int(raw.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count", "auto_vacuum")
    )
    return Space(page_bytes, pages, free, mode == 2)


def shrink(raw: sqlite3.Connection, pages: int) -> int:
    """Give so many free pages back; how many it were. (One at a time: the driver steps such a statement only once.)"""
    before = int(raw.execute("PRAGMA freelist_count").fetchone()[0])
    for _ in range(pages):
        raw.execute("PRAGMA incremental_vacuum(1)")
    return before - int(raw.execute("PRAGMA freelist_count").fetchone()[0])


def make_returnable(raw: sqlite3.Connection) -> bool:
    """Once in a database's life, outside of any transaction: free pages can be given back from now on. A database made
    by an earlier version is written anew for it, which takes its size twice while it lasts; False where there is no
    room for that (nothing was changed, and the next start tries again)."""
    if space(raw).returns:
        return True
    [kept] = raw.execute("PRAGMA temp_store").fetchone()
    raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
    raw.execute("PRAGMA temp_store = FILE")  # the copy may be larger than memory
    try:
        raw.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}:
            raise
        return False
    finally:
        raw.execute(f"PRAGMA temp_store = {kept}")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return True
