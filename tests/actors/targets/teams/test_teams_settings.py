"""What an operator may write, and what is told where it is wrong."""

import msgspec
import pytest
from teams_stage import CHANNEL, TEAM, words

from actors.targets.teams.settings import LIMITS_PER_S, TeamsSettings


def settings(**more: object) -> TeamsSettings:
    return msgspec.convert(words(**more), type=TeamsSettings)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"graph_url": "graph.microsoft.com"}, "graph_url is an http"),
        ({"login_url": "https://login.example/?x=1"}, "login_url is an http"),
        ({"directory": "common"}, "directory"),
        ({"directory": "a/b"}, "directory"),
        ({"client_id": " "}, "client_id"),
        ({"teams_app_id": "my app"}, "teams_app_id"),
        ({"client_secret": None, "delegated_token": None}, "no credentials"),
        (
            {"client_certificate": {"certificate": {"env": "A"}, "key": {"env": "B"}}},
            "client_secret or client_certificate",
        ),
        ({"delegated_refresh_token": {"env": "REFRESH"}}, "delegated_token or delegated_refresh_token"),
        ({"course_channels": {"CS101": {"team": "general", "channel": CHANNEL}}}, "CS101"),
        ({"course_channels": {"CS101": {"team": TEAM}}}, "channel"),
        ({"limits": {"posts": 3.0}}, "unknown 'posts'"),
        ({"limits": {"post_per_s": 0.0}}, "post_per_s"),
        ({"limits": {"post_per_s": float("inf")}}, "post_per_s"),
        ({"settle": "30s", "late_landing": "20s"}, "late_landing"),
        ({"settle": "soon"}, "duration"),
        ({"tenant": "x"}, "tenant"),
    ],
)
def test_mistakes_are_told(more: dict[str, object], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        settings(**more)


def test_secrets_do_not_show() -> None:
    assert "SECRET" not in repr(settings())


@pytest.mark.parametrize("name", LIMITS_PER_S)
def test_limits_may_be_overridden(name: str) -> None:
    assert settings(limits={name: 1.5}).rate(name).per_s == 1.5
    assert settings().rate(name).per_s == LIMITS_PER_S[name]


def test_tokens_are_for_the_graph_of_the_cloud() -> None:
    assert settings(graph_url="https://graph.microsoft.us/v1.0/").resource == "https://graph.microsoft.us"
    assert settings(graph_url="https://proxy.example.edu/graph").resource == "https://graph.microsoft.com"
