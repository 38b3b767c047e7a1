"""How the sources' records are, for ``health --deep``."""

from collections.abc import Iterable

from actors.ports import SourceName, StoreUnavailable
from config.model import Tenant
from config.numbers import agreeing
from daemon.control.office import Check
from daemon.store.database import Store

RULES_SHOWN = 3


async def quarantine_checks(tenants: Iterable[Tenant], store: Store) -> list[Check]:
    """One for each source that was read: well where nothing waits for a person."""
    names = [
        SourceName(tenant=tenant.name, name=name, kind=each.kind)
        for tenant in tenants
        for name, each in sorted(tenant.sources.items())
    ]
    try:
        states = await store.sources.known(names)
        standing = await store.quarantine.standing([state.no for state in states.values()])
    except StoreUnavailable as error:
        return [Check(name="quarantine", ok=False, detail=str(error))]
    checks = []
    for name, state in states.items():
        held = standing.get(state.no)
        if held is None or not held.open:
            detail = (
                f"nothing waits; {held.dismissed} {agreeing(held.dismissed, 'was', 'were')} dismissed"
                if held is not None
                else "nothing waits"
            )
            checks.append(Check(name=f"quarantine {name.tenant}/{name.name}", ok=True, detail=detail))
            continue
        rules = sorted(held.rules.items(), key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{rule} {n}" for rule, n in rules[:RULES_SHOWN]) + (", …" if len(rules) > RULES_SHOWN else "")
        checks.append(
            Check(
                name=f"quarantine {name.tenant}/{name.name}",
                ok=False,
                detail=f"{held.open} {agreeing(held.open, 'waits', 'wait')} for a person ({said})",
            )
        )
    return checks
