"""Two tenants of one daemon that have everything in common but the daemon's word that they are two: ids, agents,
activities, documents, and the names of their clients. What their clients may ask, on every resource there is.

A request is data: how it is sent follows from the tenant that it is for, and so does the mark in all that it brings.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trio
from gateway_world import NOW_US, VERSION, World, basic
from hypothesis import strategies as st
from mixed_bodies import MIXED, attachment, mixed, taken_apart

from actors.roles.router import Plan, voids
from config.model import PersonRow, Tenant
from daemon.store.database import Store, open_store

Json = dict[str, Any]
TENANTS = ("acme", "globex")
STEP_US = 10_000_000
"""From one request to the next: more than what the store promises ahead, so that its times are the same whoever else
is there."""
MARKS = {"acme": "the-first-tenants-words", "globex": "the-second-tenants-words"}
PAGES_MAX = 30

IDS = [f"0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a{number:02d}" for number in range(5)]
PEOPLE: list[Json] = [{"mbox": "mailto:ada@example.edu"}, {"account": {"homePage": "https://lms.test", "name": "ben"}}]
ACTIVITIES = ["https://lms.test/course/1", "https://lms.test/course/2"]
VERBS = ["http://adlnet.gov/expapi/verbs/completed", "http://adlnet.gov/expapi/verbs/failed"]
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
REGISTRATIONS = ["8f0c5e0e-6d3f-4a56-8a30-6c1a0b1f0001", "8f0c5e0e-6d3f-4a56-8a30-6c1a0b1f0002"]
KEYS = ["boss"] * 10 + ["moodle", "moodle", "player", "player", "writer", "reader", "auditor", "profiler"]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request to one of the tenants. In ``body`` and ``params`` the text MARK becomes the tenant's own; ``stranger``:
    by a client of the other one. ``paging``: ``more`` is followed to its end. ``form``: in the alternate syntax."""

    tenant: str = ""
    key: str = "boss"
    stranger: bool = False
    method: str
    path: str
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Any = None
    contents: tuple[str, ...] = ()
    paging: bool = False
    form: bool = False


class Said(msgspec.Struct, frozen=True):
    """An answer, all of it but the ids of the request."""

    status: int
    headers: dict[str, str]
    content: Any


# ── what can be asked ────────────────────────────────────────────────────────────────────────────────

ids, agents, verbs = st.sampled_from(IDS), st.sampled_from(PEOPLE), st.sampled_from(VERBS)
activities, registrations = st.sampled_from(ACTIVITIES), st.sampled_from(REGISTRATIONS)
in_json = agents.map(json.dumps)
DEFINED = {
    "type": "http://adlnet.gov/expapi/activities/assessment",
    "name": {"en": "MARK"},
    "description": {"en": "MARK"},
}


@st.composite
def statements(draw: st.DrawFn, own: Sequence[str], mark: str, *, voiding: bool) -> Json:
    """With one of these ids; it may refer to any other."""
    reference = {"objectType": "StatementRef", "id": draw(ids)}
    thing = draw(
        activities.map(lambda name: {"id": name, "definition": DEFINED})
        | st.just(reference)
        | agents.map(lambda who: {"objectType": "Agent", **who})
    )
    told: Json = {
        "id": draw(st.sampled_from(own)),
        "actor": {**draw(agents), "name": mark},
        "verb": {"id": draw(verbs), "display": {"en": mark}},
        "object": thing,
        "result": {"response": f"{mark} {draw(st.integers(0, 2))}"},
        "context": {"registration": draw(registrations)},
        "timestamp": "2026-11-23T10:00:00Z",
    }
    if voiding and draw(st.sampled_from([False] * 4 + [True])):
        told |= {"verb": {"id": VOIDED}, "object": reference}
    return told


@st.composite
def storing(draw: st.DrawFn, own: Sequence[str] = IDS, mark: str = "MARK", *, voiding: bool = True) -> Ask:
    batch = draw(
        st.lists(statements(own, mark, voiding=voiding), min_size=1, max_size=3, unique_by=lambda one: one["id"])
    )
    contents: tuple[str, ...] = ()
    if draw(st.booleans()):
        contents = (f"{mark} {draw(st.integers(0, 1))}",)
        batch[0]["attachments"] = [{"MARK": contents[0]}]
    if draw(st.booleans()):
        return Ask(method="POST", path="statements", body=batch, contents=contents)
    params = {"statementId": batch[0]["id"]}
    return Ask(method="PUT", path="statements", params=params, body=batch[0], contents=contents)


attached = st.fixed_dictionaries({}, optional={"attachments": st.sampled_from(["true", "false"])})
shown = st.fixed_dictionaries({}, optional={"format": st.sampled_from(["ids", "exact", "canonical"])})
FILTERS: dict[str, st.SearchStrategy[str]] = {
    "agent": in_json,
    "verb": verbs,
    "activity": activities,
    "registration": registrations,
    "related_agents": st.just("true"),
    "related_activities": st.just("true"),
    "ascending": st.just("true"),
    "limit": st.sampled_from(["1", "2"]),
    "cursor": st.integers(-1, 30).map(lambda step: str(NOW_US + step * STEP_US + 1)),
    "since": st.just("2027-01-15T08:01:00Z"),
}
filters = st.lists(st.sampled_from(sorted(FILTERS)), unique=True, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)


def getting(path: str, *params: st.SearchStrategy[Any], **more: Any) -> st.SearchStrategy[Ask]:
    return st.tuples(*params).map(lambda given: Ask(method="GET", path=path, params=joined(given), **more))


def joined(some: Iterable[dict[str, str]]) -> dict[str, str]:
    return {name: value for each in some for name, value in each.items()}


def by_name(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return values.map(lambda value: {name: value})


def documents(path: str, id_name: str, *shelf: st.SearchStrategy[Any]) -> st.SearchStrategy[Ask]:
    named = by_name(id_name, st.sampled_from(["bookmark", "MARK"]))
    if_match = st.sampled_from([{}, {"If-Match": "*"}, {"If-None-Match": "*"}])
    body = st.sampled_from([{"words": "MARK"}, {"more": "MARK", "n": 1}])

    def writing(given: tuple[Any, ...]) -> Ask:
        method, headers, content, *params = given
        return Ask(method=method, path=path, params=joined(params), headers=headers, body=content)

    def removing(given: tuple[Any, ...]) -> Ask:
        return Ask(method="DELETE", path=path, params=joined(given))

    return st.one_of(
        st.tuples(st.sampled_from(["PUT", "POST"]), if_match, body, named, *shelf).map(writing),
        st.tuples(named, *shelf).map(removing),
        st.tuples(*shelf).map(removing),
        getting(path, named, *shelf),
        getting(path, *shelf),
        getting(path, by_name("since", st.just("2027-01-15T08:01:00Z")), *shelf),
    )


on_activity, on_agent = by_name("activityId", activities), by_name("agent", in_json)
here, there = by_name("activityId", st.just(ACTIVITIES[0])), by_name("agent", st.just(json.dumps(PEOPLE[0])))
attempt = st.sampled_from(REGISTRATIONS[:1]).map(lambda each: {"registration": each}) | st.just({})
state = documents("activities/state", "stateId", here, there, attempt)
profiles = documents("activities/profile", "profileId", here)
agent_profiles = documents("agents/profile", "profileId", there)
one = getting("statements", by_name("statementId", ids), attached, shown)
voided = getting("statements", by_name("voidedStatementId", ids), attached, shown)
many = getting("statements", filters, attached, shown, paging=True)
narrower = st.just({}) | by_name("limit", st.just("1")) | by_name("cursor", FILTERS["cursor"])
feed = getting("changes", narrower)
known = getting("activities", on_activity) | getting("agents", on_agent)
ALIKE = [*[storing()] * 4, one, voided, many, many, feed, feed, known, known, state, profiles, agent_profiles]
"""Each is as likely as the next."""
RESOURCES = frozenset(
    (
        "about",
        "statements",
        "activities",
        "agents",
        "activities/state",
        "activities/profile",
        "agents/profile",
        "changes",
    )
)
"""Those that ``ALIKE`` asks, and ``about``, which tells nobody anything: to be added to when there are more."""


@st.composite
def asks(draw: st.DrawFn) -> list[Ask]:
    """A few requests, each of one tenant, the other, or of both in turn."""
    asked = draw(st.sampled_from(ALIKE).flatmap(lambda some: some))
    key = draw(st.sampled_from(KEYS))
    stranger, form = (draw(st.sampled_from([False] * n + [True])) for n in (19, 4))
    who = draw(st.sampled_from([TENANTS[:1], TENANTS[1:], TENANTS, TENANTS[::-1]]))
    return [msgspec.structs.replace(asked, tenant=tenant, key=key, stranger=stranger, form=form) for tenant in who]


many_asks = st.lists(asks(), min_size=10, max_size=25).map(lambda some: [ask for each in some for ask in each])


OTHERS = "the-other-clients-words"


@st.composite
def of_two_clients(draw: st.DrawFn) -> Ask:
    """Of one tenant: ``moodle`` may write and read its own, ``player`` writes statements with other ids."""
    if draw(st.booleans()):
        asked = draw(storing(IDS[3:], OTHERS, voiding=False))
        return msgspec.structs.replace(asked, tenant=TENANTS[0], key="player")
    asked = draw(st.sampled_from([storing(IDS[:3]), one, voided, many, many]).flatmap(lambda some: some))
    return msgspec.structs.replace(asked, tenant=TENANTS[0], key="moodle")


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────


def answers(asked: Sequence[Ask], heard: Callable[[Ask], bool] = lambda ask: True) -> list[Said | None]:
    """Of a daemon that is asked all of this, one after the other, or only what is ``heard``: then it never learns of
    the rest (None), and the time is the same all the same."""
    with tempfile.TemporaryDirectory() as folder:
        return trio.run(_answers, Path(folder), asked, heard)


async def _answers(folder: Path, asked: Sequence[Ask], heard: Callable[[Ask], bool]) -> list[Said | None]:
    world = World()
    for name in TENANTS:
        person = PersonRow(
            home_page="https://lms.test", account="ben", email="ada@example.edu", display_name=MARKS[name]
        )
        world.people[name] = (person,)
    async with open_store(folder / "two.db", world.clock, inline=True) as store:
        world.ports = msgspec.structs.replace(
            world.ports,
            statements=store.statements,
            reads=store.finding,
            attachments=store.attachments,
            activities=store.activities,
            documents=store.documents,
            feed=store.feed,
        )
        said: list[Said | None] = []
        async with world.client(None) as client:
            for number, ask in enumerate(asked):
                world.clock.time_us += STEP_US
                client.headers["X-Correlation-ID"] = f"request-{number}"
                said.append(await _answer(client, ask) if heard(ask) else None)
                await _route(store, ask.tenant)
        return said


async def _route(store: Store, tenant: str) -> None:
    """What the tenant's router does with what is new."""
    plan = Plan(Tenant(name=tenant, timezone="UTC", locale="en"), {}, 0)
    for told in await store.statements.after(tenant, await store.outbox.cursor(tenant), 100):
        voided = voids(told.body)
        caused = await store.outbox.caused(tenant, voided, told.seq) if voided else None
        await store.outbox.route(tenant, [plan.make(told, told.stored_us, caused)], told.seq)


async def _answer(client: httpx.AsyncClient, ask: Ask) -> Said:
    owner = ask.tenant
    visitor = next(name for name in TENANTS if name != owner) if ask.stranger else owner
    headers = {**VERSION, **_credentials(visitor, ask.key), **ask.headers}
    body, contents = _marked(ask.body, owner), [_marked(each, owner).encode() for each in ask.contents]
    content = None if body is None else json.dumps(body).encode()
    if contents:
        content = mixed(body, *contents)
        headers |= MIXED
    elif body is not None:
        headers["Content-Type"] = "application/json"
    root = f"/t/{owner}/" if ask.path == "changes" else f"/t/{owner}/xapi/"
    params = {name: str(_marked(value, owner)) for name, value in ask.params.items()}
    if ask.form and not contents and ask.path != "changes":
        form = {**params, **headers, **({} if content is None else {"content": content.decode()})}
        answer = await client.post(f"{root}{ask.path}?method={ask.method}", data=form)
    else:
        answer = await client.request(ask.method, root + ask.path, params=params, content=content, headers=headers)
    said = _said(answer)
    while ask.paging and isinstance(said.content, list) and (more := said.content[0].get("more")):
        answer = await client.get(more, headers=headers)
        further = _said(answer)
        said = Said(further.status, further.headers, [{**further.content[0]}, *said.content])
        assert len(said.content) < PAGES_MAX
    return said


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return basic(key, key[::-1] if tenant == "acme" else f"{key}@{tenant}"[::-1])


def _marked(value: Any, tenant: str) -> Any:
    match value:
        case str():
            return value.replace("MARK", MARKS[tenant])
        case {"MARK": str(content)}:
            return attachment(str(_marked(content, tenant)).encode())
        case dict():
            return {name: _marked(inner, tenant) for name, inner in value.items()}
        case list():
            return [_marked(inner, tenant) for inner in value]
        case _:
            return value


def _said(answer: httpx.Response) -> Said:
    headers = dict(answer.headers)
    for name in ("x-correlation-id", "traceparent"):
        del headers[name]
    if headers.get("content-type", "").startswith("multipart/mixed"):
        (_, document), *parts = taken_apart(answer)
        headers["content-type"] = "multipart/mixed"
        return Said(answer.status_code, headers, [json.loads(document), *[content for _, content in parts]])
    if headers.get("content-type", "").startswith("application/json") and answer.content:
        found = json.loads(answer.content)
        return Said(answer.status_code, headers, [found] if isinstance(found, dict) else found)
    return Said(answer.status_code, headers, answer.content)
