"""A statement is what xAPI says it is, fast and slow alike, and the sender learns what is wrong."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xapi_samples import Json, learner, moodle, simple, spoilt, statements, values

from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.rules import faults
from actors.domain.xapi.shapes import fits
from actors.domain.xapi.validate import FAULTS_MAX, validate

VERSIONS: list[Version] = ["1.0.3", "2.0.0"]
slow_to_draw = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


def found(statement: object, version: Version = "1.0.3") -> dict[str, str]:
    """Path to rule; and the two validators must agree."""
    named = {fault.path: fault.rule for fault in faults(statement, version)}
    assert fits(statement, version) == (not named)
    return named


@pytest.mark.parametrize("version", VERSIONS)
def test_what_moodle_sends_is_valid(version: Version) -> None:
    for statement in moodle():
        assert found(statement, version) == {}


@pytest.mark.parametrize("version", VERSIONS)
@slow_to_draw
@given(st.data())
def test_every_kind_of_statement_is_valid(version: Version, data: st.DataObject) -> None:
    assert found(data.draw(statements(version)), version) == {}


@pytest.mark.parametrize("version", VERSIONS)
@slow_to_draw
@given(st.data())
def test_fast_and_slow_agree_on_spoilt_statements(version: Version, data: st.DataObject) -> None:
    found(data.draw(spoilt(statements(version) | st.sampled_from(range(20)).map(lambda at: moodle()[at]))), version)


@given(values)
def test_arbitrary_json_is_no_statement(value: object) -> None:
    with pytest.raises(Refusal):
        validate(value, "1.0.3", 3)


GROUP = {"objectType": "Group", "member": [learner()]}
REFERENCE = {"objectType": "StatementRef", "id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01"}
SUB = {"objectType": "SubStatement", **simple()}
ATTACHMENT = {
    "usageType": "http://example.org/signature",
    "display": {"en": "x"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "ab" * 32,
}
CASES: list[tuple[Json, str]] = [
    (simple(id="x"), "id"),
    (simple(id=None), "id"),
    (simple(extra=1), "extra"),
    (simple(Result={}), "Result"),
    (simple(actor={}), "actor"),
    (simple(actor={**learner(), "mbox": "mailto:a@example.edu"}), "actor"),
    (simple(actor={"mbox": "a@example.edu"}), "actor.mbox"),
    (simple(actor={"mbox_sha1sum": "ab"}), "actor.mbox_sha1sum"),
    (simple(actor={"openid": "nobody"}), "actor.openid"),
    (simple(actor={"account": {"name": "7"}}), "actor.account.homePage"),
    (simple(actor={"account": {"homePage": "https://x.org", "name": 7}}), "actor.account.name"),
    (simple(actor={**learner(), "objectType": "agent"}), "actor.objectType"),
    (simple(actor={**learner(), "member": []}), "actor.member"),
    (simple(actor={"objectType": "Group"}), "actor.member"),
    (simple(actor={"objectType": "Group", "member": [GROUP]}), "actor.member[0].objectType"),
    (simple(verb={}), "verb.id"),
    (simple(verb={"id": "completed"}), "verb.id"),
    (simple(verb={"id": "a:b", "display": {"en_US": "x"}}), "verb.display"),
    (simple(verb={"id": "a:b", "display": {"en": 1}}), "verb.display.en"),
    (simple(object={}), "object.id"),
    (simple(object={"id": "http://a b"}), "object.id"),
    (simple(object={**REFERENCE, "definition": {}}), "object.definition"),
    (simple(object={"objectType": "StatementRef", "id": "a:b"}), "object.id"),
    (simple(object={"objectType": "Course", "id": "a:b"}), "object.objectType"),
    (simple(object={**SUB, "id": REFERENCE["id"]}), "object.id"),
    (simple(object={**SUB, "stored": "2015-01-18T12:17:00Z"}), "object.stored"),
    (simple(object={**SUB, "object": SUB}), "object.object.objectType"),
    (simple(object={"id": "a:b", "definition": {"interactionType": "quiz"}}), "object.definition.interactionType"),
    (simple(object={"id": "a:b", "definition": {"choices": []}}), "object.definition.interactionType"),
    (simple(object={"id": "a:b", "definition": {"interactionType": "likert", "steps": []}}), "object.definition.steps"),
    (
        simple(object={"id": "a:b", "definition": {"interactionType": "choice", "choices": [{"id": "1"}] * 2}}),
        "object.definition.choices",
    ),
    (simple(result={"success": "true"}), "result.success"),
    (simple(result={"success": 1}), "result.success"),
    (simple(result={"duration": "P4W1D"}), "result.duration"),
    (simple(result={"duration": "PT"}), "result.duration"),
    (simple(result={"duration": "PT1.5H3M"}), "result.duration"),
    (simple(result={"score": {"scaled": 1.01}}), "result.score.scaled"),
    (simple(result={"score": {"raw": "80"}}), "result.score.raw"),
    (simple(result={"score": {"raw": 5, "max": 4}}), "result.score.raw"),
    (simple(result={"score": {"raw": 1, "min": 2}}), "result.score.raw"),
    (simple(result={"score": {"min": 2, "max": 2}}), "result.score.min"),
    (simple(result={"extensions": {"score": 1}}), "result.extensions"),
    (simple(context={"registration": "1"}), "context.registration"),
    (simple(context={"team": learner()}), "context.team.objectType"),
    (simple(context={"platform": "x"}, object=REFERENCE), "context.platform"),
    (simple(context={"language": "english language"}), "context.language"),
    (simple(context={"contextActivities": {"parents": []}}), "context.contextActivities.parents"),
    (
        simple(context={"contextActivities": {"parent": [{"id": "a:b"}, learner()]}}),
        "context.contextActivities.parent[1].id",
    ),
    (simple(context={"contextAgents": []}), "context.contextAgents"),
    (simple(timestamp="2015-01-18T12:17:00-00:00"), "timestamp"),
    (simple(timestamp="2015-01-18T12:17:00-0000"), "timestamp"),
    (simple(timestamp="2015-01-18T12:17:00-00"), "timestamp"),
    (simple(timestamp="2015-02-30T12:17:00Z"), "timestamp"),
    (simple(timestamp="01/011/2015"), "timestamp"),
    (simple(timestamp=1421583420), "timestamp"),
    (simple(version="1.1.0"), "version"),
    (simple(authority=GROUP), "authority"),
    (simple(attachments={}), "attachments"),
    (simple(attachments=[{**ATTACHMENT, "length": "3"}]), "attachments[0].length"),
    (simple(attachments=[{**ATTACHMENT, "length": -3}]), "attachments[0].length"),
    (simple(attachments=[{**ATTACHMENT, "contentType": "text"}]), "attachments[0].contentType"),
    (simple(attachments=[{**ATTACHMENT, "sha2": "0"}]), "attachments[0].sha2"),
    (simple(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}), "object.objectType"),
]


@pytest.mark.parametrize(("statement", "path"), CASES, ids=lambda case: case if isinstance(case, str) else "")
def test_the_broken_property_is_named(statement: Json, path: str) -> None:
    assert path in found(statement)


@pytest.mark.parametrize(
    "statement",
    [
        simple(actor=GROUP, object={**GROUP, **learner("9")}),
        simple(object=learner() | {"objectType": "Agent"}),
        simple(object={**SUB, "object": REFERENCE, "attachments": [{**ATTACHMENT, "fileUrl": "http://x.org"}]}),
        simple(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=REFERENCE),
        simple(authority={"objectType": "Group", "member": [learner(), learner("8")]}),
        simple(result={"score": {"scaled": -1, "raw": -5, "min": -10.5, "max": 0}, "duration": "PT0.123456S"}),
        simple(result={"extensions": {"http://x.org/nullable": None}}),
        simple(context={"platform": "x", "revision": "y"}, version="1.0"),
        simple(context={"language": "sgn-BE-FR"}, verb={"id": "a:b", "display": {"en-GB-oed": "x", "i-klingon": "y"}}),
        simple(timestamp="2015-01-18T12:17:00"),
        simple(timestamp="2015-01-18T12:17:00.123456789+0100"),
    ],
)
def test_what_looks_odd_and_is_allowed(statement: Json) -> None:
    assert found(statement) == {}


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"contextAgents": [{"agent": learner()}]}, "context.contextAgents[0].objectType"),
        (
            {"contextAgents": [{"objectType": "contextAgent", "agent": GROUP}]},
            "context.contextAgents[0].agent.objectType",
        ),
        (
            {"contextGroups": [{"objectType": "contextGroup", "group": GROUP, "relevantTypes": []}]},
            "context.contextGroups[0].relevantTypes",
        ),
        (
            {"contextGroups": [{"objectType": "contextGroup", "group": GROUP, "relevantTypes": ["abc"]}]},
            "context.contextGroups[0].relevantTypes[0]",
        ),
    ],
)  # fmt: skip
def test_context_agents_and_groups_of_2_0(more: Json, path: str) -> None:
    assert path in found(simple(context=more), "2.0.0")
    assert f"object.{path}" in found(simple(object={**SUB, "context": more}), "2.0.0")


@pytest.mark.parametrize(
    "stamp", ["2015-01-18T12:17:00", "2015-01-18T12:17Z", "20150118T121700Z", "2015-01-18T12:17:00,5Z"]
)
def test_2_0_wants_rfc_3339(stamp: str) -> None:
    assert found(simple(timestamp=stamp), "1.0.3") == {}
    assert "timestamp" in found(simple(timestamp=stamp), "2.0.0")


def test_a_refusal_names_the_statement_and_is_bounded() -> None:
    crowd: dict[str, Any] = {f"wrong{number}": number for number in range(100)}
    with pytest.raises(Refusal) as caught:
        validate(simple(**crowd), "1.0.3", 4)
    assert caught.value.index == 4
    assert len(caught.value.faults) == FAULTS_MAX
    assert "statement 4" in str(caught.value)
    assert caught.value.path == "wrong0"


def test_long_hostile_strings_are_judged_in_linear_time() -> None:
    """Each of these would keep a backtracking matcher busy for longer than the age of the universe."""
    many = 200_000
    for statement in (
        simple(verb={"id": "a:" + "b" * many + " "}),
        simple(context={"language": "en" + "-abcde" * many + "!"}),
        simple(result={"duration": "P" + "1" * many}),
        simple(timestamp="2015-01-18T12:17:00." + "0" * many + "!"),
        simple(attachments=[{**ATTACHMENT, "contentType": "a/b" + ";a=b" * many + ";"}]),
        simple(actor={"mbox": "mailto:" + "a" * many}),
    ):
        assert found(statement)
