"""A statement as the LRS shows it: the sender's own bytes, with what the LRS adds."""

import msgspec

from actors.domain.xapi.forms import in_utc
from actors.domain.xapi.moments import spelt
from actors.domain.xapi.patterns import Version


class _Given(msgspec.Struct):
    version: str | None = None


_given = msgspec.json.Decoder(_Given).decode
_DEFAULT_VERSION = {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}


def exact(
    body: bytes, *, stored_us: int, timestamp: str, arrived: str, authority: bytes, version: Version = "1.0.3"
) -> bytes:
    """The statement as JSON for somebody who speaks ``version``. ``timestamp`` and ``authority`` (JSON) are empty
    where it has none; ``arrived``: the version of the request that brought it."""
    if version == "2.0.0":
        body = in_utc(body, timestamp)
    stored = spelt(stored_us)
    added = [f'"stored":"{stored}"']
    if not timestamp:
        added.append(f'"timestamp":"{stored}"')
    if _given(body).version is None:
        added.append(f'"version":"{_DEFAULT_VERSION[arrived]}"')
    if authority:
        added.append('"authority":' + authority.decode())
    return b"%b,%b}" % (body[: body.rindex(b"}")], ",".join(added).encode())
