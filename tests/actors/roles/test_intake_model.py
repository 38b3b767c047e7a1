"""For any sequence of pages, whole readings and kills: what the log says of memberships is how they stand."""

import tempfile
from pathlib import Path
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_desk import Desk, a_desk, course, enrolment, record, user
from sizes import examples

from actors.domain import changes
from actors.domain.canonical import Enrolment
from actors.domain.harvest import Page, Record, Whole
from actors.domain.publishing import OUTSIDE, Standing, standing
from actors.ports.records import Taken, Taking
from config.polling import Removals

PEOPLE, COURSES = ("ada", "ben"), ("c1", "c2")
EVERYBODY = (*(user(name) for name in PEOPLE), *(course(name) for name in COURSES))

tellings = st.builds(
    lambda number, who, where, role, status: enrolment(f"e{number}", who, where, role=role, status=status),
    st.integers(0, 4),
    st.sampled_from([*PEOPLE, "nobody"]),
    st.sampled_from(COURSES),
    st.sampled_from(["learner", "instructor", "observer"]),
    st.sampled_from(["active", "active", "suspended", "completed", "ended", "invited"]),
)
departures = st.builds(lambda number: record("enrolment", f"e{number}", gone=True), st.integers(0, 4))
flawed = st.builds(lambda number: enrolment(f"e{number}", bad=1), st.integers(0, 4))
pages = st.lists(tellings | tellings | tellings | departures | flawed, min_size=1, max_size=4)
kills = st.sampled_from(["", "", "before", "after"])
steps = st.lists(st.tuples(st.sampled_from(["page", "page", "whole"]), pages, kills), min_size=1, max_size=7)


class Killed(Exception):
    """The process, before or after the commit."""


class Mortal:
    """Records whose next take is their last."""

    def __init__(self, records: Any, when: str) -> None:
        self._records = records
        self._when = when

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    async def take(self, taking: Taking) -> Taken:
        if self._when == "before":
            raise Killed
        await self._records.take(taking)
        raise Killed


class Model:
    """What the source told last of each enrolment, as far as it fitted."""

    def __init__(self) -> None:
        self.held: dict[str, Enrolment] = {}

    def tell(self, records: list[Record]) -> None:
        """On one page the last telling of each counts; a flawed one leaves what was before the page."""
        for one in {one.id: one for one in records}.values():
            tellings = [each for each in records if each.id == one.id]
            self._settle(one.id, tellings)

    def _settle(self, name: str, tellings: list[Record]) -> None:
        last = tellings[-1]
        if last.gone:
            self.held.pop(name, None)
        elif "bad" not in last.body and last.body["user"] != "nobody":
            self.held[name] = Enrolment(id=name, **last.body)  # type: ignore[arg-type]  # its own fields

    def standings(self) -> dict[tuple[str, str], Standing]:
        return {
            (who, where): standing([one for one in self.held.values() if (one.user, one.course) == (who, where)])
            for who in PEOPLE
            for where in COURSES
        }


def folded(told: list[Any]) -> dict[tuple[str, str], Standing]:
    """How memberships stand by what the log says."""
    now = {(who, where): OUTSIDE for who in PEOPLE for where in COURSES}
    latest: dict[tuple[str, str], str] = {}
    for each in told:
        if not isinstance(each, changes.Change) or each.course is None:
            continue
        pair = (each.learner.key.rpartition("|")[2], each.course.id.rpartition("/")[2])
        before = now[pair]
        assert each.at >= latest.get(pair, ""), "it goes back in time"
        latest[pair] = each.at
        match each:
            case changes.Enrolled(role=role):
                assert before == OUTSIDE
                now[pair] = Standing(inside=True, role=role)
            case changes.Unenrolled():
                assert before.inside
                now[pair] = OUTSIDE
            case changes.RoleChanged(role=role):
                assert before.inside
                assert before.role != role
                now[pair] = Standing(inside=True, role=role, suspended=before.suspended)
            case changes.EnrolmentSuspended():
                assert before.inside
                assert not before.suspended
                now[pair] = Standing(inside=True, role=before.role, suspended=True)
            case changes.EnrolmentResumed():
                assert before.suspended
                now[pair] = Standing(inside=True, role=before.role)
    return now


async def play(desk: Desk, script: list[tuple[str, list[Record], str]]) -> None:
    told = await everything(desk, *EVERYBODY)
    model = Model()
    for what, records, kill in script:
        if what == "whole":  # a full reading of exactly this
            desk.begin()
            records = list({one.id: one for one in records}.values())
        if kill:
            records_port, desk.intake._records = desk.intake._records, Mortal(desk.store.records, kill)
            try:
                await desk.intake.page(Page(records=tuple(records)))
            except Killed:
                desk.begin()
            desk.intake._records = records_port
        told += await everything(desk, *records)
        model.tell(records)
        if what == "whole":
            await desk.intake.whole(Whole(entity="enrolment"))
            model.held = {name: one for name, one in model.held.items() if name in {each.id for each in records}}
            told += await desk.changes()
        assert folded(told) == model.standings()
        before = await desk.writes()
        desk.begin(removals=Removals())
        if len({one.id for one in records}) == len(records):
            await desk.intake.page(Page(records=(*EVERYBODY, *records)))
        await desk.intake.finish()
        assert await desk.writes() == before


async def everything(desk: Desk, *records: Record) -> list[Any]:
    await desk.intake.page(Page(records=records))
    return await desk.changes()


@given(steps)
@settings(max_examples=examples(25))
def test_the_log_says_how_memberships_stand(script: list[tuple[str, list[Record], str]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with a_desk(Path(folder)) as desk:
                await play(desk, script)

    trio.run(run)


@given(st.lists(pages, min_size=1, max_size=4))
@settings(max_examples=examples(15))
def test_a_reading_that_is_not_whole_removes_nobody(script: list[list[Record]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with a_desk(Path(folder)) as desk:
                members = [enrolment(f"m{number}", "ada", "c1") for number in range(3)]
                await everything(desk, *EVERYBODY, *members)
                for records in script:
                    desk.begin()
                    told = await everything(desk, *records)
                    await desk.intake.finish()
                    assert "unenrolled" not in [each.kind for each in told if each.course and each.course.code == "C1"]
                    states = await desk.states()
                    assert [states[one.id] for one in members] == ["active"] * 3

    trio.run(run)
