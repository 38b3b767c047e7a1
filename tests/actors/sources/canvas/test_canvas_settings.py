"""What an operator may write of a Canvas."""

import msgspec
import pytest

from actors.sources.canvas.settings import CanvasSettings

BASE: dict[str, object] = {"base_url": "https://school.instructure.com/", "token": {"env": "T"}}
KEY: dict[str, object] = {"client_id": "17", "client_secret": {"env": "S"}, "refresh_token": {"env": "R"}}


def settings(**more: object) -> CanvasSettings:
    return msgspec.convert({**BASE, **more}, CanvasSettings)


def test_the_plain_ones() -> None:
    assert settings().home == "https://school.instructure.com"
    assert settings(limits={"requests_per_s": 3}).rate.per_s == 3
    assert msgspec.convert({"base_url": "https://x.example", **KEY}, CanvasSettings).token is None
    assert settings(live_events={"jwks_url": "https://x.example/jwks"}).live_events is not None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"base_url": "https://school.instructure.com/api/v1"}, "the address of the Canvas itself"),
        ({"account": "1/../../login"}, "account is the number"),
        (KEY, "either token, or"),
        ({"client_id": "17"}, "either token, or"),
        ({"courses": {"ids": ["MATH-101"]}}, "is not the number of a course"),
        ({"read": ["submissions"]}, "nothing without their assignments"),
        ({"limits": {"calls": 3}}, "unknown 'calls'"),
        ({"limits": {"requests_per_s": 0}}, "above 0"),
        ({"live_events": {}}, "either jwks_url or keys"),
        ({"live_events": {"jwks_url": "https://x", "keys": {"env": "K"}}}, "either jwks_url or keys"),
        ({"live_events": {"jwks_url": "https://x", "algorithms": ["HS256"]}}, "HS256"),
        ({"live_events": {"jwks_url": "https://x", "algorithms": ["none"]}}, "none"),
        ({"live_events": {"jwks_url": "https://x", "unsigned": True}}, "unsigned"),
        ({"page_size": 500}, "<= 100"),
        ({"every": "1h", "every_max": "5m"}, "shorter than every"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(more: dict[str, object], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        settings(**more)


@pytest.mark.parametrize(("every", "every_max"), [("5m", "30m"), ("1h", "1h")])
def test_the_most_seldom_is_no_more_often_than_every(every: str, every_max: str) -> None:
    assert settings(every=every).every_max == every_max


@pytest.mark.parametrize("left", [{"client_id": "17"}, {}, {"client_id": "17", "client_secret": {"env": "S"}}])
def test_half_a_developer_key_is_none(left: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match="either token, or"):
        msgspec.convert({"base_url": "https://x.example", **left}, CanvasSettings)
