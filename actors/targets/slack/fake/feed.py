"""What Slack tells by itself: events and interactions, signed and posted, or over the sockets that the app has opened.

What is posted and not answered with 2xx is sent again: at once, after a minute, after five; unless the answer says
``x-slack-no-retry: 1``.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import quote_plus

import msgspec

from actors.domain.flow import NotSent, Outcome, Request, Response
from actors.ports import Answer, Errand, Fault
from actors.ports.faults import Faults
from actors.ports.sendings import Sending, Tray
from actors.targets.slack.fake.kinds import SENDING
from actors.targets.slack.fake.lines import Lines
from actors.targets.slack.fake.terms import App, Terms
from actors.targets.slack.fake.workspace import APP, BOT_USER

EVENTS, CLICKS = "events.send", "interactivity.send"
"""What the sendings are called to faults."""
AGAIN_S = (0.0, 60.0, 300.0)
HELD_S = 5.0
STALE_S = 400.0
VERIFICATION = "sandbox-verification-token"
Fields = dict[str, object]


class Feed:
    """One app's subscription."""

    def __init__(self, terms: Terms, faults: Faults) -> None:
        self.tray = Tray()
        self.lines = Lines(self.tray)
        self._terms = terms
        self._faults = faults
        self._count = 0

    def tell(self, event: Fields, team: str, now_s: float) -> None:
        """An event that happened in a team, to whoever listens."""
        self._count += 1
        envelope: Fields = {
            "token": VERIFICATION,
            "team_id": team,
            "api_app_id": APP,
            "event": event | {"event_ts": f"{now_s:.6f}"},
            "type": "event_callback",
            "event_id": f"Ev{self._count:04X}{int(now_s):09X}",
            "event_time": int(now_s),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{self._count:020x}",
        }
        self._send(EVENTS, "events_api", str(event.get("type", "")), envelope, now_s)
        self._send_others(str(event.get("type", "")), envelope, now_s)

    def ration(self, team: str, now_s: float) -> None:
        """So much happens that Slack does not tell all of it."""
        told: Fields = {"token": VERIFICATION, "type": "app_rate_limited", "team_id": team, "api_app_id": APP}
        told["minute_rate_limited"] = int(now_s // 60 * 60)
        self._send(EVENTS, "events_api", "app_rate_limited", told, now_s)
        self._send_others("app_rate_limited", told, now_s)

    def click(self, payload: Fields, now_s: float) -> None:
        """What somebody clicked, sent once."""
        self._send(CLICKS, "interactive", str(payload.get("type", "")), payload, now_s)

    def handshake(self, url: str, secret: str, now_s: float, then: Callable[[str, float], Answer]) -> Errand:
        """The question that an address has to answer before events are sent there; ``then`` is told what is wrong with
        the answer (empty if nothing is)."""
        self._count += 1
        challenge = f"sandbox-challenge-{self._count:08x}{round(now_s * 1e6):016x}"
        asked: Fields = {"token": VERIFICATION, "challenge": challenge, "type": "url_verification"}
        request = _posted(url, msgspec.json.encode(asked), "application/json", secret, now_s)

        def judged(outcome: Outcome, at_s: float) -> Answer:
            if not isinstance(outcome, Response):
                return then(f"no answer: {outcome.detail}", at_s)
            good = outcome.status == 200 and challenge.encode() in outcome.body
            return then("" if good else f"HTTP {outcome.status}, and the challenge did not come back", at_s)

        return Errand(request=request, then=judged, patience_s=3.0)

    # ── the two ways ─────────────────────────────────────────────────────────────────────────────

    def _send(self, operation: str, kind: str, name: str, payload: Fields, now_s: float) -> None:
        fault = self._faults.strike(operation, name, lambda each: each.kind in SENDING)
        if fault is not None and fault.kind == "lost":
            return
        if fault is not None and fault.kind == "out_of_order":
            now_s += float(fault.value or HELD_S)
        times = 2 if fault is not None and fault.kind == "duplicate" else 1
        for _ in range(times):
            if self._terms.socket_mode or self.lines.any_open:
                self.lines.offer(kind, payload, now_s)
            else:
                self._post(operation, name, payload, fault, now_s)

    def _post(self, operation: str, name: str, payload: Fields, fault: Fault | None, now_s: float) -> None:
        url, body, content = self._terms.events_url, msgspec.json.encode(payload), "application/json"
        if operation == CLICKS:
            url, content = self._terms.interactivity_url, "application/x-www-form-urlencoded"
            body = b"payload=" + quote_plus(body).encode()
        if not url:
            return
        again = operation == EVENTS and (fault is None or fault.kind not in ("bad_signature", "stale"))
        strikes = fault.kind if fault is not None else ""
        posting = _Posting(self.tray, name, url, body, content, strikes, again, self._terms)
        self.tray.put(posting.attempt(0, "", now_s))

    def _send_others(self, name: str, payload: Fields, now_s: float) -> None:
        """The same to every other app of the team, each under its own id and secret. No fault strikes these."""
        for number, app in enumerate(self._terms.apps, 2):
            if app.team in ("", payload["team_id"]):
                body = msgspec.json.encode(payload | {"api_app_id": f"{APP[:-1]}{number}"})
                posting = _Posting(self.tray, name, app.events_url, body, "application/json", "", True, app)
                self.tray.put(posting.attempt(0, "", now_s))


class _Posting:
    """One request, with what becomes of it."""

    def __init__(
        self,
        tray: Tray,
        name: str,
        url: str,
        body: bytes,
        content: str,
        fault: str,
        again: bool,
        signer: Terms | App,
    ) -> None:
        self._tray = tray
        self._signer = signer
        self._name = name
        self._url = url
        self._body = body
        self._content = content
        self._fault = fault
        self._again = again

    def attempt(self, number: int, reason: str, due_s: float) -> Sending:
        def make(now_s: float) -> Request:
            more = {"x-slack-retry-num": str(number), "x-slack-retry-reason": reason} if number else {}
            secret = "somebody-elses-secret" if self._fault == "bad_signature" else self._signer.signing_secret
            at_s = now_s - STALE_S if self._fault == "stale" else now_s
            return _posted(self._url, self._body, self._content, secret, at_s, more)

        def then(outcome: Outcome, now_s: float) -> None:
            wrong = _failure(outcome)
            if wrong and self._again and number < len(AGAIN_S):
                self._tray.put(self.attempt(number + 1, wrong, now_s + AGAIN_S[number]))

        return Sending(what=f"slack {self._name}", due_s=due_s, make=make, then=then)


def _failure(outcome: Outcome) -> str:
    """Why it is sent again; empty: it is not."""
    match outcome:
        case Response(status=status) if 200 <= status < 300:
            return ""
        case Response(headers=headers):
            return "" if headers.get("x-slack-no-retry") == "1" else "http_error"
        case NotSent():
            return "connection_failed"
        case _:
            return "http_timeout"


def _posted(
    url: str, body: bytes, content: str, secret: str, at_s: float, more: dict[str, str] | None = None
) -> Request:
    """Signed over the raw body (v0)."""
    stamp = str(int(at_s))
    signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    headers = {
        "content-type": content,
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={signed}",
        **(more or {}),
    }
    return Request(method="POST", url=url, operation="slack.post", headers=headers, body=body)
