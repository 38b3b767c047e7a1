"""Whatever is said to the sandbox, it answers: nothing that a client or an operator sends brings it down."""

from urllib.parse import urlencode

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples

from actors import sources, targets
from actors.domain.flow import Request
from daemon.sandbox.switchboard import Switchboard

NOW_S = 1_790_000_000.0
DOORS = (
    "/slack/oauth/v2/authorize",
    "/slack/api/oauth.v2.access",
    "/slack/api/oauth.v2.exchange",
    "/slack/api/auth.revoke",
    "/slack/api/users.info",
    "/slack/api/users.list",
    "/slack/api/apps.connections.open",
    "/entra/d/oauth2/v2.0/authorize",
    "/entra/d/adminconsent",
    "/entra/d/oauth2/v2.0/token",
    "/graph/v1.0/subscriptions",
    "/graph/v1.0/users/delta",
    "/graph/v1.0/users/ada@example.edu/teamwork/installedApps",
    "/canvas/login/oauth2/auth",
    "/canvas/login/oauth2/token",
    "/sandbox/slack",
    "/sandbox/teams",
    "/sandbox/canvas",
)
NAMES = (
    "client_id",
    "client_secret",
    "redirect_uri",
    "scope",
    "user_scope",
    "state",
    "code",
    "code_verifier",
    "code_challenge",
    "decision",
    "team",
    "user",
    "code_challenge_method",
    "response_type",
    "response_mode",
    "prompt",
    "grant_type",
    "refresh_token",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "token",
    "limit",
    "cursor",
    "$deltatoken",
    "$skiptoken",
    "$filter",
    "$select",
    "resource",
    "changeType",
    "notificationUrl",
    "expirationDateTime",
    "clientState",
    "teamsApp@odata.bind",
    "do",
    "person",
    "channel",
    "email",
    "name",
    "reason",
    "event",
    "token_life_s",
    "events_url",
    "certificates",
    "grace_s",
)
VALUES = st.sampled_from(
    [
        "sandbox",
        "allow",
        "S256",
        "code",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "http://[",
        "https://x.example/",
        "users",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59Z",
        "a.b.c",
        "change_person",
        "MXwxfA",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ]
) | st.text(max_size=12)
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=8,
)
BODIES = FIELDS.map(lambda fields: ("application/x-www-form-urlencoded", urlencode(fields).encode())) | st.one_of(
    JSON.map(lambda value: ("application/json", msgspec.json.encode(value))),
    st.binary(max_size=40).map(lambda body: ("application/json", body)),
)
TOKENS = st.sampled_from(
    ["", "Bearer xoxb-sandbox", "Bearer xapp-sandbox", "Bearer sandbox-user", "Basic eA==", "Basic \xff", "x"]
)


@settings(max_examples=examples(80))
@given(
    door=st.sampled_from(DOORS),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    query=FIELDS,
    body=BODIES,
    token=TOKENS,
)
def test_every_request_has_an_answer(
    door: str, method: str, query: dict[str, str], body: tuple[str, bytes], token: str
) -> None:
    board = Switchboard(targets.discover(), limited=True, clock=lambda: NOW_S, sources=sources.discover())
    url = f"{door}?{urlencode(query)}" if query else door
    headers = {"content-type": body[0], "authorization": token, "host": "127.0.0.1:8490"}
    for _ in range(2):  # what the first one changed is there for the second
        answer = board.answer(Request(method=method, url=url, operation="", headers=headers, body=body[1]))
        assert 200 <= answer.response.status < 600
