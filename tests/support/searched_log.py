"""A log that is searched through its index and, beside it, from end to end."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from log_world import taken_in
from migrated import migrate_by_copy

from actors.domain.xapi.keys import target
from actors.domain.xapi.matching import CHAIN_MAX, Told, matches
from actors.ports import Provenance, StatementConflict
from daemon.gateway.ports import StatementQuery
from daemon.store.engine import InlineEngine
from daemon.store.finding import SqlFinding
from daemon.store.horizon import Horizon
from daemon.store.statements import append
from daemon.store.writer import Writer

START_US = 1_800_000_000_000_000


class Still:
    def now_us(self) -> int:
        return START_US


class Searched:
    """A log that is searched through the index and, beside it, from end to end."""

    def __init__(self) -> None:
        self.engine = InlineEngine(":memory:")
        self.raw: sqlite3.Connection = self.engine._connection
        migrate_by_copy(self.raw, 0)
        self.finding = SqlFinding(self.engine, Horizon(Writer(self.engine), Still()))
        self.now_us = START_US

    def tell(self, where: Provenance, batch: list[Any], wait_us: int) -> None:
        """As a writer would; the whole batch is refused where an id comes again with other content."""
        self.now_us += wait_us
        self.raw.execute("BEGIN")
        try:
            append(self.raw, taken_in(batch, where), where, self.now_us)
            self.raw.execute("COMMIT")
        except StatementConflict:
            self.raw.execute("ROLLBACK")

    def seqs(self) -> list[int]:
        return [row[0] for row in self.raw.execute("SELECT seq FROM statements ORDER BY seq")]

    async def found(self, tenant: str, query: StatementQuery) -> list[int]:
        """Page by page."""
        found: list[int] = []
        for _ in range(1000):
            page = await self.finding.page(tenant, query)
            assert len(page.rows) <= query.limit
            found += [row.seq for row in page.rows]
            if page.more_from is None:
                return found
            name = "after_seq" if query.ascending else "before_seq"
            query = msgspec.structs.replace(query, **{name: page.more_from})
        raise AssertionError("pages without end")

    def walked(self, tenant: str, query: StatementQuery) -> list[int]:
        """By the rules alone."""
        log = self.raw.execute(
            "SELECT s.seq, s.id, s.body, s.voided, a.authority FROM statements s JOIN arrivals a ON a.no = s.arrival "
            "WHERE s.tenant = ? ORDER BY s.seq",
            (tenant,),
        ).fetchall()
        by_id = {row[1].hex(): row for row in log}

        def chain(row: Any) -> Iterator[Told]:
            for _ in range(CHAIN_MAX):
                statement = msgspec.json.decode(row[2])
                yield statement, msgspec.json.decode(row[4])
                row = by_id.get((target(statement) or "").replace("-", ""))
                if row is None or query.authority not in (None, row[4]):
                    return

        found = [
            row[0]
            for row in log
            if not row[3]
            and (query.since_us is None or row[0] > query.since_us)
            and (query.until_us is None or row[0] <= query.until_us)
            and query.authority in (None, row[4])
            and matches(chain(row), query.wanted)
        ]
        return found if query.ascending else found[::-1]
