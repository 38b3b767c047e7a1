"""One person behind several agents."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from xapi_samples import Json, agents, simple, statements

from actors.domain.people import Directory, sha1_key
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.persons import NAMES_MAX, directory_key, names_borne, person, same_person
from config.model import PersonRow

slow_to_draw = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
MOODLE, CANVAS = "https://moodle.example.edu", "https://canvas.example.edu"
ADA = PersonRow(home_page=MOODLE, account="ada", email="ada@example.edu", display_name="Ada")
SAME = PersonRow(home_page=CANVAS, account="17", email="Ada@Example.edu", display_name="Ada Byron")
BEN = PersonRow(home_page=MOODLE, account="ben", email="", display_name="Ben")
PEOPLE = Directory([ADA, SAME, BEN])
MBOX = {"mbox": "mailto:ada@example.edu"}
ACCOUNTS = [{"homePage": MOODLE, "name": "ada"}, {"homePage": CANVAS, "name": "17"}]


def whole(agent: Json) -> Json:
    rows = PEOPLE.rows(directory_key(agent))
    return person(same_person(agent, rows), [row.display_name for row in rows])


@pytest.mark.parametrize(
    "agent",
    [MBOX, {"mbox": "mailto:ADA@example.edu"}, {"account": ACCOUNTS[1]}, {"account": {**ACCOUNTS[0]}, "name": "A."}],
)
def test_whoever_is_asked_about_the_same_person_answers(agent: Json) -> None:
    found = whole(agent)
    asked = [agent["name"]] if "name" in agent else []
    assert found["name"] == [*asked, "Ada", "Ada Byron"]
    assert sorted(account["name"] for account in found["account"]) == ["17", "ada"]
    assert found["mbox"] == [agent.get("mbox", MBOX["mbox"])]


def test_a_hash_is_joined_too() -> None:
    digits = sha1_key("ada@example.edu").removeprefix("sha1:").upper()
    found = whole({"mbox_sha1sum": digits})
    assert (found["mbox_sha1sum"], found["mbox"], found["account"]) == ([digits], [MBOX["mbox"]], ACCOUNTS)


def test_a_slash_makes_no_other_account() -> None:
    found = whole({"account": {"homePage": MOODLE + "/", "name": "ben"}})
    assert found == {"objectType": "Person", "name": ["Ben"], "account": [{"homePage": MOODLE + "/", "name": "ben"}]}


@given(agents)
def test_a_stranger_is_what_was_asked_about(agent: Json) -> None:
    found = whole(agent)
    told = {name: [value] for name, value in agent.items() if name != "objectType" and (name != "name" or value)}
    assert found == {"objectType": "Person", **told}


def test_names_are_told_once_and_not_without_end() -> None:
    found = person([{**MBOX, "name": "x"}], ["y", "x", "", *map(str, range(100))])
    assert found["name"][:3] == ["x", "y", "0"]
    assert len(found["name"]) == NAMES_MAX


def test_names_in_statements() -> None:
    key = agent_key(MBOX) or ""
    team = {
        "objectType": "Group",
        "member": [{**MBOX, "name": "member"}, {"mbox": "mailto:b@example.edu", "name": "B"}],
    }
    inner = {"objectType": "SubStatement", **simple(actor={**MBOX, "name": "inner"})}
    around = {
        "instructor": {**MBOX, "name": "instructor"},
        "team": team,
        "contextAgents": [{"objectType": "contextAgent", "agent": {**MBOX, "name": "agent"}}],
        "contextGroups": [{"objectType": "contextGroup", "group": {**team, "name": "group", **MBOX, "member": []}}],
    }
    told = list(names_borne(simple(actor={**MBOX, "name": "actor"}, object=inner, context=around), key))
    assert sorted(told) == ["actor", "agent", "group", "inner", "instructor", "member"]
    assert list(names_borne(simple(object={"objectType": "Agent", **MBOX, "name": "object"}), key)) == ["object"]
    assert list(names_borne(simple(), key)) == []


@slow_to_draw
@given(statements("2.0.0"))
def test_nobody_bears_a_name_that_is_not_said(statement: Json) -> None:
    key = agent_key(statement["actor"])
    if key is not None:
        names = list(names_borne(statement, key))
        assert all(msgspec.json.encode(name) in msgspec.json.encode(statement) for name in names)
        if statement["actor"].get("name"):
            assert statement["actor"]["name"] in names
