"""One tenant's subtree: a courier for each lane, the router that feeds them, a harvester for each source that is read
or calls, and the janitor.

They know one another only through the store and the switchboard, so each may fall alone: one_for_one.
"""

from collections.abc import Mapping
from functools import partial

from actors.kernel import Budget, ChildSpec, Supervisor
from actors.messages import CourierMessage, HarvesterMessage, JanitorMessage, ReminderMessage, RouterMessage
from actors.ports import Source, Target
from actors.roles.courier import Courier
from actors.roles.harvester import Harvester
from actors.roles.janitor import Janitor
from actors.roles.reminder import Reminder, wanted
from actors.roles.router import Router
from actors.roles.world import World
from config.model import Tenant

BUDGET = Budget(restarts_max=10, period_s=60.0)
COURIER_GRACE_S = 20.0
HARVESTER_GRACE_S = 10.0


def subtree(
    tenant: Tenant, targets: Mapping[str, Target], world: World, sources: Mapping[str, Source] | None = None
) -> Supervisor:
    """A new supervisor of this tenant's actors, known on the switchboard from now on."""
    couriers: list[ChildSpec[CourierMessage]] = []
    for name, target in targets.items():
        spec = ChildSpec[CourierMessage](
            name=f"courier:{name}", start=partial(Courier, tenant, name, target, world), grace_s=COURIER_GRACE_S
        )
        world.switchboard.couriers[f"{tenant.name}/{name}"] = spec.address
        couriers.append(spec)
    router = ChildSpec[RouterMessage](name="router", start=partial(Router, tenant, targets, world))
    world.switchboard.routers[tenant.name] = router.address
    janitor = ChildSpec[JanitorMessage](name="janitor", start=partial(Janitor, tenant, world))
    world.switchboard.janitors[tenant.name] = janitor.address
    harvesters: list[ChildSpec[HarvesterMessage]] = []
    for name, source in (sources or {}).items():
        harvester = ChildSpec[HarvesterMessage](
            name=f"harvester:{name}", start=partial(Harvester, tenant, name, source, world), grace_s=HARVESTER_GRACE_S
        )
        world.switchboard.harvesters[f"{tenant.name}/{name}"] = harvester.address
        harvesters.append(harvester)
    reminders: list[ChildSpec[ReminderMessage]] = []
    if sources and wanted(tenant):
        reminder = ChildSpec[ReminderMessage](name="reminder", start=partial(Reminder, tenant, sources, world))
        world.switchboard.reminders[tenant.name] = reminder.address
        reminders.append(reminder)
    return Supervisor([*couriers, router, *harvesters, *reminders, janitor], strategy="one_for_one", budget=BUDGET)


def forget(tenant: Tenant, world: World) -> None:
    """The tenant is gone: nobody is hinted any more."""
    world.switchboard.routers.pop(tenant.name, None)
    world.switchboard.janitors.pop(tenant.name, None)
    world.switchboard.reminders.pop(tenant.name, None)
    for name in tenant.targets:
        world.switchboard.couriers.pop(f"{tenant.name}/{name}", None)
    for name in tenant.sources:
        world.switchboard.harvesters.pop(f"{tenant.name}/{name}", None)
        world.switchboard.source_views.pop(f"{tenant.name}/{name}", None)
