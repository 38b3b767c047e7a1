"""A delivery's story: what has happened to it, and, for every state there is, what happens next. No verb of its own."""

from typing import assert_never

import msgspec

from actors.domain.outbox import HeldFor, State
from actors.domain.verdicts import Cause
from actors.messages import LaneView
from config.numbers import number_of
from daemon.control.office import Asking
from daemon.control.times import moment, span
from daemon.control.verbs import finding
from daemon.control.verbs.lanes import held_in_words, views
from daemon.control.views import DeliveryStory
from daemon.control.words import advice, audience_in_words, change_in_words, order_cause, stage_in_words
from daemon.store.asking import Kept, LaneHold
from daemon.store.interventions import NEVER_PLACED
from daemon.store.promises import Late

ITEMS_MAX = 200
"""So many changes of a digest are listed."""


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery's next step depends on beside itself. ``front``: the head of its line, if that is another."""

    now_us: int
    configured: bool
    hold: LaneHold
    view: LaneView | None
    front: Kept | None = None
    digest: Kept | None = None
    """The digest it stands in."""
    items: tuple[Kept, ...] = ()
    """What stands in it, if it is a digest; there may be ``more``."""
    more: int = 0
    late: Late | None = None
    voided_by: str = ""
    """The statement that voided its own."""


async def delivery_story(kept: Kept, asking: Asking) -> DeliveryStory:
    """Everything that is known of one delivery."""
    told, around = kept.delivery, await _around(kept, asking)
    row = finding.row(kept)
    if cause := order_cause(told.change):
        row = msgspec.structs.replace(row, about=f"{row.about}; because of {cause}")
    return DeliveryStory(
        delivery=row,
        doubtful=told.doubtful,
        audience=audience_in_words(told.audience),
        template=told.template or "",
        trace_id=finding.trace_id(told.traceparent),
        head=kept.head,
        claimed_by=kept.claimed_by or "",
        sent_us=told.sent_us,
        doubt_us=told.doubt_us,
        attempts=tuple(finding.attempt(line) for line in kept.history),
        receipt=kept.receipt or {},
        next=(*what_next(kept, around), *_beside(kept, around)),
        items=tuple(f"{change_in_words(item.delivery.change)} ({item.delivery.id})" for item in around.items),
        items_more=around.more,
        crashes=told.crashes,
        revises=kept.revise,
        routed_us=told.routed_us,
        sla_us=told.sla_us,
        from_us=told.from_us,
        stages=around.late.stages if around.late else {},
    )


async def _around(kept: Kept, asking: Asking) -> Around:
    told, queries = kept.delivery, asking.office.store.queries
    tenant = asking.office.configuration().tenants.get(told.tenant)
    front = None
    if told.state.open and not kept.head:
        front = await queries.in_front(told.lane, told.destination)
    items, n = await queries.items(told.seq, ITEMS_MAX) if kept.kind == "digest" else ([], 0)
    return Around(
        now_us=asking.now_us,
        configured=tenant is not None and told.target in tenant.targets,
        hold=(await queries.holds()).get(told.lane, LaneHold()),
        view=(await views(asking.office, [told.lane])).get(told.lane) if told.state.open else None,
        front=front,
        digest=await queries.delivery(kept.digest) if kept.digest is not None else None,
        items=tuple(items),
        more=n - len(items),
        late=await queries.late_one(told.seq),
        voided_by=await queries.voided_by(kept.statement_seq) if kept.undone else "",
    )


def what_next(kept: Kept, around: Around) -> list[str]:  # one case a state
    """What happens now, or what a person may do: never empty."""
    told = kept.delivery
    match told.state:
        case State.WAITING:
            return _waiting(kept, around)
        case State.CLAIMED:
            return _claimed(kept, around)
        case State.UNKNOWN:
            return _unknown(kept, around)
        case State.DELIVERED:
            return [_delivered(kept, around)]
        case State.DEAD:
            return [*([advice(kept.cause)] if kept.cause else []), _letters(told.id)]
        case State.PARKED:
            doubt = advice(Cause.UNKNOWN_OUTCOME)
            return [advice(kept.cause), doubt] if kept.cause and kept.cause is not Cause.UNKNOWN_OUTCOME else [doubt]
        case State.HELD:
            return _kept_back(kept, around)
        case State.SUPERSEDED:
            return _superseded(kept)
        case State.SHADOWED:
            said = [f"It would have been: {kept.rendered}"] if kept.rendered else []
            return [f"It was only rehearsed, nothing was sent: {kept.detail or 'its route is a trial'}.", *said]
        case State.CANCELLED:
            return [f"It will not be sent: {kept.detail or 'no reason was noted'}."]
        case _ as never:
            assert_never(never)


def _delivered(kept: Kept, around: Around) -> str:
    if around.digest is not None:
        return f"It is done: it was told in digest {around.digest.delivery.id}, whose receipt is above."
    return "It is done: the vendor's receipt is above."


def _kept_back(kept: Kept, around: Around) -> list[str]:
    told = kept.delivery
    until = f"{moment(told.due_us)}" + (
        f", in {span((told.due_us - around.now_us) / 1e6)}" if told.due_us > around.now_us else ", which is due"
    )
    if around.digest is not None:
        other = around.digest.delivery
        return [f"It stands in digest {other.id}, which is {other.state.value}; it is delivered when that is."]
    match kept.held_for:
        case HeldFor.QUIET:
            return [f"It is kept back for the quiet hours of route {told.route}, until {until}."]
        case HeldFor.DIGEST:
            why = f" ({kept.detail})" if kept.detail else ""
            return [f"It is collected for the digest of route {told.route}{why}, which is sent at {until}."]
        case HeldFor.ROUTE:
            return [
                f"It is kept back because its route {told.route} is disabled: enable it and `lmsyncctl reload`, "
                "and it goes on."
            ]
        case HeldFor.PERSON:
            return [f"It is kept back on purpose and not in its line: {kept.detail or 'no reason was noted'}."]
        case _ as never:
            assert_never(never)


def _superseded(kept: Kept) -> list[str]:
    said = [f"Another delivery took its place: {kept.detail or 'no reason was noted'}."]
    if kept.detail.startswith("overtaken"):
        said = [
            "It was told when a newer value of the same thing was known already, so it was put on record and not sent."
        ]
    if not kept.delivery.destination.startswith(NEVER_PLACED):
        said.append(f"lmsyncctl dlq replay {kept.delivery.id[:12]} sends it all the same, named like that.")
    return said


def _beside(kept: Kept, around: Around) -> list[str]:
    """What else is worth knowing: lateness, crashes, rewriting."""
    told, said = kept.delivery, []
    if around.late is not None:
        late = around.late
        took, promised = span(late.took_us / 1e6), span(late.sla_us / 1e6)
        longest = span(late.stages.get(late.stage, 0) / 1e6)
        said.append(f"It was late: {took} instead of {promised}; {longest} of that, {stage_in_words(late.stage)}.")
    elif kept.done_us is None and told.sla_us is not None:
        since_us = max(told.from_us, told.accepted_us)
        if around.now_us - since_us > told.sla_us:
            took = span((around.now_us - since_us) / 1e6)
            said.append(f"It is late already: {took}, and {span(told.sla_us / 1e6)} are promised.")
    if told.crashes:
        times = "Once" if told.crashes == 1 else f"{told.crashes} times"
        said.append(f"{times} whoever carried it died with it in hand; it is looked for at the vendor each time.")
    if kept.revise:
        said.append("Where the platform can, it rewrites the earlier post of the same thing instead of making another.")
    if kept.undone:
        by = f" by statement {around.voided_by}" if around.voided_by else ""
        stays = told.state is State.DELIVERED
        then = "what is posted stays" if stays else "if it turns out not to have been posted, it is posted no more"
        said.append(f"Its statement was voided{by}: {then}.")
    if around.more:
        said.append(f"It tells more changes than the {len(around.items)} that are listed.")
    return said


def _waiting(kept: Kept, around: Around) -> list[str]:
    told = kept.delivery
    said = _held(around)
    if not kept.head:
        return [*said, _behind(kept, around)]
    if told.due_us > around.now_us:
        when = f"{moment(told.due_us)}, in {span((told.due_us - around.now_us) / 1e6)}"
        why = f" ({kept.detail})" if kept.detail else ""
        said.append(f"It is first in its line and is sent again at {when}{why}." if kept.history else _first(when))
    elif said:
        said.append("It is first in its line and due.")
    else:
        said.append("It is first in its line and due: its courier takes it next, as the vendor's limits allow.")
    said.append(f"{told.attempts} of {number_of(told.attempts_max, 'attempts')} are spent.")
    return said


def _first(when: str) -> str:
    return f"It is first in its line; its destination may be written to again at {when}."


def _claimed(kept: Kept, around: Around) -> list[str]:
    told = kept.delivery
    since = f" since {moment(told.sent_us)}" if told.sent_us else ""
    said = [f"It is being sent{since} (attempt {told.attempts} of {told.attempts_max}), by courier {kept.claimed_by}."]
    if around.view is None:
        said.append(
            "Its courier does not answer. Once the lane's courier is started again, the outcome counts as unknown and "
            "is looked for at the vendor before anything is sent again."
        )
    return said


def _unknown(kept: Kept, around: Around) -> list[str]:
    told = kept.delivery
    doubt = f" since {moment(told.doubt_us)}" if told.doubt_us else ""
    said = [f"Nobody knows{doubt} whether it was posted: {kept.detail or 'the answer was lost'}."]
    if not kept.head:
        return [*said, *_held(around), _behind(kept, around)]
    if kept.claimed_by:
        said.append(f"Courier {kept.claimed_by} is looking for it at the vendor now.")
    elif told.due_us > around.now_us:
        when = f"{moment(told.due_us)}, in {span((told.due_us - around.now_us) / 1e6)}"
        said += [*_held(around), f"It is looked for at the vendor at {when}."]
    else:
        said += _held(around) or ["It is looked for at the vendor next."]
    said.append("Whatever stands behind it in its line waits until that is known.")
    return said


def _behind(kept: Kept, around: Around) -> str:
    front = around.front
    if front is None:
        return "It waits for its turn at its destination."
    other = front.delivery
    words = {State.CLAIMED: "being sent", State.UNKNOWN: "of unknown outcome"}.get(other.state, other.state.value)
    due = f", due {moment(other.due_us)}" if other.due_us > around.now_us else ""
    return (
        f"It waits for its turn at {kept.delivery.destination}, behind delivery {other.id} ({words}{due}; "
        f"{other.attempts} of {number_of(other.attempts_max, 'attempts')})."
    )


def _held(around: Around) -> list[str]:
    held = held_in_words(around.hold, around.view, now_us=around.now_us)
    said = [f"T{words[1:]}." if words.startswith("the ") else f"The lane is {words}." for words in held]
    if not around.configured:
        said.append("The lane is not configured any more: nobody carries it.")
    elif around.view is None:
        said.append("The lane's courier does not answer: see lmsyncctl actor tree.")
    return said


def _letters(delivery_id: str) -> str:
    short = delivery_id[:12]
    return f"lmsyncctl dlq replay {short} tries it again; lmsyncctl dlq discard {short} lets it be."
