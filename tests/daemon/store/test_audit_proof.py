"""Whatever is done to the rows of the audit behind the daemon's back is found."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import trio
from audited_store import DAY_US, Wall, anchored, audited, damage, deed, filled, newest, proven
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sizes import examples

from daemon.store.audit_chain import Row, digest
from daemon.store.audit_proof import Anchor, prove_file
from daemon.store.audit_rows import KEPT, kept
from daemon.store.errors import StoreRefused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    trio.run(filled, tmp_path / "a.db")
    return tmp_path / "a.db"


def rehash(raw: sqlite3.Connection, seq: int, **changed: object) -> None:
    """Edit a row and give it the hash that it has then: the careful forger."""
    each = kept(raw.execute(f"{KEPT} WHERE a.seq = ?", (seq,)).fetchone())
    fields = {name: getattr(each.row, name) for name in Row.__struct_fields__}
    row = Row(**{**fields, **changed})
    names = list(changed)
    raw.execute(
        f"UPDATE audit SET {', '.join(f'{name} = ?' for name in names)}, hash = ? WHERE seq = ?",
        (*changed.values(), digest(row), seq),
    )


async def test_what_nobody_touched_is_whole(path: Path) -> None:
    proof = proven(path, anchored(path))
    assert (proof.misfits, proof.tenants, proof.cut, proof.erased, proof.anchors) == ([], 3, 0, 0, 1)
    assert proof.rows == newest(path).seq == proof.head.seq
    assert proof.unfinished == 3, "every fourth was never concluded"


@pytest.mark.parametrize(
    ("change", "what", "seq"),
    [
        ("UPDATE audit SET result = 'done' WHERE seq = 5", "edited", 5),
        ("UPDATE audit SET at_us = at_us + 1 WHERE seq = 3", "edited", 3),
        ("UPDATE audit SET tenant = 'evil' WHERE seq = 2", "edited", 2),
        ("UPDATE audit SET what = 'resume' WHERE seq = 1", "edited", 1),
        ("UPDATE audit SET sums = zeroblob(192) WHERE seq = 4", "edited", 4),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", "edited", 4),
        ("UPDATE audit SET of = 'x' WHERE seq = 4", "unreadable", 4),
        ("UPDATE audit SET v = 2 WHERE seq = 4", "unreadable", 4),
        ("UPDATE audit_told SET who = 'eve' WHERE seq = 6", "told_edited", 6),
        ("UPDATE audit_told SET arguments = '{\"n\":9}' WHERE seq = 7", "told_edited", 7),
        ("UPDATE audit_told SET salts = zeroblob(96) WHERE seq = 6", "told_edited", 6),
        ("UPDATE audit_told SET salts = x'' WHERE seq = 6", "told_edited", 6),
        ("DELETE FROM audit_told WHERE seq = 8", "told_removed", 8),
        ("DELETE FROM audit WHERE seq = 9", "removed", 9),
        ("DELETE FROM audit WHERE seq IN (1, 2, 3)", "removed", 1),
        ("UPDATE audit SET seq = -1 WHERE seq = 4", "edited", -1),
    ],
)
async def test_the_first_that_does_not_fit_is_named(path: Path, change: str, what: str, seq: int) -> None:
    damage(path, change)
    misfits = proven(path).misfits
    assert (misfits[0].seq, what in {each.what for each in misfits}) == (seq, True)


async def test_the_end_is_missed_by_whoever_remembers_it(path: Path) -> None:
    remembered = anchored(path)
    damage(
        path,
        f"DELETE FROM audit WHERE seq > {remembered.seq - 3}",
        f"DELETE FROM audit_told WHERE seq > {remembered.seq - 3}",
    )
    assert proven(path).misfits == [], "a chain that was cut short is a chain"
    [found] = proven(path, remembered).misfits
    assert (found.what, found.seq) == ("ahead", remembered.seq)
    assert found.detail == f"the test remembers row {remembered.seq}; the newest here is {remembered.seq - 3}"


async def test_a_tenants_end_is_missed_by_the_others_rows(path: Path) -> None:
    """One that wants its own last deeds forgotten cannot: others came after."""
    with sqlite3.connect(path) as raw:
        [last] = raw.execute("SELECT max(seq) FROM audit WHERE tenant = 'globex'").fetchone()
    damage(path, f"DELETE FROM audit WHERE seq = {last}", f"DELETE FROM audit_told WHERE seq = {last}")
    [found] = proven(path).misfits
    assert (found.what, found.seq) == ("removed", last + 1)


def forge(raw: sqlite3.Connection, seq: int) -> None:
    """Edit a row, and write everything behind it anew so that it fits: nothing in the database gives it away."""
    before, chains = b"", {}
    for found in raw.execute(f"{KEPT} ORDER BY a.seq").fetchall():
        row = kept(found).row
        what = "remove" if row.seq == seq else row.what
        rehash(raw, row.seq, what=what, before=before, prev=chains.get(row.tenant, b""))
        [before] = raw.execute("SELECT hash FROM audit WHERE seq = ?", (row.seq,)).fetchone()
        chains[row.tenant] = before


@given(st.integers(1, 22), st.integers(1, 22))
@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_history_that_was_forged_whole_is_found_by_whoever_remembers_one_hash(
    path: Path, forged: int, remembered: int
) -> None:
    with sqlite3.connect(path) as raw:
        [true] = raw.execute("SELECT hash FROM audit WHERE seq = ?", (remembered,)).fetchone()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    damage(copy, lambda raw: forge(raw, forged))
    assert proven(copy).misfits == [], "whoever may write everything may write a chain"
    found = proven(copy, Anchor(seq=remembered, hash=true, where="the journal")).misfits
    assert [(each.what, each.seq) for each in found] == [("forked", remembered)] * (forged <= remembered)


async def test_a_careful_edit_is_found_at_the_row_behind_it(path: Path) -> None:
    damage(path, lambda raw: rehash(raw, 4, what="resume"))
    assert {(each.what, each.seq) for each in proven(path).misfits} >= {("forked", 5)}


async def test_an_anchor_of_another_store_is_said(path: Path) -> None:
    found = newest(path)
    [misfit] = proven(path, Anchor(seq=found.seq, hash=found.hash, where="a file", store="other")).misfits
    assert misfit.what == "other"


# ── any damage at all ────────────────────────────────────────────────────────────────────────────────

COLUMNS = ("tenant", "no", "at_us", "kind", "of", "what", "result", "times", "prev", "before", "hash", "sums")
TOLD = ("who", "place", "object", "arguments", "correlation_id", "detail", "salts")


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, int, int, str]:
    how = draw(st.sampled_from(["edit", "tell", "remove", "swap", "insert", "copy"]))
    column = draw(st.sampled_from(TOLD if how == "tell" else COLUMNS))
    return how, draw(st.integers(1, 22)), draw(st.integers(1, 22)), column


def harmed(raw: sqlite3.Connection, how: str, one: int, other: int, column: str) -> bool:
    """Do it; whether that changed anything."""
    top = raw.execute("SELECT max(seq) FROM audit").fetchone()[0]
    columns = ", ".join(("v", *COLUMNS))
    match how:
        case "edit" | "tell":
            table = "audit" if how == "edit" else "audit_told"
            [value] = raw.execute(f"SELECT {column} FROM {table} WHERE seq = ?", (one,)).fetchone()
            fresh = value + 1 if isinstance(value, int) else value + (b"\0" if isinstance(value, bytes) else " ")
            raw.execute(f"UPDATE {table} SET {column} = ? WHERE seq = ?", (fresh, one))
            return True
        case "remove":
            for table in ("audit", "audit_told"):
                raw.execute(f"DELETE FROM {table} WHERE seq = ?", (one,))
            return True
        case "swap":
            for table in ("audit", "audit_told"):
                raw.execute(f"UPDATE {table} SET seq = -1 WHERE seq = ?", (one,))
                raw.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?", (one, other))
                raw.execute(f"UPDATE {table} SET seq = ? WHERE seq = -1", (other,))
            return one != other
        case "insert":
            for table in ("audit", "audit_told"):
                raw.execute(f"UPDATE {table} SET seq = -seq - 1 WHERE seq >= ?", (one,))
                raw.execute(f"UPDATE {table} SET seq = -seq WHERE seq < 0")
            raw.execute(
                f"INSERT INTO audit (seq, {columns}) SELECT ?, {columns} FROM audit WHERE seq = ?", (one, top + 1)
            )
            return True
        case _:
            raw.execute(
                f"INSERT INTO audit (seq, {columns}) SELECT ?, {columns} FROM audit WHERE seq = ?", (top + 1, one)
            )
            return True


@given(damages())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_found(path: Path, harm: tuple[str, int, int, str]) -> None:
    remembered = anchored(path)
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    changed = []
    damage(copy, lambda raw: changed.append(harmed(raw, *harm)))
    assert bool(proven(copy, remembered).misfits) is changed[0]


# ── files ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="there is no database"):
        prove_file(tmp_path / "nothing.db", ())
    (tmp_path / "text.db").write_text("not a database, and long enough to be taken for one" * 40)
    with pytest.raises(StoreRefused, match="cannot read"):
        prove_file(tmp_path / "text.db", ())


async def test_a_cut_is_told_and_more_than_it_says_is_found(tmp_path: Path) -> None:
    clock, path = Wall(), tmp_path / "cut.db"
    async with audited(path, clock) as store:
        for tenant in ("acme", "globex", "acme"):
            await store.audit.note(tenant, deed())
        clock.at_us += 40 * DAY_US
        await store.audit.note("acme", deed("resume"))
        assert await store.audit.cut(clock.at_us - 60 * DAY_US) == 0
        assert await store.audit.cut(clock.at_us - 30 * DAY_US) == 3
        assert await store.audit.cut(clock.at_us - 30 * DAY_US) == 0, "there is nothing more to cut"
    proof = proven(path, anchored(path))
    assert (proof.misfits, proof.cut) == ([], 3)
    damage(path, "DELETE FROM audit WHERE seq = 4", "DELETE FROM audit_told WHERE seq = 4")
    assert [each.what for each in proven(path).misfits][:1] == ["removed"]
