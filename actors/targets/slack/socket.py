"""Socket Mode: Slack tells over a connection that we open, for hosts that the internet cannot reach.

An address is asked for with the app's own token, and is good for one connection. Every envelope is acknowledged, but
only once what it tells is on disk: what is not acknowledged is told again.
"""

from urllib.parse import urlsplit

import msgspec

from actors.domain.flow import Request, Veiled, decode_object
from actors.domain.tidings import Failure, Line, Ourselves, Said
from actors.domain.verdicts import Faulted
from actors.targets.slack import telling
from actors.targets.slack.settings import SlackSettings
from actors.targets.slack.wire import Answered

OPEN = "apps.connections.open"
ENVELOPE_CHARS_MAX = 200


def request(base_url: str, authorization: Veiled) -> Request:
    """For the address of the next connection."""
    headers = {"authorization": authorization, "content-type": "application/x-www-form-urlencoded"}
    return Request(method="POST", url=f"{base_url}{OPEN}", operation=OPEN, headers=headers, draws=(f"method:{OPEN}",))


def line_of(answer: Answered) -> Line | Failure:
    url = answer.text("url")
    if urlsplit(url).scheme in ("wss", "ws"):
        return Line(url)
    return Faulted("Slack: no address to connect to")


def said(message: str, ourselves: Ourselves, settings: SlackSettings) -> Said:
    """What one message says. Whatever is no envelope is ignored."""
    fields = decode_object(message.encode(errors="replace"))
    if fields is None:
        return Said(ignored=1)
    kind, envelope = telling.text(fields, "type"), telling.text(fields, "envelope_id")
    if kind == "hello":
        return Said(greeted=True)
    if kind == "disconnect":
        return Said(leave=True)
    if not envelope or len(envelope) > ENVELOPE_CHARS_MAX:
        return Said(ignored=1)
    return _envelope(kind, fields.get("payload"), _acknowledged(envelope), ourselves, settings)


def _envelope(kind: str, payload: object, answer: str, ourselves: Ourselves, settings: SlackSettings) -> Said:
    if not isinstance(payload, dict):
        return Said(answer=answer, ignored=1)
    try:
        telling.check(payload, ourselves, settings)
    except telling.Foreign:
        return Said(answer=answer, refused="foreign")
    except telling.Unknown:
        return Said(refused="unexpected")  # not acknowledged: it is told again
    match kind:
        case "events_api":
            rationed = telling.text(payload, "type") == "app_rate_limited"
            note = telling.rationed(payload) if rationed else telling.event(payload, ourselves)
            return Said(notes=(note,), answer=answer) if note is not None else Said(answer=answer, ignored=1)
        case "interactive":
            return Said(notes=(telling.clicked(payload, telling.text(payload, "type")),), answer=answer)
        case "slash_commands":
            return Said(notes=(telling.clicked(payload, "slash_command"),), answer=answer)
        case _:
            return Said(answer=answer, ignored=1)


def _acknowledged(envelope: str) -> str:
    return msgspec.json.encode({"envelope_id": envelope}).decode()
