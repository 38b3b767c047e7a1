"""Whatever happens between an activation and its end, what nothing has touched is restored, byte by byte."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from remapped_store import SOURCE, a_store, activate, dump, kept, killed_after, roll_back, run, take
from sizes import examples

from actors.ports.remapping import Activation
from daemon.store import remapping as sql
from daemon.store.database import Store

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("told"), st.integers(0, 9), st.integers(0, 11)),
        st.tuples(st.just("gone"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("killed"), st.integers(0, 4), st.just(0)),
    ),
    max_size=6,
)


@settings(max_examples=examples(20), deadline=None)
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
