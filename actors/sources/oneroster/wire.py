"""What a OneRoster REST service is asked, and what it says, taken apart. No I/O."""

import base64
from collections.abc import Generator, Mapping
from urllib.parse import urlencode

import msgspec

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response, Veiled, decode_object
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources.links import links, onward
from actors.sources.oneroster.settings import OneRosterSettings

BUCKET = "requests"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
PATIENCE_S = 120.0
DETAIL_CHARS_MAX = 300
EARLY_US = 60_000_000
"""A token is not used in its last minute."""
TOKEN_S = 3_600.0
_GRADEBOOK = frozenset({"lineItems", "results", "categories"})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a collection. ``total`` None: it does not say; ``onward``: where it goes on by its own account."""

    rows: list[dict[str, object]]
    total: int | None = None
    onward: str = ""


class Tokens:
    """The access token, kept while it is good."""

    def __init__(self, settings: OneRosterSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._token = ""
        self._until_us = 0

    def forget(self) -> None:
        self._token = ""

    def bearer(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        """The value of the Authorization header."""
        if not self._token or now_us >= self._until_us:
            outcome = yield from ask(self._request())
            match outcome:
                case NotSent(detail=detail) | Lost(detail=detail):
                    return Halted(why="unavailable", detail=detail)
                case Response(status=200):
                    said = decode_object(outcome.body) or {}
                    token = said.get("access_token")
                    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
                        return Halted(why="faulted", detail="the token endpoint answered 200 without an access_token")
                    self._token = token
                    self._until_us = now_us + round(_seconds(said.get("expires_in")) * 1e6) - EARLY_US
                case Response():
                    return _no_token(outcome)
        return "Bearer " + self._token

    def _request(self) -> Request:
        settings = self._settings
        secret = self._reveal(settings.client_secret) if settings.client_secret is not None else ""
        pair = f"{settings.client_id}:{secret}"
        form = {"grant_type": "client_credentials", "scope": " ".join(settings.asked_scopes)}
        return Request(
            method="POST",
            url=settings.token_url or "",
            operation="token",
            headers={
                "authorization": Veiled("Basic " + base64.b64encode(pair.encode()).decode()),
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            body=urlencode(form).encode(),
            draws=(BUCKET,),
        )


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else TOKEN_S
    except ValueError:
        return TOKEN_S
    return seconds if 0 < seconds < 10 * 86_400 else TOKEN_S


def _no_token(answer: Response) -> Halted:
    said = decode_object(answer.body) or {}
    error = str(said.get("error", ""))[:100]
    detail = f"the token endpoint says HTTP {answer.status} {error}".strip()
    if answer.status in (400, 401) and error in ("invalid_client", "unauthorized_client", ""):
        return Halted(why="revoked", detail=f"{detail}: the client id and its secret are not known there")
    if answer.status == 400:
        return Halted(why="refused", detail=f"{detail} {str(said.get('error_description', ''))[:200]}".strip())
    return refusal(answer, "the token endpoint")


def address(settings: OneRosterSettings, collection: str) -> str:
    """``users``, or ``lineItems/ID`` (quoted)."""
    if settings.version == "1.1":
        return f"{settings.root}/v1p1/{collection}"
    service = "gradebook" if collection.partition("/")[0] in _GRADEBOOK else "rostering"
    return f"{settings.root}/{service}/v1p2/{collection}"


def asking(url: str, operation: str, bearer: str) -> Request:
    return Request(
        method="GET",
        url=url,
        operation=operation,
        headers={"authorization": Veiled(bearer), "accept": "application/json"},
        draws=(BUCKET,),
        answer_bytes_max=ANSWER_BYTES_MAX,
        patience_s=PATIENCE_S,
    )


def listed(outcome: Outcome, url: str, key: str) -> Listed | Halted:
    """A page of the collection ``key``; ``url`` is where it was asked for."""
    match outcome:
        case NotSent(detail=detail) | Lost(detail=detail):
            return Halted(why="unavailable", detail=detail)
        case Response(status=200):
            said = decode_object(outcome.body)
            if said is None:
                return Halted(why="faulted", detail=f"{key}: the answer is no JSON object")
            rows = said.get(key)
            if not isinstance(rows, list) and "imsx_codeMajor" in said:
                return Halted(why="faulted", detail=f"{key}: {_status_info(said)}"[:DETAIL_CHARS_MAX])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                return Halted(why="faulted", detail=f"{key}: the answer has no list {key!r}")
            total = outcome.headers.get("x-total-count", "").strip()
            return Listed(
                rows=rows,
                total=int(total) if total.isdecimal() and len(total) < 12 else None,
                onward=_next(url, outcome.headers.get("link", "")),
            )
        case Response():
            return refusal(outcome, key)


def one(outcome: Outcome, key: str) -> Mapping[str, object] | None:
    """A single object, None where it cannot be had."""
    if not isinstance(outcome, Response) or outcome.status != 200:
        return None
    found = (decode_object(outcome.body) or {}).get(key)
    return found if isinstance(found, dict) else None


def _next(url: str, link: str) -> str:
    """The next page by its Link header; empty where there is none, or none at this origin: others get no token."""
    where = links(link).get("next")
    whole = onward(url, where) if where else None
    return whole if whole is not None and whole != url else ""


def _status_info(said: Mapping[str, object]) -> str:
    """``imsx_StatusInfo``: what went wrong, in the service's own words and codes."""
    codes = []
    minor = said.get("imsx_CodeMinor") or said.get("imsx_codeMinor")
    fields = minor.get("imsx_codeMinorField") if isinstance(minor, dict) else None
    for field in fields if isinstance(fields, list) else []:
        if isinstance(field, dict):
            codes.append(str(field.get("imsx_codeMinorFieldValue", "")))
    words = (said.get("imsx_codeMajor"), *codes, said.get("imsx_description"))
    return " ".join(str(word) for word in words if word)


def refusal(answer: Response, what: str) -> Halted:
    """What an answer means that is no 200."""
    said = decode_object(answer.body) or {}
    info = said.get("imsx_StatusInfo")
    words = _status_info(info if isinstance(info, dict) else said)
    detail = f"{what}: HTTP {answer.status} {words}".strip()[:DETAIL_CHARS_MAX]
    retry_after = answer.headers.get("retry-after")
    match answer.status:
        case 401:
            return Halted(why="revoked", detail=detail)
        case 403:
            return Halted(why="refused", detail=f"{detail}: our client may not read this")
        case 404:
            return Halted(why="refused", detail=f"{detail}: there is nothing at this address")
        case 429:
            return Halted(why="throttled", detail=detail, retry_after=retry_after)
        case status if status >= 500:
            return Halted(why="unavailable", detail=detail, retry_after=retry_after)
        case _:
            return Halted(why="faulted", detail=detail)
