"""A person leaves what sources told: their own records go, those of others forget them."""

import sqlite3

import msgspec
import pytest
from housekeeping import opened

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.erasing import Eraser, Fate
from actors.domain.persons import identified
from daemon.store.erasing_records import RECORDS

HOME = "https://lms.example.edu"
ADA = User(id="7", email="ada@example.edu", display_name="Ada Lovelace")


@pytest.fixture
def raw() -> sqlite3.Connection:
    raw = opened()
    raw.executemany(
        "INSERT INTO sources (no, tenant, name, kind, home_page) VALUES (?, ?, ?, 'toy', ?)",
        [(1, "acme", "canvas", HOME + "/"), (2, "acme", "sis", "https://sis.example.edu"), (3, "other", "x", HOME)],
    )
    return raw


def put(raw: sqlite3.Connection, no: int, what: object, body: object, source: int = 1, **more: str) -> None:
    kind, name = more.get("entity") or what.entity, more.get("id") or what.id  # type: ignore[attr-defined]
    raw.execute(
        "INSERT INTO records (no, source, entity, id, form, scope, state, digest, mapping, rev, user, course, "
        "first_us, changed_us, canonical, raw) VALUES (?, ?, ?, ?, 'rest', '', 'active', ?, 1, 1, ?, '', 0, 0, ?, ?)",
        (
            no,
            source,
            kind,
            name,
            bytes(16),
            getattr(what, "user", ""),
            msgspec.json.encode(what) if what else b"",
            msgspec.json.encode(body),
        ),
    )
    raw.execute(
        "INSERT INTO flaws VALUES (?, 0, ?, 'email', 'by', '\"Ada Lovelace\"', 'ask Ada Lovelace')", (no, source)
    )
    raw.execute("INSERT INTO corrections VALUES (?, 'by', '\"ada@example.edu\"', '\"Ada Lovelace\"', 'kim', 0)", (no,))
    raw.execute("INSERT INTO undos VALUES (?, 1, ?, 'rest', 'active', 1, 1, '', '', x'7b7d', '[]')", (no, bytes(16)))


def erase(raw: sqlite3.Connection, who: str) -> dict[str, int]:
    """As the verb does it: once to learn, once to do it."""
    eraser = Eraser(identified(who), "erased-1")
    for _ in range(2):
        rows = RECORDS.find(raw, "acme", -1)
        judged = [(row, RECORDS.fate(eraser, row)) for row in rows]
    judged = [each for each in judged if each[1] is not Fate.STAYS]
    counted = RECORDS.tally(raw, "acme", judged)
    done = RECORDS.apply(raw, "acme", eraser, [row for row, _ in judged], 0)
    assert counted == done
    return dict(done)


@pytest.mark.parametrize("who", ["mailto:ada@example.edu", f"account:{HOME}|7"])
def test_their_records_go_with_all_that_belongs_to_them(raw: sqlite3.Connection, who: str) -> None:
    put(raw, 1, Enrolment(id="e1", user="7", course="c"), {"user_id": 7})
    put(raw, 2, ADA, {"email": "Ada@example.edu"})
    put(raw, 3, User(id="8", email="bob@example.edu"), {"email": "bob@example.edu"})
    put(raw, 4, User(id="7", email="someone@example.edu"), {}, source=2)
    put(raw, 5, ADA, {"email": "ada@example.edu"}, source=3)
    assert erase(raw, who) == {"records": 2, "records_changed": 0}
    for table, column in (("records", "no"), ("flaws", "record"), ("corrections", "record"), ("undos", "record")):
        assert [row[0] for row in raw.execute(f"SELECT {column} FROM {table} ORDER BY 1")] == [3, 4, 5]


def test_one_that_never_meant_anything_goes_by_its_text(raw: sqlite3.Connection) -> None:
    put(raw, 1, None, {"mail": "ADA@example.edu"}, entity="user", id="7")
    assert erase(raw, "mailto:ada@example.edu")["records"] == 1


def test_records_of_others_forget_them_and_are_not_read_anew_for_it(raw: sqlite3.Connection) -> None:
    course = Course(id="c", iri="https://lms.example.edu/c", name="Ada Lovelace's class")
    put(raw, 1, ADA, {"email": "ada@example.edu", "name": "Ada Lovelace"})
    put(raw, 2, course, {"by": "Ada Lovelace", "contact": "ada@example.edu"})
    assert erase(raw, "mailto:ada@example.edu") == {"records": 1, "records_changed": 1}
    [row] = raw.execute("SELECT canonical, raw, digest FROM records").fetchall()
    left = b" ".join(row[:2]).decode() + str(raw.execute("SELECT * FROM flaws, corrections").fetchall())
    assert "Ada" not in left
    assert "ada@" not in left
    assert "erased-1" in left
    assert row[2] == bytes(16)
    assert raw.execute("SELECT count(*) FROM undos").fetchone() == (0,)
