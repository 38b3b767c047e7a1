"""Something of a place changes between the plan and the moment it is written: nothing is done there, and whoever asked
is told so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from roster_decisions import COURSE, ROOM, past_s, settled_campus, somebody
from roster_hall import apply, channel, enrolled, inside, kept, plan, rule, run, settled, workspace
from world import Campus

from actors.ports.rosters import COMPARE, READ

LEFT = "1 place changed meanwhile and was left: plan again"


def before_commit(campus: Campus, monkeypatch: pytest.MonkeyPatch, marked: Callable[[Any], bool]) -> None:
    """Places for which ``marked`` holds are marked once, just before what was reckoned of them is written."""
    rosters = campus.store.rosters
    commit = rosters.commit
    seen: set[str] = set()

    async def late(tenant: str, lane: str, reckoned: Any, *more: Any) -> Any:
        for each in reckoned:
            unit = each.place.unit
            if unit.key and unit.key not in seen and marked(each):
                seen.add(unit.key)
                assert await rosters.due(tenant, unit.rule, unit.key, COMPARE) == 1
        return await commit(tenant, lane, reckoned, *more)

    monkeypatch.setattr(rosters, "commit", late)


def is_course(each: Any) -> bool:
    """With what is to be done there: what was read is written apart from it, and before."""
    return bool(each.place.unit.label == COURSE and each.orders is not None)


async def state_of(campus: Campus, hash_: str) -> str:
    [(state,)] = await campus.rows("SELECT state FROM roster_plans WHERE hash = ?", hash_)
    return str(state)


async def test_a_plan_of_which_nothing_was_done_is_not_applied(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled_campus(tmp_path) as campus:
        workspace(campus).rooms.take(channel(campus, ROOM), [somebody(campus)], past_s(campus))
        told = await plan(campus, COURSE)
        assert told.plan is not None
        assert told.plan.adds == 1
        before_commit(campus, monkeypatch, is_course)
        left = await apply(campus, told.plan.hash, course=COURSE)
        assert (left.done, left.ordered, left.left, left.why) == (False, 0, 1, LEFT)
        assert await state_of(campus, told.plan.hash) == "shown"
        await settled(campus)
        assert inside(campus, ROOM) == enrolled(campus, COURSE)


async def test_a_question_is_not_asked_from_what_is_known_to_be_outdated(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled_campus(tmp_path, kept(rule(brake={"count_max": 3, "total_percent_max": 100}))) as campus:
        space = workspace(campus)
        space.rooms.put(channel(campus, ROOM), [space.person("stranger@example.org")], past_s(campus))
        before_commit(campus, monkeypatch, is_course)
        await run(campus, COURSE)
        assert await campus.rows("SELECT * FROM conflicts") == []
        await settled(campus)
        await run(campus, COURSE)
        assert await campus.rows("SELECT kind, state FROM conflicts") == [("stranger", "open")]


async def test_a_run_of_which_nothing_was_done_is_none_that_was_applied(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled_campus(tmp_path) as campus:
        ran = await campus.rows("SELECT count(*) FROM roster_plans WHERE state = 'applied'")
        workspace(campus).rooms.take(channel(campus, ROOM), [somebody(campus)], past_s(campus))
        before_commit(campus, monkeypatch, is_course)
        seen: list[list[Any]] = []
        commit = campus.store.rosters.commit

        async def looked(*more: Any) -> Any:
            done = await commit(*more)
            if any(is_course(each) for each in more[2]):
                seen.append(await campus.rows("SELECT count(*) FROM roster_plans WHERE state = 'applied'"))
            return done

        monkeypatch.setattr(campus.store.rosters, "commit", looked)
        [(unit,)] = await campus.rows("SELECT unit FROM roster_places WHERE label = ?", COURSE)
        assert await campus.store.rosters.due("acme", "classes", unit, READ) == 1
        campus.switchboard.reconcile("acme")
        await settled(campus)
        assert seen[0] == ran
        assert seen[-1] == [(ran[0][0] + 1,)]
        assert inside(campus, ROOM) == enrolled(campus, COURSE)


async def test_a_question_is_neither_lost_nor_asked_twice_where_somebody_is_killed_after_the_orders(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled_campus(tmp_path) as campus:
        space = workspace(campus)
        space.rooms.put(channel(campus, ROOM), [space.person("stranger@example.org")], past_s(campus))
        space.rooms.take(channel(campus, ROOM), [somebody(campus)], past_s(campus))
        commit = campus.store.rosters.commit

        async def killed(*more: Any) -> Any:
            done = await commit(*more)
            if any(is_course(each) for each in more[2]):
                campus.sever()
            return done

        monkeypatch.setattr(campus.store.rosters, "commit", killed)
        with trio.move_on_after(60):
            await run(campus, COURSE)
        await campus.die()
        monkeypatch.setattr(campus.store.rosters, "commit", commit)
        await campus.again()
        await settled(campus)
        assert await campus.rows("SELECT kind, state FROM conflicts") == [("stranger", "open")]
        assert inside(campus, ROOM) == enrolled(campus, COURSE) | {"stranger@example.org"}


async def test_an_order_under_way_is_told_as_such(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with settled_campus(tmp_path) as campus:
        workspace(campus).rooms.take(channel(campus, ROOM), [somebody(campus)], past_s(campus))
        told = await plan(campus, COURSE)
        assert told.plan is not None
        places = campus.store.rosters.places

        async def flying(*names: Any) -> Any:
            return {key: msgspec.structs.replace(each, flying=1) for key, each in (await places(*names)).items()}

        monkeypatch.setattr(campus.store.rosters, "places", flying)
        stale = await apply(campus, told.plan.hash, course=COURSE)
        assert not stale.done
        assert stale.why.startswith("orders are under way to 1 place")
