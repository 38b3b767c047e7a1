"""How a stored statement looks from outside: what the LRS adds, in the format and by the version that were asked for.

One log serves both versions. A statement keeps everything it came with, the other version's properties and its own
``version`` included; only times are told in UTC to whoever speaks 2.0, because 2.0 wants that. ``Accept-Language``
is heeded in ``canonical`` alone.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request

from actors.domain.xapi.definitions import activities
from actors.domain.xapi.exact import exact
from actors.domain.xapi.forms import FORMATS, Canonical, Format, Ids, reshaped
from actors.domain.xapi.languages import Range, read_ranges
from actors.domain.xapi.patterns import Version
from actors.ports import LoggedStatement
from daemon.gateway.ports import ActivityReads
from daemon.gateway.problems import Problem


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
    """The statements as JSON. Raises StoreUnavailable."""
    whole = [outward(row, look.version) for row in rows]
    match look.format:
        case "exact":
            return whole
        case "ids":
            return [reshaped(statement, Ids()) for statement in whole]
        case "canonical":
            ids = {activity.id for row in rows for activity in activities(row.body)}
            form = Canonical(await reads.definitions(tenant, ids), look.ranges)
            return [reshaped(statement, form) for statement in whole]


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
