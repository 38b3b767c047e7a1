"""Versions over stored records: whatever happens in between, taking one back restores every record that nothing has
touched, byte by byte; and a kill between two steps costs nothing."""

import sqlite3
from collections.abc import Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from log_world import provenance
from world import VirtualClock

from actors.domain.canonical import AnyEntity, Enrolment, Flaw, User
from actors.domain.correcting import Correction
from actors.domain.harvest import Record
from actors.domain.remapping import HEALED, Comparison
from actors.ports.records import Kept, Taking
from actors.ports.remapping import Activation, Overtaken
from actors.roles import remapping as role
from actors.roles.taking import written
from daemon.store import remapping as sql
from daemon.store.database import Store, open_store

SOURCE = 1
BAD_BELOW = {1: 3, 2: 0, 3: 6}
"""In version N, a person of a lower number does not fit."""


def version(n: int):  # a closure of the type that the role wants
    def normalise(record: Record, known: AnyEntity | None = None) -> AnyEntity | tuple[Flaw, ...]:
        number = int(str(record.body["n"]))
        if record.entity == "enrolment":
            user = f"u{number % 4}" if n == 1 else f"u{number % 6}"
            return Enrolment(id=record.id, user=user, course="c", role="learner" if n != 3 else "observer")
        if number < BAD_BELOW[n]:
            return (Flaw(rule="range", path="n", value=str(number), suggestion=f"version {n} wants more"),)
        return User(id=record.id, display_name=f"person {number % 5 if n != 2 else number}")

    return normalise


def kept(no: int | None, entity: str, name: str, n: int, mapping: int, *, rev: int = 0, gone: bool = False) -> Kept:
    """As the intake would write it, in small."""
    record, body, digest = written(Record(entity=entity, id=name, form="rest", body={"n": n}))  # type: ignore[arg-type]
    meant = version(mapping)(record)
    flawed = isinstance(meant, tuple)
    member = meant if isinstance(meant, Enrolment) else None
    return Kept(
        no=no,
        entity=entity,  # type: ignore[arg-type]  # one of them
        id=name,
        form="rest",
        scope="",
        raw=body,
        digest=digest,
        mapping=mapping,
        canonical=b"" if flawed else msgspec.json.encode(meant),
        state="quarantined" if flawed else "gone" if gone else "active",
        rev=rev + 1,
        user=member.user if member else "",
        course=member.course if member else "",
        flaws=meant if isinstance(meant, tuple) else (),
    )


@asynccontextmanager
async def a_store(path: Path):  # as it is used
    async with open_store(path / "q.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.execute(
                "INSERT OR IGNORE INTO sources (no, tenant, name, kind, mapping) VALUES (1, 'acme', 'toy', 'toy', 1)"
            )
        )
        yield store


async def take(store: Store, *records: Kept) -> None:
    await store.records.take(Taking(source=SOURCE, records=records, provenance=provenance()))


async def dump(store: Store) -> list[tuple[object, ...]]:
    """Every byte of every record, and of what is wrong with it."""

    def job(raw: sqlite3.Connection) -> list[tuple[object, ...]]:
        return [
            *raw.execute("SELECT * FROM records ORDER BY no"),
            *raw.execute("SELECT * FROM flaws ORDER BY record, n"),
            *raw.execute("SELECT mapping FROM sources"),
        ]

    return await store.writer.submit(job)


async def run(store: Store, activation: Activation, remappings: Any = None) -> Activation:
    one, other = version(activation.version_before), version(activation.version)
    return await role.carry_on(activation, one, other, remappings or store.remappings, store.records, lambda: 77)


async def activate(store: Store, n: int) -> Activation:
    return await run(store, await store.remappings.begin(SOURCE, n, "kim", 5))


async def roll_back(store: Store) -> Activation:
    last = await store.remappings.last(SOURCE)
    assert last is not None
    begun = await store.remappings.begin(SOURCE, last.version_before, "kim", 6, undoes=last.no)
    return await run(store, begun)


class Killed(Exception):
    pass


class Mortal:
    """The store's remappings, until so many steps are done."""

    def __init__(self, store: Store, steps: int) -> None:
        self._real, self._left = store.remappings, steps

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def step(self, *given: object) -> Activation:
        if not self._left:
            raise Killed
        self._left -= 1
        return await self._real.step(*given)  # type: ignore[arg-type]  # as given


async def killed_after(store: Store, activation: Activation, steps: int) -> None:
    with pytest.raises(Killed):
        await run(store, activation, Mortal(store, steps))


async def test_activated_and_taken_back_every_byte_is_as_it_was(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1, gone=n == 9) for n in range(12)))
        await take(store, *(kept(None, "enrolment", f"e{n}", n, 1) for n in range(4, 8)))
        before = await dump(store)
        activated = await activate(store, 2)
        assert (activated.state, activated.ended_us) == ("done", 77)
        assert (activated.count.records, activated.count.healed, activated.count.flawed) == (16, 3, 2)
        during = await dump(store)
        assert during != before
        assert during[-1] == (2,)
        undone = await roll_back(store)
        assert (undone.kind, undone.version) == ("rollback", 1)
        assert await dump(store) == before
        assert await store.remappings.last(SOURCE) is None
        history = await store.remappings.history(SOURCE, 10)
        assert [(one.kind, one.state, one.begun_by) for one in history] == [
            ("rollback", "done", "kim"),
            ("activate", "undone", "kim"),
        ]


async def test_what_fits_again_waits_to_be_let_in(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u1", 1, 1))
        await activate(store, 2)
        [one] = (await store.quarantine.find(SOURCE, [("user", "u1")])).values()
        assert (one.known.state, one.known.canonical, [flaw.rule for flaw in one.flaws]) == (
            "quarantined", b"", [HEALED],
        )  # fmt: skip


async def test_what_names_nobody_under_the_new_version_goes_to_quarantine_as_a_reference(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 3, 1) for n in range(4)))
        await take(store, kept(None, "user", "c", 9, 1), kept(None, "enrolment", "e5", 5, 1))
        await take(store, kept(None, "enrolment", "e6", 6, 1))
        await activate(store, 2)  # u1 becomes u5, who is not there; u2 becomes u0, who is
        found = await store.quarantine.find(SOURCE, [("enrolment", "e5"), ("enrolment", "e6")])
        wrong, right = found["enrolment", "e5"], found["enrolment", "e6"]
        assert [(flaw.rule, flaw.path, flaw.value) for flaw in wrong.flaws] == [("reference", "user", '"u5"')]
        assert (right.known.state, right.user, right.known.rev) == ("active", "u0", 2)


async def test_what_was_told_in_part_since_the_body_was_read_stays_known(tmp_path: Path) -> None:
    """An event said that somebody else is enrolled; the versions differ in roles, and in nothing else that it said."""
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 3, 1) for n in range(4)))
        told = kept(None, "enrolment", "e", 1, 1)
        event = msgspec.json.encode(Enrolment(id="e", user="u3", course="c"))
        await take(store, msgspec.structs.replace(told, canonical=event, user="u3", digest=b"part".ljust(16)))
        before = await dump(store)
        await activate(store, 3)
        [one] = (await store.quarantine.find(SOURCE, [("enrolment", "e")])).values()
        assert msgspec.json.decode(one.known.canonical, type=Enrolment) == Enrolment(
            id="e", user="u3", course="c", role="observer"
        )
        await roll_back(store)
        assert await dump(store) == before


async def test_what_the_source_told_since_is_made_anew_with_the_old_version(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u7", 7, 1), kept(None, "user", "u8", 8, 1))
        await activate(store, 2)
        await take(store, kept(1, "user", "u7", 9, 2, rev=2))
        await take(store, kept(None, "user", "new", 6, 2))
        await roll_back(store)
        found = await store.quarantine.find(SOURCE, [("user", "u7"), ("user", "new")])
        told, fresh = found["user", "u7"].known, found["user", "new"].known
        assert (told.mapping, told.rev, msgspec.json.decode(told.canonical)["display_name"]) == (1, 4, "person 4")
        assert (fresh.mapping, msgspec.json.decode(fresh.canonical)["display_name"]) == (1, "person 1")


async def test_only_one_runs_and_a_half_one_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE", 2)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1) for n in range(7)))
        before = await dump(store)
        begun = await store.remappings.begin(SOURCE, 2, "kim", 5)
        await killed_after(store, begun, 2)
        with pytest.raises(Overtaken):
            await store.remappings.begin(SOURCE, 3, "ola", 6)
        half = await store.remappings.unfinished(SOURCE)
        assert half is not None
        assert (half.at, half.count.records) == (("user", "u3"), 4)
        await roll_back(store)
        assert await dump(store) == before
        assert await store.remappings.unfinished(SOURCE) is None


async def test_undo_data_is_of_the_last_activation_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "DROPPED_MAX", 1)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 6, 1) for n in range(4)))
        first = await activate(store, 2)
        await store.writer.submit(lambda raw: raw.execute("DELETE FROM records WHERE no = 1"))
        second = await activate(store, 3)
        kept_of = await store.writer.submit(lambda raw: raw.execute("SELECT DISTINCT activation FROM undos").fetchall())
        assert kept_of == [(second.no,)]
        assert second.no > first.no
        with pytest.raises(Overtaken):
            await store.remappings.begin(SOURCE, 1, "kim", 9, undoes=first.no)


async def test_a_correction_counts_for_the_new_version_as_long_as_it_holds(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u7", 7, 1))
        mended = Correction(path="n", value="8", was="7", by="kim", at_us=1)
        await store.quarantine.correct(1, [mended], [])
        await activate(store, 2)
        [one] = (await store.quarantine.find(SOURCE, [("user", "u7")])).values()
        assert msgspec.json.decode(one.known.canonical)["display_name"] == "person 8"
        assert one.corrections == (mended,)
        await store.quarantine.correct(1, [], ["n"])
        [one] = (await store.quarantine.find(SOURCE, [("user", "u7")])).values()
        assert one.corrections == ()


async def test_two_versions_are_compared_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE", 3)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1, gone=n == 9) for n in range(12)))
        before = await dump(store)
        looked: list[int] = []

        async def tell(n: int) -> None:
            looked.append(n)

        compared = Comparison("acme/toy", 1, 2)
        await role.compare(SOURCE, version(1), version(2), store.remappings, compared, tell=tell)
        assert (compared.records, compared.healed, compared.flawed) == (11, 3, {})
        assert [(each.field, each.records) for each in compared.differences()] == [("display_name", 6)]
        assert compared.people == 9
        assert looked == [3, 6, 9, 11]
        assert await dump(store) == before
        late = Comparison("acme/toy", 1, 2)
        await role.compare(
            SOURCE, version(1), version(2), store.remappings, late, since_us=store.records._clock.now_us() + 1
        )
        assert late.records == 0


# ── whatever happens ─────────────────────────────────────────────────────────────────────────────────

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("told"), st.integers(0, 9), st.integers(0, 11)),
        st.tuples(st.just("gone"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("killed"), st.integers(0, 4), st.just(0)),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(st.integers(0, 11), min_size=1, max_size=9),
    versions=st.lists(st.sampled_from([2, 3, 1]), min_size=1, max_size=3),
    events=EVENTS,
)
def test_after_any_history_what_was_not_touched_is_restored(
    first: list[int], versions: Sequence[int], events: list[tuple[str, int, int]]
) -> None:
    versions = [n for n, _ in groupby([1, *versions])][1:]
    if versions:
        trio.run(_history, first, versions, events)


async def _history(first: list[int], versions: Sequence[int], events: list[tuple[str, int, int]]) -> None:
    page, sql.PAGE = sql.PAGE, 2
    try:
        with TemporaryDirectory() as path:
            async with a_store(Path(path)) as store:
                await take(store, *(kept(None, "user", f"u{n}", number, 1) for n, number in enumerate(first)))
                for each in versions[:-1]:
                    await activate(store, each)
                before = await dump(store)
                here = before[-1][0]
                begun = await store.remappings.begin(SOURCE, versions[-1], "kim", 5)
                touched = await _meanwhile(store, begun, len(first), events)
                await roll_back(store)
                after = await dump(store)
                assert after[-1] == (here,)
                assert _without(before, touched) == _without(after, touched)
                for row in after[: len(first)]:
                    assert row[8] == here
    finally:
        sql.PAGE = page


async def _meanwhile(store: Store, begun: Activation, people: int, events: list[tuple[str, int, int]]) -> set[object]:
    """Kills, then the rest of it, then what the source tells. Those that it told of."""
    unfinished: Activation | None = begun
    steps = (people + 1) // 2
    for what, n, _ in events:
        if what == "killed" and unfinished is not None and n < steps:
            await killed_after(store, unfinished, n)
            steps -= n
            unfinished = await store.remappings.unfinished(SOURCE)
    if unfinished is not None and not any(what == "killed" and n == 4 for what, n, _ in events):
        await run(store, unfinished)
    touched: set[object] = set()
    for what, n, number in events:
        there = await store.quarantine.find(SOURCE, [("user", f"u{n}")])
        if what != "killed" and there:
            [one] = there.values()
            told = number if what == "told" else int(msgspec.json.decode(one.raw)["n"])
            await take(
                store,
                kept(one.known.no, "user", f"u{n}", told, begun.version, rev=one.known.rev, gone=what == "gone"),
            )
            touched.add(one.known.no)
    return touched


def _without(rows: list[tuple[object, ...]], touched: set[object]) -> list[tuple[object, ...]]:
    return [row for row in rows if row[0] not in touched]
