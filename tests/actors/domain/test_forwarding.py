"""What consumers of statements choose by."""

import msgspec
import pytest

from actors.domain.forwarding import look_at, passes, stored
from actors.domain.people import Directory
from config.model import Filter, PersonRow

ADA = PersonRow(home_page="https://lms.example.edu", account="7", email="Ada@example.edu", display_name="Ada")
ATTENDED = "http://adlnet.gov/expapi/verbs/attended"
LECTURE = {"id": "https://lms.example.edu/lecture", "definition": {"type": "urn:x:lecture"}}
AGENT = {"account": {"homePage": "https://lms.example.edu", "name": "7"}}


def seen(verb: str = ATTENDED, thing: object = LECTURE, actor: object = AGENT) -> object:
    return look_at(msgspec.json.encode({"actor": actor, "verb": {"id": verb}, "object": thing}))


@pytest.mark.parametrize(
    ("wanted", "through"),
    [
        (None, True),
        (Filter(verbs=(ATTENDED,)), True),
        (Filter(verbs=("urn:x:other", ATTENDED)), True),
        (Filter(verbs=("urn:x:other",)), False),
        (Filter(verbs=("http://adlnet.gov/*",)), True),
        (Filter(verbs=("http://adlnet.gov/",)), False),
        (Filter(activities=("https://lms.example.edu/*",)), True),
        (Filter(activities=("https://lms.example.edu/lab",)), False),
        (Filter(activity_types=("urn:x:lecture",)), True),
        (Filter(activity_types=("urn:x:lab",)), False),
        (Filter(sources=("moodle",)), True),
        (Filter(sources=("canvas",)), False),
        (Filter(verbs=(ATTENDED,), sources=("canvas",)), False),
        (Filter(verbs=(ATTENDED,), activities=("*",), sources=("canvas", "moodle")), True),
    ],
)
def test_every_key_that_is_given_must_fit(wanted: Filter | None, through: bool) -> None:
    assert passes(wanted, seen(), "moodle") is through  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "thing",
    [
        {"objectType": "Agent", "mbox": "mailto:b@example.edu"},
        {"objectType": "Group", "member": [AGENT]},
        {"objectType": "StatementRef", "id": "https://lms.example.edu/lecture"},
        {"objectType": "SubStatement", "actor": AGENT, "verb": {"id": ATTENDED}, "object": LECTURE},
    ],
)
def test_only_an_activity_is_one(thing: dict[str, object]) -> None:
    sight = seen(thing=thing)
    assert sight.activity == ""  # type: ignore[attr-defined]
    assert not passes(Filter(activities=("https*",)), sight, "moodle")  # type: ignore[arg-type]
    assert not passes(Filter(activity_types=("urn:x:lecture",)), sight, "moodle")  # type: ignore[arg-type]
    assert passes(Filter(activities=("*",)), sight, "moodle")  # type: ignore[arg-type]


def test_a_statement_is_told_of_whom_it_is() -> None:
    told = stored(seen(), statement_id="s1", at="2026-11-23T10:00:00Z", directory=Directory((ADA,)))  # type: ignore[arg-type]
    assert (told.learner.email, told.learner.name) == ("ada@example.edu", "Ada")
    assert (told.kind, told.verb, told.voids) == ("statement", ATTENDED, "")
    assert told.activity is not None
    assert (told.activity.id, told.activity.type) == ("https://lms.example.edu/lecture", "urn:x:lecture")
    assert told.entity == "statement|s1"
    assert not told.standing
    assert told.momentary


def test_nobody_in_particular_and_what_is_voided() -> None:
    voided = seen(
        verb="http://adlnet.gov/expapi/verbs/voided",
        thing={"objectType": "StatementRef", "id": "ABCDEF00-0000-4000-8000-000000000000"},
        actor={"objectType": "Group", "member": [AGENT]},
    )
    told = stored(voided, statement_id="s2", at="", directory=Directory())  # type: ignore[arg-type]
    assert told.learner.key == ""
    assert told.voids == "abcdef00-0000-4000-8000-000000000000"
    assert told.activity is None
