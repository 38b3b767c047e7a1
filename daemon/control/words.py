"""Putting things into words for operators: statements, changes, reasons, causes. Pure, and never failing on what a
statement may contain: what cannot be read is shown as it is.
"""

from typing import assert_never

import msgspec

from actors.domain.alarms import AlarmCard
from actors.domain.changes import Score
from actors.domain.conflicts.cards import ReviewCard
from actors.domain.outbox import Carried
from actors.domain.recognise import speak
from actors.domain.rosters.order import RosterOrder
from actors.domain.sla import Stage
from actors.domain.verdicts import Cause
from config.model import Audience

NAME_CHARS_MAX = 120
LANGUAGES = ("en",)

REASONS: dict[str, str] = {
    "voided": "It was voided by a later statement before the router came to it, so it tells nothing any more.",
    "voiding": "It takes another statement back; that one is marked as voided, and what it led to is undone.",
    "unknown_verb": "No change is known for this verb. It stays in the log and can be read there.",
    "object_type": "Only statements about activities (courses, assignments, …) tell changes.",
    "group": "Its actor is a group; changes are about one learner.",
    "not_a_course": "The verb tells a change only of a course, and the object's type is not one of a course.",
    "no_due": "A reminder without the time at which the work is due: the extension that names it is missing.",
    "no_role": "A change of role without the role: the LMS did not send the extension that names it.",
    "not_complete": "The verb says completed, but the result says that it is not complete.",
    "no_raw_score": "A grade needs result.score.raw; a scaled score alone is not trusted.",
    "not_an_assignment": "Only creating an assignment is a change.",
    "not_a_system": "Registering tells a change only of a course (enrolled) or of the LMS itself (user created).",
    "no_route": (
        "It is a change, but no route of the tenant has its word in `when`: add it to one to have it posted. It is "
        "kept, and `lmsyncctl dlq plan --unrouted TENANT` shows what a replay would post then."
    ),
    "route_disabled": (
        "The routes named would have told somebody more, but they are disabled. It is kept: enable one, "
        "`lmsyncctl reload`, then `lmsyncctl dlq plan --unrouted TENANT` shows what a replay would post."
    ),
    "too_old": (
        "It happened before the effect horizon: whether it was posted then is not remembered any more, so it is not "
        "posted now."
    ),
    "fault": "lmsyncd itself failed on this statement; the daemon's log has the traceback. Please report it.",
    "overtaken": "A newer value of the same thing is known already: it is put on record as superseded, and not posted.",
    "imported": (
        "An import brought it in as history: it counts as known, nobody is told. `lmsyncctl import --announce` tells."
    ),
    "imported_before": "An import told this change first, and nobody was to be told of it; so nobody is told now.",
    "repeated": "The same change was told before: its posts belong to the earlier statement.",
    "pending": "The router has not come to it yet.",
}
"""What each reason for not being routed means, by the word it starts with."""


def reason_word(reason: str) -> str:
    return reason.partition(":")[0].strip()


def explained(reason: str) -> str:
    return REASONS.get(reason_word(reason), "")


def advice(cause: Cause) -> str:
    """What a person can do about a dead letter."""
    match cause:
        case Cause.UNMATCHED_LEARNER:
            return "Add the learner's e-mail address to the [people] file, or the person to the vendor; then replay it."
        case Cause.DESTINATION_GONE:
            return (
                "The channel or team is gone or archived: restore it, or change the route; then replay or discard it."
            )
        case Cause.DESTINATION_REFUSED:
            return "The vendor does not let us post there: invite the app, or change the route; then replay it."
        case Cause.MISSING_PERMISSION:
            return "Grant the app the permission named above and install it again; then replay it."
        case Cause.BAD_TEMPLATE:
            return "Mend the template at the line named above, `lmsyncctl reload`; then replay it."
        case Cause.BAD_CONFIGURATION:
            return "Mend the configuration, `lmsyncctl reload`; then replay it."
        case Cause.PAYLOAD_REFUSED:
            return "The vendor refused what we made of it: please report it; shortening the template may help."
        case Cause.EXHAUSTED:
            return "All attempts failed: see what the last ones say; when the vendor is well again, replay it."
        case Cause.VENDOR_OUTAGE:
            return "The vendor was out for longer than the route's retry.age_max; when it is well again, replay it."
        case Cause.REVOKED:
            return "The token was dead for longer than the route's retry.age_max; connect the account, then replay it."
        case Cause.EXPIRED:
            return "It waited longer than the route's retry.age_max: too late to be news. Replay it if it matters."
        case Cause.POISON:
            return "It crashed whoever carried it: please report it with the log; discard it if it does so again."
        case Cause.UNKNOWN_OUTCOME:
            return (
                "It may have been posted, and nobody could find out: look at the destination. `dlq replay ID` looks "
                "again, `dlq replay ID --accept-double` posts it at the risk of a double, `dlq discard ID` lets it be."
            )
        case Cause.STATEMENT_GONE:
            return "The statement has left the log (erased, or retention took it): there is nothing left to send."
        case _ as never:
            assert_never(never)


def stage_in_words(stage: str) -> str:
    """What made a delivery late; empty for a stage that another version knows."""
    try:
        known = Stage(stage)
    except ValueError:
        return ""
    return _stage(known)


def _stage(stage: Stage) -> str:
    match stage:
        case Stage.HELD:
            return "it was kept back on purpose, for quiet hours or a digest"
        case Stage.ROUTING:
            return "the router was slow to come to it"
        case Stage.PAUSED:
            return "an operator had paused the lane"
        case Stage.SUSPENDED:
            return "the vendor did not accept our credentials"
        case Stage.OUTAGE:
            return "the vendor was out"
        case Stage.THROTTLED:
            return "the vendor asked us to slow down"
        case Stage.IN_LINE:
            return "it waited for its turn at its destination, or for the vendor's rate"
        case Stage.RETRYING:
            return "attempts failed, and it waited for the next one"
        case Stage.IN_DOUBT:
            return "nobody knew whether it had arrived, until it was looked for"
        case Stage.PERSON:
            return "it was a dead letter, or kept unrouted, until somebody replayed it"
        case Stage.VENDOR:
            return "the vendor took its time to answer"
        case _ as never:
            assert_never(never)


def audience_in_words(audience: Audience) -> str:
    if audience.learner:
        return "the learner"
    if audience.course_channel:
        return "the course's channel"
    if audience.is_target:
        return "the target itself"
    if audience.team is not None:
        return f"channel {audience.channel} of team {audience.team}"
    return f"channel {audience.channel}"


def order_in_words(order: RosterOrder) -> str:
    """``add 31 to channel c-math-101 · roster classes``."""
    people = len(order.members) + len(order.owners)
    where = order.name or order.place or order.unit
    number = f" {people}" if people else ""
    return _short(f"{order.deed}{number}: {order.place_kind} {where} · roster {order.roster}")


def order_cause(change: Carried) -> str:
    """What an order about a roster follows from, in words; of anything else nothing."""
    return change.cause if isinstance(change, RosterOrder) else ""


def change_in_words(change: Carried) -> str:
    """``Ada Lovelace (account:…) · CS101 Programming · Quiz 1 · 80/100``."""
    if isinstance(change, RosterOrder):
        return order_in_words(change)
    if isinstance(change, ReviewCard):
        return _short(f"conflict {change.conflict}, {change.state}: {change.title}")
    if isinstance(change, AlarmCard):
        return _short(f"alarm {change.no}, {change.turn}: {change.title}")
    learner = change.learner
    parts = [f"{learner.name} ({learner.key})" if learner.name else learner.key]
    if change.course is not None:
        parts.append(" ".join(word for word in (change.course.code, change.course.name) if word) or change.course.id)
    activity = getattr(change, "activity", None)
    if activity is not None:
        parts.append(activity.name or activity.id)
    score = getattr(change, "score", None)
    if isinstance(score, Score) and score.raw is not None:
        parts.append(f"{score.raw:g}" + (f" of {score.max:g}" if score.max is not None else ""))
    role = getattr(change, "role", "")
    if role:
        parts.append(f"as {role}")
    return " · ".join(_short(part) for part in parts)


def statement_in_words(body: bytes) -> tuple[str, str, str]:
    """(actor, verb, object)."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unreadable", "unreadable", "unreadable"
    if not isinstance(told, dict):
        return "unreadable", "unreadable", "unreadable"
    return agent_in_words(told.get("actor")), _verb(told.get("verb")), _object(told.get("object"))


def agent_in_words(agent: object) -> str:
    """A name and what identifies the agent."""
    if not isinstance(agent, dict):
        return ""
    name = _text(agent.get("name"))
    account = agent.get("account")
    identity = next((_text(agent[key]) for key in ("mbox", "mbox_sha1sum", "openid") if agent.get(key)), "")
    if isinstance(account, dict):
        identity = f"{_text(account.get('name'))} at {_text(account.get('homePage'))}"
    members = agent.get("member")
    if isinstance(members, list):
        identity = identity or f"a group of {len(members)}"
    return _short(f"{name} ({identity})" if name and identity else name or identity)


def authority_in_words(authority: bytes) -> str:
    """The credential behind a request: the name of its authority's account."""
    try:
        agent = msgspec.json.decode(authority) if authority else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    account = agent.get("account") if isinstance(agent, dict) else None
    if isinstance(account, dict):
        return _short(_text(account.get("name")))
    return agent_in_words(agent)


def _verb(verb: object) -> str:
    if not isinstance(verb, dict):
        return ""
    iri = _text(verb.get("id"))
    return _short(_named(verb.get("display")) or iri.rstrip("/").rpartition("/")[2] or iri)


def _object(what: object) -> str:
    if not isinstance(what, dict):
        return ""
    kind = _text(what.get("objectType"))
    if kind in {"Agent", "Group"}:
        return agent_in_words(what)
    if kind == "StatementRef":
        return f"statement {_short(_text(what.get('id')))}"
    definition = what.get("definition")
    name = _named(definition.get("name")) if isinstance(definition, dict) else ""
    iri = _text(what.get("id"))
    return f"{_short(name)} ({_short(iri)})" if name else _short(iri)


def _named(names: object) -> str:
    if not isinstance(names, dict):
        return ""
    return speak({str(tag): text for tag, text in names.items() if isinstance(text, str)}, LANGUAGES)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _short(text: str) -> str:
    return text if len(text) <= NAME_CHARS_MAX else text[: NAME_CHARS_MAX - 1] + "…"
