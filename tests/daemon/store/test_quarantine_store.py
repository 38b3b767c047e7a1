"""What is wrong with records: looked through, counted, corrected, let be."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from log_world import provenance
from world import VirtualClock

from actors.domain.canonical import Flaw
from actors.domain.correcting import CORRECTIONS_MAX, Correction
from actors.ports.records import Kept, Taking
from daemon.store import quarantine
from daemon.store.database import Store, open_store
from daemon.store.quarantine import Standing, TooMany


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "q.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: raw.executemany(
                "INSERT INTO sources (no, tenant, name, kind) VALUES (?, 'acme', ?, 'toy')", [(1, "canvas"), (2, "sis")]
            )
        )
        yield store


def flawed(no: int | None, name: str, *rules: str, digest: bytes = bytes(16)) -> Kept:
    return Kept(
        no=no,
        entity="user",
        id=name,
        form="rest",
        scope="",
        raw=msgspec.json.encode({"n": name}),
        digest=digest,
        mapping=1,
        canonical=b"",
        state="quarantined" if rules else "active",
        rev=0,
        flaws=tuple(Flaw(rule=rule, path=rule, value="null", suggestion="mend it") for rule in rules),
    )


async def take(store: Store, *records: Kept, source: int = 1) -> None:
    await store.records.take(Taking(source=source, records=records, provenance=provenance()))


async def test_pages_by_place_and_rule(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "LOOK_MAX", 2)
    await take(store, flawed(None, "a", "email"), flawed(None, "b", "required", "email"), flawed(None, "c"))
    await take(store, flawed(None, "d", "required"))
    await take(store, flawed(None, "e", "email"), source=2)
    seen: list[list[str]] = []
    after: int | None = 0
    while after is not None:
        found, after = await store.quarantine.page(1, after, "required")
        seen.append([one.known.id for one in found])
    assert seen == [["b"], ["d"]]
    [first, second], after = await store.quarantine.page(1, 0)
    assert after == second.known.no
    assert [flaw.rule for flaw in second.flaws] == ["required", "email"]
    assert first.raw == b'{"n":"a"}'


async def test_large_ones_end_a_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.remapping.PAGE_BYTES", 10)
    await take(store, *(flawed(None, name, "email") for name in "abc"))
    found, after = await store.quarantine.page(1, 0)
    assert ([one.known.id for one in found], after) == (["a", "b"], 2)
    found, after = await store.quarantine.page(1, 2)
    assert ([one.known.id for one in found], after) == (["c"], None)


async def test_what_is_dismissed_comes_back_when_its_body_changes(store: Store) -> None:
    await take(store, flawed(None, "a", "email"), flawed(None, "b", "required", "email"), flawed(None, "c"))
    await store.quarantine.dismiss([1, 3], "kim", 5)
    assert await store.quarantine.standing([1, 2]) == {1: Standing(open=1, dismissed=1, rules={"required": 1})}
    assert await store.quarantine.counts() == {("acme", "canvas"): 1, ("acme", "sis"): 0}
    found, _ = await store.quarantine.page(1, 0)
    assert [one.dismissed for one in found] == [True, False]
    await take(store, flawed(1, "a", "email", digest=b"x" * 16), flawed(3, "c", "email", digest=b"x" * 16))
    assert await store.quarantine.counts() == {("acme", "canvas"): 3, ("acme", "sis"): 0}


async def test_corrections_take_the_place_of_those_before_and_have_a_bound(store: Store) -> None:
    await take(store, flawed(None, "a", "email"))

    def mended(path: str, value: str) -> Correction:
        return Correction(path=path, value=value, was="", by="kim", at_us=1)

    await store.quarantine.correct(1, [mended("email", "1"), mended("name", "2")], [])
    await store.quarantine.correct(1, [mended("email", "3")], ["name"])
    [one] = (await store.quarantine.find(1, [("user", "a"), ("user", "nobody")])).values()
    assert one.corrections == (mended("email", "3"),)
    with pytest.raises(TooMany):
        await store.quarantine.correct(1, [mended(f"p{n}", "1") for n in range(CORRECTIONS_MAX)], [])
    [one] = (await store.quarantine.find(1, [("user", "a")])).values()
    assert len(one.corrections) == 1
