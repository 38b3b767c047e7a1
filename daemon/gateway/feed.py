"""GET ``/t/{tenant}/changes``: the canonical changes of a tenant, a page at a time, for programs that poll.

It is not xAPI: there is no version header, refusals are problem JSON, and what it shows is what lmsyncd understood, not
what was said. The door is the LRS's: the same credentials and scopes, the same rate.
"""

import re
from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.changes import AnyChange, StatementStored
from actors.domain.outside import outside
from actors.domain.xapi.moments import spelt
from actors.ports import StoreUnavailable
from daemon.gateway.lrs.access import READING, Access
from daemon.gateway.lrs.reading import check_names
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.ports_feed import FeedEntry, FeedGone, Place
from daemon.gateway.problems import Problem, unavailable

PATH = "/t/{tenant}/changes"
LIMIT_MAX = 500
LIMIT = 100
AHEAD_US = 86_400_000_000
"""A cursor so far in the future was never given out, whatever the clock has done."""
WORDS: dict[str, frozenset[str]] = {
    word: frozenset(kind.__struct_config__.tag for kind in AnyChange.__args__ if word in kind.words)
    for word in sorted(word for kind in AnyChange.__args__ if kind is not StatementStored for word in kind.words)
}
"""The kinds that each route word selects."""
_CURSOR = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.([1-9][0-9]{0,8}))?")
_LIMIT = re.compile(r"0*([1-9][0-9]{0,2})")


class FeedResource:
    """``/t/{tenant}/changes``."""

    def __init__(self, ports: GatewayPorts, access: Access) -> None:
        self._ports = ports
        self._access = access

    async def get(self, request: Request) -> Response:
        account = self._access.demand(request, *READING, what="read changes")
        given = _given(request.query_params)
        after = self._cursor(given["cursor"]) if "cursor" in given else None
        limit, kinds = _limit(given.get("limit")), _kinds(request.query_params.getlist("kind"))
        try:
            page = await self._ports.feed.changes(account.tenant, after, kinds, limit)
        except StoreUnavailable as error:
            raise unavailable(error) from error
        except FeedGone as error:
            raise _gone(error) from error
        body = {"changes": [shown(entry) for entry in page.entries], "cursor": _told(page.end), "more": page.more}
        return Response(msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"})

    def _cursor(self, text: str) -> Place:
        parts = _CURSOR.fullmatch(text)
        if parts is None:
            raise _bad("cursor", "must be one that an answer of this feed gave")
        place = int(parts[1]), int(parts[2] or 0)
        if place[0] > self._ports.clock.now_us() + AHEAD_US:
            raise _bad("cursor", "is not of this feed: it stands for a time that is still to come")
        return place


def shown(entry: FeedEntry) -> dict[str, Any]:
    """One entry as JSON. Members without a value are left out."""
    told: dict[str, Any] = {"cursor": _told(entry.place), "id": entry.id, "kind": entry.kind, "news": entry.news}
    if entry.corrects and entry.news != "retracted":
        told["corrects"] = entry.corrects
    if entry.imported:
        told["imported"] = True
    if entry.change is not None:
        told["occurrence"] = entry.occurrence
        told["change"] = outside(entry.change)
    return {
        **{name: value for name, value in told.items() if value != ""},
        "statement": entry.statement_id,
        "source": entry.source,
        "stored": spelt(entry.stored_us),
        "correlation_id": entry.correlation_id,
        "version": entry.version,
    }


def _told(place: Place) -> str:
    seq, beside = place
    return f"{max(seq, 0)}.{beside}" if beside else f"{max(seq, 0)}"


def _given(parameters: QueryParams) -> dict[str, str]:
    """By name; ``kind`` may be repeated."""
    once = QueryParams([(name, value) for name, value in parameters.multi_items() if name != "kind"])
    return check_names(once, ("cursor", "limit"))


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    parts = _LIMIT.fullmatch(text)
    if parts is None or int(parts[1]) > LIMIT_MAX:
        raise _bad("limit", f"must be a whole number from 1 to {LIMIT_MAX}")
    return int(parts[1])


def _kinds(given: list[str]) -> frozenset[str]:
    """What the words select; nothing: everything."""
    found: set[str] = set()
    for word in (word.strip() for text in given for word in text.split(",")):
        if word not in WORDS:
            raise _bad("kind", f"knows no {word[:40]!r}; the words are {', '.join(WORDS)}")
        found |= WORDS[word]
    return frozenset(found)


def _bad(name: str, rule: str) -> Problem:
    return Problem(400, f"{name} {rule}", reason="parameter", members={"parameter": name})


def _gone(error: FeedGone) -> Problem:
    return Problem(
        410,
        "changes behind this cursor have left the log by retention, so some were missed: take what you need from the "
        "statements or the LMS anew, then go on from the cursor given here; without a cursor the feed begins there "
        "too",
        reason="gone",
        members={"cursor": _told(error.from_)},
    )
