"""Who a person is, under all their names, and what is left of a statement without them."""

from hashlib import sha1
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.erasing import HOME_PAGE, SIGNATURE, Eraser, Fate
from actors.domain.persons import Person, identified, joined
from actors.domain.xapi.validate import found_faults
from config.model import PersonRow

EMAIL = "ada@example.edu"
HEX = sha1(b"mailto:ada@example.edu").hexdigest()
HOME = "https://lms.example.edu"
PEOPLE = (
    PersonRow(home_page=HOME + "/", account="ada7", email="Ada@Example.edu", display_name="Ada Lovelace"),
    PersonRow(home_page="https://sis.example.edu", account="4711", email="ada@example.edu"),
    PersonRow(home_page=HOME, account="bob", email="bob@example.edu", display_name="Bob"),
)
ADA = {"mbox": f"mailto:{EMAIL}", "name": "Ada Lovelace"}
BOB = {"mbox": "mailto:bob@example.edu", "name": "Bob"}
PSEUDONYM = "erased-0123456789abcdef"
GONE = {"account": {"homePage": HOME_PAGE, "name": PSEUDONYM}}


def eraser(*named: str, people: tuple[PersonRow, ...] = ()) -> Eraser:
    person = Person()
    for text in named or (f"mailto:{EMAIL}",):
        person |= identified(text)
    return Eraser(joined(person, people), PSEUDONYM)


def statement(**more: Any) -> dict[str, Any]:
    return {
        "id": "12345678-1234-4234-8234-123456789012",
        "actor": BOB,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://lms.example.edu/quiz"},
        **more,
    }


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("start", [f"mailto:{EMAIL}", "account:https://sis.example.edu|4711", f"sha1:{HEX.upper()}"])
def test_the_directory_joins_every_identifier_to_the_others(start: str) -> None:
    assert joined(identified(start), PEOPLE).shown() == [
        f"mailto:{EMAIL}",
        f"account:{HOME}|ada7",
        "account:https://sis.example.edu|4711",
        f"sha1:{HEX}",
    ]


def test_what_the_directory_does_not_know_stays_as_it_was_named() -> None:
    assert joined(identified("openid:https://id.example/ada"), PEOPLE).shown() == ["openid:https://id.example/ada"]


@pytest.mark.parametrize("wrong", ["", "ada", "mailto:ada", "account:x", "account:|x", "sha1:12", "text:Ada", "x:y"])
def test_what_is_no_identifier_is_refused_in_words(wrong: str) -> None:
    with pytest.raises(ValueError, match="no identifier of a person"):
        identified(wrong)


def test_agents_are_known_by_any_identifier_however_it_is_spelt() -> None:
    person = joined(identified(f"mailto:{EMAIL}"), PEOPLE)
    for agent in (
        {"mbox": "mailto:ADA@example.EDU"},
        {"mbox_sha1sum": HEX.upper()},
        {"account": {"homePage": HOME, "name": "ada7"}},
        {"account": {"homePage": HOME + "/", "name": "ada7"}},
    ):
        assert person.is_named(agent)
    for other in (BOB, {"account": {"homePage": HOME, "name": "ada"}}, {}, {"account": 5}, {"mbox": 7}):
        assert not person.is_named(other)
    assert person.is_learner("mbox:ada@example.edu", "")
    assert person.is_learner("account:elsewhere|x", "ADA@example.edu")
    assert not person.is_learner("account:elsewhere|x", "")


# ── statements ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        (statement(actor=ADA), Fate.GOES),
        (statement(object={"objectType": "Agent", **ADA}), Fate.GOES),
        (statement(), Fate.STAYS),
        (statement(context={"instructor": ADA}), Fate.CHANGED),
        (statement(context={"team": {"objectType": "Group", "member": [BOB, ADA]}}), Fate.CHANGED),
        (statement(actor={"objectType": "Group", "member": [ADA, BOB]}), Fate.CHANGED),
        (statement(object={**statement(actor=ADA), "objectType": "SubStatement"}), Fate.CHANGED),
        (statement(context={"extensions": {"http://x.test/e": [f"see {EMAIL.upper()}."]}}), Fate.CHANGED),
        (
            statement(context={"extensions": {"http://x.test/e": "nevada@example.edu, ada@example.education"}}),
            Fate.STAYS,
        ),
    ],
)
def test_their_statements_go_and_others_are_changed(given: dict[str, Any], fate: Fate) -> None:
    one = eraser()
    assert one.fate(given) is fate
    assert one.may_concern(msgspec.json.encode(given)) or fate is Fate.STAYS


def test_nothing_of_them_is_left_and_everything_else_is() -> None:
    one = eraser(people=PEOPLE)
    given = statement(
        actor={"objectType": "Group", "name": "Team", "member": [ADA, BOB]},
        context={
            "instructor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "ada7"}},
            "extensions": {f"http://x.test/{EMAIL}": {"note": f"Ada Lovelace <{EMAIL}>, user ada7", "n": 7}},
        },
        object={"id": f"https://lms.example.edu/portfolio/{EMAIL}", "definition": {"name": {"en": "Ada Lovelace's"}}},
    )
    assert one.fate(given) is Fate.CHANGED
    told = one.statement(given)
    raw = msgspec.json.encode(told).decode().lower()
    assert "ada@" not in raw
    assert "lovelace" not in raw
    assert "ada7" not in raw
    assert told["actor"] == {"objectType": "Group", "name": "Team", "member": [GONE, BOB]}
    assert told["context"]["instructor"] == {"objectType": "Agent", **GONE}
    assert told["context"]["extensions"] == {
        f"http://x.test/{PSEUDONYM}": {"note": f"{PSEUDONYM} <{PSEUDONYM}>, user {PSEUDONYM}", "n": 7}
    }
    assert found_faults(told, "1.0.3") == ()
    assert one.fate(told) is Fate.STAYS


def test_another_person_of_the_same_name_keeps_it() -> None:
    namesake = {"mbox": "mailto:other@example.edu", "name": "Ada Lovelace"}
    one = eraser(people=PEOPLE)
    assert one.fate(statement(actor=namesake)) is Fate.STAYS


def test_what_was_signed_is_not_signed_any_more() -> None:
    attachment = {"contentType": "x/y", "length": 1, "sha2": "ab" * 32, "display": {"en": "x"}}
    signature, other = {**attachment, "usageType": SIGNATURE}, {**attachment, "usageType": "http://x.test/u"}
    one = eraser()
    assert one.statement(statement(attachments=[signature, other], context={"instructor": ADA}))["attachments"] == [
        other
    ]
    assert "attachments" not in one.statement(statement(attachments=[signature]))


def test_escaped_letters_hide_nothing() -> None:
    raw = msgspec.json.encode(statement(actor=ADA)).replace(b"ada@", b"\\u0061d\\u0061\\u0040")
    one = eraser()
    assert one.may_concern(raw)
    assert one.fate(msgspec.json.decode(raw)) is Fate.GOES


def test_a_text_is_theirs_wherever_it_stands() -> None:
    one = eraser("text:Ada Lovelace")
    assert one.fate(statement(object={"id": "https://x.test/p", "definition": {"name": {"en": "ada lovelace's"}}})) is (
        Fate.CHANGED
    )
    assert one.text("ADA LOVELACE, Adalovelace") == f"{PSEUDONYM}, Adalovelace"


def test_changes_are_of_their_learner() -> None:
    one = eraser(people=PEOPLE)
    change = {"kind": "passed", "learner": {"key": f"account:{HOME}|ada7", "name": "Countess"}, "at": "2026-11-20"}
    assert one.is_about(change)
    told = one.without({**change, "course": {"id": "https://x.test/c", "name": "The Countess and her engine"}})
    assert told["learner"] == {"key": f"account:{HOME_PAGE}|{PSEUDONYM}", "name": PSEUDONYM}
    assert told["course"]["name"] == f"The {PSEUDONYM} and her engine"
    assert not one.is_about({"learner": {"key": "mbox:bob@example.edu", "email": "bob@example.edu"}})
    assert not one.is_about({"learner": 7})


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=12) | st.sampled_from([EMAIL, f"x {EMAIL} y", "Ada Lovelace", HEX]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        | st.builds(lambda rest: {**rest, **ADA}, st.dictionaries(st.text(max_size=4), inner, max_size=2))
    ),
    max_leaves=12,
)


@given(JSON)
def test_without_them_nothing_mentions_them_and_once_is_enough(value: object) -> None:
    one = eraser(people=PEOPLE)
    mentioned = one.mentions(value)
    raw = msgspec.json.encode(value)
    assert one.may_concern(raw) or not mentioned
    left = one.without(value)
    assert not one.mentions(left)
    assert one.without(left) == left
    if not mentioned and "ada lovelace" not in raw.decode().lower():
        assert left == value
