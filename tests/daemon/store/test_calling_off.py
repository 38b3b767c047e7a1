"""A pilot that is stopped towards nobody: what waits is called off whoever dies meanwhile, and nothing else is."""

from pathlib import Path

import pytest
import trio
from world import EPOCH_US, Campus, completed, open_campus, route, tenant

from actors.domain.piloting import Cohort
from config.model import Audience, Digest
from daemon.store import calling_off

TOLD = route("done", "completed", audience=Audience(learner=True), pilot="new")
DAILY = route("daily", "completed", pilot="new", mode=Digest(digest="0 8 * * *"))
N = 12


async def waiting(campus: Campus, n: int = N, work: str = "quiz") -> None:
    await campus.store.pilots.put(
        "acme", "new", Cohort(percent=100.0), [], salt="s", by="ada", now_us=campus.clock.now_us()
    )
    await campus.tell(*(completed(f"p{k}", work) for k in range(n)))
    with trio.fail_after(60):
        while (await campus.states()).get("waiting", 0) + (await campus.states()).get("held", 0) < n:
            await trio.sleep(1)


async def begin_to_stop(campus: Campus) -> None:
    """As ``stop`` does, by somebody who dies after the first transaction."""
    pilot = await campus.store.pilots.one("acme", "new")
    assert pilot is not None

    def first(raw: object) -> None:
        raw.execute("UPDATE pilots SET state = 'nobody' WHERE no = ?", (pilot.no,))  # type: ignore[attr-defined]
        calling_off.begin(raw, pilot.no)  # type: ignore[arg-type]
        calling_off.go_on(raw, campus.clock.now_us(), pilot.no)  # type: ignore[arg-type]

    await campus.store.writer.submit(first)


async def test_a_stop_that_was_broken_off_is_finished_by_the_daemon(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling_off, "AT_ONCE", 5)
    async with open_campus(tmp_path, tenant(TOLD)) as campus, trio.open_nursery() as nursery:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await waiting(campus)
        await begin_to_stop(campus)
        assert await campus.states() == {"shadowed": 5, "waiting": N - 5}
        nursery.start_soon(campus.store.pilots.run, campus.clock)  # the lane is still paused
        await trio.sleep(1)
        assert await campus.states() == {"shadowed": N}
        assert await campus.rows("SELECT off_seq FROM pilots") == [(0,)]
        nursery.cancel_scope.cancel()


async def test_no_lane_hands_out_what_is_being_called_off(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody finishes it but the courier itself; and what is planned when the pilot has begun again is sent."""
    monkeypatch.setattr(calling_off, "AT_ONCE", 5)
    async with open_campus(tmp_path, tenant(TOLD)) as campus:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await waiting(campus)
        await begin_to_stop(campus)
        await waiting(campus, 1, "essay")
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.ready("acme/slack")
        await campus.quiet()
        assert await campus.states() == {"shadowed": N, "delivered": 1}
        assert len(campus.journal("slack")) == 1


async def test_what_was_in_hand_and_surely_did_not_land_is_not_sent_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(TOLD)) as campus:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await waiting(campus, 2)
        await campus.rows("UPDATE deliveries SET state = 'claimed', claimed_by = 'one' WHERE destination LIKE '%p0%'")
        assert await campus.states() == {"claimed": 1, "waiting": 1}
        pilot = await campus.store.pilots.one("acme", "new")
        assert pilot is not None
        await campus.store.pilots.end(pilot, "nobody", by="ada", reason="", now_us=campus.clock.now_us())
        assert await campus.states() == {"claimed": 1, "shadowed": 1}
        await campus.rows("UPDATE deliveries SET state = 'waiting', claimed_by = NULL WHERE claimed_by = 'one'")
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.ready("acme/slack")
        await campus.quiet()
        assert await campus.states() == {"shadowed": 2}
        assert campus.journal("slack") == []


async def test_what_stands_behind_it_in_a_line_is_sent(tmp_path: Path, autojump_clock: object) -> None:
    """Two of a pilot, and behind them one of no pilot, for the same person."""
    async with open_campus(tmp_path, tenant(TOLD)) as campus:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await waiting(campus, 1)
        await campus.tell(completed("p0", "essay"), completed("p0", "thesis"))
        await trio.sleep(5)
        await campus.rows("UPDATE deliveries SET pilot = NULL WHERE seq = (SELECT max(seq) FROM deliveries)")
        pilot = await campus.store.pilots.one("acme", "new")
        assert pilot is not None
        await campus.store.pilots.end(pilot, "nobody", by="ada", reason="", now_us=campus.clock.now_us())
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.ready("acme/slack")
        await trio.sleep(60)
        assert await campus.states() == {"shadowed": 2, "delivered": 1}


async def test_a_digest_has_one_pilot_and_ends_with_that(tmp_path: Path, autojump_clock: object) -> None:
    """The route got its pilot while its digest was being collected."""
    async with open_campus(tmp_path, tenant(route("daily", "completed", mode=Digest(digest="0 8 * * *")))) as campus:
        await waiting(campus, 2)
        await campus.die()
        campus.tenants["acme"] = tenant(DAILY)
        await campus.again()
        await campus.tell(completed("p5"), completed("p6"))
        await trio.sleep(5)
        await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us())
        await campus.rows("UPDATE deliveries SET due_us = ?", campus.clock.now_us())
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.fault("slack", "status", operation="chat.postMessage", value="503", times=0)
        campus.switchboard.ready("acme/slack")
        await trio.sleep(5)
        digests = await campus.rows(
            "SELECT d.pilot, count(*), group_concat(DISTINCT ifnull(i.pilot, 0)) FROM deliveries d "
            "JOIN deliveries i ON i.digest = d.seq GROUP BY d.seq ORDER BY d.seq"
        )
        assert digests == [(None, 2, "0"), (1, 2, "1")]
        pilot = await campus.store.pilots.one("acme", "new")
        assert pilot is not None
        await campus.store.pilots.end(pilot, "nobody", by="ada", reason="", now_us=campus.clock.now_us())
        campus.fakes["slack"].clear_faults()
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        assert sorted(await campus.rows("SELECT kind, pilot, state FROM deliveries"), key=str) == [
            ("activity_completed", 1, "shadowed"), ("activity_completed", 1, "shadowed"),
            ("activity_completed", None, "delivered"), ("activity_completed", None, "delivered"),
            ("digest", 1, "shadowed"), ("digest", None, "delivered"),
        ]  # fmt: skip
        assert {each.kind for each in await campus.store.pilots.rehearsals(pilot.no, 9)} == {"activity_completed"}
