"""How a source stands between two readings, looks at it apart where nothing was found to read: these leave no trace in
the store, so whoever looked remembers them (pure)."""

from collections.abc import Sequence

import msgspec

from actors.domain.cadence import Standing
from actors.domain.harvest import Mode
from actors.domain.removals import in_words
from actors.messages import SourceMode
from actors.ports import Reading
from actors.ports.records import SourceState
from actors.roles.agenda import GOOD


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` such looks since the last reading on record, the last of them at ``ended_us``; ``note``: what was seen
    then."""

    count: int
    ended_us: int
    note: str


def may_be_idle(state: SourceState, readings: Sequence[Reading], mode: Mode) -> bool:
    """Whether the newest on record still says how the source stands after such a look. When all was read last is always
    on record, once there was a first time."""
    if mode == "full" and state.first_us is not None:
        return False
    return not readings or readings[0].how in GOOD or readings[0].how == "spoilt"


def for_cadence(readings: Sequence[Reading]) -> list[Reading]:
    """Where one of several bundles was of no use, the next one is due as if nothing had happened."""
    return [msgspec.structs.replace(each, how="finished") if each.how == "spoilt" else each for each in readings]


def after(standing: Standing, idle: Idle | None) -> Standing:
    if idle is None:
        return standing
    return msgspec.structs.replace(standing, ended_us=idle.ended_us, unchanged=standing.unchanged + idle.count)


def looked_again(idle: Idle | None, reading: Reading) -> Idle | None:
    """None where that left a trace. One that was broken off saw nothing."""
    if reading.no:
        return None
    if reading.how == "stopped":
        return idle
    return Idle(count=(idle.count if idle else 0) + 1, ended_us=reading.ended_us or 0, note=reading.detail)


def shown_as(state: SourceState, readings: Sequence[Reading], idle: Idle | None, now_us: int) -> tuple[SourceMode, str]:
    """And what an operator should know."""
    newest = next((each for each in readings if each.ended_us is not None), None)
    if state.throttled_us > now_us:
        return "throttled", newest.detail if newest else ""
    if newest is not None and newest.how not in GOOD and newest.how not in ("stopped", "spoilt"):
        return "unavailable", f"{newest.how}: {newest.detail}"
    if state.braked:
        return "braked", in_words(state.braked)
    if state.spoilt:
        return "unavailable", state.spoilt
    return "resting", idle.note if idle else ""
