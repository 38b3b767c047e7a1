"""Statements for logs that are searched: few agents, activities, verbs and ids, so that much of it meets."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import Wanted
from actors.domain.xapi.patterns import Version
from actors.ports import Provenance

Json = dict[str, Any]
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
VERBS = ["http://verbs.example.edu/passed", "http://verbs.example.edu/failed"]
ACTIVITIES = ["http://lms.example.edu/course/1", "http://lms.example.edu/course/2"]
REGISTRATIONS = ["8f0c5e0e-6d3f-4a56-8a30-6c1a0b1f0001", "8F0C5E0E-6D3F-4A56-8A30-6C1A0B1F0002"]
AUTHORITIES = [
    b'{"account":{"homePage":"urn:lmsyncd:acme:campus","name":"moodle"}}',
    b'{"mbox":"mailto:lrs@example.edu"}',
]
PEOPLE: list[Json] = [
    {"mbox": "mailto:ada@example.edu"},
    {"account": {"homePage": "http://lms.example.edu", "name": "ada b"}},
    {"openid": "http://ada.example.edu/"},
    {"mbox_sha1sum": "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"},
    {"mbox": "mailto:lrs@example.edu"},
]
IDS = [f"0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a{number:02d}" for number in range(8)]

ids = st.sampled_from(IDS)
agents = st.sampled_from(PEOPLE)
groups = st.builds(
    lambda who, members: {"objectType": "Group", "member": members, **who},
    st.just({}) | agents,
    st.lists(agents, min_size=1, max_size=2),
)
activities = st.sampled_from(ACTIVITIES).map(lambda name: {"id": name})
references = ids.map(lambda name: {"objectType": "StatementRef", "id": name})


def typed(who: Json) -> Json:
    return {"objectType": "Agent", **who}


@cache
def contexts(version: Version) -> st.SearchStrategy[Json]:
    more: dict[str, st.SearchStrategy[Any]] = {
        "registration": st.sampled_from(REGISTRATIONS),
        "instructor": agents | groups,
        "team": groups,
        "contextActivities": st.fixed_dictionaries(
            {}, optional={"parent": activities, "other": st.lists(activities, min_size=1, max_size=2)}
        ),
    }
    if version == "2.0.0":
        more["contextAgents"] = st.lists(
            agents.map(lambda who: {"objectType": "contextAgent", "agent": who}), min_size=1, max_size=2
        )
        more["contextGroups"] = st.lists(
            groups.map(lambda who: {"objectType": "contextGroup", "group": who}), min_size=1, max_size=1
        )
    return st.fixed_dictionaries({}, optional=more)


@cache
def _parts(version: Version) -> dict[str, st.SearchStrategy[Any]]:
    return {"actor": agents | groups, "verb": st.sampled_from(VERBS).map(lambda name: {"id": name})}


@cache
def statements(version: Version) -> st.SearchStrategy[Json]:
    """Also references to one another, in chains and circles, and voiders of what may never come."""
    subs = st.fixed_dictionaries(
        {
            "objectType": st.just("SubStatement"),
            "object": activities | agents.map(typed) | references,
            **_parts(version),
        },
        optional={"context": contexts(version)},
    )
    things = activities | agents.map(typed) | groups | subs | references | references
    told = st.fixed_dictionaries(
        {"id": ids, "object": things, **_parts(version)}, optional={"context": contexts(version)}
    )
    voiders = st.builds(lambda one, thing: {**one, "verb": {"id": VOIDED}, "object": thing}, told, references)
    return told | told | told | voiders


@cache
def batches(version: Version) -> st.SearchStrategy[list[Json]]:
    """One request's. (A strategy that is built anew for each draw costs more than the draw.)"""
    return st.lists(statements(version), min_size=1, max_size=4, unique_by=lambda one: one["id"])


versions = st.sampled_from(["1.0.3", "2.0.0"])


@st.composite
def arrivals(draw: st.DrawFn, tenants: tuple[str, ...] = ("acme", "globex")) -> tuple[Provenance, list[Json]]:
    """One request's statements and where they come from."""
    version: Version = draw(versions)
    tenant, authority = draw(st.sampled_from(tenants)), draw(st.sampled_from(AUTHORITIES))
    return provenance(tenant, version, authority), draw(batches(version))


def provenance(tenant: str = "acme", version: Version = "1.0.3", authority: bytes = AUTHORITIES[0]) -> Provenance:
    return Provenance(
        tenant=tenant, source="campus", correlation_id="c", traceparent="t", version=version, authority=authority
    )


def taken_in(batch: list[Json], where: Provenance) -> list[NewStatement]:
    """As the gateway takes them in."""
    version: Version = "2.0.0" if where.version == "2.0.0" else "1.0.3"
    return read_batch(
        json.dumps(batch).encode(),
        tenant=where.tenant,
        source=where.source,
        dedupe=False,
        version=version,
        fresh_id=lambda: "0" * 32,
    )


wanted = st.builds(
    Wanted,
    verb=st.none() | st.sampled_from([*VERBS, VOIDED]),
    activity=st.none() | st.sampled_from(ACTIVITIES),
    agent=st.none() | agents.map(agent_key),
    registration=st.none() | st.sampled_from(REGISTRATIONS).map(str.lower),
    related_activities=st.booleans(),
    related_agents=st.booleans(),
)
