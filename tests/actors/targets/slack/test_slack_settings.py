import msgspec
import pytest
from slack_stage import build

from actors.domain.outbox import Rate
from actors.targets.slack.fake.limits import PER_MINUTE
from actors.targets.slack.flow import BUCKETS
from actors.targets.slack.settings import LIMITS_PER_S, SlackSettings

TOKEN = {"env": "T"}


def settings(**words: object) -> SlackSettings:
    return msgspec.convert({"token": TOKEN} | words, type=SlackSettings)


@pytest.mark.parametrize("url", ["http://p:1/slack/api", "http://p:1/slack/api/", "http://p:1/slack/api//"])
def test_the_address_ends_in_one_slash(url: str) -> None:
    assert settings(api_url=url).base_url == "http://p:1/slack/api/"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"limits": {"chanel_per_s": 2}}, "unknown 'chanel_per_s', one of channel_per_s"),
        ({"limits": {"channel_per_s": 0}}, "above 0"),
        ({"limits": {"channel_per_s": float("inf")}}, "above 0"),
        ({"course_channels": {"CS101": "#general"}}, "'CS101' names '#general', which is no channel id"),
        ({"settle": "2"}, "not a duration"),
        ({"settle": 2}, "Expected `str`"),
        ({"settle": "30s", "late_landing": "20s"}, "late_landing is not shorter"),
        ({"api_url": "slack.com/api"}, "http"),
        ({"history": "tier2"}, "Invalid enum value 'tier2'"),
        ({"tokn": "x"}, "tokn"),
    ],
)
def test_mistakes_are_named(words: dict[str, object], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        settings(**words)


def test_published_limits_and_their_overrides() -> None:
    target = build(limits={"channel_per_s": 7, "lookup_per_s": 9})
    assert target.rate("channel:C0123456789") == Rate(per_s=7.0)
    assert target.rate("workspace") == Rate(per_s=5.0, burst=5.0)
    assert target.rate("method:users.lookupByEmail") == Rate(per_s=9.0)
    assert target.rate("method:conversations.history") == Rate(per_s=0.8)
    assert target.rate("method:chat.update") == Rate(per_s=0.8)
    assert LIMITS_PER_S["channel_per_s"] == 1.0


def test_every_bucket_of_every_request_has_its_terms() -> None:
    assert set(BUCKETS.values()) | {"channel_per_s", "workspace_per_s"} == set(LIMITS_PER_S)
    for name, per_minute in PER_MINUTE.items():
        for bucket in (f"method:{name}", f"roster:{name}"):
            if bucket in BUCKETS:
                assert build().rate(bucket).per_s * 60 <= per_minute, "we stay below what the fake allows"


def test_the_token_shows_nowhere() -> None:
    assert "env" not in repr(settings())
    request = next(build().hello())
    assert request.headers["authorization"] == "Bearer xoxb-sandbox"
    assert "xoxb" not in repr(request)
