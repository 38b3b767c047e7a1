"""Statements become deliveries: one router a tenant, following the log with a durable cursor.

What it decides is pure (``domain.recognise``, ``domain.routing``); what it writes, outcomes, deliveries and cursor,
is one transaction. Killed at any instruction it takes up at the cursor, and nothing was done twice.
"""

from collections.abc import Mapping

import trio

from actors.domain.changes import AnyChange
from actors.domain.outbox import Place
from actors.domain.people import Directory
from actors.domain.recognise import NotRouted, recognise
from actors.domain.routing import destinations
from actors.domain.verdicts import Refused
from actors.kernel import Actor
from actors.messages import Arrived, RouterMessage
from actors.ports import LoggedStatement, Planned, Routed, StoreUnavailable, Target
from actors.roles.world import World
from config.model import Audience, Tenant

BATCH = 200
RETRY_S = 1.0


class Router(Actor[RouterMessage]):
    """Follows one tenant's log."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target], world: World) -> None:
        super().__init__()
        self.plan = Plan(tenant, targets)
        self._tenant = tenant.name
        self._world = world
        self._wake = trio.Event()

    async def started(self) -> None:
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
                    await self._wake.wait()
                    continue
                cursor = await self._route(batch)
            except StoreUnavailable as error:
                world.witness.trouble("router.store_unavailable", error, tenant=self._tenant)
                await trio.sleep(RETRY_S)

    async def _route(self, batch: list[LoggedStatement]) -> int:
        world = self._world
        routed = [self.judge(statement) for statement in batch]
        cursor = batch[-1].seq
        count = await world.outbox.route(self._tenant, routed, cursor)
        for target in count.deliveries:
            world.switchboard.ready(f"{self._tenant}/{target}")
        world.witness.routed(self._tenant, routed, count)
        return cursor

    def judge(self, statement: LoggedStatement) -> Routed:
        """What becomes of one statement. A fault of ours costs this statement its routing, visibly, not the log."""
        try:
            change, reason, planned = self.plan.make(statement)
        except Exception as error:  # noqa: BLE001  # one statement must not stop the tenant; it is reported and kept
            self._world.witness.trouble("router.fault", error, tenant=self._tenant, statement_id=statement.id)
            change, reason, planned = None, f"fault: {type(error).__name__}: {error}", ()
        return Routed(
            seq=statement.seq,
            statement_id=statement.id,
            correlation_id=statement.correlation_id,
            traceparent=statement.traceparent,
            accepted_us=statement.stored_us,
            change=change,
            reason=reason,
            planned=planned,
        )


class Plan:
    """A tenant's rules, ready to be applied. Pure; ``lmsyncctl route test`` asks the same object."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, Target]) -> None:
        self._tenant = tenant
        self._targets = targets
        self._directory = Directory(tenant.people)
        self._languages = (tenant.locale, tenant.locale.partition("-")[0], "en")
        self._routes = tuple(route for route in tenant.routes if route.mode == "realtime")

    def make(self, statement: LoggedStatement) -> tuple[AnyChange | None, str, tuple[Planned, ...]]:
        """The change with its planned deliveries, or None with the reason; both where no route wants it."""
        found = recognise(
            statement.body,
            at=statement.timestamp,
            languages=self._languages,
            directory=self._directory,
            voided=statement.voided,
        )
        if isinstance(found, NotRouted):
            return None, found.reason, ()
        planned = tuple(
            Planned(
                target=route.to,
                route=route.name,
                destination=destination,
                audience=route.audience,
                template=route.template,
                doubtful=route.doubtful,
                attempts_max=route.attempts_max,
                refused=refused,
            )
            for route, destination, refused in destinations(found, self._routes, self._place)
        )
        return found, "" if planned else f"no_route: no route of {self._tenant.name} asks for {found.kind}", planned

    def _place(self, target: str, audience: Audience, change: AnyChange) -> Place | Refused:
        return self._targets[target].place(audience, change)
