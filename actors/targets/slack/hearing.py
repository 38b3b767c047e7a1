"""Slack's ears: whether a request is Slack's own, and what it tells.

A request is signed over its raw body with the app's signing secret (``v0``), and is good for five minutes. While the
secret is being changed two are accepted. What is genuine but of another workspace or app is refused for good: Slack is
told not to send it again.
"""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from actors.domain.flow import Flow, Veiled, decode_object
from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    Asking,
    Challenged,
    Failure,
    Hearkened,
    Hearkening,
    Line,
    Note,
    Ourselves,
    Said,
    Subscribed,
    Subscribing,
    Surveying,
    Told,
    Untold,
    Unwatched,
    Watch,
)
from actors.domain.verdicts import Cause, Refused
from actors.ports import Reveal
from actors.targets.slack import socket, telling
from actors.targets.slack.settings import CHANNEL_ID, SlackSettings
from actors.targets.slack.surveying import Ask, routed, survey
from actors.targets.slack.wire import Answered, harmless, understand
from config.durations import seconds
from config.model import Audience

STALE_S = 300
CHALLENGE_CHARS_MAX = 512
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
FORM = "application/x-www-form-urlencoded"


class SlackEars:
    """One workspace's."""

    watch_s = 0.0

    def __init__(self, settings: SlackSettings, reveal: Reveal, ask: Ask) -> None:
        self.survey_s = seconds(settings.survey)
        self.has_door = settings.signing_secret is not None
        self.has_socket = settings.app_token is not None
        self._settings = settings
        self._reveal = reveal
        self._ask = ask

    def routed(self, audiences: tuple[Audience, ...]) -> tuple[str, ...]:
        return routed(self._settings, audiences)

    def asked_about(self, places: Sequence[str]) -> tuple[str, ...]:
        return tuple(each for each in places if CHANNEL_ID.fullmatch(each) and not each.startswith("D"))

    def survey(self, asking: Asking) -> Surveying:
        return survey(self._ask, asking)

    # ── what was posted ──────────────────────────────────────────────────────────────────────────────

    def hear(self, inbound: Inbound, now_us: int, ourselves: Ourselves) -> Hearkening:
        yield from ()
        secrets = [each for each in (self._settings.signing_secret, self._settings.signing_secret_former) if each]
        if not secrets:
            return Untold(status=404, reason="closed", detail="no signing_secret is set", again=False)
        stamp, given = (inbound.headers.get(name, "") for name in ("x-slack-request-timestamp", "x-slack-signature"))
        if not (_STAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(given)):
            return Untold(status=401, reason="forged", detail="it is not signed")
        good = [verified(self._reveal(secret), stamp, inbound.body, given) for secret in secrets]
        if not any(good):
            return Untold(status=401, reason="forged", detail="the signature is not by our signing_secret")
        if abs(now_us // 1_000_000 - int(stamp)) > STALE_S:
            return Untold(status=401, reason="stale", detail=f"it was signed more than {STALE_S} s from now")
        return self._understood(inbound, ourselves)

    def _understood(self, inbound: Inbound, ourselves: Ourselves) -> Hearkened:
        try:
            if inbound.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
                return self._form(inbound.body, ourselves)
            return self._json(inbound.body, ourselves)
        except telling.Foreign:
            return Untold(status=403, reason="foreign", detail="it is for another workspace or app", again=False)
        except telling.Unknown:
            return Untold(status=503, reason="unexpected", detail="which workspace is ours is not known yet")

    def _form(self, body: bytes, ourselves: Ourselves) -> Hearkened:
        fields = telling.form_of(body)
        if fields is not None and telling.text(fields, "ssl_check") == "1":
            return Told(ignored=1)
        found = telling.interaction(fields) if fields is not None else None
        if found is None:
            return _malformed("a form without payload or command")
        telling.check(found[0], ourselves, self._settings)
        return Told(notes=(telling.clicked(*found),))

    def _json(self, body: bytes, ourselves: Ourselves) -> Hearkened:
        payload = decode_object(body)
        if payload is None:
            return _malformed("no JSON object")
        match telling.text(payload, "type"):
            case "url_verification":
                challenge = telling.text(payload, "challenge")
                if 0 < len(challenge) <= CHALLENGE_CHARS_MAX and challenge.isascii() and challenge.isprintable():
                    return Challenged(text=challenge)
                return _malformed("a challenge that is none")
            case "event_callback":
                telling.check(payload, ourselves, self._settings)
                return _told(telling.event(payload, ourselves))
            case "app_rate_limited":
                telling.check(payload, ourselves, self._settings)
                return _told(telling.rationed(payload))
            case _:
                return _malformed("neither an event nor a challenge")

    # ── the socket ───────────────────────────────────────────────────────────────────────────────────

    def dial(self) -> Flow[Line | Failure]:
        assert self._settings.app_token is not None  # noqa: S101  # has_socket
        token = Veiled(f"Bearer {self._reveal(self._settings.app_token)}")
        answer = understand((yield socket.request(self._settings.base_url, token)))
        return socket.line_of(answer) if isinstance(answer, Answered) else harmless(answer)

    def listen(self, message: str, ourselves: Ourselves) -> Said:
        return socket.said(message, ourselves, self._settings)

    def pressed(self, form: str, body: bytes) -> tuple[str, ...]:
        return telling.pressed(body) if form == telling.PRESSED else ()

    # ── subscriptions: an app has them by its manifest ───────────────────────────────────────────────

    def resources(self, places: tuple[str, ...]) -> tuple[str, ...]:
        return ()

    def subscribe(self, wanted: Subscribing) -> Flow[Subscribed | Failure]:
        yield from ()
        return Refused(Cause.BAD_CONFIGURATION, "Slack's events are part of the app's manifest")

    def renew(self, watch: Watch, ends_us: int) -> Flow[Subscribed | Unwatched | Failure]:
        yield from ()
        return Unwatched()

    def unsubscribe(self, watch: Watch) -> Flow[Unwatched | Failure]:
        yield from ()
        return Unwatched()


def verified(secret: str, stamp: str, body: bytes, given: str) -> bool:
    """Whether it is signed by this secret. In constant time."""
    signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    return hmac.compare_digest(f"v0={signed}", given)


def _told(note: Note | None) -> Told:
    return Told(ignored=1) if note is None else Told(notes=(note,))


def _malformed(detail: str) -> Untold:
    return Untold(status=400, reason="malformed", detail=detail, again=False)
