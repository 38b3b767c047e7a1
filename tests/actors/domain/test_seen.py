"""A set of numbers, as any set of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.seen import Seen

numbers = st.integers(0, 100) | st.integers(32_700, 32_800) | st.integers(0, 2**40)


@given(st.sets(numbers), st.sets(numbers))
def test_what_was_seen_is_known_and_nothing_else(added: set[int], asked: set[int]) -> None:
    seen = Seen()
    for no in added:
        seen.add(no)
    assert {no for no in added | asked if no in seen} == added
