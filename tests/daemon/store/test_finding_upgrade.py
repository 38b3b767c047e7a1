"""A store that was made before there was an index has one after it is opened, and misses nothing."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from gateway_world import ManualClock
from log_world import AUTHORITIES, IDS, VERBS, Json

from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import Wanted
from daemon.gateway.ports import StatementQuery
from daemon.store import migrate
from daemon.store.database import open_store
from daemon.store.engine import tune

BEFORE = 5  # migrations of the version without an index
COURSE = "http://lms.example.edu/course/1"
ADA = {"mbox": "mailto:ada@example.edu"}


def told(number: int, thing: Json) -> Json:
    return {"id": IDS[number], "actor": ADA, "verb": {"id": VERBS[number % 2]}, "object": thing}


def older(path: Path, statements: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    """A store as that version left it."""
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    every = migrate.available()
    with monkeypatch.context() as then:
        then.setattr(migrate, "available", lambda: every[:BEFORE])
        migrate.migrate(raw, 1)
    raw.execute("INSERT INTO arrivals VALUES (1, 'acme', 'campus', 'c', 't', '1.0.3', ?, 1, 2, 0)", (AUTHORITIES[0],))
    for seq, one in enumerate(statements, 1000):
        name = bytes.fromhex(one["id"].replace("-", ""))
        raw.execute(
            "INSERT INTO statements (seq, tenant, id, arrival, timestamp, digest, body) "
            "VALUES (?, 'acme', ?, 1, '', ?, ?)",
            (seq, name, b"d", msgspec.json.encode(one)),
        )
    raw.close()


async def test_what_was_stored_before_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    reference = {"objectType": "StatementRef", "id": IDS[1]}
    older(path, [told(0, reference), told(1, {"id": COURSE})], monkeypatch)
    for _ in range(2):
        async with open_store(path, ManualClock(), inline=True) as store:
            for wanted in (Wanted(verb=VERBS[1]), Wanted(agent=agent_key(ADA)), Wanted(activity=COURSE)):
                page = await store.finding.page("acme", StatementQuery(limit=10, wanted=wanted))
                assert [row.id for row in page.rows] == [IDS[1], IDS[0]]
            own = await store.finding.page("acme", StatementQuery(limit=10, authority=AUTHORITIES[0]))
            assert len(own.rows) == 2
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT * FROM facts WHERE name = 'unfound_after'").fetchall() == []
    raw.close()
