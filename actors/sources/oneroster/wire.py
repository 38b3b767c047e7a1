"""What a OneRoster REST service is asked, and what it says, taken apart. No I/O."""

from collections.abc import Mapping

import msgspec

from actors.domain.answers import one_line
from actors.domain.flow import Outcome, Request, Response, Veiled, decode_object
from actors.domain.harvest import Halted
from actors.sources import answers
from actors.sources.answers import Remedies
from actors.sources.links import links, onward
from actors.sources.oneroster.settings import OneRosterSettings

BUCKET = "requests"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
PATIENCE_S = 120.0
_GRADEBOOK = frozenset({"lineItems", "results", "categories"})
REMEDIES = Remedies(
    unknown="the token is not accepted: see that the client is still registered and switched on there",
    forbidden="our client may not read this: give it the scopes for that, or take what it is for out of the settings",
    missing="there is nothing at this address: write where the service is, and which version it speaks",
    address="the address in the settings",
)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a collection. ``total`` None: it does not say; ``onward``: where it goes on by its own account."""

    rows: list[dict[str, object]]
    total: int | None = None
    onward: str = ""


class Unable(Halted, frozen=True, kw_only=True):
    """A 400: what was asked for may be more than it can do (filter, sort)."""


def address(settings: OneRosterSettings, collection: str) -> str:
    """``users``, or ``lineItems/ID`` (quoted)."""
    if settings.version == "1.1":
        return f"{settings.root}/v1p1/{collection}"
    service = "gradebook" if collection.partition("/")[0] in _GRADEBOOK else "rostering"
    return f"{settings.root}/{service}/v1p2/{collection}"


def asking(url: str, operation: str, token: str) -> Request:
    return Request(
        method="GET",
        url=url,
        operation=operation,
        headers={"authorization": Veiled(f"Bearer {token}"), "accept": "application/json"},
        draws=(BUCKET,),
        answer_bytes_max=ANSWER_BYTES_MAX,
        patience_s=PATIENCE_S,
    )


def listed(outcome: Outcome, url: str, key: str) -> Listed | Halted:
    """A page of the collection ``key``; ``url`` is where it was asked for."""
    match outcome:
        case Response(status=200):
            said = decode_object(outcome.body)
            if said is None:
                return Halted(why="faulted", detail=f"{key}: the answer is no JSON object")
            rows = said.get(key)
            if not isinstance(rows, list) and "imsx_codeMajor" in said:
                return Halted(why="faulted", detail=f"{key}: {one_line(_status_info(said))}")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                return Halted(why="faulted", detail=f"{key}: the answer has no list {key!r}")
            total = outcome.headers.get("x-total-count", "").strip()
            return Listed(
                rows=rows,
                total=int(total) if total.isdecimal() and len(total) < 12 else None,
                onward=_next(url, outcome.headers.get("link", "")),
            )
        case _:
            return halted(outcome, key)


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


def halted(outcome: Outcome, what: str) -> Halted:
    """Why the reading ends; what it is told stands in ``imsx_StatusInfo``."""
    said = (decode_object(outcome.body) if isinstance(outcome, Response) else None) or {}
    info = said.get("imsx_StatusInfo")
    words = one_line(_status_info(info if isinstance(info, dict) else said))
    ended = answers.halted(outcome, what, REMEDIES, words or None)
    unable = isinstance(outcome, Response) and outcome.status == 400
    return Unable(why=ended.why, detail=ended.detail) if unable else ended
