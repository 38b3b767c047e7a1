"""What is wrong with records, for people: looked through, corrected, let be. Nothing here lets a record in: that is for
whoever writes the source's records.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from actors.domain.correcting import CORRECTIONS_MAX, Correction
from actors.ports.records import Key
from actors.ports.remapping import Stored
from daemon.store import remapping
from daemon.store.engine import Engine
from daemon.store.writer import Writer

LOOK_MAX = 500
"""Records that one read looks at."""
NOS_MAX = 900
_OPEN = "NOT EXISTS (SELECT 1 FROM dismissals d WHERE d.record = r.no AND d.digest = r.digest)"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a source stand in quarantine; those that a person dismissed are not among ``open``.
    ``rules`` counts the open ones by the first rule that each fails."""

    open: int = 0
    dismissed: int = 0
    rules: Mapping[str, int] = {}


class TooMany(Exception):
    """A record has as many corrections as it may have; nothing was changed."""


class SqlQuarantine:
    """All raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.firmly
        self._read = reader.run

    async def page(self, source: int, after_no: int, rule: str = "") -> tuple[list[Stored], int | None]:
        """The next ones by place, and where to look on (None: that was all). ``rule``: only those that fail it."""
        return await self._read(lambda raw: _page(raw, source, after_no, rule))

    async def find(self, source: int, keys: Sequence[Key]) -> dict[Key, Stored]:
        """Records, in quarantine or not."""
        return await self._read(lambda raw: _find(raw, source, keys))

    async def standing(self, sources: Sequence[int]) -> dict[int, Standing]:
        """Of those that have any."""
        return await self._read(lambda raw: _standing(raw, sources))

    async def counts(self) -> dict[tuple[str, str], int]:
        """How many stand in quarantine, those apart that were dismissed: by (tenant, source), every source."""
        sql = (
            "SELECT s.tenant, s.name, (SELECT count(*) FROM records r WHERE r.source = s.no "  # noqa: S608  # ours
            f"AND r.state = 'quarantined' AND {_OPEN}) FROM sources s"
        )
        found = await self._read(lambda raw: raw.execute(sql).fetchall())
        return {(tenant, name): n for tenant, name, n in found}

    async def correct(self, no: int, put: Sequence[Correction], removed: Sequence[str]) -> None:
        """In one transaction. A correction takes the place of one with the same path. Raises TooMany."""

        def job(raw: sqlite3.Connection) -> None:
            raw.executemany("DELETE FROM corrections WHERE record = ? AND path = ?", [(no, path) for path in removed])
            raw.executemany(
                "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?, ?, ?)",
                [(no, each.path, each.value, each.was, each.by, each.at_us) for each in put],
            )
            [there] = raw.execute("SELECT count(*) FROM corrections WHERE record = ?", (no,)).fetchone()
            if there > CORRECTIONS_MAX:
                raise TooMany(f"a record has at most {CORRECTIONS_MAX} corrections")

        await self._write(job)

    async def dismiss(self, nos: Sequence[int], by: str, now_us: int) -> None:
        """Until their bodies change. What is not in quarantine any more is left alone."""
        sql = (
            "INSERT OR REPLACE INTO dismissals SELECT no, digest, ?, ? FROM records "
            "WHERE no = ? AND state = 'quarantined'"
        )
        await self._write(lambda raw: raw.executemany(sql, [(by, now_us, no) for no in nos]))


def _page(raw: sqlite3.Connection, source: int, after_no: int, rule: str) -> tuple[list[Stored], int | None]:
    nos = [
        row[0]
        for row in raw.execute(
            "SELECT no FROM records INDEXED BY records_quarantined WHERE source = ? AND state = 'quarantined' "
            "AND no > ? ORDER BY no LIMIT ?",
            (source, after_no, LOOK_MAX),
        )
    ]
    wanted = nos
    if rule and nos:
        marks = ",".join("?" * len(nos))
        sql = f"SELECT DISTINCT record FROM flaws WHERE record IN ({marks}) AND rule = ? ORDER BY record"  # noqa: S608
        wanted = [row[0] for row in raw.execute(sql, (*nos, rule))]
    found: list[Stored] = []
    size = 0
    for no in wanted:
        found += remapping.these(raw, source, [no])
        size += len(found[-1].raw)
        if size >= remapping.PAGE_BYTES and no != nos[-1]:
            return found, no
    return found, nos[-1] if len(nos) == LOOK_MAX else None


def _find(raw: sqlite3.Connection, source: int, keys: Sequence[Key]) -> dict[Key, Stored]:
    nos = [
        row[0]
        for key in dict.fromkeys(keys)
        for row in raw.execute("SELECT no FROM records WHERE source = ? AND entity = ? AND id = ?", (source, *key))
    ]
    found = [
        one
        for start in range(0, len(nos), NOS_MAX)
        for one in remapping.these(raw, source, nos[start : start + NOS_MAX])
    ]
    return {one.place: one for one in found}


def _standing(raw: sqlite3.Connection, sources: Sequence[int]) -> dict[int, Standing]:
    made: dict[int, Standing] = {}
    for source in sources:
        [total] = raw.execute(
            "SELECT count(*) FROM records WHERE source = ? AND state = 'quarantined'", (source,)
        ).fetchone()
        if not total:
            continue
        rules: Counter[str] = Counter()
        for rule, n in raw.execute(
            "SELECT coalesce((SELECT f.rule FROM flaws f WHERE f.record = r.no ORDER BY f.n LIMIT 1), ''), count(*) "  # noqa: S608
            f"FROM records r WHERE r.source = ? AND r.state = 'quarantined' AND {_OPEN} GROUP BY 1",
            (source,),
        ):
            rules[rule] += n
        left = rules.total()
        made[source] = Standing(open=left, dismissed=total - left, rules=dict(rules))
    return made
