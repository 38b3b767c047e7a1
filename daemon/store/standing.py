"""How things stand, for whoever watches: what nobody needs at once and what takes a little longer to look up.

Sizes are estimates: rows are counted by an index and weighed by the newest few, because reading every row to add up its
length would read the whole disk.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from actors.domain.sla import Promise
from daemon.store import promises
from daemon.store.engine import Engine
from daemon.store.promises import Goal
from daemon.store.propagation import HOUR_US

WEIGHED = 50
"""Rows that stand for all of a tenant's."""
Sizes = dict[tuple[str, str], int]

_STATEMENTS = "SELECT tenant, count(*) FROM statements INDEXED BY statements_tenant GROUP BY tenant"
_STATEMENT_BYTES = (
    "SELECT avg(length(body)) FROM (SELECT body FROM statements INDEXED BY statements_tenant WHERE tenant = ? "
    "ORDER BY seq DESC LIMIT ?)"
)
_DELIVERIES = "SELECT lane, sum(n) FROM depths GROUP BY lane HAVING sum(n) > 0"
_DELIVERY_BYTES = (
    "SELECT avg(length(change) + length(audience) + length(destination) + length(statement_id) + length(traceparent)) "
    "FROM (SELECT * FROM deliveries ORDER BY seq DESC LIMIT ?)"
)
_RECORDS = (
    "SELECT s.tenant, s.no, (SELECT count(*) FROM records r INDEXED BY records_key WHERE r.source = s.no) AS n "
    "FROM sources s ORDER BY s.no"
)
_RECORD_BYTES = (
    "SELECT avg(length(raw) + length(canonical)) FROM (SELECT raw, canonical FROM records INDEXED BY records_key "
    "WHERE source = ? LIMIT ?)"
)
_DOCUMENTS = "SELECT tenant, count(*) FROM documents INDEXED BY documents_tenant GROUP BY tenant"
_DOCUMENT_BYTES = (
    "SELECT avg(length(body) + length(agent_json)) FROM (SELECT body, agent_json FROM documents "
    "INDEXED BY documents_age WHERE tenant = ? ORDER BY updated_us DESC LIMIT ?)"
)
_ATTACHMENTS = "SELECT tenant, sum(bytes) FROM contents GROUP BY tenant"
_CONFLICTS = "SELECT tenant, count(*) FROM conflicts WHERE state = 'open' GROUP BY tenant"


class Standing:
    """Reads only. All raise StoreUnavailable or ``sqlite3.Error``."""

    def __init__(self, reader: Engine) -> None:
        self._read = reader.run

    async def sizes(self) -> Sizes:
        """Bytes by (tenant, what): ``statements``, ``deliveries``, ``records``, ``documents``, ``attachments``. One
        after the other, so that nobody else waits for all of it."""
        found: Sizes = {}
        for each in (_statements, _deliveries, _records, _documents, _attachments):
            found |= await self._read(each)
        return found

    async def conflicts(self) -> dict[str, int]:
        """How many questions of a tenant wait for a person; of those that have any."""
        return dict(await self._read(lambda raw: raw.execute(_CONFLICTS).fetchall()))

    async def budgets(self, goals: Sequence[Goal], since_us: int) -> list[tuple[Goal, Promise]]:
        """How each route keeps its promise. Where nothing was late nothing is added up: its budget is whole."""
        return await self._read(lambda raw: [(goal, _kept(raw, goal, since_us)) for goal in goals])


def _kept(raw: sqlite3.Connection, goal: Goal, since_us: int) -> Promise:
    if raw.execute(promises.ANY_LATE, (goal.tenant, goal.route, since_us)).fetchone() is None:
        return Promise(n=0, late=0, goal=goal.percent)
    n, late = raw.execute(promises.SUMS, (goal.tenant, goal.route, since_us // HOUR_US)).fetchone()
    return Promise(n=n, late=late, goal=goal.percent)


def _weighed(raw: sqlite3.Connection, counts: str, mean: str, what: str) -> Sizes:
    found: Sizes = {}
    for tenant, n in raw.execute(counts).fetchall():
        [each] = raw.execute(mean, (tenant, WEIGHED)).fetchone()
        found[tenant, what] = round(n * (each or 0.0))
    return found


def _statements(raw: sqlite3.Connection) -> Sizes:
    return _weighed(raw, _STATEMENTS, _STATEMENT_BYTES, "statements")


def _documents(raw: sqlite3.Connection) -> Sizes:
    return _weighed(raw, _DOCUMENTS, _DOCUMENT_BYTES, "documents")


def _deliveries(raw: sqlite3.Connection) -> Sizes:
    """Weighed alike for all: their rows are much the same."""
    [each] = raw.execute(_DELIVERY_BYTES, (WEIGHED,)).fetchone()
    found: Counter[tuple[str, str]] = Counter()
    for lane, n in raw.execute(_DELIVERIES):
        found[lane.partition("/")[0], "deliveries"] += round(n * (each or 0.0))
    return dict(found)


def _records(raw: sqlite3.Connection) -> Sizes:
    found: Counter[tuple[str, str]] = Counter()
    for tenant, source, n in raw.execute(_RECORDS).fetchall():
        if n:
            [each] = raw.execute(_RECORD_BYTES, (source, WEIGHED)).fetchone()
            found[tenant, "records"] += round(n * (each or 0.0))
    return dict(found)


def _attachments(raw: sqlite3.Connection) -> Sizes:
    return {(tenant, "attachments"): n for tenant, n in raw.execute(_ATTACHMENTS) if n}
