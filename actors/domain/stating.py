"""Facts as xAPI statements, written as bytes: what a source tells becomes what an LMS's plugin would have sent.

A reading brings tens of thousands of statements made of the same few learners, courses and verbs. So each part is
written once and remembered with its canonical form and the values it is found by; a statement is its parts put
together, and its digest and keys come out as if it had been parsed (``xapi.intake``), which it need not be. A property
test holds the two together.

Ids are derived from what the statement says and of which change of which record: told again, it is the same statement.
"""

import hashlib
import math
from typing import Any, NamedTuple

import msgspec

from actors.domain.changes import Score
from actors.domain.recognise import ADL, BEFORE, DUE, EDLM, OURS, ROLE, STREAMS, TLA
from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.identity import derived_id
from actors.domain.xapi.keys import agent_key, key_once
from actors.domain.xapi.moments import instant
from config.recall import remembered

PARTS_MAX = 4096
SYSTEM_TYPE = "http://id.tincanapi.com/activitytype/lms"
COURSE_TYPE = "https://w3id.org/xapi/cmi5/activitytype/course"
ASSIGNMENT_TYPE = "https://xapi.edlm/profiles/edlm-lms/concepts/activity-types/assignment"
_SHORT_ID = "https://w3id.org/learning-analytics/learning-management-system/short-id"
_EXTERNAL_ID = "https://w3id.org/learning-analytics/learning-management-system/external-id"
_WHOLE_NUMBERS = 2.0**53

ENROLLED = EDLM + "enrolled"
UNENROLLED = EDLM + "unenrolled"
SUSPENDED = TLA + "suspended"
RESUMED = TLA + "resumed"
ROLE_CHANGED = OURS + "role-changed"
COMPLETED = ADL + "completed"
UNCOMPLETED = EDLM + "uncompleted"
SCORED = TLA + "scored"
SUBMITTED = STREAMS + "submit"
CREATED = STREAMS + "create"
REGISTERED = ADL + "registered"
UPDATED = OURS + "user-updated"
DUE_SOON = OURS + "due-soon"
_encode = msgspec.json.Encoder(order="deterministic").encode


class Part(NamedTuple):
    """A member of a statement: as written, as compared, and what it is found by."""

    body: bytes
    canonical: bytes
    keys: tuple[int, ...] = ()


class Stater:
    """Writes the statements of one source. ``home_page`` is that of its people's accounts, an IRL; ``language`` a tag
    for names, or nothing where nobody knows."""

    def __init__(self, *, tenant: str, source: str, home_page: str, language: str = "") -> None:
        self.tenant = tenant
        self.source = source
        self.home_page = home_page
        self.language = language or "und"

    def agent(self, account: str, name: str) -> Part:
        """A learner by their account."""
        return _agent(self.tenant, self.home_page, account, name)

    def activity(self, iri: str, kind: str, name: str, code: str = "", external_id: str = "") -> Part:
        """``kind`` is an IRI or empty; ``code`` and ``external_id`` are a course's."""
        return _activity(self.tenant, self.language, iri, kind, name, code, external_id)

    def system(self) -> Part:
        """The system itself."""
        return self.activity(self.home_page, SYSTEM_TYPE, "")

    def within(self, iri: str, kind: str, name: str, code: str, external_id: str) -> Part:
        """The context of what belongs to a course."""
        return _within(self.tenant, self.language, iri, kind, name, code, external_id)

    def statement(
        self,
        of: str,
        verb: str,
        actor: Part,
        thing: Part,
        at: str,
        *,
        context: Part | None = None,
        result: bytes = b"",
    ) -> NewStatement:
        """``of`` names the change of the record that tells it; ``at`` is RFC 3339 in UTC; ``result`` as ``result``
        writes it."""
        said = _verb(self.tenant, verb)
        moment = instant(at)
        assert moment is not None  # noqa: S101  # whoever states has read the time
        canonical = [b'{"actor":', actor.canonical]
        body: list[bytes] = []
        keys = {*said.keys, *actor.keys, *thing.keys}
        if result:
            body += (b',"result":', result)
        if context is not None:
            canonical += (b',"context":', context.canonical)
            body += (b',"context":', context.body)
            keys.update(context.keys)
        canonical += (b',"object":', thing.canonical)
        if result:
            canonical += (b',"result":', result)
        canonical += (b',"timestamp":"', moment.encode(), b'","verb":', said.canonical, b"}")
        digest = hashlib.sha256(b"".join(canonical)).digest()
        name = derived_id(f"{of}\0{verb}\0".encode() + digest, tenant=self.tenant, source=self.source, rank=0)
        return NewStatement(
            id=name,
            body=b'{"id":"%b","actor":%b,"verb":%b,"object":%b%b,"timestamp":"%b"}'
            % (name.encode(), actor.body, said.body, thing.body, b"".join(body), at.encode()),
            digest=digest,
            timestamp=at,
            given_id=True,
            keys=tuple(keys),
        )


@remembered("statement_parts", PARTS_MAX)
def _agent(tenant: str, home_page: str, account: str, name: str) -> Part:
    who: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": home_page, "name": account}}
    if told := _clean(name):
        who["name"] = told
    named = agent_key(who)
    assert named is not None  # noqa: S101  # it has an account
    written = _encode(who)
    return Part(written, written, (key_once(tenant, "agent", named),))


@remembered("statement_parts", PARTS_MAX)
def _activity(tenant: str, language: str, iri: str, kind: str, name: str, code: str, external_id: str) -> Part:
    definition: dict[str, Any] = {}
    if spoken := _clean(name):
        definition["name"] = {language: spoken}
    if kind:
        definition["type"] = kind
    extensions = {_SHORT_ID: _clean(code), _EXTERNAL_ID: _clean(external_id)}
    if told := {iri: value for iri, value in extensions.items() if value}:
        definition["extensions"] = told
    thing: dict[str, Any] = {"id": iri, "objectType": "Activity"}
    compared = _encode(thing)
    if definition:
        thing["definition"] = definition
    return Part(_encode(thing), compared, (key_once(tenant, "activity", iri),))


@remembered("statement_parts", 1024)
def _within(tenant: str, language: str, iri: str, kind: str, name: str, code: str, external_id: str) -> Part:
    course = _activity(tenant, language, iri, kind, name, code, external_id)
    around = b'{"contextActivities":{"grouping":[%b]}}'
    return Part(around % course.body, around % course.canonical, (key_once(tenant, "further activity", iri),))


@remembered("statement_parts", 64)
def as_role(role: str) -> Part:
    """The context that says in which role."""
    context = _encode({"extensions": {ROLE: role}})
    return Part(context, context)


def due(within: Part, moment: str, before_s: int) -> Part:
    """The context of a reminder: what belongs to a course, and when it is due."""
    extensions = b',"extensions":%b}' % _encode({DUE: moment, BEFORE: before_s})
    return Part(within.body[:-1] + extensions, within.canonical[:-1] + extensions, within.keys)


@remembered("statement_parts", 1024)
def _verb(tenant: str, verb: str) -> Part:
    word = verb.rpartition("/")[2].rpartition(":")[2]
    return Part(
        _encode({"id": verb, "display": {"en": word.replace("-", " ")}}),
        _encode(verb),
        (key_once(tenant, "verb", verb),),
    )


def _clean(text: str) -> str:
    """Without what a statement may not hold."""
    return text.replace("\0", "")


def result(*, score: Score | None = None, completion: bool | None = None) -> bytes:
    """Empty where there is nothing to say."""
    said: dict[str, Any] = {}
    if completion is not None:
        said["completion"] = completion
    if score is not None and (points := _points(score)):
        said["score"] = points
    return _encode(said) if said else b""


def _points(score: Score) -> dict[str, float]:
    """As xAPI allows it: what lies outside its own bounds (extra credit) is told without them. Points run from nothing
    where no other minimum is known: so a grade is the same, whoever tells it."""
    raw, low, high = (_number(part) for part in (score.raw, score.min, score.max))
    if raw is None:
        return {}
    if low is None and high is not None and raw >= 0 < high:
        low = 0
    inside = (low is None or low <= raw) and (high is None or raw <= high)
    ordered = low is None or high is None or low < high
    if not (inside and ordered):
        return {"raw": raw}
    return {name: part for name, part in (("raw", raw), ("min", low), ("max", high)) if part is not None}


def _number(value: float | None) -> float | None:
    """Whole numbers without a point; None for what is none."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) <= _WHOLE_NUMBERS else value
