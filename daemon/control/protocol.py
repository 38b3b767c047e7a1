"""What is said on the control socket, without the socket: one JSON object a line, both ways.

A request (``asks``) names its version, its id and its verb. The answer is any number of ``row`` lines, then one
``done`` or one ``error``, each with the request's id.
"""

import msgspec

from daemon.control.asks import ALL as ALL
from daemon.control.asks import IDS_MAX as IDS_MAX
from daemon.control.asks import LIMIT_MAX as LIMIT_MAX
from daemon.control.asks import VERBS as VERBS
from daemon.control.asks import VERSION as VERSION
from daemon.control.asks import ActorRestart as ActorRestart
from daemon.control.asks import ActorTree as ActorTree
from daemon.control.asks import AlertList as AlertList
from daemon.control.asks import AlertTest as AlertTest
from daemon.control.asks import AnyAsk as AnyAsk
from daemon.control.asks import Ask as Ask
from daemon.control.asks import AskHealth as AskHealth
from daemon.control.asks import AskStatus as AskStatus
from daemon.control.asks import AskTenants as AskTenants
from daemon.control.asks import AskVersion as AskVersion
from daemon.control.asks import AskWhoami as AskWhoami
from daemon.control.asks import AuditAnchor as AuditAnchor
from daemon.control.asks import AuditExport as AuditExport
from daemon.control.asks import AuditList as AuditList
from daemon.control.asks import AuditVerify as AuditVerify
from daemon.control.asks import Backup as Backup
from daemon.control.asks import CacheList as CacheList
from daemon.control.asks import Change as Change
from daemon.control.asks import ConfigCheck as ConfigCheck
from daemon.control.asks import ConfigShow as ConfigShow
from daemon.control.asks import ConflictApprove as ConflictApprove
from daemon.control.asks import ConflictList as ConflictList
from daemon.control.asks import ConflictReject as ConflictReject
from daemon.control.asks import ConflictShow as ConflictShow
from daemon.control.asks import ConflictUndo as ConflictUndo
from daemon.control.asks import ConservationList as ConservationList
from daemon.control.asks import ConservationVerify as ConservationVerify
from daemon.control.asks import CredentialCreate as CredentialCreate
from daemon.control.asks import CredentialList as CredentialList
from daemon.control.asks import CredentialRevoke as CredentialRevoke
from daemon.control.asks import CredentialRotate as CredentialRotate
from daemon.control.asks import DlqAnnotate as DlqAnnotate
from daemon.control.asks import DlqDiscard as DlqDiscard
from daemon.control.asks import DlqList as DlqList
from daemon.control.asks import DlqPlan as DlqPlan
from daemon.control.asks import DlqReplay as DlqReplay
from daemon.control.asks import DlqShow as DlqShow
from daemon.control.asks import Drain as Drain
from daemon.control.asks import EraseList as EraseList
from daemon.control.asks import ErasePlan as ErasePlan
from daemon.control.asks import EraseRun as EraseRun
from daemon.control.asks import Events as Events
from daemon.control.asks import ExportBegin as ExportBegin
from daemon.control.asks import ExportPage as ExportPage
from daemon.control.asks import Forecast as Forecast
from daemon.control.asks import IdentityFind as IdentityFind
from daemon.control.asks import IdentityLink as IdentityLink
from daemon.control.asks import IdentityList as IdentityList
from daemon.control.asks import IdentityUnlink as IdentityUnlink
from daemon.control.asks import ImportLines as ImportLines
from daemon.control.asks import ImportPart as ImportPart
from daemon.control.asks import Letters as Letters
from daemon.control.asks import Level as Level
from daemon.control.asks import Manifest as Manifest
from daemon.control.asks import MapActivate as MapActivate
from daemon.control.asks import MapDiff as MapDiff
from daemon.control.asks import MapList as MapList
from daemon.control.asks import MapRollback as MapRollback
from daemon.control.asks import MapShow as MapShow
from daemon.control.asks import MapTest as MapTest
from daemon.control.asks import Pause as Pause
from daemon.control.asks import PilotCreate as PilotCreate
from daemon.control.asks import PilotPromote as PilotPromote
from daemon.control.asks import PilotStatus as PilotStatus
from daemon.control.asks import PilotStop as PilotStop
from daemon.control.asks import QuarantineDismiss as QuarantineDismiss
from daemon.control.asks import QuarantineEdit as QuarantineEdit
from daemon.control.asks import QuarantineList as QuarantineList
from daemon.control.asks import QuarantineRetry as QuarantineRetry
from daemon.control.asks import QuarantineShow as QuarantineShow
from daemon.control.asks import QueueCatchup as QueueCatchup
from daemon.control.asks import QueueForecast as QueueForecast
from daemon.control.asks import QueueList as QueueList
from daemon.control.asks import QueueShow as QueueShow
from daemon.control.asks import ReconcileAccept as ReconcileAccept
from daemon.control.asks import ReconcileApply as ReconcileApply
from daemon.control.asks import ReconcilePlan as ReconcilePlan
from daemon.control.asks import ReconcileReport as ReconcileReport
from daemon.control.asks import ReconcileRun as ReconcileRun
from daemon.control.asks import ReconcileShow as ReconcileShow
from daemon.control.asks import ReconcileStatus as ReconcileStatus
from daemon.control.asks import Reload as Reload
from daemon.control.asks import Report as Report
from daemon.control.asks import Resume as Resume
from daemon.control.asks import RetentionForecast as RetentionForecast
from daemon.control.asks import RetentionRun as RetentionRun
from daemon.control.asks import RetentionShow as RetentionShow
from daemon.control.asks import Role as Role
from daemon.control.asks import RouteTest as RouteTest
from daemon.control.asks import SecretList as SecretList
from daemon.control.asks import SecretRemove as SecretRemove
from daemon.control.asks import SecretSet as SecretSet
from daemon.control.asks import SessionList as SessionList
from daemon.control.asks import SessionRevoke as SessionRevoke
from daemon.control.asks import Sla as Sla
from daemon.control.asks import SourceBackfill as SourceBackfill
from daemon.control.asks import SourceList as SourceList
from daemon.control.asks import SourcePause as SourcePause
from daemon.control.asks import SourceResume as SourceResume
from daemon.control.asks import SourceSync as SourceSync
from daemon.control.asks import StateName as StateName
from daemon.control.asks import Stats as Stats
from daemon.control.asks import Support as Support
from daemon.control.asks import TargetList as TargetList
from daemon.control.asks import TargetTest as TargetTest
from daemon.control.asks import TokenList as TokenList
from daemon.control.asks import TokenRevoke as TokenRevoke
from daemon.control.asks import TokenRotate as TokenRotate
from daemon.control.asks import TokenScopes as TokenScopes
from daemon.control.asks import Top as Top
from daemon.control.asks import Trace as Trace
from daemon.control.asks import VaultRotate as VaultRotate
from daemon.control.asks import VaultShred as VaultShred
from daemon.control.asks import VaultStatus as VaultStatus
from daemon.control.asks import VaultUnlock as VaultUnlock
from daemon.control.asks import Verify as Verify
from daemon.control.asks import Watch as Watch
from daemon.control.asks import Why as Why
from daemon.control.asks import Word as Word
from daemon.control.exits import Exit


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
