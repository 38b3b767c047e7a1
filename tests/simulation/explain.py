"""Why a delivery may be dead or parked: what its own change and route are, and which faults struck at its vendor."""

from collections.abc import Iterable

from config.durations import seconds
from tests.simulation.model import Expected
from tests.simulation.remains import Row
from tests.simulation.wire import Strike

CAUSES: dict[str, set[str]] = {
    "archived": {"destination_gone"},
    "kicked": {"destination_refused"},
    "deleted": {"destination_gone"},
    "not_installed": {"destination_refused"},
    "error restricted_action": {"destination_refused"},
    "error missing_scope": {"missing_permission"},
    "error users_not_found": {"unmatched_learner"},
    "error user_disabled": {"unmatched_learner"},
    "error Forbidden": {"missing_permission", "destination_refused"},
    "error NotFound": {"destination_gone", "unmatched_learner"},
    "error Conflict": {"bad_configuration"},
    "error SomethingNew": {"payload_refused"},
    "error not wanted": {"payload_refused"},
}
UNPROBEABLE = frozenset(
    {
        "error",
        "forbidden_read",
        "kicked",
        "deleted",
        "status",
        "html",
        "batch_failed_dependency",
        "history_limited",
    }
)
"""What may keep anybody from looking whether a post is there."""
SHORT_S = 86_400.0
"""Of routes that give up sooner than this, a delivery may have become too old."""
AGED = {"expired", "vendor_outage", "revoked", "exhausted"}


def causes(expected: Expected, row: Row, strikes: Iterable[Strike]) -> set[str]:
    """By itself, or because of what struck at its vendor."""
    if expected.unplaced:
        return {"bad_configuration"}
    found = _of_age(expected)
    if expected.to_learner and not expected.fact.reachable:
        found.add("unmatched_learner")
    for strike in at(row, strikes):
        found |= CAUSES.get(strike.kind, set()) | CAUSES.get(f"{strike.kind} {strike.value}", set())
    if row.attempts >= row.attempts_max:
        found |= {"exhausted", "poison"}
    return found


def _of_age(expected: Expected) -> set[str]:
    age_max = expected.route.retry.age_max
    return set(AGED) if age_max is not None and seconds(age_max) < SHORT_S else set()


OF_THE_PLACE = {"destination_gone", "destination_refused", "missing_permission"}


def parking(row: Row, strikes: Iterable[Strike]) -> set[str]:
    """What a parked delivery may give as its cause: of its place, where something was amiss with that."""
    found = {"unknown_outcome"}
    for strike in at(row, strikes):
        named = CAUSES.get(strike.kind, set()) | CAUSES.get(f"{strike.kind} {strike.value}", set())
        found |= (named | ({"missing_permission"} if strike.kind == "forbidden_read" else set())) & OF_THE_PLACE
    return found


def may_park(expected: Expected, row: Row, strikes: Iterable[Strike], *, deaths: int) -> bool:
    """Only where looking was made impossible, the attempts were spent, or a repeat tells nothing of the first, of which
    nobody may know any more (``deaths`` of the process)."""
    if row.attempts >= row.attempts_max or (expected.to_learner and not expected.fact.reachable):
        return True
    if row.detail.endswith("an earlier attempt may have landed"):
        return row.double_accepted or "repeatable" in row.history or (deaths > 0 and row.attempts > 1)
    return any(strike.kind in UNPROBEABLE for strike in at(row, strikes))


def at(row: Row, strikes: Iterable[Strike]) -> list[Strike]:
    """Those at the row's vendor."""
    tenant, _, vendor = row.lane.partition("/")
    return [strike for strike in strikes if (strike.tenant, strike.vendor) == (tenant, vendor)]
