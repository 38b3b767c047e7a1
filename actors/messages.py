"""Every message an actor may receive. Mailboxes carry hints and questions; the store carries truth."""

from collections.abc import Callable
from typing import Literal

import msgspec

from actors.domain.harvest import Inbound, Mode
from actors.domain.progress import Progress
from actors.ports.readings import Reading
from actors.ports.rosters import PlanRow
from actors.ports.tokens import Who


class Arrived(msgspec.Struct, frozen=True, tag="arrived"):
    """To a router: statements may have been stored for its tenant."""


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    """To whoever reminds a tenant's learners: its sources told something new."""


class Reconcile(msgspec.Struct, frozen=True, tag="reconcile"):
    """To a reconciler: something that its rosters go by has changed."""


class RosterPlan(msgspec.Struct, frozen=True, kw_only=True, tag="roster_plan"):
    """To a reconciler: what would change, in a course or (empty) everywhere? ``reply`` hears the plan, or why there is
    none; ``progress`` tells meanwhile how far it is, and ends it at any time."""

    course: str
    progress: Progress = msgspec.field(default_factory=Progress)
    reply: Callable[["RosterPlanned"], None]


class RosterApply(msgspec.Struct, frozen=True, kw_only=True, tag="roster_apply"):
    """To a reconciler: do exactly what the plan with this hash says. ``accept``: also what waits for a person.
    ``progress`` ends it as long as it is compared; not once orders are written."""

    course: str
    hash: str
    accept: bool
    by: str
    progress: Progress = msgspec.field(default_factory=Progress)
    reply: Callable[["RosterPlanned"], None]


class RosterRun(msgspec.Struct, frozen=True, kw_only=True, tag="roster_run"):
    """To a reconciler: compare all with what the vendor has, in a course or (empty) everywhere, and do what follows.
    ``progress`` ends it as long as it has not begun: what is due then would be done all the same."""

    course: str
    by: str
    progress: Progress = msgspec.field(default_factory=Progress)
    reply: Callable[["RosterPlanned"], None]


class RosterPlanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciler answers: the plan as it is kept, whether it was carried out (``ordered``: in so many orders),
    and otherwise why not. ``left``: so many places changed meanwhile, and nothing was done there. ``again``: it may be
    asked again later."""

    plan: PlanRow | None = None
    done: bool = False
    ordered: int = 0
    left: int = 0
    why: str = ""
    again: bool = False


class HowInStep(msgspec.Struct, frozen=True, tag="how_in_step"):
    """A question to a reconciler: how each rule stands."""

    reply: Callable[[tuple["RuleView", ...]], None]


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """How a reconciler sees a rule. ``state``: what it is doing; ``detail``: why it cannot go on; ``doing``, ``done``
    and ``of``: how far it is, while it plans; ``next_us``: when all of it is compared next, ``last_us`` when it was
    last."""

    rule: str
    lane: str
    state: Literal["idle", "planning", "hindered"]
    detail: str = ""
    doing: str = ""
    done: int = 0
    of: int = 0
    unit: str = ""
    last_us: int | None = None
    next_us: int | None = None
    asked: int = 0


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """To a courier: its lane may have deliveries, or what held it back has changed."""


class Resumed(msgspec.Struct, frozen=True, tag="resumed"):
    """To a courier: an operator lets the lane go on; a time that the vendor named is forgotten."""


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """To a courier: claim nothing more; finish what is in flight (shutdown)."""


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """How a courier sees its lane. ``throttled_until_us``: the vendor named a time; ``window``: how many
    deliveries it dares to have in flight (less than the most while the vendor looks ill)."""

    lane: str
    in_flight: int
    window: int
    window_max: int
    throttled_until_us: int | None = None
    suspended: str = ""
    paused_by: str = ""
    outage: str = ""


class HowGoesIt(msgspec.Struct, frozen=True, tag="how_goes_it"):
    """A question to a courier."""

    reply: Callable[[LaneView], None]


class JanitorView(msgspec.Struct, frozen=True, kw_only=True):
    """When a tenant's janitor last ended a run, and begins the next; microseconds since the epoch."""

    tenant: str
    running: bool = False
    last_us: int | None = None
    next_us: int | None = None


class HowTidy(msgspec.Struct, frozen=True, tag="how_tidy"):
    """A question to a janitor."""

    reply: Callable[[JanitorView], None]


class Sync(msgspec.Struct, frozen=True, tag="sync"):
    """To a harvester: read now. ``accept_removals``: however much is gone. ``reply`` hears why not, empty: it will."""

    mode: Literal["delta", "full"]
    reply: Callable[[str], None]
    accept_removals: bool = False


class Backfill(msgspec.Struct, frozen=True, tag="backfill"):
    """To a harvester: read what happened from ``since`` to ``until`` (RFC 3339), telling nobody unless ``announce``.
    Once it was answered it is made, whoever dies. ``reply`` as of ``Sync``."""

    since: str
    until: str
    announce: bool
    reply: Callable[[str], None]


class Switched(msgspec.Struct, frozen=True, tag="switched"):
    """To a harvester: an operator paused or resumed its source."""


class Look(msgspec.Struct, frozen=True, tag="look"):
    """To a harvester: its source has something new. ``mended``: what it failed for may be put right."""

    mended: bool = False


class Renewed(msgspec.Struct, frozen=True, tag="renewed"):
    """To a harvester: what its records mean was changed beside it; a reading under way begins again at its cursor."""


class HookAnswer(msgspec.Struct, frozen=True):
    """What whoever posted to a source's hook, or to a target's, is told: a status and, where it is refused, why.
    ``text`` is the answer's body, where one is wanted; ``again`` False: it need not be sent once more."""

    status: int
    detail: str = ""
    retry_after_s: int | None = None
    text: str = ""
    again: bool = True


class Hear(msgspec.Struct, frozen=True, tag="hear"):
    """To a harvester or a listener: this was posted to its hook. Answered once what it tells is on disk."""

    inbound: Inbound
    correlation_id: str
    traceparent: str
    reply: Callable[[HookAnswer], None]


SourceMode = Literal[
    "starting", "running", "resting", "paused", "suspended", "throttled", "braked", "unavailable", "pushed"
]


class HeardCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a source's hook was told since the process began. Calls: ``taken`` are on disk, ``refused`` were answered
    4xx, ``failed`` 5xx. Of what those taken tell: ``told`` counts records, ``changed`` those whose meaning was new,
    ``quarantined`` those that went there, ``ignored`` tidings of no kind that we know."""

    taken: int = 0
    refused: int = 0
    failed: int = 0
    told: int = 0
    changed: int = 0
    quarantined: int = 0
    ignored: int = 0


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a harvester sees its source. ``what``, ``done``, ``total``: how far a reading under way is; ``reading`` what
    it has counted so far, ``last`` the one that ended before, ``next_us`` when the next is due (None: nobody knows).
    ``good_us``: when a reading last ended well; ``silent_since_us``: it is expected to call, and has not since then."""

    source: str
    kind: str
    state: SourceMode
    detail: str = ""
    mapping: int = 0
    what: str = ""
    done: int = 0
    total: int | None = None
    reading: Reading | None = None
    last: Reading | None = None
    next_us: int | None = None
    next_mode: Mode | None = None
    good_us: int | None = None
    heard_us: int | None = None
    heard: HeardCount = HeardCount()
    silent_since_us: int | None = None


class Survey(msgspec.Struct, frozen=True, tag="survey"):
    """To a listener: ask the vendor soon how things stand. ``place``: about this destination above all, where one that
    was posted to was refused."""

    place: str = ""


class Reconnected(msgspec.Struct, frozen=True, tag="reconnected"):
    """To a listener: the account's credentials are new, or live again."""


class Renew(msgspec.Struct, frozen=True, tag="renew"):
    """To a custodian: ask for new tokens of this speaker now. ``reply`` hears why not, empty: they are there."""

    speaker: str
    reply: Callable[[str], None]


class GiveBack(msgspec.Struct, frozen=True, tag="give_back"):
    """To a custodian: revoke the tokens of this speaker at the vendor and forget them. ``why`` is shown from then on;
    ``reply`` hears what went wrong, empty: nothing."""

    speaker: str
    why: str
    who: str
    correlation_id: str
    reply: Callable[[str], None]


class Granting(msgspec.Struct, frozen=True, tag="granting"):
    """To a custodian: a person came back from the vendor with this code. ``reply`` hears why it was not taken, empty:
    the account is connected."""

    code: str
    verifier: str
    redirect_uri: str
    scopes: tuple[str, ...]
    by: Who
    correlation_id: str
    reply: Callable[[str], None]

    def __repr__(self) -> str:
        return "Granting(***)"


class ConnectionLost(msgspec.Struct, frozen=True, tag="connection_lost"):
    """To a custodian: the vendor says that what we hold is good no more (app uninstalled, consent withdrawn, tokens
    revoked). ``speaker`` empty: whoever speaks there."""

    why: str
    speaker: str = ""


class PersonSeen(msgspec.Struct, frozen=True, tag="person_seen"):
    """To a custodian: somebody signed in. ``may_connect``: whether they (still) may connect accounts."""

    by: Who
    may_connect: bool


class Weigh(msgspec.Struct, frozen=True, tag="weigh"):
    """To a reviewer: conflicts were raised or decided, or somebody did something with a card of one."""


class SecretsChanged(msgspec.Struct, frozen=True, tag="secrets_changed"):
    """To a custodian or a listener: what the configuration refers to may be another secret now."""


HarvesterMessage = Sync | Backfill | Switched | Look | Renewed | Hear
RouterMessage = Arrived
JanitorMessage = HowTidy
ReminderMessage = Reported
ReviewerMessage = Reported | Weigh
CourierMessage = Ready | Resumed | Drain | HowGoesIt
CustodianMessage = Renew | GiveBack | Granting | ConnectionLost | PersonSeen | SecretsChanged
ListenerMessage = Hear | Survey | Reconnected | SecretsChanged
ReconcilerMessage = Reconcile | RosterPlan | RosterApply | RosterRun | HowInStep
