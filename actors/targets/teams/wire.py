"""What Microsoft Graph's answers mean: by ``error.code`` and the status, never by a message.

An answer that may have come after the effect (500, 502, 504, a page, half a JSON) is doubtful. 401 is not final
either: ``Stale`` asks for another token once. Codes are compared without case, as they come in several.
"""

import base64
import re
from collections.abc import Callable
from enum import Enum
from typing import assert_never

import msgspec

from actors.domain.answers import retry_after as retry_after_of
from actors.domain.answers import understood
from actors.domain.flow import Outcome, Response, decode_object
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

Harmless = Throttled | Unavailable | Faulted | Refused | Revoked
Failure = Harmless | Doubtful

DETAIL_CHARS_MAX = 400
LOCATION_CHARS_MAX = 400
CLAIMS_CHARS_MAX = 8_192
NESTED_MAX = 5
THE_APPS_LIMIT = "activitylimitreached"
"""The code of a 429 that concerns the app, not what it asked for."""


NOT_GRAPH = "what answers at graph_url is not Microsoft Graph"


class Purpose(Enum):
    """What a request is for: the same code means different things."""

    CHANNEL = "posting to the channel"
    ACTIVITY = "notifying the learner"
    READ = "reading the channel"
    LOOKUP = "looking the learner up"
    HELLO = "saying hello"
    INSTALL = "installing the app for the learner"
    CHANGES = "asking for changes"
    TEAMS = "finding teams"
    MEMBERS = "reading the members of the team"
    CLOSING = "asking whether the team is archived"
    ROSTER = "changing the members of the team"
    CREATION = "creating the team"


class Answered(msgspec.Struct, frozen=True):
    """2xx. ``request_ids`` are both sides' ids of the request; ``location``: where what was made is to be found."""

    status: int
    fields: dict[str, object]
    request_ids: dict[str, str]
    location: str = ""

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing or something else."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def objects(self, name: str = "value") -> list[dict[str, object]] | None:
        """A field that holds a list of objects; None where it is something else."""
        value = self.fields.get(name)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else None


class Stale(msgspec.Struct, frozen=True):
    """The token is not taken (any more). ``claims``: what Graph wants the next one to prove, as JSON."""

    detail: str
    claims: str = ""


class Told(msgspec.Struct, frozen=True):
    """An error as Graph told it."""

    status: int
    code: str
    purpose: Purpose
    retry_after: str | None
    claims: str

    @property
    def detail(self) -> str:
        shown = f"{self.code} " if self.code else ""
        return f"Microsoft Graph: {shown}(HTTP {self.status}) {self.purpose.value}"[:DETAIL_CHARS_MAX]


Meaning = Callable[[Told], Failure | Stale]
_OF_ONE = frozenset(
    {
        Purpose.CHANNEL,
        Purpose.READ,
        Purpose.LOOKUP,
        Purpose.TEAMS,
        Purpose.MEMBERS,
        Purpose.CLOSING,
        Purpose.ROSTER,
        Purpose.CREATION,
    }
)
"""What is limited for one channel, one team, one kind of order or whoever asks, and holds up nobody else."""
_SILENT = frozenset({Purpose.INSTALL, Purpose.CREATION, Purpose.ROSTER})
"""What may be answered with a success and no words."""


def _refused(cause: Cause, advice: str = "") -> Meaning:
    return lambda told: Refused(cause, _with(told.detail, advice))


def _with(detail: str, advice: str) -> str:
    return f"{detail}: {advice}" if advice else detail


def _stale(told: Told) -> Stale:
    return Stale(told.detail, told.claims)


def _throttled(told: Told) -> Failure:
    """A channel's limit is the channel's own affair, and a lookup's that of whoever asks; what limits the
    notifications, or the app as a whole, holds up the lane."""
    if told.code.casefold() == THE_APPS_LIMIT:
        return _busy(told)
    return Throttled(told.retry_after, whole_lane=told.purpose not in _OF_ONE, detail=told.detail)


def _busy(told: Told) -> Failure:
    return Throttled(told.retry_after, whole_lane=True, detail=told.detail)


def _unavailable(told: Told) -> Failure:
    return Unavailable(told.detail, told.retry_after)


def _doubtful(told: Told) -> Failure:
    return Doubtful(_with(told.detail, "perhaps after doing it"))


def _faulted(told: Told) -> Failure:
    return Faulted(told.detail)


def _forbidden(told: Told) -> Failure:
    """Graph says the same of a missing permission and of a learner who has not the app."""
    match told.purpose:
        case Purpose.ACTIVITY:
            return Refused(
                Cause.DESTINATION_REFUSED,
                _with(
                    told.detail,
                    "the Teams app is not installed for this learner (or the app registration lacks "
                    "TeamsActivity.Send): set catalog_app_id, or install it by an app setup policy",
                ),
            )
        case Purpose.CHANNEL:
            advice = "the delegated token needs ChannelMessage.Send, and its person must be in the team"
        case Purpose.READ:
            advice = "the delegated token lacks ChannelMessage.Read.All"
        case Purpose.LOOKUP:
            advice = "the app registration lacks User.ReadBasic.All"
        case Purpose.HELLO:
            advice = "the token lacks User.Read"
        case Purpose.INSTALL:
            advice = (
                "the app registration lacks TeamsAppInstallation.ReadWriteSelfForUser.All, or the app with "
                "catalog_app_id is blocked, or its webApplicationInfo names another registration"
            )
        case Purpose.CHANGES:
            advice = "the app registration lacks User.Read.All (for people) or Channel.ReadBasic.All (for channels)"
        case Purpose.TEAMS:
            advice = "the app registration lacks GroupMember.Read.All"
        case Purpose.MEMBERS:
            advice = "the app registration lacks TeamMember.Read.All (or TeamMember.ReadWrite.All)"
        case Purpose.CLOSING:
            advice = "the app registration lacks TeamSettings.Read.All"
        case Purpose.ROSTER:
            advice = (
                "the app registration lacks TeamMember.ReadWrite.All (where there are no owners: "
                "TeamMember.ReadWriteNonOwnerRole.All), the team is full, or a rule of the directory says who is in it"
            )
        case Purpose.CREATION:
            advice = "the app registration lacks Team.Create, or the owner may not have teams"
        case _:
            assert_never(told.purpose)
    return Refused(Cause.MISSING_PERMISSION, _with(told.detail, advice))


def _denied(told: Told) -> Failure:
    if told.purpose is Purpose.ACTIVITY:
        return Refused(Cause.MISSING_PERMISSION, _with(told.detail, "the app registration lacks TeamsActivity.Send"))
    return _forbidden(told)


def _missing(told: Told) -> Failure:
    if told.purpose is Purpose.LOOKUP:
        return Refused(Cause.UNMATCHED_LEARNER, _with(told.detail, "nobody in the directory has this address"))
    if told.purpose is Purpose.INSTALL:
        advice = "the learner is gone, or the organisation's catalogue has no app with catalog_app_id"
        return Refused(Cause.DESTINATION_GONE, _with(told.detail, advice))
    what = "the learner" if told.purpose is Purpose.ACTIVITY else "the team or the channel"
    return Refused(Cause.DESTINATION_GONE, _with(told.detail, f"{what} does not exist, or cannot be seen"))


def _conflict(told: Told) -> Failure:
    if told.purpose is not Purpose.ACTIVITY:
        return Faulted(told.detail)
    advice = "the learner has several Teams apps of this registration: set teams_app_id"
    return Refused(Cause.BAD_CONFIGURATION, _with(told.detail, advice))


_TOO_LARGE = _refused(Cause.PAYLOAD_REFUSED, "the post is too large")
_BAD = _refused(Cause.PAYLOAD_REFUSED)

CODES: dict[str, Meaning] = {
    "unauthorized": _stale,
    "invalidauthenticationtoken": _stale,
    "insufficient_claims": _stale,
    "forbidden": _forbidden,
    "authorization_requestdenied": _denied,
    "accessdenied": _denied,
    "notfound": _missing,
    "request_resourcenotfound": _missing,
    "conflict": _conflict,
    "badrequest": _BAD,
    "invalidrequest": _BAD,
    "request_badrequest": _BAD,
    "requestentitytoolarge": _TOO_LARGE,
    "messagesizetoobig": _TOO_LARGE,
    "toomanyrequests": _throttled,
    THE_APPS_LIMIT: _busy,
    "serviceunavailable": _unavailable,
    "syncstatenotfound": _faulted,
    "resyncrequired": _faulted,
}
"""Every documented code of the requests we make, casefolded."""

STATUSES: dict[int, Meaning] = {
    400: _BAD,
    401: _stale,
    403: _forbidden,
    404: _missing,
    405: _unavailable,
    407: _unavailable,
    408: _doubtful,
    409: _conflict,
    410: _missing,
    413: _TOO_LARGE,
    414: _TOO_LARGE,
    415: _BAD,
    422: _BAD,
    424: _unavailable,
    429: _throttled,
    431: _TOO_LARGE,
    500: _doubtful,
    502: _doubtful,
    503: _unavailable,
    504: _doubtful,
    509: _busy,
}
"""Where the code is none we know."""

BY_STATUS_ALONE = frozenset({401, 424, 429, 503, 509})
"""What these say does not depend on the code (424: another request of the bundle failed, and this one was not tried);
and after any other 5xx no code proves that nothing happened."""


def understand(outcome: Outcome, purpose: Purpose) -> Answered | Stale | Failure:
    """What came of one request to Graph, whatever it was."""
    return understood(outcome, lambda response: _understand(response, purpose))


def _understand(response: Response, purpose: Purpose) -> Answered | Stale | Failure:
    status = response.status
    if status == 409 and purpose is Purpose.INSTALL:
        return Answered(status, {}, request_ids(response))  # somebody was quicker: it is there
    if 200 <= status < 300:
        nothing = status == 204 or (purpose in _SILENT and not response.body)
        fields = {} if nothing else decode_object(response.body)
        if fields is None:
            return Doubtful(f"HTTP {status} with an answer that is not Graph's ({len(response.body)} bytes)")
        location = response.headers.get("content-location") or response.headers.get("location", "")
        return Answered(status, fields, request_ids(response), location[:LOCATION_CHARS_MAX])
    if status < 400:
        where = response.headers.get("location", "elsewhere")[:120]
        return Unavailable(f"HTTP {status}: graph_url leads to {where}, not to Microsoft Graph")
    retry_after = retry_after_of(response)
    told = Told(status, code_of(response.body), purpose, retry_after, claims_of(response))
    by_code = None if status in BY_STATUS_ALONE or status >= 500 else CODES.get(told.code.casefold())
    if by_code is None and told.code == "" and status in (403, 404):
        return Unavailable(f"HTTP {status}: {NOT_GRAPH}")
    return (by_code or STATUSES.get(status) or (_doubtful if status >= 500 else _faulted))(told)


def harmless(failure: Failure) -> Harmless:
    """The failure of a request that has no effect: nothing to doubt."""
    return Unavailable(failure.detail) if isinstance(failure, Doubtful) else failure


def code_of(body: bytes) -> str:
    """``error.code``; else the first that an ``innerError`` (or ``innererror``) has."""
    fields = decode_object(body) or {}
    error: object = fields.get("error")
    code = ""
    for _ in range(NESTED_MAX):
        if not isinstance(error, dict):
            break
        here = error.get("code")
        code = code or (here if isinstance(here, str) else "")
        error = error.get("innerError", error.get("innererror"))
    return code[:100]


def request_ids(response: Response) -> dict[str, str]:
    """``request_id`` (theirs) and ``client_request_id`` (ours, echoed), as far as they are there."""
    names = {"request_id": "request-id", "client_request_id": "client-request-id"}
    return {ours: value[:100] for ours, theirs in names.items() if (value := response.headers.get(theirs, ""))}


_CLAIMS = re.compile(r'\bclaims\s*=\s*"([A-Za-z0-9+/=_-]+)"')


def claims_of(response: Response) -> str:
    """The claims of a challenge, as JSON text; empty where there is none (or none that can be read)."""
    header = response.headers.get("www-authenticate", "")
    found = _CLAIMS.search(header[:CLAIMS_CHARS_MAX])
    if found is None:
        return ""
    text = found[1].replace("-", "+").replace("_", "/").rstrip("=")
    try:
        claims = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return ""
    return claims.decode() if decode_object(claims) is not None else ""
