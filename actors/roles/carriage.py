"""One delivery's way to the vendor and back: find the address, talk, understand, decide, record.

Whatever happens on the way ends in exactly one recorded decision. A fault of ours before anything was sent costs an
attempt; after something was sent it leaves the outcome unknown, like any other doubt.
"""

from collections import OrderedDict
from collections.abc import Callable

import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request
from actors.domain.outbox import Attempt, Decision, Delivery, Parcel, State
from actors.domain.people import Directory
from actors.domain.pulse import Pulse
from actors.domain.retry import decide, decide_probe
from actors.domain.throttle import Limiter
from actors.domain.verdicts import (
    Cause,
    Confirmation,
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
from actors.ports import AttemptView, Http, StoreUnavailable, Target
from actors.roles.world import World
from config.model import Tenant
from config.secrets import SecretUnavailable

RECORD_RETRY_S = 1.0
THROTTLE_KEPT_US = 5_000_000
ADDRESSES_MAX = 10_000


def _nobody() -> None:
    """Hears nothing."""


class Pacer:
    """The lane's token buckets around every request of a conversation."""

    def __init__(self, target: Target, now_s: Callable[[], float], relieved: Callable[[], None] = _nobody) -> None:
        """``relieved`` hears whenever somebody no longer waits."""
        self._now_s = now_s
        self._limiter = Limiter(target.rate, now_s())
        self._relieved = relieved
        self.waiting = 0

    async def before(self, request: Request, *, probing: bool = False) -> None:
        """Wait until the vendor's published limits allow this request. A probe's waiting is not counted: looking is
        limited more narrowly than posting and must not hold it up."""
        if self._limiter.wait_s(request.draws, self._now_s()):
            self.waiting += not probing
            try:
                while wait_s := self._limiter.wait_s(request.draws, self._now_s()):  # noqa: ASYNC110  # it is time
                    await trio.sleep(wait_s)
            finally:
                self.waiting -= not probing
                self._relieved()
        self._limiter.take(request.draws, self._now_s())

    def after(self, request: Request, outcome: Outcome, elapsed_s: float) -> None:
        self.settle(request)

    def settle(self, request: Request) -> None:
        """The answer came, or will not be waited for."""
        self._limiter.settle(request.draws, self._now_s())

    def rest_s(self, request: Request) -> float:
        """How long until the same buckets allow the next one."""
        now_s = self._now_s()
        return max(0.0, self._limiter.ready_at(request.draws, now_s) - now_s)


class Journey:
    """What happened on one attempt: the requests that were made, as far as the vendor may have seen them."""

    def __init__(self, pacer: Pacer, view: AttemptView, *, probing: bool) -> None:
        self._pacer = pacer
        self._probing = probing
        self._view = view
        self.last: Request | None = None
        self._out: Request | None = None
        self.sent = False
        self.request_ids: dict[str, str] = {}

    async def before(self, request: Request) -> None:
        await self._pacer.before(request, probing=self._probing)
        self.last = self._out = request
        self.sent = True

    def abandon(self) -> None:
        """The conversation broke off: a request that is still out holds its buckets no longer."""
        if self._out is not None:
            self._pacer.settle(self._out)
            self._out = None

    def after(self, request: Request, outcome: Outcome, elapsed_s: float) -> None:
        self._out = None
        self._pacer.after(request, outcome, elapsed_s)
        self._view.exchanged(request.operation, outcome, elapsed_s)
        match outcome:
            case NotSent():
                self.sent = False
            case Lost():
                pass
            case _:
                for name in ("x-slack-req-id", "request-id", "client-request-id"):
                    if value := outcome.headers.get(name):
                        self.request_ids[name] = value

    @property
    def rest_s(self) -> float:
        return self._pacer.rest_s(self.last) if self.last else 0.0


class Carriage:
    """Carries deliveries of one lane; the courier calls ``carry`` for several at a time."""

    def __init__(
        self, lane: str, life: str, tenant: Tenant, target: Target, world: World, pacer: Pacer, pulse: Pulse
    ) -> None:
        self._lane = lane
        self._life = life
        self._tenant = tenant
        self._directory = Directory(tenant.people)
        self._target = target
        self._world = world
        self._pacer = pacer
        self._pulse = pulse
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._preparing = trio.Lock()

    async def carry(self, delivery: Delivery, http: Http) -> None:
        """One attempt (or one probe, if the outcome of an earlier attempt is unknown), recorded."""
        world = self._world
        probe = delivery.state is State.UNKNOWN
        started_us = world.clock.now_us()
        with world.witness.attempt(delivery, "probe" if probe else "send") as view:
            journey = Journey(self._pacer, view, probing=probe)
            answer: Verdict | Confirmation
            if probe:
                confirmation = await self._confirm(delivery, http, journey)
                answer, decision = confirmation, self._after_probe(confirmation, delivery)
            else:
                verdict = await self._send(delivery, http, journey)
                answer, decision = verdict, self._after_send(verdict, delivery)
            now_us = world.clock.now_us()
            self._pulse.feel(answer, now_us=now_us, wait_us=max(0, decision.due_us - now_us), dice=world.dice.random())
            name = type(answer).__name__.lower()
            cause = decision.cause.value if decision.cause else ""
            view.concluded(name, decision.detail, journey.request_ids, decision.state.value, cause)
            attempt = Attempt(
                number=delivery.attempts,
                kind="probe" if probe else "send",
                started_us=started_us,
                ended_us=now_us,
                verdict=name,
                detail=decision.detail,
                request_ids=journey.request_ids,
                boot=self._life,
                trace_id=view.trace_id,
            )
        if isinstance(answer, Revoked):
            await self._suspend(answer.detail)
        elif self._pulse.throttled_until_us - now_us > THROTTLE_KEPT_US:
            await self._keep_throttle(self._pulse.throttled_until_us)
        await self._record(delivery, decision, attempt, now_us + int(journey.rest_s * 1e6))

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, delivery: Delivery, http: Http, journey: Journey) -> Verdict:
        try:
            refusal = await self._prepare(delivery, http, journey)
            if refusal is not None:
                return refusal
            parcel = await self._parcel(delivery, http, journey)
            if not isinstance(parcel, Parcel):
                return parcel
            journey.sent = False  # looking somebody up has no effect
            verdict = await converse(self._target.deliver(parcel), http, before=journey.before, after=journey.after)
        except TemplateFault as error:
            return Refused(Cause.BAD_TEMPLATE, str(error))
        except SecretUnavailable as error:
            return Revoked(f"our credentials cannot be read: {error}")
        except StoreUnavailable as error:
            return Unavailable(f"our store could not be read: {error}") if not journey.sent else Doubtful(str(error))
        except Exception as error:  # noqa: BLE001  # a connector's bug costs this delivery an attempt, not the lane
            journey.abandon()
            self._world.witness.trouble("courier.fault", error, lane=self._lane, delivery_id=delivery.id)
            detail = f"fault in lmsyncd: {type(error).__name__}"
            return Doubtful(detail) if journey.sent else Faulted(detail)
        if isinstance(verdict, Refused) and delivery.audience.learner:
            await self._mistrust(delivery, verdict)
        return verdict

    async def _confirm(self, delivery: Delivery, http: Http, journey: Journey) -> Confirmation:
        try:
            refusal = await self._prepare(delivery, http, journey)
            if refusal is not None:
                return _unlooked(refusal)
            parcel = await self._parcel(delivery, http, journey)
            if not isinstance(parcel, Parcel):
                return _unlooked(parcel)
            return await converse(self._target.confirm(parcel), http, before=journey.before, after=journey.after)
        except SecretUnavailable as error:
            return Revoked(f"our credentials cannot be read: {error}")
        except Exception as error:  # noqa: BLE001  # still unknown: it is probed again later
            journey.abandon()
            self._world.witness.trouble("courier.fault", error, lane=self._lane, delivery_id=delivery.id)
            return Unavailable(f"the probe failed: {type(error).__name__}")

    async def _prepare(self, delivery: Delivery, http: Http, journey: Journey) -> Verdict | None:
        """One fetches the token, the others wait for it: a fresh start must not ask for one per delivery."""
        to_learner = delivery.audience.learner
        if self._target.prepare(to_learner=to_learner, now_us=self._world.clock.now_us()) is None:
            return None
        async with self._preparing:
            flow = self._target.prepare(to_learner=to_learner, now_us=self._world.clock.now_us())
            if flow is None:
                return None
            return await converse(flow, http, before=journey.before, after=journey.after)

    async def _parcel(self, delivery: Delivery, http: Http, journey: Journey) -> Parcel | Verdict:
        """What the connector needs to know, with the vendor's address of the learner where it goes to one."""
        tenant, learner = self._tenant, self._directory.enrich(delivery.change.learner)
        address = delivery.destination
        if delivery.audience.learner:
            if not learner.email:
                named = f"{learner.name} ({learner.key})" if learner.name else learner.key
                return Refused(
                    Cause.UNMATCHED_LEARNER, f"no e-mail address is known for {named}: add them to the [people] file"
                )
            found = await self._address(learner.email, http, journey)
            if not isinstance(found, str):
                return found
            address = found
        to_learner = delivery.audience.learner
        return Parcel(
            delivery_id=delivery.id,
            correlation_id=delivery.correlation_id,
            destination=delivery.destination,
            address=address,
            to_learner=to_learner,
            change=delivery.change,
            template=delivery.template,
            locale=(to_learner and learner.locale) or tenant.locale,
            timezone=(to_learner and learner.timezone) or tenant.timezone,
            attempt=delivery.attempts,
            now_us=self._world.clock.now_us(),
            sent_us=delivery.sent_us,
        )

    async def _address(self, email: str, http: Http, journey: Journey) -> str | Verdict:
        """The vendor's address of a learner: remembered, or looked up now."""
        ledger = self._world.ledger
        known = self._addresses.get(email) or await ledger.address(self._lane, email)
        if known is None:
            match await converse(self._target.find(email), http, before=journey.before, after=journey.after):
                case Matched(address=known):
                    await ledger.remember(self._lane, email, known, self._world.clock.now_us())
                case Unmatched(detail=detail):
                    return Refused(Cause.UNMATCHED_LEARNER, detail)
                case verdict:
                    return verdict
        self._addresses[email] = known
        self._addresses.move_to_end(email)
        if len(self._addresses) > ADDRESSES_MAX:
            self._addresses.popitem(last=False)
        return known

    async def _mistrust(self, delivery: Delivery, verdict: Refused) -> None:
        """A remembered address that is refused may be stale: the next attempt (a replay) looks the learner up anew."""
        if verdict.cause in {Cause.UNMATCHED_LEARNER, Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED}:
            email = self._directory.enrich(delivery.change.learner).email
            self._addresses.pop(email, None)
            await self._world.ledger.forget(self._lane, email)

    # ── deciding and recording ───────────────────────────────────────────────────────────────────────

    def _after_send(self, verdict: Verdict, delivery: Delivery) -> Decision:
        return decide(
            verdict,
            attempts=delivery.attempts,
            attempts_max=delivery.attempts_max,
            now_us=self._world.clock.now_us(),
            dice=self._world.dice.random(),
            settle_s=self._target.settle_s,
            consecutive=self._pulse.down + 1,
        )

    def _after_probe(self, confirmation: Confirmation, delivery: Delivery) -> Decision:
        return decide_probe(
            confirmation,
            delivery,
            now_us=self._world.clock.now_us(),
            dice=self._world.dice.random(),
            settle_s=self._target.settle_s,
            late_landing_s=self._target.late_landing_s,
            consecutive=self._pulse.down + 1,
        )

    async def _suspend(self, reason: str) -> None:
        world = self._world
        world.witness.event("lane.suspended", lane=self._lane, reason=reason)
        try:
            await world.outbox.suspend(self._lane, reason, world.clock.now_us())
        except StoreUnavailable as error:  # the next attempt will find the same
            world.witness.trouble("courier.store_unavailable", error, lane=self._lane)

    async def _keep_throttle(self, until_us: int) -> None:
        """A time the vendor named is kept for later lives too, where it is long enough to outlive this one."""
        try:
            await self._world.outbox.throttle(self._lane, until_us)
        except StoreUnavailable as error:  # this life knows it all the same
            self._world.witness.trouble("courier.store_unavailable", error, lane=self._lane)

    async def _record(self, delivery: Delivery, decision: Decision, attempt: Attempt, next_due_us: int) -> None:
        """Until it is written: what we know of the vendor's answer must not be lost to a full disk."""
        world = self._world
        while True:
            try:
                held = await world.outbox.record(delivery, self._life, decision, attempt, next_due_us)
            except StoreUnavailable as error:
                world.witness.trouble("courier.store_unavailable", error, lane=self._lane)
                await trio.sleep(RECORD_RETRY_S)
                continue
            if not held:
                world.witness.event("courier.claim_lost", lane=self._lane, delivery_id=delivery.id)
            return


def _unlooked(verdict: Verdict) -> Confirmation:
    """The probe did not get as far as looking: the outcome stays unknown."""
    match verdict:
        case Throttled() | Unavailable() | Revoked() | Delivered():
            return verdict
        case Faulted(detail=detail) | Doubtful(detail=detail) | Refused(detail=detail):
            return Unavailable(f"the probe could not be made: {detail}")
