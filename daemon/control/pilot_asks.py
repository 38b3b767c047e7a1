"""What may be asked about pilots, and what a volume of events would cost. ``asks`` re-exports them."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.control.ask import Ask, Change, Ids, Role, Word

Name = Annotated[str, Meta(min_length=1, max_length=100)]


class PilotCreate(Change, frozen=True, kw_only=True, tag="pilot.create"):
    """Make a pilot, or let one grow. ``people``: persons that are in by name."""

    tenant: Word
    name: Name
    percent: Annotated[float, Meta(ge=0, le=100)] = 0.0
    org_units: Ids = ()
    courses: Ids = ()
    persons: Ids = ()


class PilotStatus(Ask, frozen=True, kw_only=True, tag="pilot.status"):
    """``tenant`` empty: of all; ``name`` empty: all of its pilots."""

    tenant: Word = ""
    name: Word = ""


class PilotPromote(Change, frozen=True, kw_only=True, tag="pilot.promote"):
    """Everybody from now on. ``accept_red``: why although the verdict is red."""

    tenant: Word
    name: Name
    accept_red: Word = ""

    role = Role.APPROVER


class PilotStop(Change, frozen=True, kw_only=True, tag="pilot.stop"):
    tenant: Word
    name: Name
    to: Literal["everyone", "nobody"]
    why: Word = ""


class Forecast(Ask, frozen=True, kw_only=True, tag="forecast"):
    """``tenant`` empty: the only one there is. ``people`` 0: as many as were told something lately. ``evenly``: each
    hour of the day is as busy as any other (so many an hour)."""

    tenant: Word = ""
    events_per_day: Annotated[float, Meta(gt=0, le=1e9)]
    people: Annotated[int, Meta(ge=0, le=100_000_000)] = 0
    evenly: bool = False
