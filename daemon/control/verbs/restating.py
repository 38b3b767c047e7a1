"""What a pilot rehearsed, rehearsed again from the statement: by today's mapping, routes, people and templates. No verb
of its own.
"""

from collections.abc import Sequence

import msgspec
import trio

from actors.domain.trial import FAULTY, Example
from actors.domain.undoing import voids
from actors.ports import LoggedStatement, Planned
from actors.roles.meeting import meet
from actors.roles.router import Plan
from config.model import Tenant
from daemon.control.office import Asking
from daemon.store.pilots import Pilot
from daemon.store.trying import Rehearsal

LOOKED_AT_MAX = 200
AT_ONCE = 50
ELSEWHERE = "today it would not be told there"
OTHERWISE = "today it would be said otherwise"
UNSAYABLE = "today it could not be sent"


class Restated(msgspec.Struct, frozen=True, kw_only=True):
    """``changed`` of ``looked_at`` would come out in another way."""

    looked_at: int = 0
    changed: int = 0
    examples: tuple[Example, ...] = ()


async def restated(pilot: Pilot, tenant: Tenant, asking: Asking) -> Restated:
    """Of the newest rehearsals whose statement is still there and stands."""
    store, plan = asking.office.store, asking.office.plan(tenant.name)
    found = await store.pilots.rehearsals(pilot.no, LOOKED_AT_MAX)
    looked_at, examples = 0, list[Example]()
    for start in range(0, len(found), AT_ONCE):
        batch = found[start : start + AT_ONCE]
        for one, planned in await _planned(batch, plan, tenant, asking):
            looked_at += 1
            if differs := _differs(one, pilot.name, planned):
                examples.append(Example(one.id, differs))
        await trio.lowlevel.checkpoint()
    return Restated(looked_at=looked_at, changed=len(examples), examples=tuple(examples))


async def _planned(
    batch: Sequence[Rehearsal], plan: Plan, tenant: Tenant, asking: Asking
) -> list[tuple[Rehearsal, Sequence[Planned]]]:
    """A voided statement, one that voids another, or one that is not there any more, tells nothing of the pilot."""
    store = asking.office.store
    told = await store.statements.these(tenant.name, sorted({one.statement_id for one in batch}))
    standing = {each.id: each for each in told if not each.voided and not voids(each.body)}
    company = await meet(plan, store.persons, tenant.name, list(standing.values()))
    made: dict[str, Sequence[Planned]] = {}
    for name, statement in standing.items():
        routed = plan.make(_loud(statement), asking.now_us, company=company)
        if not routed.reason.startswith("too_old"):
            made[name] = (*routed.planned, *routed.forwards)
    return [(one, made[one.statement_id]) for one in batch if one.statement_id in made]


def _loud(statement: LoggedStatement) -> LoggedStatement:
    return msgspec.structs.replace(statement, quiet=False)


def _differs(one: Rehearsal, pilot: str, planned: Sequence[Planned]) -> str:
    """In words; empty: it would be the same."""
    target = one.lane.partition("/")[2]
    for each in planned:
        if (each.target, each.destination) == (target, one.destination):
            again = each.piloted
            if again is None or again.name != pilot:
                return ""  # its route is no trial any more: what it does is not this pilot's
            if bool(again.fault) != (FAULTY in one.detail):
                return UNSAYABLE if again.fault else OTHERWISE
            return "" if (one.rendered or b"") == again.rendered else OTHERWISE
    return ELSEWHERE
