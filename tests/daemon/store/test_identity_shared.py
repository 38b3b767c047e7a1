"""An address that several have beside each other: what it tells is nobody's in particular, and whom that makes a
question for people and whom not."""

import pytest
from people_ledger import RULES, ledger, matches, person_of, persons, teach, who

from actors.domain.canonical import User
from actors.domain.identity import HOLDERS_MAX
from config.identity import Identity
from daemon.store.identity import Told, learn
from daemon.store.linking import deny, link


@pytest.mark.parametrize("rules", [RULES, Identity(link=("sis",))])
def test_an_address_that_two_have_is_nobodys_text(rules: Identity) -> None:
    """Neither by pages of one reading, nor of whoever stays, nor of who has it later."""
    raw = ledger()

    def told(user: str, email: str, at_us: int, *, source: str = "moodle", gone: bool = False) -> None:
        users = [Told(user=User(id=user, email=email), gone=gone)]
        learn(raw, "acme", source, f"https://{source}", users, rules, at_us)

    both = [Told(user=User(id=user, email="z@x")) for user in "56"]
    learn(raw, "acme", "moodle", "https://moodle", both, rules, 1_000)
    told("7", "z@x", 1_000)
    told("8", "z@x", 2_000, source="canvas")
    told("5", "z@x", 3_000, gone=True)
    told("6", "six@x", 3_000)
    told("7", "seven@x", 3_000)
    told("8", "eight@x", 4_000, source="canvas")
    told("9", "z@x", 5_000)
    texts = {text for (text,) in raw.execute("SELECT identity FROM identities")}
    assert "mbox:z@x" not in texts
    assert {"mbox:six@x", "mbox:seven@x", "mbox:eight@x"} < texts
    for user in "5679":
        found = who(raw, f"account:https://moodle|{user}")
        assert found is not None
        assert found.anchor == f"account:https://moodle|{user}"


def test_what_very_many_have_is_nobodys_text() -> None:
    raw = ledger()
    for number in range(HOLDERS_MAX + 5):
        teach(raw, "moodle", User(id=str(number), email="old@x"), at_us=1_000)
        teach(raw, "moodle", User(id=str(number), email="office@x" if number else "first@x"), at_us=2_000 + number)
    teach(raw, "moodle", User(id="new", email="old@x"), at_us=9_000)
    found = who(raw, "account:https://moodle|new")
    assert found is not None
    assert found.anchor == "account:https://moodle|new"


def test_what_is_told_by_an_address_of_several_is_counted_as_none_of_theirs() -> None:
    raw = ledger()
    teach(raw, "moodle", User(id="5", email="z@x"))
    teach(raw, "moodle", User(id="6", email="z@x"), at_us=2_000)
    before, since = who(raw, "mbox:z@x", 1_500), who(raw, "mbox:z@x", 2_500)
    assert before is not None
    assert since is not None
    assert (before.person, before.anchor) == (person_of(raw, "moodle", "5"), "mbox:z@x")
    assert (since.person, since.anchor, since.also, since.email) == (0, "shared:z@x", (), "z@x")
    assert who(raw, "sha1:" + "0" * 40) is None


def test_an_address_that_users_of_one_source_share_is_no_question() -> None:
    raw = ledger()
    teach(raw, "moodle", User(id="5", email="z@x"), User(id="6", email="z@x"), User(id="7", email="z@x"))
    assert matches(raw) == set()
    teach(raw, "canvas", User(id="1", email="z@x"))
    asked = {frozenset({("canvas", "1"), ("moodle", user)}) for user in "567"}
    assert matches(raw) == asked
    link(raw, "acme", person_of(raw, "canvas", "1"), person_of(raw, "moodle", "5"), RULES, "eve (uid 1)", 2_000)
    assert matches(raw) == set()  # answered once, the others are no question either


def test_siblings_whom_two_sources_tell_apart_are_no_question() -> None:
    raw = ledger()
    for source in ("moodle", "canvas"):
        users = [User(id=f"{source}{n}", email="z@x", identifiers={"sis": f"S{n}"}) for n in (1, 2)]
        teach(raw, source, *users)
    assert len(persons(raw)) == 2
    assert matches(raw) == set()


def test_a_question_ends_when_nobody_is_left_or_the_address_is_another() -> None:
    raw = ledger()
    teach(raw, "moodle", User(id="5", email="z@x"), User(id="6", email="z@x"))
    teach(raw, "canvas", User(id="1", email="z@x"))
    teach(raw, "moodle", User(id="6", email="six@x"), at_us=2_000)
    assert matches(raw) == {frozenset({("canvas", "1"), ("moodle", "5")})}
    teach(raw, "moodle", User(id="5", email="z@x"), at_us=3_000, gone=("5",))
    assert len(matches(raw)) == 1  # canvas/1 may be whoever has left
    teach(raw, "canvas", User(id="1", email="z@x"), at_us=4_000, gone=("1",))
    assert matches(raw) == set()


def test_a_question_that_was_answered_with_no_is_not_asked_again() -> None:
    raw = ledger()
    teach(raw, "moodle", User(id="5", email="z@x"), User(id="6", email="z@x"))
    teach(raw, "canvas", User(id="1", email="z@x"))
    [no] = raw.execute("SELECT no FROM personas WHERE source = 'canvas'").fetchone()
    assert deny(raw, "acme", no, RULES, "eve (uid 1)", 2_000) == 2
    assert matches(raw) == set()
    teach(raw, "canvas", User(id="1", email="z@x", display_name="Zoe", identifiers={"username": "z"}), at_us=3_000)
    teach(raw, "moodle", User(id="7", email="z@x"), at_us=3_000)
    assert matches(raw) == {frozenset({("canvas", "1"), ("moodle", "7")})}  # of somebody new it is asked
    assert deny(raw, "acme", no, RULES, "eve (uid 1)", 4_000) == 1
    assert deny(raw, "acme", no, RULES, "eve (uid 1)", 4_000) == 0
