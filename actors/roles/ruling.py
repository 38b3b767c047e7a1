"""What follows a decision about a conflict, by whatever way it came: it is logged, and whoever plans is hinted.

What was decided is on disk already, and so is that somebody has to plan by it: a hint may be lost.
"""

from actors.ports import Witness
from actors.ports.conflicts import Decided, Decider
from actors.roles.world import Switchboard


def follow(tenant: str, verb: str, decided: Decided, by: Decider, witness: Witness, switchboard: Switchboard) -> None:
    """``verb``: ``approved``, ``rejected`` or ``undone``."""
    if not decided.done or decided.case is None:
        return
    case = decided.case
    chosen = "" if case.choice is None else case.conflict.fixes[case.choice].fix.name
    witness.event(
        "conflict.decided",
        tenant=tenant,
        how=verb,
        conflict=case.no,
        of=case.conflict.kind,
        fix=chosen,
        by=by.who,
        by_way=by.by_way,
        correlation_id=by.correlation_id,
    )
    switchboard.decided(tenant)
