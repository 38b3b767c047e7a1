"""What odd answers of a platform mean, and what settings cannot be."""

from typing import Any

import msgspec
import pytest
from lti_desk import Reader, one_course

from actors.domain.flow import Lost, NotSent, Outcome, Response
from actors.domain.harvest import (
    Halted,
    Inbound,
    Unheard,
)
from actors.sources.lti.wire import results_url, with_limit


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Response(status=403, body=b"403 Forbidden (Rate Limit Exceeded)"), "throttled"),
        (Response(status=403), "refused"),
        (Response(status=404), "refused"),
        (Response(status=429, headers={"retry-after": "7"}), "throttled"),
        (Response(status=502, body=b"<html>"), "unavailable"),
        (Response(status=302), "faulted"),
        (NotSent("no name"), "unavailable"),
        (Lost("reset"), "unavailable"),
        (Response(status=200, body=b"<html>"), "faulted"),
        (Response(status=200, body=b"[]"[:1]), "faulted"),
        (Response(status=200, body=b'{"members":[1]}'), "faulted"),
        (Response(status=200, body=b'{"users":[]}'), "faulted"),
        (Response(status=200, body=b"[" * 100_000), "faulted"),
    ],
)
@pytest.mark.parametrize("operation", ["membershipcontainer", "lineitemcontainer", "resultcontainer"])
def test_what_odd_answers_mean(operation: str, outcome: Outcome, why: str) -> None:
    read = Reader(one_course(), meddle=lambda request: outcome if request.operation == operation else None).read()
    assert isinstance(read.ended, Halted)
    assert read.ended.why == why
    assert read.ended.detail
    if operation == "membershipcontainer":
        assert not read.wholes


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(status=400, body=b'{"error":"invalid_client"}'), "revoked"),
        (Response(status=400, body=b'{"error":"invalid_scope"}'), "revoked"),
        (Response(status=401), "revoked"),
        (Response(status=200, body=b"<html>"), "unavailable"),
        (Response(status=503), "unavailable"),
        (Lost("reset"), "unavailable"),
    ],
)
def test_why_there_is_no_token(answer: Outcome, why: str) -> None:
    ended = Reader(one_course(), meddle=lambda request: answer if request.operation == "token" else None).read().ended
    assert isinstance(ended, Halted)
    assert ended.why == why


def test_a_key_that_is_none_is_told_without_showing_it() -> None:
    ended = Reader(one_course(), key="my secret, not a key").read().ended
    assert isinstance(ended, Halted)
    assert ended.why == "revoked", "only a person can mend it"
    assert "private_key" in ended.detail
    assert "my secret" not in ended.detail


def test_secrets_stand_in_no_repr() -> None:
    read = Reader(one_course()).read()
    shown = "".join(repr(one) for one in read.requests if one.operation != "token")
    assert "lti-0-" not in shown


def test_addresses() -> None:
    assert with_limit("https://a/x", 5) == "https://a/x?limit=5"
    assert with_limit("https://a/x?limit=7", 5) == "https://a/x?limit=7"
    assert with_limit("https://a/x?rlid=1", 5) == "https://a/x?rlid=1&limit=5"
    assert results_url("https://a/x?type_id=1") == "https://a/x/results?type_id=1"


def test_it_does_not_listen() -> None:
    with pytest.raises(StopIteration) as end:
        next(Reader(one_course()).source.hear(Inbound(headers={}, query="", body=b""), 0))
    assert isinstance(end.value.value, Unheard)


@pytest.mark.parametrize("wrong", [{"contexts": []}, {"limits": {"x": 1.0}}, {"limits": {"requests_per_s": -1.0}}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        Reader(one_course(), **wrong)
