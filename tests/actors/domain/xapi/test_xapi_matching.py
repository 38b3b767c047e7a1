"""What a query asks for, place by place of a statement; and that every place has its key."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_world import AUTHORITIES, Json, wanted
from log_world import statements as searched
from xapi_samples import moodle, simple, statements

from actors.domain.xapi.keys import Kind, agent_key, authority_keys, key, keys, target
from actors.domain.xapi.matching import Wanted, matches, meets

ADA = {"mbox": "mailto:ada@example.edu"}
BOB = {"mbox": "mailto:bob@example.edu"}
CLASS = {"objectType": "Group", "member": [ADA], "account": {"homePage": "http://lms.example.edu", "name": "5b"}}
COURSE = "http://lms.example.edu/course/9"


def in_context(**context: Any) -> Json:
    return simple(context=context)


def in_sub(**more: Any) -> Json:
    return simple(object={**simple(), "actor": BOB, "objectType": "SubStatement", **more})


@pytest.mark.parametrize(
    ("statement", "direct", "related"),
    [
        (simple(actor=ADA), True, True),
        (simple(actor=CLASS), True, True),
        (simple(object={"objectType": "Agent", **ADA}), True, True),
        (simple(object={"objectType": "Group", "member": [BOB, ADA]}), True, True),
        (in_context(instructor=ADA), False, True),
        (in_context(instructor=CLASS), False, True),
        (in_context(team=CLASS), False, True),
        (in_context(contextAgents=[{"objectType": "contextAgent", "agent": ADA}]), False, True),
        (in_context(contextGroups=[{"objectType": "contextGroup", "group": CLASS}]), False, True),
        (in_sub(actor=ADA), False, True),
        (in_sub(object={"objectType": "Agent", **ADA}), False, True),
        (in_sub(context={"team": CLASS}), False, True),
        (in_sub(context={"contextAgents": [{"objectType": "contextAgent", "agent": ADA}]}), False, True),
        (in_sub(object={"objectType": "StatementRef", "id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"}), False, False),
        (simple(), False, False),
    ],
)
def test_where_an_agent_is_found(statement: Json, direct: bool, related: bool) -> None:
    asked = agent_key({**ADA, "name": "whoever", "objectType": "Agent"})
    assert meets(statement, None, Wanted(agent=asked)) is direct
    assert meets(statement, None, Wanted(agent=asked, related_agents=True)) is related
    assert meets(statement, ADA, Wanted(agent=asked)) is direct
    assert meets(statement, {"objectType": "Group", "member": [ADA, BOB]}, Wanted(agent=asked, related_agents=True))


def test_a_group_is_found_by_its_own_name_too() -> None:
    assert meets(simple(actor=CLASS), None, Wanted(agent=agent_key({"account": CLASS["account"]})))


@pytest.mark.parametrize(
    ("statement", "direct", "related"),
    [
        (simple(object={"id": COURSE}), True, True),
        (in_context(contextActivities={"parent": [{"id": COURSE}]}), False, True),
        (in_context(contextActivities={"grouping": {"id": COURSE}}), False, True),
        (in_sub(object={"id": COURSE}), False, True),
        (in_sub(context={"contextActivities": {"other": [{"id": COURSE}]}}), False, True),
        (simple(), False, False),
    ],
)
def test_where_an_activity_is_found(statement: Json, direct: bool, related: bool) -> None:
    assert meets(statement, None, Wanted(activity=COURSE)) is direct
    assert meets(statement, None, Wanted(activity=COURSE, related_activities=True)) is related


def test_verb_and_registration_are_those_of_the_statement_itself() -> None:
    registration = "8F0C5E0E-6D3F-4A56-8A30-6C1A0B1F0002"
    sub = in_sub(verb={"id": "http://verbs.example.edu/x"}, context={"registration": registration})
    assert not meets(sub, None, Wanted(verb="http://verbs.example.edu/x"))
    assert not meets(sub, None, Wanted(registration=registration.lower()))
    assert meets(in_context(registration=registration), None, Wanted(registration=registration.lower()))
    assert not meets(simple(), None, Wanted(registration=registration.lower()))


def test_one_statement_of_the_chain_must_meet_everything() -> None:
    chain = [(simple(actor=ADA), None), (simple(actor=BOB, object={"id": COURSE}), None)]
    assert matches(chain, Wanted(agent=agent_key(BOB), activity=COURSE))
    assert not matches(chain, Wanted(agent=agent_key(ADA), activity=COURSE))
    assert not matches([], Wanted())


def test_agents_are_the_same_by_their_identifier_alone() -> None:
    names = [
        agent_key(who)
        for who in (
            ADA,
            {"openid": "mailto:ada@example.edu"},
            {"account": {"homePage": "http://a.example.edu", "name": "b c"}},
            {"account": {"homePage": "http://a.example.edu", "name": "b  c"}},
            {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
        )
    ]
    assert len(set(names)) == len(names)
    assert agent_key({"mbox_sha1sum": "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"}) == names[-1]
    assert agent_key({"objectType": "Group", "member": [ADA]}) is None


def test_keys_differ_by_tenant_kind_and_value() -> None:
    kinds: list[Kind] = ["verb", "registration", "agent", "activity", "further agent", "further activity", "loose"]
    values = ["", "a", "b", "a" * 1000]
    every = {key(tenant, kind, value) for tenant in ("acme", "globex") for kind in kinds for value in values}
    assert len(every) == 2 * len(kinds) * len(values)
    assert all(-(2**63) <= one < 2**63 for one in every)


def test_a_real_statement_has_few_keys() -> None:
    assert all(4 <= len(keys(statement, "acme")) <= 9 for statement in moodle())


@given(searched("2.0.0"), st.sampled_from(AUTHORITIES), wanted)
def test_what_meets_a_query_has_the_keys_it_is_looked_for_by(statement: Json, given: bytes, asked: Wanted) -> None:
    authority = json.loads(given)
    if not meets(statement, authority, asked):
        return
    have = {*keys(statement, "acme"), *authority_keys(authority, "acme")}
    assert asked.verb is None or key("acme", "verb", asked.verb) in have
    assert asked.registration is None or key("acme", "registration", asked.registration) in have
    if asked.agent is not None:
        further = key("acme", "further agent", asked.agent) in have and asked.related_agents
        assert key("acme", "agent", asked.agent) in have or further
    if asked.activity is not None:
        further = key("acme", "further activity", asked.activity) in have and asked.related_activities
        assert key("acme", "activity", asked.activity) in have or further


@given(statements("1.0.3") | statements("2.0.0"))
def test_every_valid_statement_has_keys_and_perhaps_a_target(statement: Json) -> None:
    assert len(set(keys(statement, "acme"))) == len(keys(statement, "acme")) >= 1
    refers = statement["object"].get("objectType") == "StatementRef"
    assert target(statement) == (statement["object"]["id"].lower() if refers else None)
