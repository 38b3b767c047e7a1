"""Attacks on what vendors tell: Slack's signatures, and Graph's addresses, secrets and validation."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from attack import Attack, attack, unseen
from besieged import SECRETS, TEAM_IDS, Answer, Besieged, request
from standardwebhooks import Webhook

SCRIPT = "<script>alert(1)</script>"
JSON = "application/json"


def event(team: str = TEAM_IDS["acme"], **more: Any) -> bytes:
    told = {"type": "channel_deleted", "channel": "C0GENERAL1"}
    return json.dumps({"type": "event_callback", "team_id": team, "event_id": "Ev1", "event": told, **more}).encode()


def slack(
    body: bytes,
    *,
    secret: str = SECRETS["acme-signing"],
    at_s: float = 0.0,
    tenant: str = "acme",
    signature: str | None = None,
    stamp: str | None = None,
    signed: bytes | None = None,
    kind: str = JSON,
) -> Callable[[Besieged], bytes]:
    """A call, signed as Slack would at a time ``at_s`` from now; what is given stands instead of what is right."""

    def make(_besieged: Besieged) -> bytes:
        when = stamp if stamp is not None else str(int(time.time() + at_s))
        mac = hmac.new(secret.encode(), b"v0:" + when.encode() + b":" + (body if signed is None else signed), sha256)
        given = f"v0={mac.hexdigest()}" if signature is None else signature
        head = {"X_Slack_Request_Timestamp": when, "X_Slack_Signature": given, "Content_Type": kind}
        return request("POST", f"/t/{tenant}/events/slack", body, **head)

    return make


def plain(_besieged: Besieged, answer: Answer) -> bool:
    """No browser takes it for a page."""
    kind = answer.headers.get("content-type", "")
    return kind.startswith("text/plain") and answer.headers.get("x-content-type-options") == "nosniff"


def upper(_besieged: Besieged) -> bytes:
    return slack(event())(_besieged).replace(b"v0=", b"V0=")


def standard(
    body: bytes = b"{}",
    *,
    secret: str = SECRETS["acme-hook"],
    at_s: int = 0,
    signed: bytes | None = None,
    tenant: str = "acme",
    message_id: str = "msg_1",
    **instead: str,
) -> Callable[[Besieged], bytes]:
    """A message of Standard Webhooks to a source that is read; what is given stands instead of what is right."""

    def make(_besieged: Besieged) -> bytes:
        when = int(time.time()) + at_s
        at, text = datetime.fromtimestamp(when, UTC), (body if signed is None else signed).decode()
        signature = Webhook(secret).sign("msg_1", at, text)
        head = {"webhook_id": message_id, "webhook_timestamp": str(when), "webhook_signature": signature, **instead}
        return request("POST", f"/t/{tenant}/hooks/moodle", body, Content_Type=JSON, **head)

    return make


def called(name: str, make: Callable[[Besieged], bytes], tenant: str = "acme") -> Attack:
    return attack(name, make, 401, audited="hook", tenant=tenant)


OTHER = "whsec_" + base64.b64encode(b"a-stranger's-secret-of-32-bytes!").decode()
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "tell-me"}).encode()
CLICK = urlencode({"payload": json.dumps({"type": "block_actions", "team": {"id": TEAM_IDS["acme"]}})}).encode()
FORM = "application/x-www-form-urlencoded"


def forged(name: str, make: Callable[[Besieged], bytes], tenant: str = "acme") -> Attack:
    return attack(name, make, 401, audited="forged", tenant=tenant)


# ── Graph ────────────────────────────────────────────────────────────────────────────────────────────


def keyless(query: str) -> Callable[[Besieged], bytes]:
    return lambda _: request(
        "POST", f"/t/acme/events/teams{query}", b'{"value":[{"clientState":"x"}]}', Content_Type=JSON
    )


EVENTS: list[Attack] = [
    forged("an event that nobody signed", slack(event(), signature="")),
    forged("an event signed by a guess", slack(event(), secret="guess")),
    forged("an event signed by an empty secret", slack(event(), secret="")),
    forged("an event signed by another tenant", slack(event(), secret=SECRETS["globex-signing"])),
    forged("one's own signature at another tenant", slack(event(TEAM_IDS["globex"]), tenant="globex"), "globex"),
    forged("a signature in another version", slack(event(), signature="v1=" + "0" * 64)),
    forged("a signature in capitals", upper),
    forged("half a signature", slack(event(), signature="v0=" + "0" * 32)),
    forged("a signature of another body", slack(event(), signed=b"{}")),
    forged("a time that is none", slack(event(), stamp="now")),
    forged("a negative time", slack(event(), stamp="-1")),
    forged("no time", slack(event(), stamp="")),
    attack("an event that was kept for later", slack(event(), at_s=-301), 401, audited="stale"),
    attack("an event from the future", slack(event(), at_s=400), 401, audited="stale"),
    attack("an event of another workspace", slack(event("T0STRANGER")), 403, audited="foreign"),
    attack("an event of nobody's", slack(event("")), 403, audited="foreign"),
    forged("a challenge that nobody signed", slack(CHALLENGE, signature="")),
    attack(
        "a script for a challenge",
        slack(json.dumps({"type": "url_verification", "challenge": SCRIPT}).encode()),
        200,
        400,
        also=plain,
    ),
    attack(
        "a header for a challenge",
        slack(json.dumps({"type": "url_verification", "challenge": "a\r\nSet-Cookie: b=1"}).encode()),
        400,
        audited="malformed",
        also=unseen("set-cookie"),
    ),
    forged("a click that nobody signed", slack(CLICK, signature="", kind=FORM)),
    attack("no JSON, signed", slack(b"{"), 400, audited="malformed"),
    attack("an endless event", slack(b"[" * 300_000), 413),
    attack("an event for nobody", slack(event(), tenant="nowhere"), 404),
    # ── Standard Webhooks ────────────────────────────────────────────────────────────────────────────
    called("a message that nobody signed", standard(webhook_signature="")),
    called("a message by a stranger's secret", standard(secret=OTHER)),
    called("a message by another tenant's secret", standard(secret=SECRETS["globex-hook"])),
    called("one's own message at another tenant", standard(tenant="globex"), "globex"),
    called("a message with another body", standard(signed=b"[]")),
    called("a message with another id", standard(message_id="msg_2")),
    called("a message that was kept for later", standard(at_s=-301)),
    called("a message of the future", standard(at_s=400)),
    called("a message with a time that is none", standard(webhook_timestamp="soon")),
    called("a signature in an unknown version", standard(webhook_signature="v9,AAAA")),
    called("a hundred signatures", standard(webhook_signature=" ".join(["v1,AAAA"] * 100))),
    # ── Graph ────────────────────────────────────────────────────────────────────────────────────────
    attack("a notification without a key", keyless(""), 404, audited="unexpected"),
    attack(
        "a script to be validated, without a key",
        keyless(f"?validationToken={quote(SCRIPT)}"),
        404,
        also=unseen("script"),
    ),
]
