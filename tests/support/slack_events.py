"""Requests as Slack signs them: made with Slack's own SDK, so that what we verify is not what we made ourselves."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from slack_sdk.signature import SignatureVerifier

from actors.domain.harvest import Inbound

SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
FORMER = "former-former-former-former-form"
TEAM = "T0SANDBOX1"
BOT = "U0SANDBOX1"


def event(kind: str, event_id: str = "Ev1", team: str = TEAM, **fields: Any) -> dict[str, object]:
    """An envelope of the Events API."""
    return {
        "token": "verification-token",
        "team_id": team,
        "api_app_id": "A0SANDBOX1",
        "type": "event_callback",
        "event": {"type": kind, "event_ts": "1800000000.000100", **fields},
        "event_id": event_id,
        "event_time": 1_800_000_000,
        "authorizations": [{"team_id": team, "user_id": BOT, "is_bot": True}],
    }


def person(user: str, email: str, **more: Any) -> dict[str, object]:
    return {"id": user, "team_id": TEAM, "deleted": False, "is_bot": False, "profile": {"email": email}, **more}


def signed(body: bytes | dict[str, Any], at_s: int, secret: str = SIGNING, **headers: str) -> Inbound:
    """What Slack posts, as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return _inbound(raw, at_s, secret, {"content-type": "application/json", **headers})


def form(fields: dict[str, str], at_s: int, secret: str = SIGNING) -> Inbound:
    """What Slack posts, as a form."""
    return _inbound(
        urlencode(fields).encode(), at_s, secret, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    )


def _inbound(raw: bytes, at_s: int, secret: str, headers: dict[str, str]) -> Inbound:
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(at_s), body=raw)
    assert signature is not None
    stamped = {"x-slack-request-timestamp": str(at_s), "x-slack-signature": signature}
    return Inbound(headers=headers | stamped, query="", body=raw)
