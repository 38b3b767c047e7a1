"""Whose an address was at a time, whether it may be used, and what the file says over the ledger."""

from actors.domain.acquaintance import Holder, Known, holder, withheld
from actors.domain.people import Directory, Learner
from config.model import PersonRow


def held(
    person: int, source: str = "a", from_us: int = 0, until_us: int | None = None, left: int | None = None
) -> Holder:
    return Holder(persona=person, person=person, source=source, from_us=from_us, until_us=until_us, inactive_us=left)


def test_it_is_whoevers_it_was_then() -> None:
    two = [held(1, from_us=10, until_us=20), held(2, from_us=30)]
    assert [holder(two, at_us) for at_us in (5, 15, 25, 35)] == [1, 1, 2, 2]
    assert holder([], 5) is None
    assert holder([held(1, until_us=20)], 30) == 1  # nobody else has it since


def test_of_several_who_have_it_the_active_one_is_meant_or_nobody() -> None:
    assert holder([held(1, left=5), held(2)], 10) == 2
    assert holder([held(1), held(2)], 10) is None


def test_an_address_that_changed_hands_is_not_used() -> None:
    leaver, newcomer, elsewhere = held(1, until_us=10), held(2, from_us=10), held(3, "b")
    everybody = [leaver, newcomer, elsewhere]
    assert withheld("x", 2, everybody) == ""
    assert "nobody said which" in withheld("x", 3, everybody)
    assert "another active user" in withheld("x", 1, [held(1, left=5), newcomer])
    assert withheld("x", 3, [leaver, newcomer, held(3, "")]) == ""  # an operator said so


def test_those_to_whom_one_source_gives_one_address_share_it() -> None:
    siblings = [held(1), held(2)]
    assert withheld("x", 1, siblings) == withheld("x", 2, siblings) == ""


def test_the_file_says_more_than_the_ledger() -> None:
    file = PersonRow(home_page="https://h", account="5", email="ada@x.org", locale="de-DE")
    known = Known(
        person=1, anchor="mbox:old@x.org", also=("account:https://h|5",), email="new@x.org", locale="en", name="Ada"
    )
    directory = Directory([file])
    assert directory.keys("account:https://h|5") == ("account:https://h|5", "mbox:ada@x.org")
    learner = Learner(key="account:https://h|5")
    found = directory.at({("account:https://h|5", 7): known}, 7).enrich(learner)
    assert (found.email, found.locale, found.name) == ("ada@x.org", "de-DE", "Ada")
    assert found.identity == "mbox:old@x.org"
    assert found.also == ("account:https://h|5", "mbox:ada@x.org")
    assert directory.at({("account:https://h|5", 7): known}, 8).enrich(learner).anchor == ""  # as of another time
    assert directory.enrich(learner).identity == "mbox:ada@x.org"  # as ever, where the ledger knows nobody
