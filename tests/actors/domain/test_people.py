"""One person under several names: what joins them, and what does not."""

import msgspec
import pytest

from actors.domain.changes import AnyChange, CourseCompleted
from actors.domain.people import Directory, Learner, sha1_key
from actors.domain.recognise import recognise
from config.model import PersonRow

ADA = PersonRow(home_page="https://moodle.example.edu/", account="ada", email="Ada@Example.edu", display_name="Ada")
ACCOUNT = {"account": {"homePage": "https://moodle.example.edu", "name": "ada"}}
MBOX = {"mbox": "mailto:ADA@example.edu"}
SHA1 = {"mbox_sha1sum": sha1_key("ada@example.edu").removeprefix("sha1:")}


def completed(actor: dict[str, object], people: tuple[PersonRow, ...] = (ADA,)) -> AnyChange:
    """The same completion, as a source tells it that names the learner so."""
    statement = {
        "actor": actor,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {
            "id": "https://moodle.example.edu/course/view.php?id=42",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
    }
    change = recognise(
        msgspec.json.encode(statement),
        at="2026-01-01T00:00:00Z",
        languages=("en",),
        directory=Directory(people),
    )
    assert isinstance(change, CourseCompleted)
    return change


@pytest.mark.parametrize("actor", [MBOX, SHA1], ids=["address", "hash"])
def test_one_completion_told_by_two_sources_is_one(actor: dict[str, object]) -> None:
    by_account, by_other = completed(ACCOUNT), completed(actor)
    assert by_account.learner.key != by_other.learner.key
    assert by_account.entity == by_other.entity
    assert by_account.value == by_other.value


def test_without_the_people_file_they_are_strangers() -> None:
    assert completed(ACCOUNT, ()).entity != completed(MBOX, ()).entity


def test_others_stay_others() -> None:
    ben = msgspec.structs.replace(ADA, account="ben", email="ben@example.edu")
    entities = {
        completed(actor, (ADA, ben)).entity
        for actor in (
            ACCOUNT,
            MBOX,
            {"mbox": "mailto:ben@example.edu"},
            {"account": {**ACCOUNT["account"], "name": "x"}},
        )
    }
    assert len(entities) == 3


def test_identity() -> None:
    key = "account:https://moodle.example.edu|ada"
    assert Learner(key=key).identity == key
    assert Learner(key=key, email="ada@example.edu").identity == "mbox:ada@example.edu"
    assert Learner(key="mbox:ada@example.edu", email="ada@example.edu").identity == "mbox:ada@example.edu"
