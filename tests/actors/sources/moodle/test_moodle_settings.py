"""What an operator may write of a Moodle, and what is refused with advice."""

import msgspec
import pytest

from actors.sources.moodle.settings import MoodleSettings

GIVEN: dict[str, object] = {"base_url": "https://moodle.example.edu/", "token": {"env": "T"}}


def settings(**more: object) -> MoodleSettings:
    return msgspec.convert({**GIVEN, **more}, MoodleSettings)


def test_addresses() -> None:
    plain = settings()
    assert plain.server_url == "https://moodle.example.edu/webservice/rest/server.php"
    assert plain.home_page == "https://moodle.example.edu"
    inside = settings(base_url="http://10.0.0.7/moodle", wwwroot="https://moodle.example.edu/")
    assert inside.server_url == "http://10.0.0.7/moodle/webservice/rest/server.php"
    assert inside.home_page == "https://moodle.example.edu"


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({"base_url": "https://m.example.edu/?x=1"}, "without query"),
        ({"base_url": "https://m.example.edu/webservice/rest/server.php"}, "leave /webservice"),
        ({"read": ["submissions"]}, "assignments"),
        ({"plugin": {"account_homepage": "https://p.example.edu"}}, 'actor = "username"'),
        ({"limits": {"calls_per_s": 3}}, "requests_per_s"),
        ({"limits": {"requests_per_s": 0}}, "above 0"),
        ({"limits": {"requests_per_s": float("inf")}}, "above 0"),
        ({"courses": [1]}, "2"),
    ],
)
def test_what_is_refused(given: dict[str, object], advice: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=advice):
        settings(**given)


def test_the_rate_may_be_set() -> None:
    assert settings().rate.per_s == 10.0
    assert settings(limits={"requests_per_s": 0.5}).rate.burst == 1.0
