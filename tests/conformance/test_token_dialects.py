"""Every dialect of tokens, whatever the vendor answers: what it promises its custodian. (``test_dialects`` drives them
against their vendors' fakes.)
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from actors import sources
from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.scopes import Feature
from actors.domain.tokens import Granted, Tokens
from actors.domain.verdicts import Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports.tokens import Dialect
from actors.targets import discover
from config.model import Secret
from config.secrets import SecretUnavailable

T = TypeVar("T")
CANARY = "canary-secret-of-ours"
SPEAKERS: dict[str, tuple[dict[str, object], str]] = {
    "slack": ({"client_id": "app", "client_secret": {"env": "S"}}, "bot"),
    "slack exchanging": ({"client_id": "app", "client_secret": {"env": "S"}, "token": {"env": "T"}}, "bot"),
    "teams app": (
        {"directory": "72f988bf-0000-4000-8000-0000000000aa", "client_id": "app", "client_secret": {"env": "S"}},
        "app",
    ),
    "teams person": (
        {
            "directory": "72f988bf-0000-4000-8000-0000000000aa",
            "client_id": "app",
            "client_secret": {"env": "S"},
            "connect": True,
        },
        "person",
    ),
    "canvas": (
        {"base_url": "https://c.example", "client_id": "17", "client_secret": {"env": "S"}, "connect": True},
        "person",
    ),
    "oneroster": (
        {
            "base_url": "https://o.example/ims/oneroster",
            "token_url": "https://o.example/token",
            "client_id": "app",
            "client_secret": {"env": "S"},
        },
        "app",
    ),
    "oneroster in the form": (
        {
            "base_url": "https://o.example/ims/oneroster",
            "token_url": "https://o.example/token",
            "client_id": "app",
            "client_secret": {"env": "S"},
            "client_auth": "client_secret_post",
        },
        "app",
    ),
    "lrs": (
        {
            "endpoint": "https://l.example/xapi/",
            "oauth": {"token_url": "https://l.example/token", "client_id": "app", "client_secret": {"env": "S"}},
        },
        "app",
    ),
}
FEATURES = frozenset(Feature)
OUTCOMES: list[tuple[Outcome, type | tuple[type, ...]]] = [
    (NotSent("down"), Unavailable),
    (Response(status=503), Unavailable),
    (Response(status=429, headers={"retry-after": "7"}), Throttled),
    (Response(status=302, headers={"location": "https://evil.example"}), (Unavailable, Doubtful, Faulted, Revoked)),
]
"""Surely nothing was given (or nobody can tell): never a grant, never a crash."""


def dialect(case: str, reveal: Callable[[Secret], str] = lambda secret: CANARY, fresh: str = "f") -> Dialect:
    kind = case.split()[0]
    kinds: list[Any] = [discover().get(kind), sources.discover().get(kind)]
    connector = next(each for each in kinds if each is not None and each.dialect is not None)
    settings = msgspec.convert(SPEAKERS[case][0], connector.settings)
    made: Dialect = connector.dialect(settings, reveal, fresh)
    return made


def drive(flow: Flow[T], answer: Callable[[Request], Outcome]) -> tuple[T, list[Request]]:
    asked: list[Request] = []
    outcome: Outcome | None = None
    for _ in range(10):
        try:
            request = flow.send(outcome) if outcome is not None else next(flow)
        except StopIteration as end:
            return end.value, asked
        asked.append(request)
        outcome = answer(request)
    raise AssertionError("no end")


def renewal(case: str, answer: Callable[[Request], Outcome], **more: Any) -> tuple[Any, list[Request]]:
    held = Tokens("held-access", "held-refresh") if case != "slack exchanging" else Tokens()
    return drive(dialect(case, **more).renew(SPEAKERS[case][1], held), answer)


ALL = pytest.mark.parametrize("case", sorted(SPEAKERS))


@ALL
def test_it_knows_its_speakers(case: str) -> None:
    made, speaker = dialect(case), SPEAKERS[case][1]
    assert speaker in made.speakers
    assert made.connects in ("", *made.speakers)
    assert made.static(speaker) is None
    for need in made.needed(speaker, FEATURES):
        assert need.speaker == speaker
        assert need.why
    assert all(scope for scope in made.always(speaker, FEATURES))


@ALL
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_what_is_no_grant_is_none(case: str, outcome: Outcome, kind: type | tuple[type, ...]) -> None:
    answer, asked = renewal(case, lambda request: outcome)
    assert isinstance(answer, kind), answer
    assert CANARY not in repr(answer)
    assert len(asked) == 1


@ALL
@pytest.mark.parametrize(
    "outcome",
    [Lost("reset"), Response(status=200, body=b"<html>"), Response(status=200, body=b"{}"), Response(status=500)],
)
def test_what_may_have_been_given_is_not_said_to_be_refused(case: str, outcome: Outcome) -> None:
    answer, _ = renewal(case, lambda request: outcome)
    if dialect(case).single_use and case != "slack exchanging":
        assert isinstance(answer, Doubtful), "its refresh token may be spent"
    else:
        assert isinstance(answer, Doubtful | Unavailable | Faulted | Revoked)
    assert not isinstance(answer, Granted)


@ALL
def test_no_secret_shows_and_none_is_in_an_address(case: str) -> None:
    _, asked = renewal(case, lambda request: NotSent("down"))
    for request in asked:
        assert CANARY not in repr(request)
        assert CANARY not in request.url
        assert "held-refresh" not in request.url
        assert "held-refresh" not in repr(request)


@ALL
def test_a_secret_that_cannot_be_read_is_waited_for(case: str) -> None:
    def gone(secret: Secret) -> str:
        raise SecretUnavailable(secret.where, "no such file")

    try:
        answer, asked = renewal(case, lambda request: NotSent("down"), reveal=gone)
    except SecretUnavailable:
        return
    assert isinstance(answer, Unavailable)
    assert not [request for request in asked if request.method == "POST"]


@ALL
def test_a_grant_is_a_grant(case: str) -> None:
    fields = {
        "ok": True,
        "access_token": "new-access",
        "refresh_token": "new-refresh",
        "token_type": "bot" if case.startswith("slack") else "Bearer",
        "expires_in": 3600,
        "scope": "a",
    }
    answer, asked = renewal(case, lambda request: Response(status=200, body=msgspec.json.encode(fields)))
    assert isinstance(answer, Granted)
    assert answer.access == "new-access"
    assert answer.lives_s == 3600.0
    assert "new-access" not in repr(answer)
    assert asked[-1].method == "POST"


@ALL
def test_revoking_nothing_asks_nobody(case: str) -> None:
    answer, asked = drive(dialect(case).revoke(SPEAKERS[case][1], Tokens()), lambda request: NotSent("down"))
    assert answer is None
    assert asked == []


@ALL
def test_revoking_ends_whatever_is_answered(case: str) -> None:
    for outcome in (NotSent("down"), Lost("reset"), Response(status=500), Response(status=200, body=b'{"ok":true}')):
        answer, asked = drive(dialect(case).revoke(SPEAKERS[case][1], Tokens("a", "r")), lambda request: outcome)  # noqa: B023
        assert answer is None or isinstance(answer, Throttled | Unavailable | Faulted | Doubtful | Refused | Revoked)
        assert len(asked) <= 1


CONNECTING = [case for case in sorted(SPEAKERS) if dialect(case).connects]


@pytest.mark.parametrize("case", CONNECTING)
def test_a_browser_is_sent_to_the_vendor_and_nowhere_else(case: str) -> None:
    made = dialect(case)
    scopes = [need.scope for need in made.needed(made.connects, FEATURES)]
    url = made.authorize("https://us.example/t/acme/connect/x/callback", "st-1", "c" * 43, scopes)
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.scheme == "https"
    assert asked["state"] == "st-1"
    assert asked["redirect_uri"] == "https://us.example/t/acme/connect/x/callback"
    assert asked["response_type"] == "code"
    assert CANARY not in url


@pytest.mark.parametrize("case", CONNECTING)
def test_a_code_is_redeemed_once_with_the_same_address(case: str) -> None:
    made = dialect(case)
    flow = made.exchange("the-code", "https://us.example/cb", "v" * 64, ["chat:write"])
    fields = {"ok": True, "access_token": "a", "refresh_token": "r", "expires_in": 3600, "scope": "chat:write"}
    answer, asked = drive(flow, lambda request: Response(status=200, body=msgspec.json.encode(fields)))
    assert isinstance(answer, Granted)
    [request] = asked
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert form["code"] == "the-code"
    assert form["redirect_uri"] == "https://us.example/cb"
    assert "the-code" not in repr(request)
    assert "the-code" not in request.url
