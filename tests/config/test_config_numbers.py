"""Numbers with their nouns: one is one, whatever its plural looks like."""

import pytest

from config.numbers import agreeing, number_of, one_of


@pytest.mark.parametrize(
    ("n", "nouns", "said"),
    [
        (0, "tenants", "0 tenants"),
        (1, "tenants", "1 tenant"),
        (2, "tenants", "2 tenants"),
        (1, "open deliveries", "1 open delivery"),
        (1, "addresses", "1 address"),
        (1, "boxes", "1 box"),
        (1, "searches", "1 search"),
        (1, "people", "1 person"),
        (1, "bytes", "1 byte"),
        (1, "statements referring", "1 statement referring"),
        (1, "data keys", "1 data key"),
        (1, "sheep", "1 sheep"),
        (1, "mass", "1 mass"),
        (1_204, "deliveries", "1,204 deliveries"),
        (-1, "degrees", "-1 degrees"),
    ],
)
def test_a_number_with_its_noun(n: int, nouns: str, said: str) -> None:
    assert number_of(n, nouns) == said


def test_the_verb_goes_with_it() -> None:
    assert [agreeing(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
    assert number_of(1, "data keys", "is", "are") == "1 data key is"
    assert number_of(2, "data keys", "is", "are") == "2 data keys are"
    assert one_of("errors") == "error"
