"""What is said on the control socket, without the socket: one JSON object a line, both ways.

A request names its version, its id and its verb; each verb is a struct of its own, so that what a verb takes, who may
ask for it and whether it changes anything stand in one place. The answer is any number of ``row`` lines, then one
``done`` or one ``error``, each with the request's id.
"""

from enum import IntEnum
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from daemon.control.exits import Exit

VERSION = 1
LIMIT_MAX = 10_000
IDS_MAX = 1_000

Word = Annotated[str, Meta(max_length=300)]
Limit = Annotated[int, Meta(ge=1, le=LIMIT_MAX)]
Ids = Annotated[tuple[Word, ...], Meta(max_length=IDS_MAX)]
StateName = Literal[
    "waiting", "claimed", "delivered", "unknown", "parked", "dead", "held", "superseded", "shadowed", "cancelled"
]
Level = Literal["live", "ready", "deep"]
ALL = "ALL"


class Role(IntEnum):
    """Each may do what those before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False, tag_field="verb"):
    """What every request says."""

    v: int = VERSION
    id: Word = ""

    role: ClassVar[Role] = Role.VIEWER
    mutates: ClassVar[bool] = False

    @property
    def verb(self) -> str:
        return str(self.__struct_config__.tag)


class Change(Ask, frozen=True, kw_only=True):
    """A request that changes something; it is written to the log before anything is done."""

    dry_run: bool = False

    role = Role.OPERATOR
    mutates = True


class AskStatus(Ask, frozen=True, kw_only=True, tag="status"):
    pass


class AskHealth(Ask, frozen=True, kw_only=True, tag="health"):
    level: Level = "ready"


class AskTenants(Ask, frozen=True, kw_only=True, tag="tenants"):
    pass


class AskVersion(Ask, frozen=True, kw_only=True, tag="version"):
    pass


class ActorTree(Ask, frozen=True, kw_only=True, tag="actor.tree"):
    """``path`` empty: from the root."""

    path: Word = ""


class ActorRestart(Change, frozen=True, kw_only=True, tag="actor.restart"):
    path: Word


class TargetList(Ask, frozen=True, kw_only=True, tag="target.list"):
    pass


class TargetTest(Change, frozen=True, kw_only=True, tag="target.test"):
    """Without a channel and a learner: prove the credentials, post nothing."""

    lane: Word
    channel: Word = ""
    team: Word = ""
    learner: Word = ""


class RouteTest(Ask, frozen=True, kw_only=True, tag="route.test"):
    """``statement``: JSON text, one statement or an array of them."""

    tenant: Word
    statement: str


class QueueList(Ask, frozen=True, kw_only=True, tag="queue.list"):
    lane: Word = ""
    state: StateName | None = None
    limit: Limit = 50


class QueueShow(Ask, frozen=True, kw_only=True, tag="queue.show"):
    delivery: Word


class DlqList(Ask, frozen=True, kw_only=True, tag="dlq.list"):
    lane: Word = ""
    cause: Word = ""
    limit: Limit = 50


class DlqShow(Ask, frozen=True, kw_only=True, tag="dlq.show"):
    delivery: Word


class Letters(Change, frozen=True, kw_only=True):
    """Some by id, or with ``everything`` all of them; ``lane`` narrows either."""

    deliveries: Ids = ()
    everything: bool = False
    lane: Word = ""
    cause: Word = ""


class DlqReplay(Letters, frozen=True, kw_only=True, tag="dlq.replay"):
    accept_double: bool = False


class DlqDiscard(Letters, frozen=True, kw_only=True, tag="dlq.discard"):
    pass


class Why(Ask, frozen=True, kw_only=True, tag="why"):
    """The id of a statement, of a delivery (or the first digits of either), or a correlation id."""

    what: Word


class Trace(Ask, frozen=True, kw_only=True, tag="trace"):
    what: Word


class Pause(Change, frozen=True, kw_only=True, tag="pause"):
    lane: Word


class Resume(Change, frozen=True, kw_only=True, tag="resume"):
    lane: Word


class Drain(Change, frozen=True, kw_only=True, tag="drain"):
    role = Role.ADMIN


class Reload(Change, frozen=True, kw_only=True, tag="reload"):
    pass


class ConfigCheck(Ask, frozen=True, kw_only=True, tag="config.check"):
    pass


class ConfigShow(Ask, frozen=True, kw_only=True, tag="config.show"):
    """``tenant`` empty: everything."""

    tenant: Word = ""


AnyAsk = (
    AskStatus
    | AskHealth
    | AskTenants
    | AskVersion
    | ActorTree
    | ActorRestart
    | TargetList
    | TargetTest
    | RouteTest
    | QueueList
    | QueueShow
    | DlqList
    | DlqShow
    | DlqReplay
    | DlqDiscard
    | Why
    | Trace
    | Pause
    | Resume
    | Drain
    | Reload
    | ConfigCheck
    | ConfigShow
)
VERBS: dict[str, type[Ask]] = {str(kind.__struct_config__.tag): kind for kind in AnyAsk.__args__}


class RowReply(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply", tag="row"):
    """``row`` is one of ``views``; kept raw, so that a client may pass on a kind it does not know."""

    v: int = VERSION
    id: str = ""
    row: msgspec.Raw


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply", tag="done"):
    v: int = VERSION
    id: str = ""
    exit_code: int = 0
    note: str = ""


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="reply", tag="error"):
    """What went wrong, where, and what the person may do about it."""

    v: int = VERSION
    id: str = ""
    exit_code: int
    what: str
    where: str = ""
    advice: str = ""


Reply = RowReply | Done | Error


class Refusal(Exception):
    """A request ends here; becomes an ``Error``."""

    def __init__(self, code: Exit, what: str, *, where: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where
        self.advice = advice
        self.request_id = ""

    def reply(self, request_id: str = "") -> Error:
        return Error(
            id=request_id or self.request_id,
            exit_code=self.code,
            what=self.what,
            where=self.where,
            advice=self.advice,
        )


class _Head(msgspec.Struct):
    v: int
    verb: str
    id: object = ""


_encode = msgspec.json.Encoder().encode
_head = msgspec.json.Decoder(_Head)
_ask: msgspec.json.Decoder[AnyAsk] = msgspec.json.Decoder(AnyAsk)
_reply: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def encode(said: Ask | Reply) -> bytes:
    """One line."""
    return _encode(said) + b"\n"


def encode_row(request_id: str, view: msgspec.Struct) -> bytes:
    return encode(RowReply(id=request_id, row=msgspec.Raw(_encode(view))))


class NotJson(Refusal):
    """A line that is no request at all: whoever sent it speaks another protocol."""


def decode_request(line: bytes) -> AnyAsk:
    """Raises Refusal: NotJson for what is no request at all, else naming what is not understood."""
    try:
        head = _head.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(
            Exit.USAGE,
            f"this is not a control request: {error}",
            where="the request line",
            advice='send one JSON object a line, such as {"v": 1, "id": "1", "verb": "status"}',
        ) from None
    try:
        return _understood(line, head)
    except Refusal as refusal:
        refusal.request_id = head.id if isinstance(head.id, str) else ""
        raise


def _understood(line: bytes, head: _Head) -> AnyAsk:
    if head.v != VERSION:
        raise Refusal(
            Exit.USAGE,
            f"protocol version {head.v} is not spoken here",
            where="v",
            advice=f"this daemon speaks version {VERSION}: use the lmsyncctl that was installed with it",
        )
    if head.verb not in VERBS:
        raise Refusal(
            Exit.USAGE,
            f"unknown verb {head.verb[:60]!r}",
            where="verb",
            advice=f"the verbs are {', '.join(sorted(VERBS))}",
        )
    try:
        return _ask.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(
            Exit.USAGE, f"{head.verb}: {error}", where="the request's arguments", advice="see lmsyncctl --help"
        ) from None


def decode_reply(line: bytes) -> Reply:
    """Raises msgspec.DecodeError."""
    return _reply.decode(line)
