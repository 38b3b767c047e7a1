"""What sources tell is shown to people without secrets."""

import pytest

from daemon.control.withheld import MASK, withheld


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"password": "hunter2", "name": "Ada"}, {"password": MASK, "name": "Ada"}),
        ({"password": None}, {"password": None}),
        ({"meta": [{"api_key": 7}]}, {"meta": [{"api_key": MASK}]}),
        ({"url": "https://x.test/a?access_token=abc&b=1"}, {"url": f"https://x.test/a?access_token={MASK}&b=1"}),
        ({"id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a00"}, {"id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a00"}),
        ({"n": 1.5, "yes": True, "none": None}, {"n": 1.5, "yes": True, "none": None}),
    ],
)
def test_names_tokens_and_addresses(told: object, shown: object) -> None:
    assert withheld(told) == shown


def test_what_is_nested_without_end_is_cut() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    assert "…" in str(withheld(deep))
