"""Stores that die and disks that lie: a life with every commit written down, copies of its files as a death at an
instant leaves them, what a sick disk does to such a copy, and what may be found in it afterwards.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trio
from world import Campus, VirtualClock, completed, graded, open_campus, route, tenant

from actors.domain.xapi.identity import digest
from actors.ports import NewStatement, Provenance, StoreUnavailable
from daemon.store import mark, rows
from daemon.store.database import open_store
from daemon.store.errors import StoreRefused

NAME = "campus.db"
FILES = (NAME, f"{NAME}-wal", f"{NAME}.mark")
HEADER_BYTES, FRAME_BYTES = 32, 24 + 4096
SECOND_US = 1_000_000
FROM = Provenance(tenant="acme", source="campus", correlation_id="c", traceparent="", version="1.0.3")

Row = tuple[Any, ...]
"""The table's name, then the row."""
DIGEST, BODY = 6, 8  # of such a row of the table statements


class Commit(NamedTuple):
    """All rows as they were after it, and when that was."""

    number: int
    at_us: int
    rows: frozenset[Row]


class Death(NamedTuple):
    """The files at an instant. ``last`` of the life's commits had been made; ``earlier`` holds an older copy."""

    home: Path
    at_us: int
    last: int
    earlier: Path


class Life(NamedTuple):
    """Every commit in order, and the deaths it might have died."""

    commits: list[Commit]
    deaths: list[Death]


# ── a life ───────────────────────────────────────────────────────────────────────────────────────────


def content(raw: sqlite3.Connection) -> frozenset[Row]:
    """Every row of every table, also what is decoded on the way to a caller. Raises what the callers would meet."""
    for row in raw.execute(f"SELECT {rows.DELIVERY} FROM deliveries"):  # constants only
        rows.delivery(row)
    return _written(raw, {})


def _written(raw: sqlite3.Connection, known: dict[Row, Row]) -> frozenset[Row]:
    """Every row of every table; those that are known are kept once."""
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = ((table, *row) for table in tables for row in raw.execute(f"SELECT * FROM {table}"))
    return frozenset(known.setdefault(row, row) for row in found)


async def lived(folder: Path, seed: str, *, deaths: int, statements: int) -> Life:
    """A daemon at work in virtual time: statements are told, routed, claimed and posted, and the mark is kept at its
    pace. Needs the autojump clock."""
    dice = random.Random(seed)
    plan = tenant(
        route("completions", "completed"),
        route("grades", "graded", to="slack"),
    )
    commits: list[Commit] = []
    known: dict[Row, Row] = {}
    copies: list[Death] = []
    async with open_campus(folder, plan, seed=dice.randrange(10**6)) as campus, trio.open_nursery() as nursery:
        nursery.start_soon(campus.store.keeper.run)
        campus.fault("slack", "slow", value=dice.choice(("0", "0.3", "3")), times=0)
        log_pages = dice.choice((15, 60, 1000))
        await campus.rows(f"PRAGMA wal_autocheckpoint = {log_pages}")
        watching = sqlite3.connect(folder / NAME, isolation_level=None)
        moments = set(dice.sample(range(20, 3 * statements), deaths + 1))
        followed = campus.store.writer.committed

        def note() -> None:
            watching.execute("BEGIN")
            number, at_us = watching.execute("SELECT number, at_us FROM commits").fetchone()
            found = _written(watching, known)
            watching.execute("COMMIT")
            if not commits or commits[-1].number < number:  # a transaction that changed nothing does not count
                commits.append(Commit(number, at_us, found))
                if number in moments:
                    moments.discard(number)
                    copies.append(_death(folder, campus, copies, len(commits) - 1))
            followed()

        campus.store.writer.committed = note
        for number in range(statements):
            await _tell(campus, number, dice)
            await trio.sleep(dice.choice((0.0, 0.01, 0.2, 1.5)))
        await campus.quiet()
        copies.append(_death(folder, campus, copies, len(commits) - 1))
        watching.close()
        nursery.cancel_scope.cancel()
    return Life(commits, copies[1:])


async def _tell(campus: Campus, number: int, dice: random.Random) -> None:
    who = f"learner{dice.randrange(12)}"
    told = completed(who, f"quiz{number}") if dice.random() < 0.6 else graded(who, dice.randrange(100))
    key = f"00000000-0000-4000-8000-{number:012d}"
    statement: dict[str, Any] = {"id": key, **told}
    statement["context"] = {**statement["context"], "platform": "p" * dice.choice((5, 300, 6000))}
    one = NewStatement(
        id=key, body=msgspec.json.encode(statement), digest=digest(statement), timestamp="", given_id=True
    )
    await campus.store.statements.append([one], FROM)
    campus.switchboard.arrived("acme")


def _death(folder: Path, campus: Campus, copies: list[Death], last: int) -> Death:
    home = folder / f"death{len(copies)}"
    home.mkdir()
    for name in FILES:
        if (folder / name).exists():
            shutil.copy(folder / name, home / name)
    return Death(home, campus.clock.now_us(), last, copies[-1].home if copies else home)


# ── what a disk does ─────────────────────────────────────────────────────────────────────────────────

Damage = Callable[[random.Random, Path, Path], None]
"""To the files of a death in the first folder; the second holds an earlier copy of them."""


def _log(home: Path) -> Path:
    return home / f"{NAME}-wal"


def _cut(dice: random.Random, path: Path, step: int, first: int) -> None:
    places = range(first, path.stat().st_size, step)
    if places:
        with path.open("r+b") as file:
            file.truncate(dice.choice(places))


def cut_anywhere(dice: random.Random, home: Path, _: Path) -> None:
    _cut(dice, _log(home), 1, 0)


def cut_between_frames(dice: random.Random, home: Path, _: Path) -> None:
    _cut(dice, _log(home), FRAME_BYTES, HEADER_BYTES)


def _flip(dice: random.Random, path: Path) -> None:
    raw = bytearray(path.read_bytes())
    for _ in range(dice.randint(1, 8) if raw else 0):
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    path.write_bytes(raw)


def _zero(dice: random.Random, path: Path, sector: int) -> None:
    raw = bytearray(path.read_bytes())
    start = dice.randrange(max(1, len(raw) // sector)) * sector
    raw[start : start + sector] = bytes(len(raw[start : start + sector]))
    path.write_bytes(raw)


def flip_log(dice: random.Random, home: Path, _: Path) -> None:
    _flip(dice, _log(home))


def zero_log_512(dice: random.Random, home: Path, _: Path) -> None:
    _zero(dice, _log(home), 512)


def zero_log_4096(dice: random.Random, home: Path, _: Path) -> None:
    _zero(dice, _log(home), 4096)


def older_log(_: random.Random, home: Path, earlier: Path) -> None:
    shutil.copy(_log(earlier), _log(home))


def no_log(_: random.Random, home: Path, __: Path) -> None:
    _log(home).unlink()


def older_copy(_: random.Random, home: Path, earlier: Path) -> None:
    """Database and log, but not the mark: what a backup is."""
    shutil.copy(earlier / NAME, home / NAME)
    shutil.copy(_log(earlier), _log(home))


def older_database(_: random.Random, home: Path, earlier: Path) -> None:
    """Under the log of today."""
    shutil.copy(earlier / NAME, home / NAME)


def torn_log_and_mark(dice: random.Random, home: Path, _: Path) -> None:
    """The log's end is gone, and so is one copy of the mark."""
    _cut(dice, _log(home), FRAME_BYTES, HEADER_BYTES)
    mark = home / f"{NAME}.mark"
    raw = bytearray(mark.read_bytes())
    raw[dice.choice((0, 4096)) + dice.randrange(200)] ^= 1
    mark.write_bytes(raw)


LOG_DAMAGES: tuple[Damage, ...] = (
    cut_anywhere,
    cut_between_frames,
    flip_log,
    zero_log_512,
    zero_log_4096,
    older_log,
    no_log,
    older_copy,
    older_database,
    torn_log_and_mark,
)


def flip_page(dice: random.Random, home: Path, _: Path) -> None:
    _flip(dice, home / NAME)


def zero_page_512(dice: random.Random, home: Path, _: Path) -> None:
    _zero(dice, home / NAME, 512)


def zero_page_4096(dice: random.Random, home: Path, _: Path) -> None:
    _zero(dice, home / NAME, 4096)


PAGE_DAMAGES: tuple[Damage, ...] = (flip_page, zero_page_512, zero_page_4096)


# ── what is found ────────────────────────────────────────────────────────────────────────────────────


class Found(NamedTuple):
    """Rows, or the words of a refusal; ``late`` if only reading met the damage."""

    rows: frozenset[Row] | None
    refusal: str = ""
    late: bool = False


async def found(path: Path) -> Found:
    """Open it as the daemon would and read everything."""
    opened = False
    try:
        async with open_store(path, VirtualClock(), inline=True) as store:
            opened = True
            return Found(await store.writer.submit(content))
    except* (StoreRefused, StoreUnavailable, msgspec.DecodeError, ValueError) as group:
        told = "; ".join(str(each) for each in _leaves(group))
    return Found(None, told, late=opened)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for each in group.exceptions:
        leaves += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return leaves


def marked(home: Path) -> int:
    """The newest commit that the mark of a death has seen."""
    reading = mark.read(home / f"{NAME}.mark")
    return reading.mark.number if reading.mark is not None else 0


def verdict(life: Life, death: Death, seen: frozenset[Row]) -> str:
    """*clean*; *young loss* of nothing but what a second had not passed over; otherwise what is wrong."""
    commits = life.commits[: death.last + 1]
    if seen == commits[-1].rows:
        return "clean"
    floor = marked(death.home)
    first = max(
        n for n, each in enumerate(commits) if n == 0 or each.at_us < death.at_us - SECOND_US or each.number <= floor
    )
    young = [each.rows for each in commits[first:]]
    if seen in young:
        return "young loss"
    lost = frozenset.intersection(*young) - seen
    strange = seen - frozenset.union(*young)
    if not lost and not strange:
        return "young mixture"
    return f"WRONG: {len(lost)} old rows lost {_some(lost)}, {len(strange)} rows that never were {_some(strange)}"


def _some(few: frozenset[Row]) -> str:
    return ", ".join(sorted(f"{row[:2]}" for row in few)[:3])


def alike(written: frozenset[Row], seen: frozenset[Row]) -> str:
    """What pages damaged after a crash may look like: *clean*, or *unnoticed* where docs/recovery.md says so (no key
    differs, and no statement from its digest); otherwise what is wrong."""
    if seen == written:
        return "clean"
    was, now = _keyed(written), _keyed(seen)
    for table in ("statements", "deliveries", "outcomes"):
        if was[table].keys() != now[table].keys():
            return f"WRONG: rows of {table} are missing or strange: {list(was[table].keys() ^ now[table].keys())[:3]}"
    for key, row in now["statements"].items():
        if digest(msgspec.json.decode(row[BODY])) != was["statements"][key][DIGEST]:
            return f"WRONG: the body of statement {key} is not what was accepted"
    return "unnoticed"


def _keyed(found: frozenset[Row]) -> dict[str, dict[Any, Row]]:
    """By table and first column, which is the key of those that are looked at."""
    tables: dict[str, dict[Any, Row]] = {"statements": {}, "deliveries": {}, "outcomes": {}}
    for row in found:
        if row[0] in tables:
            tables[row[0]][row[1]] = row
    return tables
