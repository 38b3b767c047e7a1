"""The audit's head is told to others, old rows leave in time, and what the host does is on record."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio
from audited_store import DAY_US, audited, deed, newest, proven
from notes import Notes
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.ports import StoreUnavailable
from actors.ports.audit import HOST
from config.auditing import AuditWords
from daemon.auditing import TOLD_MAX, Auditor, Logbook, anchor, changed_files, fingerprints
from daemon.store.audit_anchor import in_file
from daemon.store.audit_asking import Asked, Seen, deeds
from daemon.store.database import Store


class Moving:
    """A wall clock that follows trio's."""

    def now_us(self) -> int:
        return 1_800_000_000_000_000 + round(trio.current_time() * 1e6)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with audited(tmp_path / "a.db", Moving()) as opened:  # type: ignore[arg-type]  # a clock like any other
        yield opened


async def seen(store: Store, asked: Asked | None = None) -> list[Seen]:
    return await store.audit.read(lambda raw: deeds(raw, asked or Asked(), 0, 1 << 40, 1_000))


async def later(clock: MockClock, seconds: float) -> None:
    clock.jump(seconds)
    await wait_all_tasks_blocked()


async def test_the_head_is_told_when_there_is_anything_new(
    store: Store, tmp_path: Path, mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    notes, file = Notes(), tmp_path / "anchors.jsonl"
    auditor = Auditor(store, notes, Moving(), AuditWords(anchor=file, anchor_every="15m"))
    await store.audit.note("acme", deed())
    nursery.start_soon(auditor.run)
    await wait_all_tasks_blocked(0.05)
    assert [each.seq for each in in_file(file)] == [1]
    await later(mock_clock, 60)
    await later(mock_clock, 900)
    assert [each.seq for each in in_file(file)] == [1], "nothing is new"
    await store.audit.note("globex", deed())
    with trio.fail_after(1e9):
        while len(in_file(file)) < 2:
            await later(mock_clock, 900)
            await trio.to_thread.run_sync(lambda: None)
    assert [each.seq for each in in_file(file)] == [1, 2]
    await store.audit.note("acme", deed())
    nursery.cancel_scope.cancel()
    await auditor.end()
    assert [each.seq for each in in_file(file)] == [1, 2, 3], "and at the end"
    assert [told["rows"] for told in notes.named("audit.anchored")] == [1, 2, 3]
    found = newest(store.path)
    assert (in_file(file)[-1].hash, in_file(file)[-1].store) == (found.hash, await store.audit.store_id())


async def test_a_file_that_cannot_be_written_stops_nothing(store: Store, tmp_path: Path) -> None:
    notes = Notes()
    await store.audit.note("acme", deed())
    told = await anchor(store, notes, Moving(), AuditWords(anchor=tmp_path / "nowhere" / "a.jsonl"))
    assert (told.where, "No such file" in told.trouble) == (("journal",), True)
    assert [name for name, _ in notes.troubles] == ["audit.anchor_failed"]
    assert len(notes.named("audit.anchored")) == 1


@pytest.mark.parametrize(("keep", "left"), [("30d", 0), ("400d", 2), (None, 2)])
async def test_rows_leave_when_they_have_had_their_time(
    store: Store, mock_clock: MockClock, keep: str | None, left: int
) -> None:
    notes = Notes()
    for _ in range(2):
        await store.audit.note("acme", deed())
    mock_clock.jump(40 * DAY_US / 1e6)
    await Auditor(store, notes, Moving(), AuditWords(keep=keep)).cut()
    assert len(await seen(store, Asked(what="pause"))) == left
    assert [told["rows"] for told in notes.named("audit.cut")] == [2] * (left == 0)
    assert proven(store.path).misfits == []


# ── what the host does ───────────────────────────────────────────────────────────────────────────────


def configured(root: Path, **files: str) -> None:
    (root / "tenants.d").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        place = root / "lmsyncd.toml" if name == "daemon" else root / "tenants.d" / f"{name}.toml"
        place.write_text(text, encoding="utf-8")


async def test_files_that_changed_are_told_by_hash_also_after_a_life(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "etc"
    configured(root, daemon="[gateway]\n", acme="# one\n")
    await Logbook(store, Notes(), root).configured()
    first = fingerprints(root)
    configured(root, acme="# two\n", globex="# new\n")
    next_life = Logbook(store, Notes(), root)
    await next_life.configured()
    await next_life.configured()
    again, begun = await seen(store, Asked(tenant=HOST, what="config.changed"))
    now = fingerprints(root)
    assert msgspec.json.decode(again.arguments) == {
        "tenants.d/acme.toml": f"{first['tenants.d/acme.toml']} → {now['tenants.d/acme.toml']}",
        "tenants.d/globex.toml": f"not there → {now['tenants.d/globex.toml']}",
    }
    assert sorted(msgspec.json.decode(begun.arguments)) == ["lmsyncd.toml", "tenants.d/acme.toml"]
    assert again.object == str(root)


def test_a_thousand_changed_files_are_counted() -> None:
    told = changed_files({}, {f"{n:04}": "x" for n in range(1_000)})
    assert (len(told), told["more"]) == (TOLD_MAX + 1, 1_000 - TOLD_MAX)
    assert changed_files({"a": "1"}, {}) == {"a": "1 → not there"}


@pytest.mark.parametrize(("well", "result"), [(True, "done"), (False, "failed")])
async def test_what_a_signal_asks_for_is_a_deed(store: Store, tmp_path: Path, well: bool, result: str) -> None:
    begun: list[str] = []

    async def reload() -> bool:
        begun.extend(each.result for each in await seen(store))
        return well

    await Logbook(store, Notes(), tmp_path).undertaken("reload", "SIGHUP", reload)
    assert begun == [""], "on record before it is done"
    [found] = await seen(store)
    assert (found.what, found.place, found.result, found.tenant) == ("reload", "signal SIGHUP", result, HOST)


async def test_what_a_signal_asks_for_is_not_done_where_it_cannot_be_on_record(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, done = Notes(), []

    async def full(*_: object, **__: object) -> int:
        raise StoreUnavailable("the disk is full")

    async def reload() -> bool:
        done.append(1)
        return True

    monkeypatch.setattr(store.audit, "intend", full)
    monkeypatch.setattr(store.audit, "note", full)
    logbook = Logbook(store, notes, tmp_path)
    await logbook.undertaken("reload", "SIGHUP", reload)
    await logbook.told("daemon.started", boot="x")
    assert done == []
    assert [name for name, _ in notes.troubles] == ["audit.unwritten", "audit.unwritten"]
