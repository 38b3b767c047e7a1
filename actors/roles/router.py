"""Statements become deliveries: one router a tenant, following the log with a durable cursor.

What it decides is pure (``domain.recognise``, ``domain.routing``); what it writes, outcomes, deliveries and cursor,
is one transaction. Killed at any instruction it takes up at the cursor, and nothing was done twice.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import trio

from actors.domain.changes import AnyChange, StatementStored
from actors.domain.forwarding import Sight, look_at, passes, stored
from actors.domain.outbox import HeldFor, Place
from actors.domain.people import Directory
from actors.domain.piloting import Piloted
from actors.domain.recognise import NotRouted, recognise
from actors.domain.routing import destinations, too_old
from actors.domain.schedule import digest_due, quiet_until
from actors.domain.undoing import correction, voids
from actors.domain.verdicts import Refused
from actors.kernel import Actor
from actors.messages import Arrived, RouterMessage
from actors.ports import Caused, LoggedStatement, Planned, Routed, StoreUnavailable, Target
from actors.roles.meeting import NOBODY, Company, meet, told_us
from actors.roles.rehearsing import rehearsed
from actors.roles.world import World
from config.durations import seconds
from config.model import Audience, Digest, Route, Tenant

BATCH = 200
RETRY_S = 1.0
REST_S_MAX = 60.0
"""The log is looked at so often without a hint: whoever stored a statement may have died before giving it."""
STATEMENT = StatementStored.words[0]
WINDOW_KEPT_US = 86_400_000_000
"""A digest's window is worked out anew at least so often: a clock that was set back may open an earlier one."""


class Router(Actor[RouterMessage]):
    """Follows one tenant's log."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target], world: World) -> None:
        super().__init__()
        self.plan = Plan(tenant, targets, world.born_us)
        self._tenant = tenant.name
        self._lanes = [f"{tenant.name}/{target}" for target in targets]
        self._world = world
        self._wake = trio.Event()

    async def started(self) -> None:
        for lane in self._lanes:  # the life before this one may have died between a commit and its hint
            self._world.switchboard.ready(lane)
        self.spawn(self._follow)

    async def receive(self, message: RouterMessage) -> None:
        match message:
            case Arrived():
                self._wake.set()

    async def _follow(self) -> None:
        world = self._world
        cursor: int | None = None
        while True:
            self._wake = trio.Event()
            try:
                if cursor is None:
                    cursor = await world.outbox.cursor(self._tenant)
                batch = await world.statements.after(self._tenant, cursor, BATCH)
                if not batch:
                    with trio.move_on_after(REST_S_MAX):
                        await self._wake.wait()
                    continue
                cursor = await self._route(batch)
                if len(batch) < BATCH:  # that was all; whatever came since has given its hint
                    with trio.move_on_after(REST_S_MAX):
                        await self._wake.wait()
            except StoreUnavailable as error:
                world.witness.trouble("router.store_unavailable", error, tenant=self._tenant)
                await trio.sleep(RETRY_S)

    async def _route(self, batch: list[LoggedStatement]) -> int:
        """All of them; those before one that voids another are written first, so that it finds what it undoes."""
        first, cursor = 0, batch[0].seq
        company = await meet(self.plan, self._world.persons, self._tenant, batch)
        for index, statement in enumerate(batch):
            if voided := voids(statement.body):
                if first < index:
                    await self._write([self.judge(one, company) for one in batch[first:index]], batch[index - 1].seq)
                caused = await self._world.outbox.caused(self._tenant, voided, statement.seq)
                cursor = await self._write([self.judge(statement, company, caused)], statement.seq)
                first = index + 1
        if first < len(batch):
            cursor = await self._write([self.judge(one, company) for one in batch[first:]], batch[-1].seq)
        return cursor

    async def _write(self, routed: list[Routed], cursor: int) -> int:
        world = self._world
        count = await world.outbox.route(self._tenant, routed, cursor)
        for target in count.deliveries:
            world.switchboard.ready(f"{self._tenant}/{target}")
        world.witness.routed(self._tenant, routed, count)
        return cursor

    def judge(self, statement: LoggedStatement, company: Company = NOBODY, caused: Caused | None = None) -> Routed:
        """What becomes of one statement. A fault of ours costs this statement its routing, visibly, not the log."""
        try:
            return self.plan.make(statement, self._world.clock.now_us(), caused, company)
        except Exception as error:  # noqa: BLE001  # one statement must not stop the tenant; it is reported and kept
            self._world.witness.trouble("router.fault", error, tenant=self._tenant, statement_id=statement.id)
            reason = f"fault: {type(error).__name__}: {error}"
            return told(statement, self._world.clock.now_us(), reason=reason, unrouted=True)


class Plan:
    """A tenant's rules, ready to be applied. Pure; ``lmsyncctl route test`` asks the same object."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target], born_us: int) -> None:
        """``born_us``: when the store was made."""
        self._tenant = tenant
        self._born_us = born_us
        self._targets = targets
        self.directory = Directory(tenant.people)
        self._languages = (tenant.locale, tenant.locale.partition("-")[0], "en")
        enabled = tuple(route for route in tenant.routes if route.enabled)
        self._routes = enabled, tuple(route for route in tenant.routes if not route.enabled)
        self._choosing = any(route.filter is not None for route in tenant.routes)
        self._forwarding = any(STATEMENT in route.when for route in tenant.routes)
        self._horizon_us = round(seconds(tenant.retention.effect_horizon) * 1e6)
        self._sla_us = {route.name: round(seconds(route.sla) * 1e6) for route in tenant.routes if route.sla is not None}
        self._windows: dict[str, tuple[int, int]] = {}

    def make(
        self, statement: LoggedStatement, now_us: int, caused: Caused | None = None, company: Company = NOBODY
    ) -> Routed:
        """The change with its planned deliveries, or the reason why it has none; and the statement itself with its
        own, where anybody takes statements. ``caused`` is what the statement that it voids had told; ``company`` are
        those who are meant (``meeting.meet``)."""
        seen = look_at(statement.body) if self._choosing or self._forwarding else None
        enabled, disabled = (self._choose(routes, seen, statement.source) for routes in self._routes)
        routed = self._change(statement, company, enabled, disabled, now_us)
        if caused is not None:
            routed = self._undo(routed, caused, enabled, disabled, now_us, statement, company)
        if seen is not None and self._forwarding:
            routed = self._forward(routed, statement, seen, company, enabled, disabled, now_us)
        return hushed(routed) if statement.quiet else routed

    def read(self, statement: LoggedStatement, company: Company) -> AnyChange | NotRouted:
        """The change it tells, of whom it means."""
        return recognise(
            statement.body,
            at=statement.timestamp or _rfc3339(statement.stored_us),  # as the LRS shows it
            languages=self._languages,
            directory=self.directory.at(company.known, told_us(statement)),
            voided=statement.voided,
        )

    @staticmethod
    def _choose(routes: Sequence[Route], seen: Sight | None, source: str) -> Sequence[Route]:
        """Those whose filter lets the statement through."""
        return routes if seen is None else [route for route in routes if passes(route.filter, seen, source)]

    def _change(
        self,
        statement: LoggedStatement,
        company: Company,
        enabled: Sequence[Route],
        disabled: Sequence[Route],
        now_us: int,
    ) -> Routed:
        found = self.read(statement, company)
        if isinstance(found, NotRouted):
            return told(statement, now_us, reason=found.reason)
        found = company.settle(found)
        routed = told(statement, now_us, change=found)
        if too_old(max(routed.happened_us, self._born_us), now_us, self._horizon_us):
            days = round(self._horizon_us / 86_400e6)
            reason = f"too_old: it happened at {found.at}, before the effect horizon ({days} days)"
            return told(statement, now_us, reason=reason)
        planned, missed = self._plan(found, enabled, disabled, now_us, statement, company)
        reason = missed
        if not (planned or missed):
            reason = f"no_route: no route of {self._tenant.name} asks for {found.kind}"
        return told(statement, now_us, change=found, reason=reason, planned=planned, unrouted=bool(reason))

    def _undo(
        self,
        routed: Routed,
        caused: Caused,
        enabled: Sequence[Route],
        disabled: Sequence[Route],
        now_us: int,
        statement: LoggedStatement,
        company: Company,
    ) -> Routed:
        """The same, with the correction of what the voided statement had told, where one needs to be told."""
        change = None if caused.stands else correction(caused.change, caused.before)
        undoing = msgspec.structs.replace(routed, undoes=caused.seq)
        if change is None:
            return undoing
        planned, missed = self._plan(change, enabled, disabled, now_us, statement, company)
        reason = missed or ("" if planned else f"no_route: no route of {self._tenant.name} asks for {change.kind}")
        return msgspec.structs.replace(undoing, change=change, planned=planned, reason=reason)

    def _forward(
        self,
        routed: Routed,
        statement: LoggedStatement,
        seen: Sight,
        company: Company,
        enabled: Sequence[Route],
        disabled: Sequence[Route],
        now_us: int,
    ) -> Routed:
        """The same, with the deliveries of the statement itself. It counts from when it was stored, however old what
        it tells is, and it is sent whether it tells a change or not."""
        directory = self.directory.at(company.known, told_us(statement))
        told_as = stored(seen, statement_id=statement.id, at=_rfc3339(statement.stored_us), directory=directory)
        told_as = msgspec.structs.replace(told_as, learner=told_as.learner.counted(told_as.learner.anchor))
        if too_old(max(statement.stored_us, self._born_us), now_us, self._horizon_us):
            return routed  # the log keeps nothing that long
        forwards, missed = self._plan(told_as, enabled, disabled, now_us, statement, company)
        if not (forwards or missed):
            return routed
        return msgspec.structs.replace(
            routed,
            reason="; ".join(reason for reason in (routed.reason, missed) if reason),
            unrouted=routed.unrouted or bool(missed),
            statement=told_as,
            forwards=forwards,
        )

    def _plan(
        self,
        change: AnyChange,
        enabled: Sequence[Route],
        disabled: Sequence[Route],
        now_us: int,
        statement: LoggedStatement,
        company: Company,
    ) -> tuple[tuple[Planned, ...], str]:
        """Deliveries, and which disabled routes would have made more (in words)."""
        planned: list[Planned] = []
        for route, destination, refused in destinations(change, enabled, self._place):
            one = self._planned(route, destination, refused, now_us)
            if route.pilot is not None:
                one = msgspec.structs.replace(one, piloted=self._rehearsed(route, one, change, statement, company))
            planned.append(one)
        return tuple(planned), self._missed(change, disabled, {(each.target, each.destination) for each in planned})

    def _planned(self, route: Route, destination: str, refused: Refused | None, now_us: int) -> Planned:
        held_for, until_us, next_us = self._held(route, now_us)
        return Planned(
            target=route.to,
            route=route.name,
            destination=destination,
            audience=route.audience,
            template=route.template,
            doubtful=route.doubtful,
            attempts_max=route.attempts_max,
            refused=refused,
            held_for=held_for,
            held_until_us=until_us,
            held_next_us=next_us,
            sla_us=self._sla_us.get(route.name),
            revise=route.changed == "update",
        )

    def _rehearsed(
        self, route: Route, planned: Planned, change: AnyChange, statement: LoggedStatement, company: Company
    ) -> Piloted:
        known = self.directory.at(company.known, told_us(statement))
        return rehearsed(
            route.pilot or "",
            route,
            change,
            planned.destination,
            planned.refused,
            tenant=self._tenant,
            target=self._targets[route.to],
            org_unit=known.org_unit(change.learner.key),
            statement=statement,
            now_us=statement.stored_us,
        )

    def _held(self, route: Route, now_us: int) -> tuple[HeldFor, int, int]:
        """What the route makes its deliveries wait for: its digest, or the end of its quiet hours."""
        if isinstance(route.mode, Digest):
            window = self._windows.get(route.name)
            if window is None or now_us >= window[0] or now_us < window[0] - WINDOW_KEPT_US:
                self._windows[route.name] = window = digest_due(route, self._tenant.timezone, now_us)
            return HeldFor.DIGEST, *window
        until_us = quiet_until(route.quiet_hours, self._tenant.timezone, now_us)
        return (HeldFor.PERSON, 0, 0) if until_us is None else (HeldFor.QUIET, until_us, 0)

    def _missed(self, change: AnyChange, disabled: Sequence[Route], taken: set[tuple[str, str]]) -> str:
        """Disabled routes that would have told somebody whom nobody tells now; empty where there are none."""
        lost = [
            route.name
            for route, destination, _ in destinations(change, disabled, self._place)
            if (route.to, destination) not in taken
        ]
        return f"route_disabled: {', '.join(lost)}" if lost else ""

    def _place(self, target: str, audience: Audience, change: AnyChange) -> Place | Refused:
        return self._targets[target].place(audience, change)


def _rfc3339(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def hushed(routed: Routed) -> Routed:
    """The same, told to nobody: history that an import brought in."""
    reason = "imported: it is history, which was not to be announced" if routed.change else routed.reason
    return msgspec.structs.replace(routed, reason=reason, unrouted=False, planned=(), forwards=(), quiet=True)


def told(
    statement: LoggedStatement,
    now_us: int,
    *,
    change: AnyChange | None = None,
    reason: str = "",
    planned: tuple[Planned, ...] = (),
    unrouted: bool = False,
) -> Routed:
    """What the router makes of a statement."""
    return Routed(
        seq=statement.seq,
        statement_id=statement.id,
        correlation_id=statement.correlation_id,
        traceparent=statement.traceparent,
        accepted_us=statement.stored_us,
        routed_us=now_us,
        change=change,
        reason=reason,
        unrouted=unrouted,
        planned=planned,
    )
