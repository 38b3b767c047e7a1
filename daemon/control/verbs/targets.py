"""``target list`` and ``target test``: does a target work, seen from here, now?"""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import trio

from actors.domain.changes import Activity, ActivityCompleted, AnyChange, Course
from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.outbox import Parcel, Place
from actors.domain.people import Directory, Learner, fold_email
from actors.domain.verdicts import (
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Verdict,
)
from actors.domain.wording import TemplateFault
from actors.kernel import converse
from actors.ports import Http, Target
from actors.roles.pacing import Pacer
from config.model import Audience, Tenant
from daemon.control.exits import Exit
from daemon.control.heard import heard_in_words
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Refusal, TargetTest
from daemon.control.verbs.lanes import all_lanes
from daemon.control.verbs.parcels import parcel
from daemon.control.views import ExchangeRow, TargetRow, TestRow
from daemon.control.words import advice

TEST_S = 60.0
REQUEST_IDS = ("x-slack-req-id", "request-id", "client-request-id")

T = TypeVar("T")


async def listing(asking: Asking) -> Done:
    office = asking.office
    tenants = office.configuration().tenants
    found = False
    for lane in await all_lanes(office):
        if not lane.configured:
            continue
        found = True
        tenant_name, _, name = lane.name.partition("/")
        tenant, target = tenants[tenant_name], office.targets(tenant_name)[name]
        await asking.emit(
            TargetRow(
                lane=lane.name,
                platform=tenant.targets[name].kind,
                routes=tuple(route.name for route in tenant.routes if route.to == name),
                settle_s=target.settle_s,
                late_landing_s=target.late_landing_s,
                waiting=lane.open,
                held=lane.held(asking.now_us),
                heard=heard_in_words(
                    office.switchboard.listener_views.get(lane.name), await office.store.tidings.places(lane.name)
                ),
                remembered=office.switchboard.lookups[lane.name, "remembered"],
                looked_up=office.switchboard.lookups[lane.name, "looked_up"],
            )
        )
    return done() if found else done("no target is configured", Exit.NOTHING)


async def test(request: TargetTest, asking: Asking) -> Done:
    """One real post through the connector's own conversation, outside of the outbox; or only hello. Every request to
    the vendor is told as it happens."""
    tenant_name, target_name = asking.lane(request.lane)
    tenant = asking.tenant(tenant_name)
    trial = Trial(request, asking, tenant, asking.office.targets(tenant_name)[target_name])
    if request.dry_run:
        return await trial.rehearse()
    http = asking.office.http()
    try:
        with trio.move_on_after(TEST_S):
            return await trial.run(http)
    finally:
        with trio.CancelScope(shield=True):
            await http.aclose()
    row = trial.row("doubtful", f"no end within {TEST_S:g} s; it may have been posted")
    await asking.emit(row)
    return done(row.detail, Exit.AGAIN)


class Trial:
    """One target, tried once."""

    def __init__(self, request: TargetTest, asking: Asking, tenant: Tenant, target: Target) -> None:
        self._request = request
        self._asking = asking
        self._tenant = tenant
        self._target = target
        self._audience = _audience(request)
        self._place = ""
        self._delivery_id = asking.office.dice.token()
        self._change = _sample(asking.now_us, request.learner, tenant)
        self._exchanges: list[ExchangeRow] = []

    async def rehearse(self) -> Done:
        """What would be posted, without asking the vendor anything."""
        destination = self._placed()
        payload: dict[str, object] = {}
        if self._audience is not None and isinstance(destination, Place):
            try:
                payload = self._target.preview(self._parcel(destination, destination.destination))
            except TemplateFault as fault:
                destination = Refused(Cause.BAD_TEMPLATE, str(fault))
        if isinstance(destination, Refused):
            return await self._tell(destination)
        await self._asking.emit(self.row("rehearsed", "nothing was sent", payload=payload))
        return done()

    async def run(self, http: Http) -> Done:
        return await self._tell(await self._try(http))

    def row(
        self,
        verdict: str,
        detail: str,
        receipt: dict[str, str] | None = None,
        payload: dict[str, object] | None = None,
    ) -> TestRow:
        posting = self._audience is not None
        return TestRow(
            lane=self._request.lane,
            what="post" if posting else "credentials",
            verdict=verdict,
            detail=detail,
            destination=self._place,
            delivery_id=self._delivery_id if posting else "",
            receipt=receipt or {},
            dry_run=self._request.dry_run,
            payload=payload or {},
        )

    async def _try(self, http: Http) -> Verdict:
        if self._audience is None:
            return await self._talk(self._target.hello(), http)
        place = self._placed()
        if isinstance(place, Refused):
            return place
        address = place.destination
        if self._audience.learner:
            match await self._talk(self._target.find(fold_email(self._request.learner)), http):
                case Matched(address=address):
                    pass
                case Unmatched(detail=detail):
                    return Refused(Cause.UNMATCHED_LEARNER, detail)
                case verdict:
                    return verdict
        try:
            return await self._talk(self._target.deliver(self._parcel(place, address)), http)
        except TemplateFault as fault:
            return Refused(Cause.BAD_TEMPLATE, str(fault))

    def _placed(self) -> Place | Refused:
        if self._audience is None:
            return Place(destination="")
        place = self._target.place(self._audience, self._change)
        if isinstance(place, Place):
            self._place = place.destination
        return place

    def _parcel(self, place: Place, address: str) -> Parcel:
        return parcel(
            self._tenant,
            delivery_id=self._delivery_id,
            correlation_id=f"lmsyncctl-{self._delivery_id[:12]}",
            destination=place.destination,
            address=address,
            to_learner=self._audience is not None and self._audience.learner,
            change=self._change,
            template=None,
            now_us=self._asking.now_us,
        )

    async def _talk(self, flow: Flow[T], http: Http) -> T:
        pacer = Pacer(self._target, trio.current_time)  # limits of its own: the courier's are not known here

        def after(request: Request, outcome: Outcome, elapsed_s: float) -> None:
            pacer.after(request, outcome, elapsed_s)
            self._exchanges.append(_exchange(request, outcome, elapsed_s))

        try:
            return await converse(flow, http, before=pacer.before, after=after)
        finally:
            with trio.CancelScope(shield=True):
                for row in self._exchanges:
                    await self._asking.emit(row)
                self._exchanges.clear()

    async def _tell(self, verdict: Verdict) -> Done:
        name = type(verdict).__name__.lower()
        match verdict:
            case Delivered(receipt=receipt):
                await self._asking.emit(self.row(name, "", receipt))
                return done("posted" if self._audience else "the credentials are good")
            case Throttled(detail=detail) | Unavailable(detail=detail):
                await self._asking.emit(self.row(name, detail))
                return done("not now; surely not posted", Exit.AGAIN)
            case Refused(cause=cause, detail=detail):
                await self._asking.emit(self.row(name, f"{cause.value}: {detail}"))
                return done(advice(cause), Exit.FAILURE)
            case Revoked(detail=detail):
                await self._asking.emit(self.row(name, detail))
                return done("the vendor does not accept our credentials: put new ones in their place", Exit.FAILURE)
            case Faulted(detail=detail):
                await self._asking.emit(self.row(name, detail))
                return done("surely not posted; it may be worth another try", Exit.FAILURE)
            case Doubtful(detail=detail):
                await self._asking.emit(self.row(name, detail))
                return done("it may have been posted: look at the destination", Exit.FAILURE)


def _audience(request: TargetTest) -> Audience | None:
    if request.learner and (request.channel or request.team):
        raise Refusal(Exit.USAGE, "either a channel or a learner, not both", where="target test")
    if request.team and not request.channel:
        raise Refusal(Exit.USAGE, "a team needs a channel too", where="target test", advice="--team T --channel C")
    if request.learner:
        return Audience(learner=True)
    if request.channel:
        return Audience(channel=request.channel, team=request.team or None)
    return None


def _sample(now_us: int, email: str, tenant: Tenant) -> AnyChange:
    """A change that nobody will take for a real one."""
    folded = fold_email(email) if email else ""
    learner = Learner(key=f"mbox:{folded or 'test@lmsyncd.invalid'}", name="Test Learner", email=folded)
    if email:
        known = Directory(tenant.people).enrich(Learner(key=f"mbox:{folded}", email=folded))
        learner = msgspec.structs.replace(known, name=known.name or learner.name)
    return ActivityCompleted(
        learner=learner,
        at=datetime.fromtimestamp(now_us / 1e6, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        course=Course(id="urn:lmsyncd:test:course", name="Test course of lmsyncd", code="TEST"),
        activity=Activity(id="urn:lmsyncd:test:activity", name="A test post by lmsyncctl target test"),
    )


def _exchange(request: Request, outcome: Outcome, elapsed_s: float) -> ExchangeRow:
    request_ids: dict[str, str] = {}
    match outcome:
        case Response(status=status, headers=headers):
            said = f"HTTP {status}"
            request_ids = {name: headers[name] for name in REQUEST_IDS if name in headers}
        case NotSent(detail=detail):
            said = f"not sent: {detail}"
        case Lost(detail=detail):
            said = f"lost: {detail}"
    return ExchangeRow(
        operation=request.operation, outcome=said, elapsed_ms=round(elapsed_s * 1e3, 1), request_ids=request_ids
    )
