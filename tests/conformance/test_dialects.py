"""Every dialect that a person can connect by signing in, against the page and the tokens of its vendor's fake."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
from talking import ended

from actors import sources, targets
from actors.domain.flow import Flow, Lost, Outcome, Request
from actors.domain.school import sample
from actors.domain.tokens import Failure, Granted, Tokens
from actors.domain.verdicts import Doubtful, Revoked, Unavailable
from actors.ports import Fake, Fault
from actors.ports.adjusting import Adjustable
from actors.ports.tokens import Dialect
from config.model import Secret

T = TypeVar("T")
NOW_S = 1_790_000_000.0
BACK = "https://lms.example.edu/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SECRET = {"env": "SECRET"}
SETTINGS: dict[str, dict[str, object]] = {
    "slack": {"api_url": "http://s/slack/api/", "client_id": "sandbox", "client_secret": SECRET},
    "teams": {
        "graph_url": "http://s/graph/v1.0/",
        "login_url": "http://s/entra/",
        "directory": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "client_id": "sandbox",
        "client_secret": SECRET,
        "connect": True,
    },
    "canvas": {"base_url": "http://s/canvas", "client_id": "sandbox", "client_secret": SECRET, "connect": True},
}
SCOPES = {
    "slack": ("chat:write", "users:read"),
    "teams": ("ChannelMessage.Send", "User.Read"),
    "canvas": ("url:GET|/api/v1/accounts/:account_id/courses",),
}
TOKEN_CALLS = {"slack": "oauth.v2.access", "teams": "token", "canvas": "token"}
PROOFS = {
    "slack": ("POST", "/slack/api/auth.test"),
    "teams": ("GET", "/graph/v1.0/me"),
    "canvas": ("GET", "/canvas/api/v1/accounts/self/courses"),
}


class Account:
    """One vendor's fake, its dialect, and a person before the page."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.now_s = NOW_S
        self.requests: list[Request] = []
        kinds: dict[str, Any] = {**targets.discover(), **sources.discover()}
        connector = kinds[kind]
        self.fake: Fake = connector.fake(sample(NOW_S)) if kind == "canvas" else connector.fake()
        self.settings = msgspec.convert(SETTINGS[kind], connector.settings)
        self.dialect: Dialect = connector.dialect(self.settings, _reveal, "fresh")

    def happen(self, what: str) -> None:
        assert isinstance(self.fake, Adjustable)
        self.fake.happen(msgspec.json.encode({"do": what}), self.now_s)

    def ask(self, request: Request) -> Outcome:
        self.requests.append(request)
        answer = self.fake.handle(
            msgspec.structs.replace(request, url=request.url.removeprefix("http://s")), self.now_s
        )
        return Lost("reset") if answer.reset else answer.response

    def run(self, flow: Flow[T]) -> T:
        return ended(flow, self.ask, 20)

    def code(self) -> str:
        """Press Allow."""
        asked = urlsplit(self.dialect.authorize(BACK, "state", CHALLENGE, SCOPES[self.kind]))
        headers = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode([*parse_qsl(asked.query), ("decision", "allow")]).encode()
        request = Request(method="POST", url=asked.path, operation="", headers=headers, body=body)
        response = self.fake.handle(request, self.now_s).response
        assert response.status == 302, response.body
        back = dict(parse_qsl(urlsplit(response.headers["location"]).query))
        assert back["state"] == "state"
        return back["code"]

    def exchange(self, code: str, verifier: str = VERIFIER) -> Granted | Failure:
        return self.run(self.dialect.exchange(code, BACK, verifier, SCOPES[self.kind]))

    def connected(self) -> Granted:
        granted = self.exchange(self.code())
        assert isinstance(granted, Granted), granted
        return granted

    def renew(self, held: Granted, refresh: str = "") -> Granted | Failure:
        tokens = Tokens(access=held.access, refresh=held.refresh or refresh)
        return self.run(self.dialect.renew(self.dialect.connects, tokens))

    def serves(self, access: str) -> bool:
        method, url = PROOFS[self.kind]
        headers = {"authorization": f"Bearer {access}"}
        response = self.fake.handle(Request(method=method, url=url, operation="", headers=headers), self.now_s).response
        return response.status == 200 and b'"ok":false' not in response.body


def _reveal(secret: Secret) -> str:
    return "sandbox"


@pytest.fixture(params=sorted(SETTINGS))
def account(request: pytest.FixtureRequest) -> Account:
    return Account(request.param)


def test_every_dialect_that_connects_is_here() -> None:
    kinds: dict[str, Any] = {**targets.discover(), **sources.discover()}
    able = {kind for kind, each in kinds.items() if each.dialect is not None}
    assert able - set(SETTINGS) <= {"oneroster", "lrs", "lti"}, "those are spoken to without a person"


def test_a_person_connects_and_the_token_serves(account: Account) -> None:
    granted = account.connected()
    assert account.serves(granted.access)
    assert granted.refresh
    assert granted.scopes is not None
    assert set(SCOPES[account.kind]) <= set(granted.scopes)
    assert VERIFIER not in repr(account.requests)
    assert granted.access not in repr(granted)


def test_a_code_serves_once(account: Account) -> None:
    code = account.code()
    assert isinstance(account.exchange(code), Granted)
    assert not isinstance(account.exchange(code), Granted)


def test_tokens_end_and_are_renewed(account: Account) -> None:
    first = account.connected()
    assert first.lives_s is not None
    account.now_s += first.lives_s
    assert not account.serves(first.access)
    second = account.renew(first)
    assert isinstance(second, Granted)
    assert second.access != first.access
    assert account.serves(second.access)
    assert isinstance(account.renew(second, refresh=first.refresh), Granted)


def test_a_lost_answer_is_in_doubt_and_the_same_refresh_token_brings_another(account: Account) -> None:
    first = account.connected()
    account.fake.fault(Fault(kind="reset_after_commit", operation=TOKEN_CALLS[account.kind]))
    lost = account.renew(first)
    assert isinstance(lost, Doubtful if account.dialect.single_use else Doubtful | Unavailable)
    account.now_s += 30
    second = account.renew(first)
    assert isinstance(second, Granted)
    assert account.serves(second.access)


REVOKED = {"slack": "uninstall", "teams": "withdraw_consent", "canvas": "revoke_tokens"}


def test_what_the_vendor_took_away_is_seen_to_be_gone(account: Account) -> None:
    granted = account.connected()
    account.happen(REVOKED[account.kind])
    assert not account.serves(granted.access)
    assert isinstance(account.renew(granted), Revoked)
    assert account.serves(account.connected().access), "connected anew"


def test_what_is_given_back_serves_no_more_or_was_never_taken(account: Account) -> None:
    granted = account.connected()
    tokens = Tokens(access=granted.access, refresh=granted.refresh)
    assert account.run(account.dialect.revoke(account.dialect.connects, tokens)) is None
    assert account.serves(granted.access) is (account.kind == "teams"), "Entra takes no token back"


CHANGES: dict[str, Callable[[str], str]] = {"wrong": lambda code: code + "x", "empty": lambda code: ""}


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_code_brings_nothing(account: Account, change: str) -> None:
    assert not isinstance(account.exchange(CHANGES[change](account.code())), Granted)
