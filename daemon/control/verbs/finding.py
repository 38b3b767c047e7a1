"""From what a person typed to the row that is meant, and from the row to what is shown. No verb of its own."""

import re

from actors.domain.outbox import Attempt
from daemon.control.exits import Exit
from daemon.control.office import Asking
from daemon.control.protocol import Refusal
from daemon.control.views import AttemptRow, DeliveryRow
from daemon.control.words import change_in_words
from daemon.store.asking import Kept

PREFIX_DIGITS_MIN = 8
_DIGITS = re.compile(r"[0-9a-f]{1,32}")


def digits(text: str) -> str:
    """The hexadecimal digits of an id or of its beginning, without dashes; empty if it cannot be one."""
    folded = text.strip().replace("-", "").casefold()
    return folded if _DIGITS.fullmatch(folded) and len(folded) >= PREFIX_DIGITS_MIN else ""


async def delivery(asking: Asking, text: str) -> Kept:
    """The one delivery with this id, or whose id starts so. Raises Refusal."""
    wanted = digits(text)
    if not wanted:
        raise Refusal(
            Exit.USAGE,
            f"{text[:60]!r} is no delivery id",
            advice=f"32 hexadecimal digits, or the first {PREFIX_DIGITS_MIN} and more, as queue list and dlq list show",
        )
    found = await asking.office.store.queries.deliveries_like(wanted)
    if not found:
        raise Refusal(Exit.NOTHING, f"there is no delivery {text}", advice="lmsyncctl why ID also knows statements")
    if len(found) > 1:
        some = ", ".join(one.delivery.id for one in found)
        raise Refusal(Exit.USAGE, f"several deliveries start with {text}: {some}, …", advice="give more digits")
    return found[0]


def row(kept: Kept) -> DeliveryRow:
    told = kept.delivery
    return DeliveryRow(
        id=told.id,
        lane=told.lane,
        state=told.state.value,
        route=told.route,
        destination=told.destination,
        change=told.change.kind,
        about=change_in_words(told.change),
        statement_id=told.statement_id,
        correlation_id=told.correlation_id,
        attempts=told.attempts,
        attempts_max=told.attempts_max,
        accepted_us=told.accepted_us,
        due_us=told.due_us,
        done_us=kept.done_us,
        cause=kept.cause.value if kept.cause else "",
        whose=kept.cause.whose.value if kept.cause else "",
        detail=kept.detail,
        held_for=kept.held_for.value if kept.digest is None else "",
    )


def attempt(line: Attempt) -> AttemptRow:
    return AttemptRow(
        number=line.number,
        what=line.kind,
        started_us=line.started_us,
        ended_us=line.ended_us,
        verdict=line.verdict,
        detail=line.detail,
        request_ids=line.request_ids,
        trace_id=line.trace_id,
    )


def trace_id(traceparent: str) -> str:
    """The trace of a W3C traceparent; empty where there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""


async def lanes_with(asking: Asking, wanted: str, states: tuple[str, ...]) -> dict[str, int]:
    """How many deliveries each lane has in these states; only ``wanted`` if given. Raises Refusal for a lane that is
    neither configured nor known to the store."""
    counted: dict[str, int] = {}
    known = False
    for lane, state, n in await asking.office.store.queries.depths():
        if wanted and lane != wanted:
            continue
        known = True
        if state in states:
            counted[lane] = counted.get(lane, 0) + n
    if wanted and not known:
        asking.lane(wanted)
    return counted
