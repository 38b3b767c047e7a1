"""Who is one person: what equals links, what contradicts leaves all apart that hangs together by it."""

import pytest

from actors.domain.identity import HOLDERS_MAX, Confidence, Held, Persona, Settled, settle, telling
from config.identity import Identity

RULES = Identity()


def persona(no: int, source: str, *held: str, inactive_us: int | None = None) -> Persona:
    """``held`` as KIND:VALUE."""
    values = tuple(Held(*each.split(":")) for each in held)
    return Persona(no=no, source=source, held=values, inactive_us=inactive_us)


def settled(*personas: Persona, rules: Identity = RULES, **more: set[tuple[int, int]]) -> Settled:
    return settle(personas, more.get("same", ()), more.get("apart", ()), rules)


def test_equal_identifiers_link_and_say_how_sure_that_is() -> None:
    found = settled(persona(1, "a", "sis:S1"), persona(2, "b", "sis:S1", "email:x"), persona(3, "c", "email:x"))
    assert found.groups == ((1, 2, 3),)
    assert found.matches == ()
    assert {no: (reason.how, reason.why) for no, reason in found.reasons.items()} == {
        1: (Confidence.UNIQUE, "sis:S1"),
        2: (Confidence.UNIQUE, "sis:S1"),
        3: (Confidence.EMAIL, "email:x"),
    }


def test_one_bad_address_does_not_undo_what_a_surer_identifier_says() -> None:
    found = settled(
        persona(1, "a", "sis:S1", "email:x"), persona(2, "b", "sis:S1"), persona(3, "b", "sis:S2", "email:x")
    )
    assert found.groups == ((1, 2), (3,))
    [match] = found.matches
    assert (match.a, match.b, match.value) == (1, 3, "x")
    assert match.against == "both are active in b"


def test_what_hangs_together_by_contradicting_evidence_is_left_apart() -> None:
    found = settled(persona(1, "a", "email:x"), persona(2, "b", "email:x", "upn:u"), persona(3, "a", "upn:u"))
    assert found.groups == ((1,), (2, 3))  # the principal name is the surer
    assert [(match.a, match.b) for match in found.matches] == [(1, 2)]


def test_what_people_say_goes_before_everything() -> None:
    two = (persona(1, "a", "sis:S1"), persona(2, "a", "sis:S2"))
    assert settled(*two, same={(1, 2)}).groups == ((1, 2),)
    alike = (persona(1, "a", "sis:S1"), persona(2, "b", "sis:S1"))
    parted = settled(*alike, apart={(1, 2)})
    assert parted.groups == ((1,), (2,))
    assert parted.matches == ()  # that question is answered


@pytest.mark.parametrize(
    "rules", [Identity(never=("sis:S1",)), Identity(never=("sis:S*",)), Identity(link=("email",))], ids=repr
)
def test_what_may_not_link_does_not(rules: Identity) -> None:
    assert settled(persona(1, "a", "sis:S1"), persona(2, "b", "sis:S1"), rules=rules).groups == ((1,), (2,))
    assert not telling("sis", "S1", rules)


def test_a_value_that_many_have_is_nobodys() -> None:
    many = [persona(no, f"s{no}", "upn:shared") for no in range(HOLDERS_MAX + 1)]
    assert len(settled(*many).groups) == HOLDERS_MAX + 1
    assert len(settled(*many[:-1]).groups) == 1


def test_an_address_links_only_those_who_had_it_at_one_time() -> None:
    before = Persona(no=1, source="a", held=(Held("email", "x", 0, 10),))
    after = Persona(no=2, source="b", held=(Held("email", "x", 10),))
    during = Persona(no=3, source="b", held=(Held("email", "x", 9),))
    assert settled(before, after).groups == ((1,), (2,))
    assert settled(before, during).groups == ((1, 3),)
    left = Persona(no=1, source="a", held=(Held("email", "x"),), inactive_us=10)
    found = settled(left, after)
    assert found.groups == ((1,), (2,))
    assert "no active user any more" in found.matches[0].against


def test_where_a_source_corrects_itself_the_former_holder_is_none() -> None:
    wrong = Persona(no=1, source="a", held=(Held("sis", "S1", 0, 10), Held("sis", "S2", 10)))
    found = settled(wrong, persona(2, "a", "sis:S1"), persona(3, "b", "sis:S1"))
    assert found.groups == ((1,), (2, 3))
