"""A conversation with a vendor, without the I/O.

A connector writes its side of the talk as a generator: it yields a ``Request``, is sent the ``Outcome``,
and returns what it concluded. Whoever drives it (a courier over HTTP, a test by hand) owns the network.
"""

from collections.abc import Generator, Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Veiled(str):
    """A header's value that is a secret: sent as it is, shown as ``***`` in the repr of whatever holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class VeiledBytes(bytes):
    """A body that holds a secret: sent as it is, shown as ``***``."""

    def __repr__(self) -> str:
        return "b'***'"


class Identity(msgspec.Struct, frozen=True):
    """Who we are in TLS, towards a server that asks for a certificate: PEM, the key without a passphrase."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Identity(***)"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. ``operation`` names it in traces and limits (``chat.postMessage``)."""

    method: str
    url: str
    operation: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    draws: tuple[str, ...] = ()
    """Names of the token buckets this request draws from; the connector's ``limits`` give their rates."""
    answer_bytes_max: int | None = None
    """How long an answer may be; None: as short as those of vendors we post to. A listing may need more."""
    patience_s: float | None = None
    """How long it may take, answer included; None: as long as a post may."""
    outward: bool = False
    """Whether the address is a receiver's that a tenant chose (a webhook): it is connected to only where it is of the
    public internet, or where the host allows it. Addresses of vendors and LMSs lead wherever they stand."""
    identity: Identity | None = None
    """The certificate that is presented where the server asks for one (mutual TLS)."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor answered. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class NotSent(msgspec.Struct, frozen=True):
    """The request surely never reached the vendor (no connection, no name, TLS refused)."""

    detail: str


class Lost(msgspec.Struct, frozen=True):
    """The request left and no whole answer came back: the effect may or may not have happened."""

    detail: str


Outcome = Response | NotSent | Lost
Flow = Generator[Request, Outcome, T]


def decode_object(body: bytes) -> dict[str, object] | None:
    """A JSON object, or None where the body is anything else (an HTML error page, half an answer)."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
