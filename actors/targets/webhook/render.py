"""What a message says: a change as we know it, and the xAPI statement behind it, byte for byte.

A repeat says exactly the same again: nothing in a body tells of the attempt.
"""

from collections.abc import Mapping
from datetime import UTC

import msgspec
from msgspec import Raw

from actors.domain.alarms import AlarmCard
from actors.domain.blocks import TemplateFault
from actors.domain.changes import AnyChange, StatementStored
from actors.domain.conflicts.cards import ReviewCard
from actors.domain.outbox import Parcel
from actors.domain.outside import outside
from actors.domain.speech import moment_of

HELLO = "lmsyncd.hello"
"""The type of a message that only wants to be answered."""
CONTENT_TYPES = {"plain": "application/json", "cloudevents": "application/cloudevents+json"}
NULL = Raw(b"null")

Body = dict[str, object]


def body_of(parcel: Parcel, form: str) -> Body:
    """The whole body, ready to be encoded. ``form`` is plain or cloudevents."""
    change = parcel.change
    if isinstance(change, ReviewCard):
        raise TemplateFault("review", 0, "cards for reviewers go to Slack or Teams")
    told: Body = _told(change)
    data: dict[str, object] = {
        **told,
        "statement": Raw(parcel.statement) if parcel.statement else NULL,
        "delivery_id": parcel.delivery_id,
        "correlation_id": parcel.correlation_id,
        "tenant": parcel.tenant,
    }
    kind, at = f"lmsyncd.{change.kind}", _time(change.at)
    if form == "plain":
        return {"type": kind, "timestamp": at or change.at, "data": data}
    more = {"subject": _subject(change), "time": at, "traceparent": parcel.traceparent}
    return _event(parcel.delivery_id, kind, parcel.tenant, parcel.correlation_id, more, data)


def hello_of(message_id: str, form: str) -> Body:
    """The body of a message that tells nothing."""
    if form == "plain":
        return {"type": HELLO, "data": {}}
    return _event(message_id, HELLO, "", message_id, {}, {})


def _told(change: AnyChange | AlarmCard) -> Body:
    match change:
        case StatementStored():
            return {"kind": change.kind}
        case AlarmCard():
            said = msgspec.to_builtins(change)
            return {name: value for name, value in said.items() if name not in ("learner", "course", "at")}
        case _:
            return outside(change)


def _event(
    message_id: str, kind: str, tenant: str, correlation_id: str, more: Mapping[str, str], data: dict[str, object]
) -> Body:
    """A CloudEvent: an attribute that says nothing is left out, as its specification wants."""
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": f"urn:lmsyncd:{tenant}" if tenant else "lmsyncd",
        "type": kind,
        **{name: value for name, value in more.items() if value},
        "datacontenttype": "application/json",
        "correlationid": correlation_id,
        "data": data,
    }


def _subject(change: AnyChange | AlarmCard) -> str:
    """What it is about. Never the learner: whoever passes events on may note their attributes."""
    if isinstance(change, AlarmCard):
        return change.alarm
    return change.statement_id if isinstance(change, StatementStored) else change.subject


def _time(at: str) -> str:
    """RFC 3339, in UTC; empty for what is no time."""
    moment = moment_of(at)
    try:
        return "" if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return ""
