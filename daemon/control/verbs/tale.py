"""A delivery's story: what has happened to it, and, for every state there is, what happens next. No verb of its own."""

from typing import assert_never

import msgspec

from actors.domain.outbox import State
from actors.messages import LaneView
from daemon.control.office import Asking
from daemon.control.times import moment, span
from daemon.control.verbs import finding
from daemon.control.verbs.lanes import held_in_words, views
from daemon.control.views import DeliveryStory
from daemon.control.words import advice, audience_in_words
from daemon.store.asking import Kept, LaneHold


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery's next step depends on beside itself. ``front``: the head of its line, if that is another."""

    now_us: int
    configured: bool
    hold: LaneHold
    view: LaneView | None
    front: Kept | None = None


async def delivery_story(kept: Kept, asking: Asking) -> DeliveryStory:
    """Everything that is known of one delivery."""
    told = kept.delivery
    return DeliveryStory(
        delivery=finding.row(kept),
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
        next=tuple(what_next(kept, await _around(kept, asking))),
    )


async def _around(kept: Kept, asking: Asking) -> Around:
    told, queries = kept.delivery, asking.office.store.queries
    tenant = asking.office.configuration().tenants.get(told.tenant)
    front = None
    if told.state.open and not kept.head:
        front = await queries.in_front(told.lane, told.destination)
    return Around(
        now_us=asking.now_us,
        configured=tenant is not None and told.target in tenant.targets,
        hold=(await queries.holds()).get(told.lane, LaneHold()),
        view=(await views(asking.office, [told.lane])).get(told.lane) if told.state.open else None,
        front=front,
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
            return ["It is done: the vendor's receipt is above."]
        case State.DEAD:
            return [*([advice(kept.cause)] if kept.cause else []), _letters(told.id)]
        case State.PARKED:
            return [advice(kept.cause)] if kept.cause else [_letters(told.id)]
        case State.HELD:
            return [f"It is kept back on purpose and not in its line: {kept.detail or 'no reason was noted'}."]
        case State.SUPERSEDED:
            return [f"Another delivery took its place: {kept.detail or 'no reason was noted'}."]
        case State.SHADOWED:
            return [f"It was only rehearsed, nothing was sent: {kept.detail or 'its route is a trial'}."]
        case State.CANCELLED:
            return [f"It will not be sent: {kept.detail or 'no reason was noted'}."]
        case _ as never:
            assert_never(never)


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
    said.append(f"{told.attempts} of {told.attempts_max} attempts are spent.")
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
        f"{other.attempts} of {other.attempts_max} attempts)."
    )


def _held(around: Around) -> list[str]:
    said = [f"The lane is {words}." for words in held_in_words(around.hold, around.view)]
    if not around.configured:
        said.append("The lane is not configured any more: nobody carries it.")
    elif around.view is None:
        said.append("The lane's courier does not answer: see lmsyncctl actor tree.")
    return said


def _letters(delivery_id: str) -> str:
    short = delivery_id[:12]
    return f"lmsyncctl dlq replay {short} tries it again; lmsyncctl dlq discard {short} lets it be."
