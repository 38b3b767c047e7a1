"""Reminds learners of work that is due: one actor a tenant whose routes ask for it.

It keeps no calendar. What is due, who still owes it and who was reminded stand in the store; a look every minute finds
whose time has come. So a date that is moved moves its reminders, and work that is handed in has none, without anybody
having to think of it; and whoever hands it in while a reminder waits is not reminded either (``store.planning``).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import trio

from actors.domain.canonical import Assignment, Course, Enrolment, User
from actors.domain.people import Directory, account_key
from actors.domain.publishing import Publisher, Told, standing
from actors.domain.reminding import reminder
from actors.domain.stating import Stater
from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.moments import spelt
from actors.kernel import Actor
from actors.messages import ReminderMessage, Reported
from actors.ports import Origin, Provenance, Source, StoreUnavailable
from actors.ports.readings import SourceName
from actors.ports.reminders import DueWork, Owing, Reminded
from actors.roles.world import World
from config.model import Tenant

LOOK_S = 60.0
REST_S = 5.0
"""Between two looks, at least."""
RETRY_S = 30.0
WHOLE_US = 15 * 60_000_000
"""So long a look trusts what those before it found of work whose time has not come, if no source told anything new."""
LATEST_US = 2**62
WORK_MAX = 100
OWING_MAX = 500
VERSION = "1.0.3"

_assignment = msgspec.json.Decoder(Assignment).decode
_course = msgspec.json.Decoder(Course).decode
_user = msgspec.json.Decoder(User).decode
_enrolment = msgspec.json.Decoder(Enrolment).decode


def wanted(tenant: Tenant) -> bool:
    """Whether any route asks for reminders."""
    return any(route.enabled and "due_soon" in route.when for route in tenant.routes)


class Reminder(Actor[ReminderMessage]):
    """One tenant's."""

    def __init__(self, tenant: Tenant, sources: Mapping[str, Source], world: World) -> None:
        super().__init__()
        self._tenant = tenant
        self._sources = sources
        self._world = world
        self._directory = Directory(tenant.people)
        self._wake = trio.Event()
        self._not_before_us: dict[int, int] = {}
        """When the first reminder comes of work that was looked at, by its number; after ``_looked_us``."""
        self._looked_us = 0

    async def started(self) -> None:
        self.spawn(self._look)

    async def receive(self, message: ReminderMessage) -> None:
        match message:
            case Reported():
                self._not_before_us.clear()
                self._wake.set()

    async def _look(self) -> None:
        world = self._world
        while True:
            self._wake = trio.Event()
            try:
                made = await self._remind()
            except StoreUnavailable as error:
                self._not_before_us.clear()
                world.witness.trouble("reminder.store_unavailable", error, tenant=self._tenant.name)
                await trio.sleep(RETRY_S)
                continue
            if made:
                world.switchboard.arrived(self._tenant.name)
                world.witness.event("reminders.made", tenant=self._tenant.name, reminders=made)
            await trio.sleep(REST_S)
            with trio.move_on_after(LOOK_S - REST_S):
                await self._wake.wait()

    async def _remind(self) -> int:
        """Everybody whose time has come. How many."""
        world, tenant = self._world, self._tenant
        names = [SourceName(tenant=tenant.name, name=name, kind=source.kind) for name, source in self._sources.items()]
        states = await world.sources.known(names)
        sources = {states[name].no: self._sources[name.name] for name in names if name in states}
        named = {states[name].no: name.name for name in names if name in states}
        if not sources:
            return 0
        now_us = world.clock.now_us()
        if not self._looked_us <= now_us < self._looked_us + WHOLE_US:
            self._not_before_us.clear()
            self._looked_us = now_us
        low, high = (_day(now_us + days * 86_400_000_000) for days in (-1, tenant.due_soon.leads_s[0] // 86_400 + 3))
        made, after_no = 0, 0
        while work := await world.reminders.work(list(sources), low, high, after_no, WORK_MAX):
            after_no = work[-1].no
            for each in work:
                if self._not_before_us.get(each.no, 0) <= now_us:
                    made += await self._of(each, named[each.source], sources[each.source], now_us)
        return made

    async def _of(self, work: DueWork, name: str, source: Source, now_us: int) -> int:
        """Of one piece of work."""
        assignment = _assignment(work.assignment)
        if not (work.course and assignment.published):
            return 0
        course, made, after_user = _course(work.course), 0, ""
        if not course.active:
            return 0
        self._not_before_us[work.no] = LATEST_US  # nobody owes it, or sooner, as follows
        stater = Stater(tenant=self._tenant.name, source=name, home_page=source.home_page, language=self._tenant.locale)
        publisher = Publisher(stater)
        while owing := await self._world.reminders.owing(work, after_user, OWING_MAX):
            after_user = _user(owing[-1].user).id
            found = list(self._due(owing, work, assignment, course, publisher, now_us))
            if found:
                with self._world.witness.reading(f"{self._tenant.name}/{name}", "reminder") as view:
                    provenance = self._provenance(name, view.traceparent)
                await self._world.reminders.remind(
                    [one for one, _ in found], [statement for _, statement in found], provenance
                )
            made += len(found)
        return made

    def _due(
        self,
        owing: list[Owing],
        work: DueWork,
        assignment: Assignment,
        course: Course,
        publisher: Publisher,
        now_us: int,
    ) -> Iterator[tuple[Reminded, NewStatement]]:
        rules = self._tenant.due_soon
        for one in owing:
            user = _user(one.user)
            held = standing(each for each in map(_enrolment, one.enrolments) if each.status != "completed")
            if not user.active or held.suspended or held.role != "learner":
                continue  # who has completed the course is in it still, and owes it nothing any more
            due = assignment.due_for.get(user.id, assignment.due)
            done = frozenset(before_s for of, before_s in one.done if of == due)
            zone = self._zone(user, course, publisher.home_page)
            found = reminder(due, zone, rules.leads_s, rules.quiet_hours, now_us, done)
            if found is not None:
                self._not_before_us[work.no] = min(self._not_before_us.get(work.no, 0), found.at_us)
            if found is None or found.at_us > now_us:
                continue
            told = Told(record=f"{assignment.id}\0{user.id}\0{due}", rev=found.before_s, now_us=now_us)
            statement = publisher.due_soon(assignment, user, course, spelt(found.due_us), found.before_s, told)
            yield (
                Reminded(
                    source=work.source,
                    work=assignment.id,
                    user=user.id,
                    due=due,
                    before_s=found.before_s,
                    at_us=now_us,
                ),
                statement,
            )

    def _zone(self, user: User, course: Course, home_page: str) -> str:
        """Where the learner lives, as far as anybody says."""
        person = self._directory.rows(account_key(home_page, user.id))
        own = next((row.timezone for row in person if row.timezone), "")
        return own or user.timezone or course.timezone or self._tenant.timezone

    def _provenance(self, source: str, traceparent: str) -> Provenance:
        account = f'{{"homePage":"urn:lmsyncd:{self._tenant.name}:{source}","name":"reminder"}}'
        return Provenance(
            tenant=self._tenant.name,
            source=source,
            correlation_id=f"reminder-{self._world.dice.token()[:16]}",
            traceparent=traceparent,
            version=VERSION,
            authority=f'{{"objectType":"Agent","account":{account}}}'.encode(),
            origin=Origin(by="reminder"),
        )


def _day(us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).date().isoformat()
