"""How a stored statement looks from outside."""

import msgspec

from actors.domain.xapi.moments import spelt
from actors.ports import LoggedStatement


class _Given(msgspec.Struct):
    version: str | None = None


_given = msgspec.json.Decoder(_Given).decode
_DEFAULT_VERSION = {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}


def outward(row: LoggedStatement) -> bytes:
    """The statement as JSON with what the LRS adds; the sender's own part byte for byte."""
    stored = spelt(row.stored_us)
    added = [f'"stored":"{stored}"']
    if not row.timestamp:
        added.append(f'"timestamp":"{stored}"')
    if _given(row.body).version is None:
        added.append(f'"version":"{_DEFAULT_VERSION[row.version]}"')
    if row.authority:
        added.append('"authority":' + row.authority.decode())
    return b"%b,%b}" % (row.body[: row.body.rindex(b"}")], ",".join(added).encode())


def outward_page(rows: list[LoggedStatement], more: str) -> bytes:
    return b'{"statements":[%b],"more":%b}' % (b",".join(map(outward, rows)), msgspec.json.encode(more))
