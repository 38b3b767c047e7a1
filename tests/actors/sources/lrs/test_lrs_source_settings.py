"""What an operator may write of another LRS that is read, and what is refused with advice."""

import msgspec
import pytest

from actors.sources.lrs.settings import LrsSettings

ENDPOINT = "https://lrs.example.edu/xapi"


def settings(**more: object) -> LrsSettings:
    return msgspec.convert({"endpoint": ENDPOINT, "key": "k", "secret": {"env": "S"}, **more}, LrsSettings)


def test_the_address_ends_with_a_slash() -> None:
    assert settings().base_url == settings(endpoint=ENDPOINT + "//").base_url == ENDPOINT + "/"


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({"endpoint": ENDPOINT + "?a=b"}, "without query"),
        ({"key": "a:b"}, "no colon"),
        ({"related_activities": True}, "give activity too"),
        ({"limits": {"x": 1.0}}, "one of requests_per_s"),
        ({"limits": {"requests_per_s": 0.0}}, "above 0"),
        ({"every": "1h", "every_max": "1m"}, "shorter"),
    ],
)
def test_what_is_refused(given: dict[str, object], advice: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=advice):
        settings(**given)
