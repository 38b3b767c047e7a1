"""The identity ledger, whatever sources tell and in whatever order: nobody is taken for somebody else."""

import sqlite3
from itertools import combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_ledger import RULES, ledger, matches, person_of, persons, teach, who

from actors.domain.canonical import User
from actors.domain.identity import PAIRS_MAX
from actors.domain.retention import DAY_US, cutoffs, rules
from config.model import Retention
from daemon.store.leaving_persons import PERSONS_CHORES
from daemon.store.linking import link, unlink

SOURCES = ("canvas", "moodle", "sis")
EMAILS = ("", "ada@example.edu", "ben@example.edu", "eve@example.edu")


def questions(raw: sqlite3.Connection) -> set[frozenset[frozenset[tuple[str, str]]]]:
    """Matches, by the persons between whom they are."""
    of = {one: person for person in persons(raw) for one in person}
    return {frozenset(of[one] for one in pair) for pair in matches(raw)}


def asked_by_value(raw: sqlite3.Connection) -> int:
    """How many matches one value makes, at most."""
    found = raw.execute("SELECT count(*) FROM matches GROUP BY namespace, value").fetchall()
    return max((count for (count,) in found), default=0)


def test_equal_sis_ids_and_equal_addresses_are_one_person() -> None:
    raw = ledger()
    teach(
        raw, "canvas", User(id="1", email="Ada@Example.edu", identifiers={"sis": "S1"}), User(id="2", email="b@x.org")
    )
    teach(raw, "sis", User(id="u1", identifiers={"sis": "S1"}))
    teach(raw, "moodle", User(id="5", email="b@x.org"))
    assert persons(raw) == {
        frozenset({("canvas", "1"), ("sis", "u1")}),
        frozenset({("canvas", "2"), ("moodle", "5")}),
    }
    assert matches(raw) == set()
    found = who(raw, "account:https://sis|u1")
    assert found is not None
    assert (found.anchor, found.email) == ("mbox:ada@example.edu", "ada@example.edu")
    assert who(raw, "mbox:ada@example.edu") == found


def test_different_sis_ids_contradict_an_equal_address() -> None:
    raw = ledger()
    teach(raw, "canvas", User(id="1", email="office@x.org", identifiers={"sis": "S1"}))
    teach(raw, "moodle", User(id="5", email="office@x.org", identifiers={"sis": "S2"}))
    assert len(persons(raw)) == 2
    assert matches(raw) == {frozenset({("canvas", "1"), ("moodle", "5")})}


def test_a_rename_keeps_person_and_anchor() -> None:
    raw = ledger()
    teach(raw, "canvas", User(id="1", email="ada@x.org", display_name="Ada Byron"))
    teach(raw, "moodle", User(id="5", email="ada@x.org"), at_us=2_000)
    before = who(raw, "account:https://canvas|1")
    teach(raw, "canvas", User(id="1", email="lovelace@x.org", display_name="Ada Lovelace"), at_us=3_000)
    after = who(raw, "account:https://canvas|1")
    assert before is not None
    assert after is not None
    assert (after.person, after.anchor) == (before.person, "mbox:ada@x.org")
    assert (after.name, after.email) == ("Ada Lovelace", "lovelace@x.org")
    assert persons(raw) == {frozenset({("canvas", "1"), ("moodle", "5")})}
    found = who(raw, "mbox:lovelace@x.org")
    assert found is not None
    assert found.person == before.person


def test_an_address_that_is_given_to_a_newcomer_links_nobody_any_more() -> None:
    raw = ledger()
    teach(raw, "canvas", User(id="1", email="ada@x.org"))
    teach(raw, "canvas", User(id="1", active=False), User(id="2", email="ada@x.org"), at_us=2_000)
    teach(raw, "moodle", User(id="5", email="ada@x.org"), at_us=3_000)
    assert len(persons(raw)) == 3
    assert frozenset({("canvas", "2"), ("moodle", "5")}) in matches(raw)
    leaver, newcomer = who(raw, "mbox:ada@x.org", 1_500), who(raw, "account:https://canvas|2")
    assert leaver is not None
    assert newcomer is not None
    assert (leaver.anchor, leaver.email) == ("mbox:ada@x.org", "")
    assert (newcomer.anchor, newcomer.email) == ("account:https://canvas|2", "ada@x.org")
    doubtful = who(raw, "account:https://moodle|5")
    assert doubtful is not None
    assert doubtful.email == ""
    assert "canvas" in doubtful.withheld


def test_an_account_made_anew_is_the_same_person() -> None:
    raw = ledger()
    teach(raw, "moodle", User(id="5", email="ada@x.org", identifiers={"sis": "S1"}))
    before = person_of(raw, "moodle", "5")
    anew = User(id="9", email="ada@x.org", identifiers={"sis": "S1"})
    teach(raw, "moodle", User(id="5", identifiers={"sis": "S1"}), anew, at_us=2_000, gone=("5",))
    assert person_of(raw, "moodle", "9") == before
    found = who(raw, "account:https://moodle|9")
    assert found is not None
    assert (found.anchor, found.email) == ("mbox:ada@x.org", "ada@x.org")


def test_two_records_of_one_source_are_a_question_while_both_are_active() -> None:
    raw = ledger()
    twins = [User(id=number, identifiers={"master": "M1"}) for number in ("a", "b")]
    teach(raw, "sis", *twins)
    assert len(persons(raw)) == 2
    assert matches(raw) == {frozenset({("sis", "a"), ("sis", "b")})}
    teach(raw, "sis", twins[1], at_us=2_000, gone=("b",))
    assert len(persons(raw)) == 1
    assert matches(raw) == set()


def test_what_is_told_again_writes_nothing() -> None:
    raw = ledger()
    users = [User(id=str(n), email=f"{n}@x.org", identifiers={"sis": f"S{n}"}) for n in range(50)]
    teach(raw, "canvas", *users)
    before = raw.total_changes
    teach(raw, "canvas", *users, at_us=5_000)
    assert raw.total_changes == before


def test_what_a_person_links_and_parts_stays_so() -> None:
    raw = ledger()
    teach(raw, "canvas", User(id="1", email="ada@x.org"))
    teach(raw, "moodle", User(id="5", email="ada@x.org"))
    [no] = raw.execute("SELECT no FROM personas WHERE source = 'moodle'").fetchone()
    unlink(raw, "acme", no, RULES, "eve (uid 1)", 2_000)
    assert len(persons(raw)) == 2
    teach(raw, "moodle", User(id="5", email="ada@x.org", display_name="Ada"), at_us=3_000)
    teach(raw, "canvas", User(id="1", email="ada@x.org", display_name="Ada"), at_us=3_000)
    assert len(persons(raw)) == 2
    assert matches(raw) == set()
    link(raw, "acme", person_of(raw, "canvas", "1"), person_of(raw, "moodle", "5"), RULES, "eve (uid 1)", 4_000)
    assert len(persons(raw)) == 1


user = st.builds(
    lambda number, email, sis, active: User(
        id=number, email=email, active=active, identifiers={"sis": sis} if sis else {}
    ),
    st.sampled_from("123"),
    st.sampled_from(EMAILS),
    st.sampled_from(("", "", "S1", "S2")),
    st.booleans(),
)
"""What a source may tell of one of three users."""
rounds = st.lists(
    st.fixed_dictionaries({source: st.lists(user, max_size=3) for source in SOURCES}), min_size=1, max_size=4
)


def play(told: list[dict[str, list[User]]], order: tuple[str, ...]) -> sqlite3.Connection:
    raw = ledger()
    for number, sources in enumerate(told, 1):
        for source in order:
            teach(raw, source, *{one.id: one for one in sources[source]}.values(), at_us=number * 1_000)
    return raw


@given(rounds)
def test_two_active_users_of_one_source_are_never_one_person(told: list[dict[str, list[User]]]) -> None:
    raw = play(told, SOURCES)
    doubled = raw.execute(
        "SELECT person FROM personas WHERE inactive_us IS NULL GROUP BY person, source HAVING count(*) > 1"
    ).fetchall()
    assert doubled == []


@given(rounds, st.permutations(SOURCES))
def test_the_order_in_which_sources_are_read_makes_no_difference(
    told: list[dict[str, list[User]]], order: list[str]
) -> None:
    here, there = play(told, SOURCES), play(told, tuple(order))
    assert persons(here) == persons(there)
    assert questions(here) == questions(there)


@pytest.mark.parametrize("order", list(permutations(SOURCES)), ids="-".join)
def test_what_an_address_puts_together_takes_no_room_of_what_is_asked_about(order: tuple[str, ...]) -> None:
    """One number of many accounts, most of them gone: the two that are one by their address are asked about once."""
    told: list[dict[str, list[User]]] = [
        {"canvas": [], "moodle": [has_left("2")], "sis": []},
        {"canvas": [has_address("1")], "moodle": [has_left("1")], "sis": [has_address("1")]},
        {"canvas": [], "moodle": [], "sis": [has_left("2"), User(id="3", identifiers={"sis": "S1"})]},
    ]
    raw = play(told, order)
    assert frozenset({("canvas", "1"), ("sis", "1")}) in persons(raw)
    one, other = frozenset({("canvas", "1"), ("sis", "1")}), frozenset({("sis", "3")})
    gone = [frozenset({each}) for each in (("moodle", "1"), ("moodle", "2"), ("sis", "2"))]
    assert questions(raw) == {frozenset(two) for two in [(one, other), *product((one, other), gone)]}
    assert asked_by_value(raw) == 7  # once for each two persons


def test_of_many_who_have_a_value_those_are_asked_about_who_had_it_first() -> None:
    for order in permutations(SOURCES):
        raw = ledger()
        for at_us in (1_000, 2_000):
            for source in order:
                twins = [User(id=f"{each}{at_us}", identifiers={"master": "M1"}) for each in "ab"]
                teach(raw, source, *twins, at_us=at_us)
        first = [("canvas", "a1000"), ("canvas", "b1000"), ("moodle", "a1000"), ("moodle", "b1000"), ("sis", "a1000")]
        assert matches(raw) == {frozenset(two) for two in combinations(first, 2)}
        assert asked_by_value(raw) == PAIRS_MAX


def has_left(number: str) -> User:
    return User(id=number, active=False, identifiers={"sis": "S1"})


def has_address(number: str) -> User:
    return User(id=number, email="ben@example.edu", identifiers={"sis": "S1"})


@given(rounds, rounds, st.data())
def test_who_was_parted_is_never_joined_again(
    before: list[dict[str, list[User]]], after: list[dict[str, list[User]]], data: st.DataObject
) -> None:
    raw = play(before, SOURCES)
    several = [sorted(one) for one in persons(raw) if len(one) > 1]
    if not several:
        return
    person = data.draw(st.sampled_from(several))
    leaves = data.draw(st.sampled_from(person))
    [no] = raw.execute("SELECT no FROM personas WHERE source = ? AND user = ?", leaves).fetchone()
    unlink(raw, "acme", no, RULES, "eve (uid 1)", 50_000)
    for number, sources in enumerate(after, 60):
        for source in SOURCES:
            teach(raw, source, *{one.id: one for one in sources[source]}.values(), at_us=number * 1_000)
        for other in person:
            assert other == leaves or person_of(raw, *other) != person_of(raw, *leaves)


@given(rounds)
def test_every_text_is_one_persons_and_every_anchor_stands(told: list[dict[str, list[User]]]) -> None:
    raw = play(told, SOURCES)
    anchors = dict(raw.execute("SELECT no, anchor FROM persons").fetchall())
    held = {row[0] for row in raw.execute("SELECT person FROM personas")}
    assert held == set(anchors)
    for no, anchor in anchors.items():
        [owner] = raw.execute(
            "SELECT person FROM identities WHERE tenant = 'acme' AND identity = ?", (anchor,)
        ).fetchone()
        assert owner == no


def swept(raw: sqlite3.Connection, now_us: int) -> dict[str, int]:
    """What leaves the ledger by retention."""
    cut = cutoffs(rules("acme", Retention()), now_us)
    removed: dict[str, int] = {}
    for chore in PERSONS_CHORES.values():
        page = chore.find(raw, cut, ())
        removed |= chore.take(raw, cut, page.keys)
    return removed


def test_what_is_told_no_more_leaves_after_the_horizon_and_holds_nobody_together_any_more() -> None:
    raw, late_us = ledger(), 401 * DAY_US
    teach(
        raw, "canvas", User(id="1", email="ada@x.org"), User(id="2", email="ben@x.org"), User(id="3", email="eve@x.org")
    )
    teach(raw, "moodle", User(id="5", email="ada@x.org"))
    renamed = [User(id="1", email="a@x.org"), User(id="2", email="b@x.org"), User(id="3", email="eve@x.org")]
    teach(raw, "canvas", *renamed, at_us=2_000, gone=("3",))
    assert swept(raw, 2_000 + DAY_US) == {"identities": 0, "identifiers": 0}
    were = persons(raw)
    assert swept(raw, late_us) == {"identities": 1, "identifiers": 2}  # eve; ben's address and its hash
    assert who(raw, "mbox:ben@x.org", late_us) is None
    assert who(raw, "mbox:eve@x.org", late_us) is None
    teach(raw, "canvas", User(id="1", email="aa@x.org"), at_us=late_us)
    assert persons(raw) == were - {frozenset({("canvas", "3")})}
