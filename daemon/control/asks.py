"""What may be asked on the control socket: each verb is a struct of its own, so that what it takes, who may ask for it
and whether it changes anything stand in one place. ``AnyAsk`` is the list of them.
"""

from typing import Literal

from daemon.control.ask import ALL as ALL
from daemon.control.ask import IDS_MAX as IDS_MAX
from daemon.control.ask import LIMIT_MAX as LIMIT_MAX
from daemon.control.ask import VERSION as VERSION
from daemon.control.ask import Ask as Ask
from daemon.control.ask import Change as Change
from daemon.control.ask import Ids as Ids
from daemon.control.ask import Level as Level
from daemon.control.ask import Limit as Limit
from daemon.control.ask import Role as Role
from daemon.control.ask import Seconds as Seconds
from daemon.control.ask import StateName as StateName
from daemon.control.ask import Word as Word
from daemon.control.audit_asks import AskWhoami as AskWhoami
from daemon.control.audit_asks import AuditAnchor as AuditAnchor
from daemon.control.audit_asks import AuditExport as AuditExport
from daemon.control.audit_asks import AuditList as AuditList
from daemon.control.audit_asks import AuditVerify as AuditVerify
from daemon.control.backup_asks import Backup as Backup
from daemon.control.backup_asks import RetentionForecast as RetentionForecast
from daemon.control.backup_asks import Support as Support
from daemon.control.backup_asks import Verify as Verify
from daemon.control.chronicle_asks import AlertList as AlertList
from daemon.control.chronicle_asks import AlertTest as AlertTest
from daemon.control.chronicle_asks import Events as Events
from daemon.control.conflict_asks import ConflictApprove as ConflictApprove
from daemon.control.conflict_asks import ConflictList as ConflictList
from daemon.control.conflict_asks import ConflictReject as ConflictReject
from daemon.control.conflict_asks import ConflictShow as ConflictShow
from daemon.control.conflict_asks import ConflictUndo as ConflictUndo
from daemon.control.conservation_asks import ConservationList as ConservationList
from daemon.control.conservation_asks import ConservationVerify as ConservationVerify
from daemon.control.credential_asks import CredentialCreate as CredentialCreate
from daemon.control.credential_asks import CredentialList as CredentialList
from daemon.control.credential_asks import CredentialRevoke as CredentialRevoke
from daemon.control.credential_asks import CredentialRotate as CredentialRotate
from daemon.control.eye_asks import Report as Report
from daemon.control.eye_asks import Stats as Stats
from daemon.control.eye_asks import Top as Top
from daemon.control.eye_asks import Watch as Watch
from daemon.control.identity_asks import IdentityFind as IdentityFind
from daemon.control.identity_asks import IdentityLink as IdentityLink
from daemon.control.identity_asks import IdentityList as IdentityList
from daemon.control.identity_asks import IdentityUnlink as IdentityUnlink
from daemon.control.letter_asks import DlqAnnotate as DlqAnnotate
from daemon.control.letter_asks import DlqDiscard as DlqDiscard
from daemon.control.letter_asks import DlqList as DlqList
from daemon.control.letter_asks import DlqPlan as DlqPlan
from daemon.control.letter_asks import DlqReplay as DlqReplay
from daemon.control.letter_asks import DlqShow as DlqShow
from daemon.control.letter_asks import Letters as Letters
from daemon.control.manifest_asks import Manifest as Manifest
from daemon.control.mapping_asks import MapList as MapList
from daemon.control.mapping_asks import MapShow as MapShow
from daemon.control.mapping_asks import MapTest as MapTest
from daemon.control.owning_asks import EraseList as EraseList
from daemon.control.owning_asks import ErasePlan as ErasePlan
from daemon.control.owning_asks import EraseRun as EraseRun
from daemon.control.owning_asks import ExportBegin as ExportBegin
from daemon.control.owning_asks import ExportPage as ExportPage
from daemon.control.owning_asks import ImportLines as ImportLines
from daemon.control.owning_asks import ImportPart as ImportPart
from daemon.control.pilot_asks import Forecast as Forecast
from daemon.control.pilot_asks import PilotCreate as PilotCreate
from daemon.control.pilot_asks import PilotPromote as PilotPromote
from daemon.control.pilot_asks import PilotStatus as PilotStatus
from daemon.control.pilot_asks import PilotStop as PilotStop
from daemon.control.quarantine_asks import QuarantineDismiss as QuarantineDismiss
from daemon.control.quarantine_asks import QuarantineEdit as QuarantineEdit
from daemon.control.quarantine_asks import QuarantineList as QuarantineList
from daemon.control.quarantine_asks import QuarantineRetry as QuarantineRetry
from daemon.control.quarantine_asks import QuarantineShow as QuarantineShow
from daemon.control.reconcile_asks import ReconcileAccept as ReconcileAccept
from daemon.control.reconcile_asks import ReconcileApply as ReconcileApply
from daemon.control.reconcile_asks import ReconcilePlan as ReconcilePlan
from daemon.control.reconcile_asks import ReconcileReport as ReconcileReport
from daemon.control.reconcile_asks import ReconcileRun as ReconcileRun
from daemon.control.reconcile_asks import ReconcileShow as ReconcileShow
from daemon.control.reconcile_asks import ReconcileStatus as ReconcileStatus
from daemon.control.remapping_asks import MapActivate as MapActivate
from daemon.control.remapping_asks import MapDiff as MapDiff
from daemon.control.remapping_asks import MapRollback as MapRollback
from daemon.control.remembering import CacheList as CacheList
from daemon.control.session_asks import SessionList as SessionList
from daemon.control.session_asks import SessionRevoke as SessionRevoke
from daemon.control.source_asks import SourceBackfill as SourceBackfill
from daemon.control.source_asks import SourceList as SourceList
from daemon.control.source_asks import SourcePause as SourcePause
from daemon.control.source_asks import SourceResume as SourceResume
from daemon.control.source_asks import SourceSync as SourceSync
from daemon.control.token_asks import TokenList as TokenList
from daemon.control.token_asks import TokenRevoke as TokenRevoke
from daemon.control.token_asks import TokenRotate as TokenRotate
from daemon.control.token_asks import TokenScopes as TokenScopes
from daemon.control.vault_asks import SecretList as SecretList
from daemon.control.vault_asks import SecretRemove as SecretRemove
from daemon.control.vault_asks import SecretSet as SecretSet
from daemon.control.vault_asks import VaultRotate as VaultRotate
from daemon.control.vault_asks import VaultShred as VaultShred
from daemon.control.vault_asks import VaultStatus as VaultStatus
from daemon.control.vault_asks import VaultUnlock as VaultUnlock


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
    """``statement``: JSON text, one statement or an array of them. ``source``: where it would come from, for filters;
    the tenant's only one if it is left out."""

    tenant: Word
    statement: str
    source: Word = ""


class QueueList(Ask, frozen=True, kw_only=True, tag="queue.list"):
    lane: Word = ""
    state: StateName | None = None
    limit: Limit = 50


class QueueShow(Ask, frozen=True, kw_only=True, tag="queue.show"):
    delivery: Word


class QueueForecast(Ask, frozen=True, kw_only=True, tag="queue.forecast"):
    """``lane`` empty: all that have a backlog."""

    lane: Word = ""


class QueueCatchup(Change, frozen=True, kw_only=True, tag="queue.catchup"):
    lane: Word
    how: Literal["all", "latest", "digest"]
    older_than_s: Seconds | None = None


class Sla(Ask, frozen=True, kw_only=True, tag="sla"):
    """``what``: a tenant, or TENANT/ROUTE; empty: all of them."""

    what: Word = ""
    since_s: Seconds = 86_400.0
    late: bool = False
    limit: Limit = 50


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


class RetentionShow(Ask, frozen=True, kw_only=True, tag="retention.show"):
    """``tenant`` empty: all of them."""

    tenant: Word = ""


class RetentionRun(Change, frozen=True, kw_only=True, tag="retention.run"):
    tenant: Word


AnyAsk = (
    AskStatus
    | AskHealth
    | AskTenants
    | AskVersion
    | ActorTree
    | ActorRestart
    | CacheList
    | TargetList
    | TargetTest
    | RouteTest
    | QueueList
    | QueueShow
    | QueueForecast
    | QueueCatchup
    | DlqList
    | DlqShow
    | DlqPlan
    | DlqReplay
    | DlqDiscard
    | DlqAnnotate
    | Sla
    | PilotCreate
    | PilotStatus
    | PilotPromote
    | PilotStop
    | Forecast
    | Why
    | Trace
    | Pause
    | Resume
    | Drain
    | Reload
    | ConfigCheck
    | ConfigShow
    | RetentionShow
    | RetentionRun
    | RetentionForecast
    | Backup
    | Verify
    | Support
    | SourceList
    | SourcePause
    | SourceResume
    | SourceSync
    | SourceBackfill
    | CredentialList
    | CredentialCreate
    | CredentialRotate
    | CredentialRevoke
    | ExportBegin
    | EraseRun
    | ErasePlan
    | EraseList
    | ExportPage
    | ImportLines
    | ImportPart
    | IdentityFind
    | IdentityList
    | IdentityLink
    | IdentityUnlink
    | ConflictList
    | ConflictShow
    | ConflictApprove
    | ConflictReject
    | ConflictUndo
    | QuarantineList
    | QuarantineShow
    | QuarantineRetry
    | QuarantineEdit
    | QuarantineDismiss
    | Manifest
    | MapList
    | MapShow
    | MapTest
    | MapDiff
    | MapActivate
    | MapRollback
    | ReconcilePlan
    | ReconcileShow
    | ReconcileApply
    | ReconcileAccept
    | ReconcileRun
    | ReconcileReport
    | ReconcileStatus
    | AskWhoami
    | AuditList
    | AuditVerify
    | AuditExport
    | AuditAnchor
    | ConservationList
    | ConservationVerify
    | Top
    | Watch
    | Stats
    | Report
    | Events
    | AlertList
    | AlertTest
    | SessionList
    | SessionRevoke
    | SecretSet
    | TokenList
    | TokenScopes
    | TokenRotate
    | TokenRevoke
    | SecretList
    | SecretRemove
    | VaultStatus
    | VaultRotate
    | VaultUnlock
    | VaultShred
)
VERBS: dict[str, type[Ask]] = {str(kind.__struct_config__.tag): kind for kind in AnyAsk.__args__}
