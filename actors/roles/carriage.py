"""One delivery's way to the vendor and back: find the address, talk, understand, decide, record.

Whatever happens on the way ends in exactly one recorded decision. A fault of ours before anything was sent costs an
attempt; after something was sent it leaves the outcome unknown, like any other doubt.
"""

import trio

from actors.domain.outbox import Attempt, Decision, Delivery, Parcel, Posted, State
from actors.domain.pulse import Pulse
from actors.domain.retry import in_doubt
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import (
    Cause,
    Confirmation,
    Deferred,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
    unlooked,
)
from actors.domain.wording import TemplateFault
from actors.kernel import converse
from actors.ports import Http, StoreUnavailable, Target
from actors.roles.addressing import Addresses
from actors.roles.dating import Dating
from actors.roles.errands import Errands
from actors.roles.fetching import Fetching
from actors.roles.pacing import GivenBack, Journey, Pacer
from actors.roles.weighing import Weighing
from actors.roles.world import World
from config.model import Tenant
from config.secrets import SecretUnavailable

PLACE_CAUSES = frozenset({Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED})
"""What the vendor is asked about: how the place stands that it refused."""
RECORD_RETRY_S = 1.0
THROTTLE_KEPT_US = 5_000_000


class Carriage:
    """Carries deliveries of one lane; the courier calls ``carry`` for several at a time."""

    def __init__(
        self, lane: str, life: str, tenant: Tenant, target: Target, world: World, pacer: Pacer, pulse: Pulse
    ) -> None:
        self._lane = lane
        self._life = life
        self._tenant = tenant
        self._target = target
        self._world = world
        self._pacer = pacer
        self._pulse = pulse
        self._weighing = Weighing(lane, tenant, target, world, pulse)
        self._addresses = Addresses(lane, tenant, target, world)
        self._preparing = trio.Lock()
        self._fetching = Fetching(tenant.name, target, world)
        self.dating = Dating(target, world.clock)
        self._errands = Errands(target, world, self.dating)

    async def carry(self, delivery: Delivery, http: Http) -> None:
        """One attempt (or one probe, if the outcome of an earlier attempt is unknown), recorded."""
        world = self._world
        probe = delivery.state is State.UNKNOWN
        started_us = world.clock.now_us()
        with world.witness.attempt(delivery, "probe" if probe else "send") as view:
            journey = Journey(self._pacer, view, probing=probe, gives_back=True, answered=self.dating.hear)
            answer: Verdict | Confirmation | None = None
            held = None if probe else await self._weighing.too_early_or_late(delivery, started_us)
            if held is not None:
                decision = held
            elif probe:
                confirmation = await self._confirm(delivery, http, journey)
                answer = None if isinstance(confirmation, Deferred) else confirmation
                decision = self._weighing.after_probe(confirmation, delivery, journey.asked_ago_s)
            else:
                verdict = await self._send(delivery, http, journey)
                answer = None if isinstance(verdict, Deferred) else verdict
                decision = self._weighing.after_send(verdict, delivery)
            if delivery.doubted:
                decision = in_doubt(decision)
            now_us = world.clock.now_us()
            if answer is not None:
                await self._feel(answer, delivery, decision, now_us)
            if isinstance(answer, Throttled):
                journey.hold(max(0, decision.due_us - now_us) / 1e6)
            name = "not_sent" if answer is None else type(answer).__name__.lower()
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
                calls=journey.calls,
            )
        if isinstance(answer, Refused) and answer.cause in PLACE_CAUSES and _is_post(delivery):
            world.switchboard.survey(self._lane, delivery.destination)
        if isinstance(answer, Revoked):
            await self._suspend(answer.detail)
        elif self._pulse.throttled_until_us - now_us > THROTTLE_KEPT_US:
            await self._keep_throttle(self._pulse.throttled_until_us)
        rest_s = 0.0 if probe else journey.rest_s  # looking has limits of its own: they hold up nobody's post
        await self._record(delivery, decision, attempt, now_us + int(rest_s * 1e6))
        if isinstance(delivery.change, RosterOrder) and not decision.state.open:
            world.switchboard.reconcile(delivery.tenant)

    async def _feel(self, answer: Verdict | Confirmation, delivery: Delivery, decision: Decision, now_us: int) -> None:
        """The lane's pulse; that the vendor went out or came back is noted in the store, for people and routers."""
        world, pulse = self._world, self._pulse
        was = pulse.on_probation
        pulse.feel(
            answer,
            destination=delivery.destination,
            now_us=now_us,
            wait_us=max(0, decision.due_us - now_us),
            dice=world.dice.random(),
        )
        if pulse.on_probation is was:
            return
        if pulse.on_probation:
            world.witness.event("lane.outage", lane=self._lane, detail=pulse.outage)
        else:
            world.witness.event("lane.recovered", lane=self._lane)
        try:
            await world.outbox.ail(self._lane, pulse.outage, now_us)
        except StoreUnavailable as error:  # this life knows it all the same
            world.witness.trouble("courier.store_unavailable", error, lane=self._lane)

    # ── talking ──────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, delivery: Delivery, http: Http, journey: Journey) -> Verdict | Deferred:
        begun = False  # a greeting, a token, a look for somebody: what is asked before has no effect
        try:
            refusal = await self._prepare(delivery, http, journey)
            if refusal is not None:
                return refusal
            refusal = await self.dating.learn(http, journey)
            if refusal is not None:
                return refusal
            if self.dating.misdated(delivery):
                return Deferred(0.0, "claimed anew: our clock is ahead of the vendor's")
            if isinstance(delivery.change, RosterOrder):
                begun = True
                return await self._errands.perform(delivery, delivery.change, http, journey)
            parcel = await self._parcel(delivery, delivery.change, http, journey)
            if not isinstance(parcel, Parcel):
                return parcel
            journey.sent = False
            begun = True
            async with self._fetching.whole(parcel, delivery) as whole:
                if not isinstance(whole, Parcel):
                    return whole
                verdict = await converse(self._target.deliver(whole), http, before=journey.before, after=journey.after)
        except GivenBack as error:
            journey.abandon()
            landed = begun and journey.sent and not isinstance(delivery.change, RosterOrder)
            return Doubtful(str(error)) if landed else Deferred(0.0, str(error))
        except TemplateFault as error:
            return Refused(Cause.BAD_TEMPLATE, str(error))
        except SecretUnavailable as error:
            return Revoked(f"our credentials cannot be read: {error}")
        except StoreUnavailable as error:
            landed = begun and journey.sent
            return Doubtful(str(error)) if landed else Unavailable(f"our store could not be read: {error}")
        except Exception as error:  # noqa: BLE001  # a connector's bug costs this delivery an attempt, not the lane
            journey.abandon()
            self._world.witness.trouble("courier.fault", error, lane=self._lane, delivery_id=delivery.id)
            detail = f"fault in lmsyncd: {type(error).__name__}"
            return Doubtful(detail) if begun and journey.sent else Faulted(detail)
        if isinstance(verdict, Refused) and delivery.audience.learner:
            await self._addresses.mistrust(delivery, verdict)
        return verdict

    async def _confirm(self, delivery: Delivery, http: Http, journey: Journey) -> Confirmation | Deferred:
        try:
            refusal = await self._prepare(delivery, http, journey)
            if refusal is not None:
                return _unlooked(refusal)
            refusal = await self.dating.learn(http, journey)
            if refusal is not None:
                return _unlooked(refusal)
            if isinstance(delivery.change, RosterOrder):
                return await self._errands.seen(delivery, delivery.change, http, journey)
            parcel = await self._parcel(delivery, delivery.change, http, journey)
            if not isinstance(parcel, Parcel):
                return parcel if isinstance(parcel, Deferred) else _unlooked(parcel)
            journey.look()
            return await converse(self._target.confirm(parcel), http, before=journey.before, after=journey.after)
        except GivenBack as error:
            return Deferred(0.0, str(error))
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

    async def _parcel(
        self, delivery: Delivery, change: Posted, http: Http, journey: Journey
    ) -> Parcel | Verdict | Deferred:
        """What the connector needs to know, with the vendor's address of the learner where it goes to one."""
        tenant, met = self._tenant, await self._addresses.meet(delivery)
        learner = met.learner
        address = delivery.destination
        if delivery.audience.learner:
            found = await self._addresses.find(met, http, journey)
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
            change=change,
            template=delivery.template,
            locale=(to_learner and learner.locale) or tenant.locale,
            timezone=(to_learner and learner.timezone) or tenant.timezone,
            attempt=delivery.attempts,
            now_us=self._world.clock.now_us(),
            sent_us=delivery.sent_us,
            doubt_us=self.dating.of(delivery.doubt_us),
            items=tuple(item.change for item in delivery.items),
            more=delivery.more,
            revises=delivery.revises,
            tenant=tenant.name,
            traceparent=delivery.traceparent,
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


def _is_post(delivery: Delivery) -> bool:
    """It goes to a channel, where anybody may read it."""
    return not delivery.audience.learner and not isinstance(delivery.change, RosterOrder)


def _unlooked(verdict: Verdict) -> Confirmation:
    """The probe did not get as far as looking. What is refused is refused next time too: the route's policy decides."""
    match verdict:
        case Throttled() | Unavailable() | Revoked() | Delivered():
            return verdict
        case Refused():
            found = unlooked(verdict)
            return Unprobeable(f"the probe could not be made: {found.detail}", found.cause)
        case Faulted(detail=detail) | Doubtful(detail=detail):
            return Unavailable(f"the probe could not be made: {detail}")
