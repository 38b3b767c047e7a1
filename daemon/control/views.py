"""The rows of every answer, a closed set: what ``--json`` prints, and what the tables are drawn from.

Light on purpose: the client imports this and nothing of the daemon. Times are microseconds since the epoch; an empty
text means that there is nothing to say.
"""

import msgspec

from daemon.control.audited import AuditHeadRow as AuditHeadRow
from daemon.control.audited import AuditRow as AuditRow
from daemon.control.audited import ChainRow as ChainRow
from daemon.control.audited import MisfitRow as MisfitRow
from daemon.control.audited import ProvenRow as ProvenRow
from daemon.control.audited import WhoRow as WhoRow
from daemon.control.backed import BackupFileRow as BackupFileRow
from daemon.control.backed import BackupHeadRow as BackupHeadRow
from daemon.control.backed import BackupPartRow as BackupPartRow
from daemon.control.backed import BackupRow as BackupRow
from daemon.control.backed import DiskRow as DiskRow
from daemon.control.backed import ProgressRow as ProgressRow
from daemon.control.backed import StorageRow as StorageRow
from daemon.control.backed import SupportPartRow as SupportPartRow
from daemon.control.backed import VerifiedRow as VerifiedRow
from daemon.control.backed import WrongRow as WrongRow
from daemon.control.chronicled import AlarmRow as AlarmRow
from daemon.control.chronicled import AlertRow as AlertRow
from daemon.control.chronicled import EventRow as EventRow
from daemon.control.configured import ConfigRow as ConfigRow
from daemon.control.configured import ProblemRow as ProblemRow
from daemon.control.configured import ReloadRow as ReloadRow
from daemon.control.configured import VersionRow as VersionRow
from daemon.control.conflicted import ConflictRow as ConflictRow
from daemon.control.conflicted import ConflictStory as ConflictStory
from daemon.control.conflicted import EventView as EventView
from daemon.control.conflicted import FixView as FixView
from daemon.control.conflicted import SideView as SideView
from daemon.control.conserved import BalanceRow as BalanceRow
from daemon.control.conserved import ContradictionRow as ContradictionRow
from daemon.control.conserved import CountedRow as CountedRow
from daemon.control.credentials import CredentialRow as CredentialRow
from daemon.control.credentials import SecretRow as SecretRow
from daemon.control.eyed import DisagreementView as DisagreementView
from daemon.control.eyed import FigureRow as FigureRow
from daemon.control.eyed import FrameRow as FrameRow
from daemon.control.eyed import MoveRow as MoveRow
from daemon.control.eyed import PromiseView as PromiseView
from daemon.control.eyed import PulseRow as PulseRow
from daemon.control.eyed import ReportRow as ReportRow
from daemon.control.eyed import SourcePulseRow as SourcePulseRow
from daemon.control.eyed import WaitingCauseView as WaitingCauseView
from daemon.control.eyed import WatchedRow as WatchedRow
from daemon.control.identities import IdentifierView as IdentifierView
from daemon.control.identities import MatchRow as MatchRow
from daemon.control.identities import PersonaView as PersonaView
from daemon.control.identities import PersonRow as PersonRow
from daemon.control.keeping import KeptRow as KeptRow
from daemon.control.keeping import SpaceRow as SpaceRow
from daemon.control.keeping import SweptRow as SweptRow
from daemon.control.learnt import LearntView
from daemon.control.mapped import FaultView as FaultView
from daemon.control.mapped import FieldView as FieldView
from daemon.control.mapped import MappedRow as MappedRow
from daemon.control.mapped import MappingRow as MappingRow
from daemon.control.mapped import TableRow as TableRow
from daemon.control.outlook import CaughtUpRow as CaughtUpRow
from daemon.control.outlook import CauseRow as CauseRow
from daemon.control.outlook import DrainRow as DrainRow
from daemon.control.outlook import ForecastRow as ForecastRow
from daemon.control.outlook import LateRow as LateRow
from daemon.control.outlook import PlannedRow as PlannedRow
from daemon.control.outlook import PlanRow as PlanRow
from daemon.control.outlook import SlaRow as SlaRow
from daemon.control.outlook import UnroutedRow as UnroutedRow
from daemon.control.overviews import ActorRow as ActorRow
from daemon.control.overviews import CheckRow as CheckRow
from daemon.control.overviews import LaneRow as LaneRow
from daemon.control.overviews import Overall as Overall
from daemon.control.overviews import TargetRow as TargetRow
from daemon.control.overviews import TenantRow as TenantRow
from daemon.control.owning import ErasePlanRow as ErasePlanRow
from daemon.control.owning import ErasingRow as ErasingRow
from daemon.control.owning import ErasureRow as ErasureRow
from daemon.control.owning import ImportFaultRow as ImportFaultRow
from daemon.control.piloted import ExampleView as ExampleView
from daemon.control.piloted import NeedRow as NeedRow
from daemon.control.piloted import NeedView as NeedView
from daemon.control.piloted import OutlookRow as OutlookRow
from daemon.control.piloted import PilotRow as PilotRow
from daemon.control.reconciled import DriftRow as DriftRow
from daemon.control.reconciled import RosterChangeRow as RosterChangeRow
from daemon.control.reconciled import RosterMoveRow as RosterMoveRow
from daemon.control.reconciled import RosterPlanRow as RosterPlanRow
from daemon.control.reconciled import RosterRow as RosterRow
from daemon.control.reconciled import RuleRow as RuleRow
from daemon.control.reconciled import StandingRow as StandingRow
from daemon.control.remapped import ActivationRow as ActivationRow
from daemon.control.remapped import CorrectionView as CorrectionView
from daemon.control.remapped import FieldDiffRow as FieldDiffRow
from daemon.control.remapped import FlawView as FlawView
from daemon.control.remapped import MapDiffRow as MapDiffRow
from daemon.control.remapped import QuarantinedRow as QuarantinedRow
from daemon.control.remapped import RecordRow as RecordRow
from daemon.control.remapped import SampleView as SampleView
from daemon.control.remembering import CacheRow as CacheRow
from daemon.control.signed import SessionRow as SessionRow
from daemon.control.sources import HeardView as HeardView
from daemon.control.sources import ReadingRow as ReadingRow
from daemon.control.sources import SourceRow as SourceRow
from daemon.control.tokens import ScopeRow as ScopeRow
from daemon.control.tokens import TokenRow as TokenRow
from daemon.control.traced import ArrivalRow as ArrivalRow
from daemon.control.traced import ChangedRow as ChangedRow
from daemon.control.traced import KnownRow as KnownRow
from daemon.control.traced import SpanRow as SpanRow
from daemon.control.trials import ExchangeRow as ExchangeRow
from daemon.control.trials import JudgementRow as JudgementRow
from daemon.control.trials import PreviewRow as PreviewRow
from daemon.control.trials import TestRow as TestRow
from daemon.control.vaulted import DataKeyRow as DataKeyRow
from daemon.control.vaulted import PutRow as PutRow
from daemon.control.vaulted import VaultRow as VaultRow
from daemon.control.view import View as View


class DeliveryRow(View, frozen=True, kw_only=True, tag="delivery"):
    """A delivery in a list."""

    id: str
    lane: str
    state: str
    route: str
    destination: str
    change: str
    about: str
    statement_id: str
    correlation_id: str
    attempts: int
    attempts_max: int
    accepted_us: int
    due_us: int
    done_us: int | None = None
    cause: str = ""
    whose: str = ""
    detail: str = ""
    held_for: str = ""
    """What it waits for until ``due_us``: ``quiet``, ``digest`` or ``route``; empty where it is not held, or waits for
    a person."""


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a delivery's history. ``what``: ``send``, ``probe``, ``person`` for what somebody did by hand, or
    ``router`` where a newer value replaced it."""

    number: int
    what: str
    started_us: int
    ended_us: int
    verdict: str
    detail: str
    request_ids: dict[str, str] = msgspec.field(default_factory=dict)
    trace_id: str = ""


class DeliveryStory(View, frozen=True, kw_only=True, tag="delivery_story"):
    """A delivery with everything that is known. ``next``: what happens now, or what a person may do, in words."""

    delivery: DeliveryRow
    doubtful: str
    audience: str
    template: str = ""
    trace_id: str = ""
    head: bool = False
    claimed_by: str = ""
    sent_us: int | None = None
    doubt_us: int | None = None
    attempts: tuple[AttemptRow, ...] = ()
    receipt: dict[str, str] = msgspec.field(default_factory=dict)
    next: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """What stands in a digest, in words, oldest first; ``items_more`` of them are not listed."""
    items_more: int = 0
    crashes: int = 0
    """Couriers that died with it in their hands."""
    revises: bool = False
    """It rewrites the earlier post of the same thing, where there is one."""
    routed_us: int = 0
    sla_us: int | None = None
    from_us: int = 0
    """When its promise began to run."""
    stages: dict[str, int] = msgspec.field(default_factory=dict)
    """What made it late, if it was: microseconds by stage."""


class StatementStory(View, frozen=True, kw_only=True, tag="statement"):
    """A statement from arrival to outcome; its deliveries follow as rows of their own. ``carried_by``: deliveries of
    an earlier statement that told the same change."""

    id: str
    tenant: str
    source: str
    credential: str
    correlation_id: str
    trace_id: str
    accepted_us: int
    timestamp: str
    version: str
    voided: bool
    actor: str
    verb: str
    object: str
    routed: bool
    change: str = ""
    reason: str = ""
    explanation: str = ""
    occurrence: int = 0
    deliveries: int = 0
    carried_by: tuple[str, ...] = ()
    unrouted: bool = False
    """It is kept, and can be replayed once a route takes it."""
    undone: tuple[str, ...] = ()
    """What voiding has to do with it, in sentences."""
    learnt: LearntView | None = None


AnyView = (
    Overall
    | LaneRow
    | TenantRow
    | CheckRow
    | ActorRow
    | CacheRow
    | TargetRow
    | ExchangeRow
    | TestRow
    | JudgementRow
    | PreviewRow
    | DeliveryRow
    | DeliveryStory
    | StatementStory
    | ArrivalRow
    | SpanRow
    | KnownRow
    | ChangedRow
    | ProblemRow
    | ReloadRow
    | ConfigRow
    | VersionRow
    | CauseRow
    | UnroutedRow
    | PlannedRow
    | PlanRow
    | ForecastRow
    | CaughtUpRow
    | SlaRow
    | LateRow
    | KeptRow
    | SpaceRow
    | SweptRow
    | BackupFileRow
    | BackupHeadRow
    | BackupPartRow
    | BackupRow
    | DiskRow
    | NeedRow
    | OutlookRow
    | PilotRow
    | ProgressRow
    | StorageRow
    | SupportPartRow
    | VerifiedRow
    | WrongRow
    | MappingRow
    | TableRow
    | MappedRow
    | SourceRow
    | ReadingRow
    | CredentialRow
    | TokenRow
    | ScopeRow
    | SecretRow
    | ImportFaultRow
    | ErasePlanRow
    | ErasingRow
    | ErasureRow
    | PersonRow
    | MatchRow
    | ConflictRow
    | ConflictStory
    | QuarantinedRow
    | RecordRow
    | FieldDiffRow
    | MapDiffRow
    | ActivationRow
    | AuditRow
    | ChainRow
    | AuditHeadRow
    | MisfitRow
    | ProvenRow
    | BalanceRow
    | ContradictionRow
    | CountedRow
    | WhoRow
    | FrameRow
    | PulseRow
    | SourcePulseRow
    | MoveRow
    | WatchedRow
    | FigureRow
    | ReportRow
    | EventRow
    | AlarmRow
    | AlertRow
    | SessionRow
    | DriftRow
    | RosterChangeRow
    | RosterMoveRow
    | RosterPlanRow
    | RosterRow
    | RuleRow
    | StandingRow
    | PutRow
    | VaultRow
    | DataKeyRow
)

_decode: msgspec.json.Decoder[AnyView] = msgspec.json.Decoder(AnyView)


def decode_view(raw: bytes | msgspec.Raw) -> AnyView:
    """Raises msgspec.DecodeError, also for a kind that a newer daemon knows and we do not."""
    return _decode.decode(raw)
