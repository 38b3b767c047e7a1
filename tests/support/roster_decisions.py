"""Questions of a campus whose rosters are kept, people who decide about them, and whether all is in step then."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from roster_hall import channel, kept, plan, run, settled, workspace
from world import Campus, open_campus

from actors.domain.conflicts.model import Case, ConflictKind
from actors.ports.conflicts import Decider
from actors.targets.slack.fake.workspace import BOT_USER
from config.model import Tenant

ANN = Decider(who="ann", by_way="control")
COURSE = "CS101"
ROOM = "c-cs101"


def nothing(campus: Campus) -> None:
    """Before it begins."""


@asynccontextmanager
async def settled_campus(
    tmp_path: Path, school: Tenant | None = None, before: Callable[[Campus], None] = nothing
) -> AsyncIterator[Campus]:
    """Everybody is where they should be, and nothing is asked."""
    async with open_campus(tmp_path, school or kept(), before=before) as campus:
        await campus.until_read()
        await settled(campus)
        await trio.sleep(900)  # what was made and put in is seen by now
        await run(campus)
        await settled(campus)
        assert await campus.store.conflicts.cases("acme", ("open",)) == []
        yield campus


def past_s(campus: Campus) -> float:
    """A moment ago: what happened then is seen by everybody."""
    return campus.clock.now_us() / 1e6 - 100


def somebody(campus: Campus, room: str = ROOM) -> str:
    """A member's id."""
    space = workspace(campus)
    return sorted(space.rooms.inside(channel(campus, room)) - {BOT_USER})[0]


def address(campus: Campus, user: str) -> str:
    return workspace(campus).somebody(user).email


async def question(campus: Campus, kind: ConflictKind) -> Case:
    """The one that is open now that the course was looked at."""
    await run(campus, COURSE)
    await settled(campus)
    return await asked(campus, kind)


async def asked(campus: Campus, kind: ConflictKind) -> Case:
    """The one that is open."""
    found = await campus.store.conflicts.cases("acme", ("open",))
    assert [each.conflict.kind for each in found] == [kind]
    return found[0]


async def decide(campus: Campus, case: Case, fix: str) -> None:
    """A person approves it, and rosters follow by themselves."""
    choice = next(n for n, each in enumerate(case.conflict.fixes) if each.fix.name == fix)
    now_us = campus.clock.now_us()
    decided = await campus.store.conflicts.approve("acme", case.no, choice, ANN, now_us)
    assert decided.done, decided.note
    campus.switchboard.decided("acme")
    await settled(campus)


async def take_back(campus: Campus, case: Case) -> None:
    undone = await campus.store.conflicts.undo("acme", case.no, ANN, campus.clock.now_us())
    assert undone.done, undone.note
    campus.switchboard.decided("acme")
    await settled(campus)


async def is_clean(campus: Campus) -> None:
    """Nothing to ask, and nothing to do, however often it is looked at."""
    for _ in range(2):
        before = len(campus.journal("slack"))
        told = await plan(campus, COURSE)
        assert told.plan is None or (told.plan.adds, told.plan.removes) == (0, 0)
        await run(campus, COURSE)
        await settled(campus)
        assert len(campus.journal("slack")) == before
        assert await campus.store.conflicts.cases("acme", ("open",)) == []
