"""Nothing is left without words: every reason the router can give, every cause, whatever a statement holds."""

import inspect
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain import recognise
from actors.domain.verdicts import Cause
from actors.roles import router
from config.model import Audience, Network, Secret
from daemon.control import words
from daemon.control.showing import HIDDEN, shown
from daemon.control.times import moment, span


def test_every_reason_has_an_explanation() -> None:
    told = set(re.findall(r'NotRouted\(\s*f?"(\w+):', inspect.getsource(recognise)))
    told |= set(re.findall(r'f"(\w+): ', inspect.getsource(router)))
    assert {"no_route", "fault"} <= told
    assert len(told) > 10
    assert told - set(words.REASONS) == set()
    assert set(words.REASONS) - told == {"repeated", "pending", "overtaken", "imported", "imported_before"}
    assert words.explained("unknown_verb: http://x.test/ate")
    assert words.explained("from_another_version: whatever") == ""


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.value)
def test_every_cause_has_advice(cause: Cause) -> None:
    assert words.advice(cause).endswith(".")


@pytest.mark.parametrize(
    ("audience", "said"),
    [
        (Audience(channel="C1"), "channel C1"),
        (Audience(team="T", channel="C1"), "channel C1 of team T"),
        (Audience(learner=True), "the learner"),
        (Audience(course_channel=True), "the course's channel"),
    ],
)
def test_audiences(audience: Audience, said: str) -> None:
    assert words.audience_in_words(audience) == said


def test_a_statement_in_words() -> None:
    body = msgspec.json.encode(
        {
            "actor": {"name": "Ada", "account": {"homePage": "https://lms.test", "name": "7"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://lms.test/quiz", "definition": {"name": {"de": "Prüfung", "en": "Quiz"}}},
        }
    )
    assert words.statement_in_words(body) == (
        "Ada (7 at https://lms.test)",
        "completed",
        "Quiz (https://lms.test/quiz)",
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"objectType": "Group", "member": [1, 2]}, "a group of 2"),
        ({"mbox": "mailto:ada@example.edu"}, "mailto:ada@example.edu"),
        ({"name": "Ada"}, "Ada"),
        ("Ada", ""),
    ],
)
def test_agents_in_words(told: object, said: str) -> None:
    assert words.agent_in_words(told) == said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
parts = st.dictionaries(
    st.sampled_from(["id", "name", "display", "account", "member", "definition", "objectType"]), json_values
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["actor", "verb", "object"]), parts | json_values))
def test_no_statement_is_beyond_words(told: dict[str, object]) -> None:
    assert all(isinstance(part, str) for part in words.statement_in_words(msgspec.json.encode(told)))


@settings(deadline=None)
@given(st.binary(max_size=50))
def test_what_is_no_json_is_beyond_nothing_too(body: bytes) -> None:
    assert len(words.statement_in_words(body)) == 3
    assert isinstance(words.authority_in_words(body), str)


def test_credentials_are_named_by_their_account() -> None:
    authority = b'{"objectType":"Agent","account":{"homePage":"https://x.test","name":"moodle"}}'
    assert words.authority_in_words(authority) == "moodle"
    assert words.authority_in_words(b"") == ""


class Loose(msgspec.Struct, frozen=True):
    """Settings of a connector that did not declare its secrets as such."""

    api_token: str
    password: str
    key: str
    nested: dict[str, str]
    secret: Secret


def test_no_secret_is_ever_shown() -> None:
    loose = Loose(
        "s3cr3t", "s3cr3t", "moodle", {"client_secret": "s3cr3t", "url": "https://u:s3cr3t@x.test/"}, Secret(env="X")
    )
    body = shown(loose)
    assert "s3cr3t" not in str(body)
    assert body["api_token"] == HIDDEN
    assert body["key"] == "moodle"
    assert body["secret"] == f"{HIDDEN} (environment variable X)"
    assert body["nested"] == {"client_secret": HIDDEN, "url": f"https://{HIDDEN}@x.test/"}
    proxied = shown(Network(proxy="http://ada:s3cr3t@proxy.test:3128"))
    assert proxied["proxy"] == f"http://{HIDDEN}@proxy.test:3128"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (99, "99 s"),
        (105.4, "1 min 45 s"),
        (120, "2 min"),
        (600, "10 min"),
        (6000, "1 h 40 min"),
        (7200, "2 h"),
        (200_000, "2 d 7 h"),
        (864_000, "10 d"),
    ],
)
def test_spans(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_moments() -> None:
    assert moment(1_800_000_000_000_000) == "2027-01-15 08:00:00 UTC"
