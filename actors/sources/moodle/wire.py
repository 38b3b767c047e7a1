"""Moodle's web services on the wire: one POST each, and every answer a 200. No I/O.

The token stands in the form, never in the URL, where proxies and logs would keep it. What went wrong is told by
``{"exception", "errorcode", "message"}``: some of it concerns the one thing that was asked for (a course that the
token may not see), some of it everything (a token that died, maintenance): the latter is raised as ``Halt``.
"""

import re
from collections.abc import Generator, Mapping
from urllib.parse import urlencode

import msgspec

from actors.domain.answers import one_line
from actors.domain.flow import Outcome, Request, Response, VeiledBytes
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources.answers import Remedies, halted
from actors.sources.moodle.settings import MoodleSettings

BUCKET = "requests"
PATIENCE_S = 300.0
DETAIL_CHARS_MAX = 200

REVOKED = frozenset(
    {
        "invalidtoken",
        "invalidtimedtoken",
        "wsaccessuserdeleted",
        "wsaccessusersuspended",
        "wsaccessuserunconfirmed",
        "wsaccessuserexpired",
        "wsaccessusernologin",
        "usernotallowed",
        "invalidlogin",
    }
)
"""The token, or whoever it belongs to, is no more."""
REFUSED = frozenset({"servicenotavailable", "enablewsdescription", "forbiddenwsuser", "missingrequiredcapability"})
"""Web services are off, or the service is, or the user may not use it."""
UNAVAILABLE = frozenset(
    {
        "sitemaintenance",
        "upgraderunning",
        "dmlreadexception",
        "dmlwriteexception",
        "dbconnectionfailed",
        "ddlexecuteerror",
        "locktimeout",
    }
)
"""It is down, or its database is."""

REMEDIES = Remedies(
    unknown="something before Moodle wants to know who we are: let requests for /webservice/ pass",
    forbidden="web services or their REST protocol are not enabled: enable both in Site administration > Server",
    missing="there is no web service at base_url: write where Moodle is",
    address="base_url",
    unknown_is="refused",
)
"""Moodle says its own errors with a 200: other answers are of what stands before it."""

Talk = Generator[Step, Answer, "Told | Denied"]


class Told(msgspec.Struct, frozen=True):
    """It answered; ``value`` is what its JSON says (None: done, nothing to say)."""

    value: object
    function: str = ""


class Denied(msgspec.Struct, frozen=True):
    """What was asked for is not to be had; other things may be. ``why`` is Moodle's own message."""

    function: str
    code: str
    why: str

    def __str__(self) -> str:
        return f"{self.function}: {self.code}" + (f" ({self.why})" if self.why else "")


class Halt(Exception):
    """The reading ends here."""

    def __init__(self, ended: Halted) -> None:
        super().__init__(ended.detail)
        self.ended = ended


class Caller:
    """Calls functions of one Moodle. Raises Halt for what ends the reading."""

    def __init__(self, settings: MoodleSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal

    def call(self, function: str, **arguments: object) -> Talk:
        outcome = yield from ask(self.request(function, arguments))
        return understand(outcome, function)

    def request(self, function: str, arguments: Mapping[str, object]) -> Request:
        form = [("wstoken", self._reveal(self._settings.token)), ("wsfunction", function)]
        form += [("moodlewsrestformat", "json"), *flattened(arguments)]
        return Request(
            method="POST",
            url=self._settings.server_url,
            operation=function,
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            body=VeiledBytes(urlencode(form).encode()),
            draws=(BUCKET,),
            answer_bytes_max=self._settings.answer_bytes_max,
            patience_s=PATIENCE_S,
        )


def flattened(arguments: Mapping[str, object]) -> list[tuple[str, str]]:
    """As PHP nests them: ``options[0][name]=limitfrom``."""
    form: list[tuple[str, str]] = []
    for name, value in arguments.items():
        _flatten(name, value, form)
    return form


def _flatten(name: str, value: object, form: list[tuple[str, str]]) -> None:
    match value:
        case dict():
            for key, inner in value.items():
                _flatten(f"{name}[{key}]", inner, form)
        case list() | tuple():
            for place, inner in enumerate(value):
                _flatten(f"{name}[{place}]", inner, form)
        case _:
            form.append((name, str(value)))


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────


def understand(outcome: Outcome, function: str) -> Told | Denied:
    """What came of one call. Raises Halt where it ends the reading."""
    match outcome:
        case Response(status=200):
            return _answer(outcome, function)
        case Response(status=413):
            detail = f"{function}: HTTP 413: the request is too large for what stands before Moodle: let it take more"
            raise Halt(Halted(why="refused", detail=detail))
        case _:
            raise Halt(halted(outcome, function, REMEDIES))


def _answer(response: Response, function: str) -> Told | Denied:
    try:
        value = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Halt(_no_json(response, function)) from None
    if isinstance(value, dict) and ("exception" in value or "errorcode" in value):
        return _denied(value, function)
    return Told(value, function)


def _denied(value: Mapping[str, object], function: str) -> Denied:
    """Moodle's own error: of this one thing, or (raised) of everything."""
    code, message = _text(value.get("errorcode")), _text(value.get("message"))
    denied = Denied(function, code or _text(value.get("exception")), message)
    if code in REVOKED:
        raise Halt(Halted(why="revoked", detail=f"{denied}: the token is not accepted"))
    if code == "accessexception":
        detail = f"{denied}: add {function} to the external service, and see that the token's user may use it"
        raise Halt(Halted(why="refused", detail=detail))
    if code in REFUSED:
        advice = "enable web services and the external service, and let the token's user use it"
        raise Halt(Halted(why="refused", detail=f"{denied}: {advice}"))
    if code in UNAVAILABLE:
        raise Halt(Halted(why="unavailable", detail=str(denied)))
    if code == "invalidrecord" and "external_functions" in message:
        raise Halt(Halted(why="refused", detail=f"{denied}: this Moodle has no function {function}"))
    if code == "invalidparameter":
        raise Halt(Halted(why="faulted", detail=f"{denied}: it does not take what is asked; is it 4.0 or later?"))
    return denied


def _no_json(response: Response, function: str) -> Halted:
    """A 200 that is no JSON: a page of maintenance, an answer in XML, half an answer."""
    start = response.body[:2_000].decode("utf-8", "replace").lstrip().lower()
    if "maintenance" in start:
        return Halted(why="unavailable", detail=f"{function}: a page that speaks of maintenance")
    if start.startswith(("<?xml", "<response", "<exception")):
        return Halted(why="faulted", detail=f"{function}: answered in XML, though JSON was asked for")
    if start.startswith("<"):
        return Halted(why="faulted", detail=f"{function}: a web page instead of an answer; is base_url a Moodle's?")
    return Halted(why="faulted", detail=f"{function}: {len(response.body)} bytes that are no JSON, or not all of it")


def _text(value: object) -> str:
    """On one line, without marks of HTML, bounded."""
    return one_line(re.sub(r"<[^>]*>", " ", value), DETAIL_CHARS_MAX) if isinstance(value, str) else ""


# ── what is in an answer ─────────────────────────────────────────────────────────────────────────────


def objects(told: Told, *path: str) -> list[dict[str, object]]:
    """The objects of a list in an answer. Raises Halt where there is none: then nothing was told."""
    value = told.value
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Halt(Halted(why="faulted", detail=f"{told.function}: no list of {'.'.join(path) or 'objects'}"))
    return value


def fields(told: Told) -> dict[str, object]:
    """The object that an answer is. Raises Halt where it is none."""
    if not isinstance(told.value, dict):
        raise Halt(Halted(why="faulted", detail=f"{told.function}: no object"))
    return told.value


def number(value: object) -> int:
    """A whole number (an id, a time), also as text; 0 where there is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return 0
