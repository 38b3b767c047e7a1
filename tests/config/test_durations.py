import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.durations import UNITS_S, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", 0.25),
        ("0s", 0.0),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1.5h", 5400.0),
        (" 2 s ", 2.0),
    ],
)
def test_a_number_and_a_unit(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-5s", "+5s", "1e3s", "5 minutes", "1h30m", "٣s", "5S", "nan s", "99999999999s"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='like "30s"'):
        seconds(text)


@given(st.integers(0, 10**9 - 1), st.sampled_from(sorted(UNITS_S)))
def test_every_whole_number_has_its_length(number: int, unit: str) -> None:
    assert seconds(f"{number}{unit}") == pytest.approx(number * UNITS_S[unit])
