"""Records, what they tell and the cursor are one transaction; places, references and memberships are found."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from log_world import provenance, taken_in
from world import VirtualClock

from actors.ports import StatementConflict
from actors.ports.records import Flaw, Kept, Taking
from daemon.store.database import Store, open_store

SOURCE = 1
WHERE = provenance()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "r.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.executemany(
                "INSERT INTO sources (no, tenant, name, kind) VALUES (?, 'acme', ?, 'toy')",
                [(SOURCE, "one"), (SOURCE + 1, "other")],
            )
        )
        yield store


def kept(entity: str, name: str, **given: object) -> Kept:
    base = {
        "no": None,
        "entity": entity,
        "id": name,
        "form": "rest",
        "scope": "",
        "raw": b"{}",
        "digest": bytes(16),
        "mapping": 1,
        "canonical": b'{"id":"x"}',
        "state": "active",
        "rev": 1,
    }
    return Kept(**(base | given))  # type: ignore[arg-type]  # a test's own defaults


def reference(path: str, value: str) -> Flaw:
    return Flaw(rule="reference", path=path, value=msgspec.json.encode(value).decode(), suggestion="")


def taking(*records: Kept, source: int = SOURCE, **given: object) -> Taking:
    return Taking(source=source, records=records, provenance=WHERE, **given)  # type: ignore[arg-type]


def statements(*numbers: int) -> tuple:
    told = [
        {
            "id": f"0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a{number:02d}",
            "actor": {"mbox": "mailto:ada@example.edu"},
            "verb": {"id": "http://verbs.example.edu/passed"},
            "object": {"id": f"http://lms.example.edu/course/{number}"},
        }
        for number in numbers
    ]
    return tuple(taken_in(told, WHERE))


async def cursor_of(store: Store) -> str:
    return await store.writer.submit(
        lambda raw: raw.execute("SELECT cursor FROM sources WHERE no = ?", (SOURCE,)).fetchone()[0]
    )


async def test_a_page_is_one_transaction(store: Store) -> None:
    taken = await store.records.take(
        taking(kept("user", "u1"), kept("user", "u2"), statements=statements(1, 2), cursor={"page": "2"})
    )
    assert (taken.nos, taken.statements) == ((1, 2), 2)
    assert len(await store.statements.after("acme", 0, 10)) == 2
    assert await cursor_of(store) == '{"page":"2"}'
    conflicting = msgspec.structs.replace(statements(1)[0], digest=bytes(32))
    with pytest.raises(StatementConflict):
        await store.records.take(taking(kept("user", "u3"), statements=(conflicting,), cursor={"page": "3"}))
    with pytest.raises(sqlite3.IntegrityError):  # there is one of this name
        await store.records.take(taking(kept("user", "u1"), statements=statements(3), cursor={"page": "3"}))
    assert set(await store.records.known(SOURCE, [("user", "u1"), ("user", "u3")])) == {("user", "u1")}
    assert len(await store.statements.after("acme", 0, 10)) == 2
    assert await cursor_of(store) == '{"page":"2"}'


async def test_known_by_key_and_by_place(store: Store) -> None:
    await store.records.take(taking(kept("user", "1", digest=b"d" * 16), kept("course", "1", raw=b'{"a":1}', rev=4)))
    await store.records.take(taking(kept("user", "1"), source=SOURCE + 1))
    found = await store.records.known(SOURCE, [("user", "1"), ("course", "1"), ("course", "2")])
    assert {key: (one.no, one.digest[:1], one.rev) for key, one in found.items()} == {
        ("user", "1"): (1, b"d", 1),
        ("course", "1"): (2, b"\0", 4),
    }
    assert [one.id for one in await store.records.at(SOURCE, [3, 2, 1])] == ["1", "1"]  # the third is another source's
    assert await store.records.bodies(SOURCE, [2, 3]) == {2: b'{"a":1}'}
    many = [("user", str(number)) for number in range(1_700)]
    assert set(await store.records.known(SOURCE, many)) == {("user", "1")}


async def test_what_is_due_and_what_is_done_follow_from_records(store: Store) -> None:
    async def follow() -> tuple[list, list]:
        return await store.writer.submit(
            lambda raw: (
                raw.execute("SELECT * FROM dues ORDER BY record, due").fetchall(),
                raw.execute("SELECT record, work, user FROM handed").fetchall(),
            )
        )

    work = b'{"id":"a","due":"2026-12-01","due_for":{"ada":"2026-12-02","ben":"2026-12-02"}}'
    handed_in = b'{"id":"s","user":"ada","assignment":"a","at":"2026-11-30T10:00:00Z"}'
    await store.records.take(taking(kept("user", "ada"), kept("assignment", "gone", canonical=work, state="gone")))
    await store.records.take(
        taking(
            kept("user", "ben"),
            kept("assignment", "a", canonical=work),
            kept("assignment", "never", canonical=b"", state="quarantined"),
            kept("submission", "s", canonical=handed_in),
            kept("user", "u"),
        )
    )
    assert await follow() == ([(4, "2026-12-01"), (4, "2026-12-02")], [(6, "a", "ada")])
    await store.records.take(taking(kept("assignment", "a", no=4, canonical=work, state="gone")))
    await store.records.take(
        taking(kept("submission", "s", no=6, canonical=b'{"id":"s","user":"ada","assignment":"a"}'))
    )
    assert await follow() == ([], [])


async def test_what_is_written_again_keeps_its_body_where_none_is_given(store: Store) -> None:
    flaw = Flaw(rule="email", path="mail", value='"x"', suggestion="an address")
    await store.records.take(taking(kept("user", "1", raw=b"[1]", state="quarantined", flaws=(flaw,))))
    await store.records.take(taking(kept("user", "1", no=1, raw=None, rev=2, canonical=b'{"id":"y"}')))
    assert await store.records.bodies(SOURCE, [1]) == {1: b"[1]"}
    [now] = await store.records.at(SOURCE, [1])
    assert (now.state, now.rev, now.canonical) == ("active", 2, b'{"id":"y"}')
    assert await store.writer.submit(lambda raw: raw.execute("SELECT count(*) FROM flaws").fetchone()[0]) == 0
    await store.records.take(taking(kept("user", "1", no=1, raw=b"[2]")))
    assert await store.records.bodies(SOURCE, [1]) == {1: b"[2]"}


async def test_memberships_are_those_that_there_ever_were(store: Store) -> None:
    await store.records.take(
        taking(
            kept("enrolment", "a", user="u1", course="c1"),
            kept("enrolment", "b", user="u1", course="c1", state="quarantined"),
            kept("enrolment", "c", user="u1", course="c1", state="gone"),
            kept("enrolment", "d", user="u2", course="c1"),
        )
    )
    await store.records.take(taking(kept("enrolment", "e", user="u1", course="c1"), source=SOURCE + 1))
    many = [("u1", "c1"), ("u2", "c1"), ("u1", "c1"), *((f"n{number}", "c1") for number in range(300))]
    found = await store.records.memberships(SOURCE, many)
    assert {pair: [one.id for one in those] for pair, those in found.items()} == {
        ("u1", "c1"): ["a", "b", "c"],
        ("u2", "c1"): ["d"],
    }


async def test_who_is_present_is_told_by_place(store: Store) -> None:
    await store.records.take(
        taking(
            kept("enrolment", "a", scope="c1"),
            kept("enrolment", "b", scope="c2"),
            kept("enrolment", "c", scope="c1", state="gone"),
            kept("enrolment", "d", scope="c1", state="quarantined"),
            kept("enrolment", "e"),
            kept("user", "f"),
        )
    )
    present = store.records.present
    assert await present(SOURCE, "enrolment", None, 0, 10) == [1, 2, 4, 5]
    assert await present(SOURCE, "enrolment", None, 1, 2) == [2, 4]
    assert await present(SOURCE, "enrolment", "c1", 0, 10) == [1, 4]
    assert await present(SOURCE, "enrolment", "", 0, 10) == [5]
    assert await present(SOURCE + 1, "enrolment", None, 0, 10) == []


async def test_reading_by_place_touches_no_row(store: Store) -> None:
    def plans(raw: sqlite3.Connection) -> list[str]:
        sql = "EXPLAIN QUERY PLAN SELECT no FROM records WHERE source = 1 AND entity = 'user' AND state <> 'gone' {} "
        return [
            raw.execute(sql.format(more) + "AND no > 5 ORDER BY no LIMIT 9").fetchone()[3]
            for more in ("", "AND scope = 'c' AND scope <> ''")
        ]

    whole, narrow = await store.writer.submit(plans)
    assert whole == "SEARCH records USING COVERING INDEX records_present (source=? AND entity=? AND no>?)"
    assert "COVERING INDEX records_scope (source=? AND entity=? AND scope=? AND no>?)" in narrow


async def test_references_are_awaited_and_answered(store: Store) -> None:
    await store.records.take(
        taking(
            kept("enrolment", "a", state="quarantined", canonical=b"", flaws=(reference("user", "ü1"),)),
            kept("enrolment", "b", state="quarantined", canonical=b"", flaws=(reference("course", "c1"),)),
            kept("user", "u9", state="quarantined", canonical=b"", flaws=(reference("x", "y"),)),
        )
    )
    assert await store.records.awaiting(SOURCE, [("user", "ü1"), ("user", "c1"), ("course", "c2")]) == [1]
    await store.records.take(taking(kept("course", "ü1"), kept("user", "c1"), kept("course", "c1", state="gone")))
    assert await store.records.answered(SOURCE, 0, 10) == []  # another entity's, or gone
    await store.records.take(
        taking(kept("user", "ü1"), kept("course", "c1", no=6), kept("user", "y", canonical=b"", state="quarantined"))
    )
    assert await store.records.answered(SOURCE, 0, 10) == [1, 2]
    assert await store.records.answered(SOURCE, 1, 10) == [2]
    assert await store.records.answered(SOURCE + 1, 0, 10) == []
