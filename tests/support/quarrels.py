"""Conflicts as they come about: a campus in which somebody, somewhere, does what makes systems disagree.

A ``Quarrel`` is one class of them: what is done, which fix a person chooses, what is true then, and what comes of
taking it back.
"""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import trio
from memory_http import InMemoryHttp
from review_cards import ANN, CHANNEL
from roster_hall import plan, rule, run, settled
from toy_source import FakeToy
from world import EPOCH_US, Campus, open_campus, source, tenant

from actors.domain.conflicts.fixes import Fix
from actors.domain.conflicts.model import Case, ConflictKind
from actors.domain.school import Class, Membership, Pupil
from config.model import Tenant
from config.rosters import Review, Roster

CODE = "CS101"
ROOM = "c-cs101"
SEEN_S = 900.0
"""After so long whoever was put in is seen by everybody."""

Doing = Callable[[Campus], Awaitable[None] | None]


def nothing(campus: Campus) -> None:
    """Nobody does anything."""


class Quarrel(NamedTuple):
    """``before``: what is so from the beginning; ``does``: what somebody does once all is in step. ``fix``: whether it
    is the one that is chosen. ``then`` holds when it was approved. ``undone`` holds when it was taken back; None: the
    same is asked again. ``two``: there is another source, ``sis``, that tells of the same school."""

    kind: ConflictKind
    fix: Callable[[Fix], bool]
    then: Doing
    before: Doing = nothing
    does: Doing = nothing
    undone: Doing | None = None
    rules: tuple[Roster, ...] = ()
    two: bool = False


def named(name: str) -> Callable[[Fix], bool]:
    """The fix of this kind."""
    return lambda fix: fix.name == name


async def done(doing: Doing, campus: Campus) -> None:
    waiting = doing(campus)
    if waiting is not None:
        await waiting


# ── the school ───────────────────────────────────────────────────────────────────────────────────────


def now_s(campus: Campus) -> float:
    return campus.clock.now_us() / 1e6


def past_s(campus: Campus) -> float:
    """A moment ago: what happened then is seen by everybody."""
    return now_s(campus) - 100


def course(campus: Campus, code: str = CODE) -> Class:
    [found] = [each for each in campus.school.courses.values() if each.code == code]
    return found


def memberships(campus: Campus, role: str = "student", code: str = CODE) -> list[Membership]:
    """Those that are active."""
    number = course(campus, code).id
    found = campus.school.memberships.values()
    return [each for each in found if (each.course, each.role, each.state) == (number, role, "active")]


def pupil(campus: Campus, at: int = 0, code: str = CODE) -> Pupil:
    """A student of the course."""
    return campus.school.people[memberships(campus, code=code)[at].user]


def leave(campus: Campus, *members: Membership) -> None:
    for each in members:
        campus.school.change_membership(each, now_s(campus), state="deleted")


def sis(campus: Campus) -> FakeToy:
    """The other source."""
    found = campus.sources["sis"]
    assert isinstance(found, FakeToy)
    return found


def toy(campus: Campus) -> FakeToy:
    found = campus.sources["toy"]
    assert isinstance(found, FakeToy)
    return found


# ── the campus ───────────────────────────────────────────────────────────────────────────────────────


def quarrelling(quarrel: Quarrel) -> Tenant:
    """Reviewers are told in Slack."""
    sources = source("toy", every="1m", full=None)
    if quarrel.two:
        sources |= source("toy", name="sis", base_url="http://sandbox.test/sis", every="1m", full=None)
    return tenant(
        rosters=quarrel.rules or (rule(match={"course": CODE}),),
        sources=sources,
        settings={"slack": {"signing_secret": {"env": "signing"}}},
        review=Review(to="slack", channel=CHANNEL, reviewers=(ANN,)),
    )


@asynccontextmanager
async def opened(tmp_path: Path, quarrel: Quarrel) -> AsyncIterator[Campus]:
    """With the question on the table."""

    def before(campus: Campus) -> None:
        if quarrel.two:
            campus.sources["sis"] = FakeToy(copy.deepcopy(campus.school), "/sis/")
            campus.http = InMemoryHttp(
                [*campus.fakes.values(), *campus.sources.values()], now_s=lambda: EPOCH_US / 1e6 + trio.current_time()
            )
            for person in campus.school.people.values():
                for each in (toy(campus), sis(campus)):
                    each.besides["users", person.id] = {"sis": f"S{person.id}"}
        waiting = quarrel.before(campus)
        assert waiting is None

    async with open_campus(tmp_path, quarrelling(quarrel), before=before) as campus:
        while not await campus.rows("SELECT 1 FROM ears WHERE lane = 'acme/slack' AND names <> '{}'"):
            await trio.sleep(0.05)
        for name in campus.tenants["acme"].sources:
            await campus.until_read(source=f"acme/{name}")
        await settled(campus)
        await trio.sleep(SEEN_S)
        if quarrel.does is not nothing:
            await run(campus)
            await settled(campus)
            assert await open_kinds(campus) == []
        await done(quarrel.does, campus)
        yield campus


async def open_kinds(campus: Campus) -> list[str]:
    return [each.conflict.kind for each in await campus.store.conflicts.cases("acme", ("open",))]


async def asked(campus: Campus, kind: ConflictKind) -> Case:
    """The one question that is open, now that everything was looked at."""
    await run(campus)
    await settled(campus)
    with trio.move_on_after(SEEN_S):
        while not await open_kinds(campus):
            await trio.sleep(10)
    found = [
        (each.conflict.kind, each.conflict.detail) for each in await campus.store.conflicts.cases("acme", ("open",))
    ]
    assert [each for each, _ in found] == [kind], found
    [case] = await campus.store.conflicts.cases("acme", ("open",))
    return case


def effects(campus: Campus) -> list[Any]:
    """What was done to places: posts are cards."""
    found = [*campus.journal("slack"), *campus.journal("teams")]
    return [each for each in found if not each.operation.startswith("chat.")]


async def is_clean(campus: Campus) -> None:
    """Nothing to ask, and nothing to do, however often it is looked at."""
    await settled(campus)
    await trio.sleep(SEEN_S)
    for _ in range(2):
        before = effects(campus)
        told = await plan(campus)
        assert told.plan is not None
        assert told.plan.hash == "", told.plan
        assert (await run(campus)).ordered == 0
        await settled(campus)
        assert effects(campus) == before
        assert await open_kinds(campus) == []
