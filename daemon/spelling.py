"""How a request and its answer are spelt on the way out: addresses, headers, and what went wrong in words that cannot
quote a secret.
"""

from functools import lru_cache
from urllib.parse import quote, urlsplit

import httpcore
import msgspec

from actors.domain.flow import Request
from config.outward import literal

DETAIL_CHARS_MAX = 200
SAFE_IN_TARGET = "%/:=&?~#+!$,;'@()*[]"
OURS_TO_SET = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class Address(msgspec.Struct, frozen=True):
    """A parsed URL. ``named`` is what messages may tell of it."""

    url: httpcore.URL
    key: tuple[bytes, bytes, int]
    host: bytes
    named: str


@lru_cache(maxsize=512)
def address(url: str) -> Address:
    """Raises ValueError, with a text that tells nothing of the URL, unless it is plain http or https."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        port = parts.port
    except ValueError:
        raise ValueError("the address is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("the address is neither http:// nor https:// with a host")
    if parts.username is not None:
        raise ValueError("the address carries a user name; credentials go elsewhere")
    try:
        literal(host.decode())
    except ValueError as error:
        raise ValueError(f"the host of the address: {error}") from None
    if port == 0:
        raise ValueError("the address has port 0")
    target = quote(parts.path or "/", safe=SAFE_IN_TARGET)
    if parts.query:
        target += "?" + quote(parts.query, safe=SAFE_IN_TARGET)
    bracketed = b"[" + host + b"]" if b":" in host else host
    known = 443 if parts.scheme == "https" else 80
    return Address(
        url=httpcore.URL(scheme=parts.scheme.encode(), host=host, port=port or known, target=target.encode()),
        key=(parts.scheme.encode(), host, port or known),
        host=bracketed if port in (None, known) else bracketed + b":%d" % port,
        named=f"{host.decode()}:{port or known}",
    )


def raw_headers(request: Request, where: Address) -> list[tuple[bytes, bytes]]:
    raw = [(b"host", where.host), (b"user-agent", b"lmsyncd"), (b"accept-encoding", b"identity")]
    if request.body or request.method not in ("GET", "HEAD", "DELETE"):
        raw.append((b"content-length", b"%d" % len(request.body)))
    try:
        for name, value in request.headers.items():
            if name.lower() not in OURS_TO_SET:
                raw.append((name.encode("ascii"), value.encode("latin-1")))
    except UnicodeEncodeError:
        raise ValueError(f"{where.named}: a header has characters that HTTP cannot carry") from None
    return raw


def headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1").lower(), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def reason(error: Exception) -> str:
    """What went wrong, in words that cannot quote the request: a peer may have echoed it."""
    match error:
        case httpcore.LocalProtocolError():
            return "the request has characters that HTTP cannot carry"
        case httpcore.RemoteProtocolError():
            return "the connection was closed in mid-answer, or the answer is not HTTP"
        case httpcore.TimeoutException():
            return {"ConnectTimeout": "no connection in time", "WriteTimeout": "could not write in time"}.get(
                type(error).__name__, "no answer in time"
            )
        case httpcore.ProxyError():
            return f"the proxy refused: {error}"[:DETAIL_CHARS_MAX]
        case _:
            return _deepest(error)[:DETAIL_CHARS_MAX]


def _deepest(error: BaseException) -> str:
    """The system's or OpenSSL's own words, from the bottom of the chain."""
    text = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause) or text
        cause = cause.__cause__
    return text
