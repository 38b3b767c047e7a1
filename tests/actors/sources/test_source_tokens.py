"""Tokens: what is one, how long it is good, why there is none, and what a reading does about one that is refused."""

import json
from collections.abc import Callable

import pytest
from driven import drive

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import Finished, Halted, Harvest
from actors.domain.tokens import Granted
from actors.domain.tokens import Tokens as Held
from actors.domain.verdicts import Refused
from actors.ports.speaking import Alone
from actors.sources.answers import Remedies
from actors.sources.service import APP, ServiceDialect, Terms
from actors.sources.tokens import REVOKED, Tokens, failure_of, granted
from config.model import Secret
from config.transport import OAuthClient

REMEDIES = Remedies(unknown="another secret", forbidden="other scopes", missing="its address", address="token_url")
NOW_US = 1_790_000_000_000_000


def given(**fields: object) -> Response:
    return Response(status=200, body=json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("expires_in", "lives_s"),
    [(60, 60.0), ("60", 60.0), (None, 3600.0), ("soon", 3600.0), (True, 3600.0), (9e9, 86400.0)],
)
def test_how_long_it_lives(expires_in: object, lives_s: float) -> None:
    answer = granted(given(access_token="t", expires_in=expires_in), "token", REMEDIES)
    assert isinstance(answer, Granted)
    assert (answer.access, answer.lives_s) == ("t", lives_s)


@pytest.mark.parametrize("token", ["", "a\nb", "é", 7, None, ["t"]])
def test_what_is_no_token(token: object) -> None:
    ended = granted(given(access_token=token), "token", REMEDIES)
    assert ended == Halted(why="faulted", detail="token: HTTP 200 without an access_token")


@pytest.mark.parametrize(
    ("outcome", "why", "detail"),
    [
        (Lost("reset"), "unavailable", "token: reset"),
        (Response(status=400), "revoked", "token: HTTP 400: another secret"),
        (Response(status=400, body=b'{"error": "invalid_client"}'), "revoked", "HTTP 400 invalid_client: another"),
        (
            Response(status=403, body=b'{"error": "access_denied", "error_description": "gone"}'),
            "revoked",
            "token: HTTP 403 access_denied gone: another secret",
        ),
        (Response(status=400, body=b'{"error": "invalid_scope"}'), "refused", "HTTP 400 invalid_scope: other scopes"),
        (Response(status=400, body=b'{"error": "invalid_request"}'), "refused", "HTTP 400 invalid_request: other"),
        (Response(status=401, body=b'{"error": "nobody"}'), "revoked", "HTTP 401 nobody: another secret"),
        (Response(status=403), "refused", "HTTP 403: other scopes"),
        (Response(status=404), "refused", "HTTP 404: its address"),
        (Response(status=403, body=b"403 Forbidden (Rate Limit Exceeded)"), "throttled", "HTTP 403"),
        (Response(status=503, body=b'{"error": "invalid_client"}'), "unavailable", "HTTP 503 invalid_client"),
    ],
)
def test_why_there_is_none(outcome: Outcome, why: str, detail: str) -> None:
    ended = granted(outcome, "token", REMEDIES)
    assert isinstance(ended, Halted)
    assert ended.why == why
    assert detail in ended.detail
    assert failure_of(ended).detail == ended.detail
    assert isinstance(failure_of(ended), Refused) == (why in ("revoked", "refused"))


def test_what_else_speaks_of_credentials_is_the_vendors_to_say() -> None:
    outcome = Response(status=400, body=b'{"error": "invalid_request"}')
    ended = granted(outcome, "token", REMEDIES, REVOKED | {"invalid_request"})
    assert isinstance(ended, Halted)
    assert ended.why == "revoked"


# ── a reading ────────────────────────────────────────────────────────────────────────────────────────


def tokens() -> Tokens:
    client = OAuthClient(token_url="https://lms.test/token", client_id="c", client_secret=Secret(env="S"))
    terms = Terms(client=client, scopes=("read",), remedies=REMEDIES, bucket="requests", setting="key", why="reading")
    return Tokens(Alone(_reveal, ServiceDialect(terms, _reveal, "f")), APP)


def _reveal(_secret: Secret) -> str:
    return "s3cr3t+&"


def reading(kept: Tokens, after_us: int = 0, *, refused: bool = False) -> Harvest:
    """Ask for a token, and say that it is not taken, or not."""
    token = yield from kept.token(NOW_US + after_us)
    if isinstance(token, Halted):
        return token
    if refused:
        kept.drop(token)
    return Finished(note=token)


def answers() -> Callable[[Request], Outcome]:
    count = iter(range(9))
    return lambda request: given(access_token=f"t{next(count)}", expires_in=3600)


def test_it_is_kept_until_shortly_before_its_end_or_until_it_is_refused() -> None:
    kept, answer = tokens(), answers()
    for after_us, note in ((0, "t0"), (3_290_000_000, "t0"), (3_310_000_000, "t1")):
        assert drive(reading(kept, after_us), answer).ended == Finished(note=note)
    assert drive(reading(kept, 3_310_000_000, refused=True), answer).ended == Finished(note="t1")
    assert drive(reading(kept, 3_310_000_000), answer).ended == Finished(note="t2")


def test_the_request_shows_no_secret() -> None:
    read = drive(reading(tokens()), lambda request: Response(status=503))
    [request] = read.requests
    assert "s3cr3t" not in repr(request)
    assert (request.draws, request.operation) == (("requests",), "token")
    assert b"scope=read" in request.body
    assert isinstance(read.ended, Halted)
    assert read.ended.why == "unavailable"


def test_whoever_has_nothing_to_ask_with_asks_nobody() -> None:
    dialect = ServiceDialect(None, _reveal, "f")
    assert dialect.speakers == ()
    flow = dialect.renew(APP, Held())
    with pytest.raises(StopIteration) as end:
        next(flow)
    assert isinstance(end.value.value, Refused)
