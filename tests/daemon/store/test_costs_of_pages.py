"""What a page costs does not depend on how much else a tenant has: counted in steps of SQLite, never in time."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from actors.ports import Routed
from daemon.store import attachments, erasing_traces, exporting, planning

MIGRATIONS = Path(attachments.__file__).with_name("migrations")
STEPS_MAX = 60_000


def filled(n: int) -> sqlite3.Connection:
    """A tenant with so many contents, documents and activities."""
    raw = sqlite3.connect(":memory:")
    for file in sorted(MIGRATIONS.glob("*.sql")):
        raw.executescript(file.read_text())
    numbers = range(1, n + 1)
    raw.executemany(
        "INSERT INTO contents (no, tenant, sha2, bytes) VALUES (?, 'acme', ?, 10)",
        [(no, no.to_bytes(32, "big")) for no in numbers],
    )
    raw.executemany(
        "INSERT INTO attachments VALUES (?, ?, ?, 'text/plain')", [(no, no, f"{no:064x}") for no in numbers]
    )
    raw.executemany(
        "INSERT INTO documents (tenant, kind, activity, agent, registration, id, updated_us, etag, content_type, "
        "agent_json, body) VALUES ('acme', 'state', 'a', 'g', '', ?, ?, ?, 'text/plain', x'', x'00')",
        [(str(no), no, "0" * 40) for no in numbers],
    )
    raw.executemany("INSERT INTO activities VALUES ('acme', ?, x'7b7d')", [(str(no),) for no in numbers])
    return raw


def steps(raw: sqlite3.Connection, job: Callable[[], object]) -> int:
    """In tens."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    raw.set_progress_handler(step, 10)
    job()
    raw.set_progress_handler(None, 10)
    return taken * 10


def not_routed(seq: int) -> Routed:
    return Routed(
        seq=seq, statement_id="s", correlation_id="c", traceparent="", accepted_us=1, reason="unknown_verb", quiet=True
    )


def test_attachments_of_statements_are_found_from_the_statements() -> None:
    raw, seqs = filled(5_000), range(500, 600)
    assert len(attachments._links(raw, "acme", seqs)) == 100
    assert steps(raw, lambda: attachments._links(raw, "acme", seqs)) < STEPS_MAX
    assert steps(raw, lambda: exporting.first_declared(raw, "acme", seqs, 0)) < STEPS_MAX


def test_an_erasure_goes_on_where_it_was() -> None:
    raw = filled(20_000)
    for find in (erasing_traces.find_documents, erasing_traces.find_activities):
        assert len(find(raw, "acme", 5_000)) == 500
        assert steps(raw, lambda find=find: find(raw, "acme", 5_000)) < STEPS_MAX  # type: ignore[misc]  # bound on purpose


def test_what_other_tenants_have_told_between_is_not_read() -> None:
    """One whose router stood still for long, while others went on."""
    raw, some = filled(0), [not_routed(seq) for seq in range(1, 100_000, 1_000)]
    raw.executemany("INSERT INTO outcomes (seq, kind) VALUES (?, 'grade_posted')", [(n,) for n in range(2, 100_001)])
    raw.executemany("DELETE FROM outcomes WHERE seq = ?", [(one.seq,) for one in some])
    assert steps(raw, lambda: planning._done(raw, some)) < STEPS_MAX
    planning.route(raw, "acme", some, 100_000)
    assert planning._done(raw, some) == {one.seq for one in some}
    assert planning.route(raw, "acme", some, 100_000).deliveries == {}
