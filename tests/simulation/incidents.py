"""Everything that goes wrong, as data: what a seed draws, what a failing seed prints, what ``play`` does."""

import msgspec

from actors.ports import Fault
from tests.simulation.fate import Blow
from tests.simulation.shaky import Tremor


class SetFault(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    fault: Fault


class ClearFaults(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    vendor: str


class Outage(msgspec.Struct, frozen=True, tag=True):
    tenant: str
    vendor: str
    flavour: str
    lasts_s: float


class Shake(msgspec.Struct, frozen=True, tag=True):
    tremor: Tremor


class Doom(msgspec.Struct, frozen=True, tag=True):
    blow: Blow


class Kill(msgspec.Struct, frozen=True, tag=True):
    pass


class Stop(msgspec.Struct, frozen=True, tag=True):
    pass


class RestartActor(msgspec.Struct, frozen=True, tag=True):
    path: str


class Pause(msgspec.Struct, frozen=True, tag=True):
    lane: str
    lasts_s: float


class Replay(msgspec.Struct, frozen=True, tag=True):
    """An operator replays what is stuck in a lane."""

    lane: str
    accept_double: bool = False


class Discard(msgspec.Struct, frozen=True, tag=True):
    """An operator gives some of it up."""

    lane: str


class CatchUp(msgspec.Struct, frozen=True, tag=True):
    """An operator makes a backlog smaller: ``latest`` or ``digest``."""

    lane: str
    how: str


class Warp(msgspec.Struct, frozen=True, tag=True):
    """The wall clock is set wrong by so much more; and right again after a while (0: it stays so)."""

    by_s: float
    lasts_s: float


class PutPilot(msgspec.Struct, frozen=True, tag=True):
    """An operator begins a pilot, or lets it grow. ``people``: learners by name."""

    tenant: str
    name: str
    percent: float
    courses: tuple[str, ...]
    people: tuple[str, ...]


class EndPilot(msgspec.Struct, frozen=True, tag=True):
    """An operator ends it: ``everyone`` or ``nobody``."""

    tenant: str
    name: str
    to: str


Incident = (
    SetFault
    | ClearFaults
    | Outage
    | Shake
    | Doom
    | Kill
    | Stop
    | RestartActor
    | Pause
    | Replay
    | Discard
    | CatchUp
    | Warp
    | PutPilot
    | EndPilot
)
