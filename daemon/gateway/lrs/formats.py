"""How a stored statement looks from outside: what the LRS adds, in the format and by the version that were asked for.

One log serves both versions. A statement keeps everything it came with, the other version's properties and its own
``version`` included; only times are told in UTC to whoever speaks 2.0, because 2.0 wants that. ``Accept-Language``
is heeded in ``canonical`` alone.

What ``canonical`` fills in can be much larger than what came: a few bytes name an activity, and a definition may have
64 KiB. So it has bounds of its own, and a page that meets them ends earlier than its rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
import trio
from starlette.requests import Request

from actors.domain.xapi.definitions import activities
from actors.domain.xapi.exact import exact
from actors.domain.xapi.forms import FORMATS, Canonical, Format, Ids, reshaped
from actors.domain.xapi.languages import Range, read_ranges
from actors.domain.xapi.patterns import Version
from actors.ports import LoggedStatement
from daemon.gateway.ports import ActivityReads
from daemon.gateway.problems import Problem

SHOWN_BYTES_MAX = 8 * 1024 * 1024
"""Of canonical statements in one answer; the first of them always fits."""
FILLED_BYTES_MAX = 4 * 1024 * 1024
"""Of definitions filled into one canonical statement."""
DEFINED_MAX = 1_000
"""Activities looked up for one answer."""
LARGE_BYTES = 256 * 1024
Done = TypeVar("Done")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How the asker wants statements to look. ``ranges`` are the languages wanted, for ``canonical`` only."""

    format: Format
    version: Version
    ranges: tuple[Range, ...] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """What an answer says about itself: that it might look otherwise for somebody else."""
        return {"Vary": "Accept-Language"} if self.format == "canonical" else {}


def look_of(request: Request, version: Version) -> Look:
    """Raises Problem 400 for a format that xAPI does not know."""
    given = request.query_params.get("format", "exact")
    for known in FORMATS:
        if given == known:
            ranges = read_ranges(",".join(request.headers.getlist("accept-language"))) if known == "canonical" else ()
            return Look(format=known, version=version, ranges=ranges)
    words = ", ".join(FORMATS)
    raise Problem(400, f"format must be one of {words}", reason="parameter", members={"parameter": "format"})


async def shown(rows: Sequence[LoggedStatement], look: Look, tenant: str, reads: ActivityReads) -> list[bytes]:
    """As JSON: as many of them, from the first, as make one answer, but one at least. Raises StoreUnavailable."""
    large = sum(len(row.body) for row in rows) > LARGE_BYTES
    match look.format:
        case "exact":
            return [outward(row, look.version) for row in rows]
        case "ids":
            return await _done(large, lambda: [reshaped(outward(row, look.version), Ids()) for row in rows])
        case "canonical":
            fewer, ids = await _done(large, lambda: _named(rows))
            known = await reads.definitions(tenant, ids)
            large = large or sum(map(len, known.values())) > LARGE_BYTES
            return await _done(large, lambda: _canonical(fewer, look, known))


async def _done(large: bool, work: Callable[[], Done]) -> Done:
    """In a thread if it is large, so that everybody else's requests do not wait behind it."""
    return await trio.to_thread.run_sync(work) if large else work()


def _named(rows: Sequence[LoggedStatement]) -> tuple[Sequence[LoggedStatement], list[str]]:
    """As many of the rows as can be shown at once, and the activities whose definitions are needed."""
    ids: dict[str, None] = {}
    taken = 0
    for row in rows:
        both = ids | dict.fromkeys(activity.id for activity in activities(row.body))
        if taken and len(both) > DEFINED_MAX:
            break
        ids = both
        taken += 1
    return rows[:taken], list(ids)[:DEFINED_MAX]


def _canonical(rows: Sequence[LoggedStatement], look: Look, known: Mapping[str, bytes]) -> list[bytes]:
    found: list[bytes] = []
    size = 0
    for row in rows:
        statement = reshaped(outward(row, look.version), Canonical(known, look.ranges, FILLED_BYTES_MAX))
        size += len(statement)
        if found and size > SHOWN_BYTES_MAX:
            break
        found.append(statement)
    return found


def outward(row: LoggedStatement, version: Version = "1.0.3") -> bytes:
    """The statement, exact, with what the LRS adds; the sender's own part byte for byte but for times in UTC."""
    return exact(
        row.body,
        stored_us=row.stored_us,
        timestamp=row.timestamp,
        arrived=row.version,
        authority=row.authority,
        version=version,
    )


def result(statements: Sequence[bytes], more: str) -> bytes:
    """xAPI's StatementResult."""
    return b'{"statements":[%b],"more":%b}' % (b",".join(statements), msgspec.json.encode(more))
