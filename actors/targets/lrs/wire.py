"""Statements as another LRS wants them, and what its answers mean. No I/O.

A statement goes as our LRS shows it, without ``stored``, which the other one sets itself, and labelled with the version
that is spoken. What each property holds is handed on as the bytes that came.
"""

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from actors.domain.answers import retry_after as retry_after_of
from actors.domain.answers import said, understood
from actors.domain.flow import Outcome, Response
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.domain.xapi.accepted import Enclosed

VERSION_HEADER = "x-experience-api-version"
LABELS = {"1.0.3": Raw(b'"1.0.0"'), "2.0.0": Raw(b'"2.0.0"')}
FOREIGN = {"contextAgents", "contextGroups"}
"""Of a context: what 1.0.3 does not know."""
EXTENSION = "urn:lmsyncd:extensions:"

Failure = Throttled | Unavailable | Faulted | Refused | Revoked | Doubtful

_parts = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


class Taken(msgspec.Struct, frozen=True):
    """The LRS has it (or whatever else was asked for)."""

    response: Response


class Conflict(msgspec.Struct, frozen=True):
    """409: it has a statement with this id, and says that it is another one."""

    detail: str


class Missing(msgspec.Struct, frozen=True):
    """404: it has no such statement, or is no LRS at all."""

    detail: str


# ── statements ───────────────────────────────────────────────────────────────────────────────────────


def outgoing(statement: bytes, version: str) -> bytes:
    """A statement as our LRS shows it, for somebody who speaks ``version``."""
    parts = _parts(statement)
    parts.pop("stored", None)
    parts["version"] = LABELS[version]
    if version == "1.0.3":
        _backwards(parts)
        thing = _parts(parts["object"])
        if thing.get("objectType") == Raw(b'"SubStatement"') and _backwards(thing):
            parts["object"] = Raw(_encode(thing))
    return _encode(parts)


def _backwards(parts: dict[str, Raw]) -> bool:
    """What a context has that 1.0.3 does not know becomes extensions of it. Whether there was any."""
    context = _parts(parts["context"]) if "context" in parts else {}
    foreign = FOREIGN & context.keys()
    if not foreign:
        return False
    extensions = _parts(context["extensions"]) if "extensions" in context else {}
    for name in sorted(foreign):
        extensions[EXTENSION + name] = context.pop(name)
    context["extensions"] = Raw(_encode(extensions))
    parts["context"] = Raw(_encode(context))
    return True


def enclosing(statement: bytes, attachments: Sequence[Enclosed]) -> tuple[str, bytes]:
    """(content type, body) of a request with a statement and the contents of its attachments: multipart/mixed."""
    mark = hashlib.sha256(statement)
    for one in attachments:
        mark.update(one.sha2.encode())
    boundary = f"lmsyncd-{mark.hexdigest()[:40]}"  # made of the hashes of all there is: it stands in none of it
    line = f"--{boundary}\r\n".encode()
    parts = [line, b"Content-Type: application/json\r\n\r\n", statement, b"\r\n"]
    for one in attachments:
        head = (
            f"Content-Type: {one.content_type}\r\nContent-Transfer-Encoding: binary\r\n"
            f"X-Experience-API-Hash: {one.sha2}\r\n\r\n"
        )
        parts += [line, head.encode(), one.content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/mixed; boundary={boundary}", b"".join(parts)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────


def understand(outcome: Outcome) -> Taken | Conflict | Missing | Failure:
    """What came of one request, whatever it was."""
    return understood(outcome, _understand)


def _understand(response: Response) -> Taken | Conflict | Missing | Failure:
    status, detail = response.status, _detail(response)
    retry_after = retry_after_of(response)
    match status:
        case 204:
            return Taken(response)
        case 200 if VERSION_HEADER in response.headers:
            return Taken(response)
        case 401:
            return Revoked(f"{detail}: it does not accept the key and secret")
        case 403:
            return Revoked(f"{detail}: it does not let this key do that")
        case 409:
            return Conflict(detail)
        case 429:
            return Throttled(retry_after, detail=f"{detail}: it asks us to slow down")
        case 503:
            return Unavailable(detail, retry_after)
        case 408:
            return Doubtful(detail)
        case 413 | 414 | 431:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: the request is too large")
        case 400 | 422:
            return Refused(Cause.PAYLOAD_REFUSED, f"{detail}: it does not take this statement")
        case 404:
            return Missing(detail)
        case 405 | 407:
            return elsewhere(detail)
        case _ if 300 <= status < 400:
            where = response.headers.get("location", "elsewhere")[:120]
            return Unavailable(f"{detail}: endpoint leads to {where}")
        case _ if 400 <= status < 500:
            return Faulted(detail)
        case _ if status < 300:
            return Doubtful(f"{detail} with an answer that is not an LRS's ({len(response.body)} bytes)")
        case _:
            return Doubtful(detail)


def elsewhere(detail: str) -> Unavailable:
    """Nothing is lost: the statements wait until endpoint is an LRS's."""
    return Unavailable(f"{detail}: what answers at endpoint is not an LRS")


def _detail(response: Response) -> str:
    """The status and what the LRS says to it."""
    words = said(response) if response.status >= 400 else ""
    return f"LRS: HTTP {response.status}" + (f", {words}" if words else "")


def host_of(url: str) -> str:
    """Whom a receipt names."""
    return urlsplit(url).netloc
