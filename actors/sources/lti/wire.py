"""What a platform says in Names and Role Provisioning Services 2.0 and Assignment and Grade Services 2.0. No I/O."""

import re
from collections.abc import Iterator
from hashlib import blake2b
from urllib.parse import urlsplit, urlunsplit

import msgspec

from actors.domain.canonical import Flaw
from actors.domain.flow import Outcome, Request, Response, Veiled
from actors.domain.harvest import Halted, Record
from actors.sources.answers import Remedies, halted
from actors.sources.links import links
from actors.sources.lti.settings import Context

BUCKET = "requests"
ANSWER_BYTES_MAX = 16 * 1024 * 1024
PATIENCE_S = 60.0
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
NRPS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
AGS_SCOPES = (
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
)
PERSONAL = ("user_id", "name", "given_name", "family_name", "email", "lis_person_sourcedid", "middle_name", "locale")
"""What of a member tells of the person; the rest tells of the membership. Pictures are left there."""
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


REMEDIES = Remedies(
    unknown="the platform does not take its own token: see that the tool is still registered and switched on there",
    forbidden="the tool may not use this service in this course: allow it in the tool's registration",
    missing="there is no such course, or no such service in it: write its address as a launch tells it",
    address="the address of the service",
)


class Listed(msgspec.Struct, frozen=True):
    """A page of a list: what stands in it, and links by their relation."""

    items: list[dict[str, object]]
    container: dict[str, object]
    links: dict[str, str]


def asking(url: str, accept: str, token: str) -> Request:
    """The request for a page."""
    return Request(
        method="GET",
        url=url,
        operation=asked(accept),
        headers={"authorization": Veiled(f"Bearer {token}"), "accept": accept},
        draws=(BUCKET,),
        answer_bytes_max=ANSWER_BYTES_MAX,
        patience_s=PATIENCE_S,
    )


def asked(accept: str) -> str:
    """What is asked for, in a word: ``membershipcontainer``."""
    return accept.rpartition(".")[2].removesuffix("+json")


def listed(outcome: Outcome, accept: str) -> Listed | Halted:
    """A page of what was asked for as ``accept``."""
    what, key = asked(accept), "members" if accept == MEMBERS else ""
    match outcome:
        case Response(status=200):
            try:
                given = msgspec.json.decode(outcome.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return Halted(why="faulted", detail=f"{what}: the answer is not JSON")
            items = given.get(key) if key and isinstance(given, dict) else given
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                return Halted(why="faulted", detail=f"{what}: the answer is no list of {key or 'objects'}")
            container = given if isinstance(given, dict) else {}
            return Listed(items, container, links(outcome.headers.get("link", "")))
        case _:
            return halted(outcome, what, REMEDIES)


def with_limit(url: str, limit: int) -> str:
    """The same address, asking for pages of this size unless it says something else."""
    parts = urlsplit(url)
    if re.search(r"(^|&)limit=", parts.query):
        return url
    query = f"{parts.query}&limit={limit}" if parts.query else f"limit={limit}"
    return urlunsplit(parts._replace(query=query))


def results_url(line_item: str) -> str:
    """Where the results of a line item are: below its address, before its query."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/results"))


# ── records ──────────────────────────────────────────────────────────────────────────────────────────


def course_record(context: Context, container: dict[str, object]) -> Record:
    """The course, as the container of its members names it. It stands in the settings, so it was there before."""
    named = container.get("context")
    body = named if isinstance(named, dict) else {}
    body = {**body, "course": context.course}
    return Record(entity="course", id=context.course, form="context", body=body, made_us=0)


def member_records(context: Context, member: dict[str, object]) -> Iterator[Record]:
    """The person, and the membership. A course does not say everything of a person: names and addresses are shown as
    its privacy settings have it. Canvas's test student is nobody."""
    roles = member.get("roles")
    if isinstance(roles, list) and TEST_USER in roles:
        return
    user, flaws = _identified(member, "user_id")
    person = {name: member[name] for name in PERSONAL if member.get(name)}
    gone = str(member.get("status", "")).casefold() == "deleted"
    if not gone:
        yield Record(entity="user", id=user, form="member", body=person, partial=True, flaws=flaws, via=context.course)
    membership: dict[str, object] = {name: member[name] for name in ("user_id", "roles", "status") if name in member}
    yield Record(
        entity="enrolment",
        id=f"{context.course}/{user}",
        form="member",
        body={**membership, "course": context.course},
        scope=context.course,
        gone=gone,
        flaws=flaws,
    )


def line_item_record(context: Context, item: dict[str, object]) -> Record:
    name, flaws = _identified(item, "id")
    body = {**item, "course": context.course}
    return Record(entity="assignment", id=name, form="line_item", body=body, scope=context.course, flaws=flaws)


def _identified(body: dict[str, object], key: str) -> tuple[str, tuple[Flaw, ...]]:
    """Its id; or, where it has none, one made of all that it says, and that this is wrong."""
    name = body.get(key)
    if isinstance(name, str | int) and str(name).strip():
        return str(name), ()
    made = "?" + blake2b(msgspec.json.encode(body, order="deterministic"), digest_size=8).hexdigest()
    value = msgspec.json.encode(name).decode()[:200]
    return made, (Flaw(rule="id", path=key, value=value, suggestion=f"the platform tells no {key}: ask its maker"),)


def result_record(context: Context, item: str, result: dict[str, object]) -> Record:
    """Without the comment: that is between the teacher and the learner."""
    user, flaws = _identified(result, "userId")
    told: dict[str, object] = {
        name: result[name] for name in ("userId", "resultScore", "resultMaximum", "scoreOf") if name in result
    }
    return Record(
        entity="grade",
        id=f"{item}/{user}",
        form="result",
        body={**told, "line_item": item, "course": context.course},
        scope=context.course,
        flaws=flaws,
    )
