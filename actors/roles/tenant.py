"""One tenant's subtree: a custodian for each account that asks for tokens, a courier for each lane, a listener for each
target that tells, the router that feeds couriers, a harvester for each source that is read or calls, whoever reminds
learners and keeps rosters in step, and the janitor.

They know one another only through the store and the switchboard, so each may fall alone: one_for_one.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from actors.domain.scopes import kept
from actors.kernel import Budget, ChildSpec, Supervisor
from actors.messages import (
    CourierMessage,
    CustodianMessage,
    HarvesterMessage,
    JanitorMessage,
    ListenerMessage,
    ReconcilerMessage,
    ReminderMessage,
    ReviewerMessage,
    RouterMessage,
)
from actors.ports import Source, Target
from actors.roles.courier import Courier
from actors.roles.custodian import Custodian
from actors.roles.custody import connection_of
from actors.roles.harvester import Harvester
from actors.roles.janitor import Janitor
from actors.roles.listener import Listener
from actors.roles.reconciler import Reconciler
from actors.roles.reminder import Reminder, wanted
from actors.roles.reviewer import Reviewer
from actors.roles.reviewer import wanted as reviewed
from actors.roles.router import Router
from actors.roles.world import World
from config.model import Tenant

BUDGET = Budget(restarts_max=10, period_s=60.0)
COURIER_GRACE_S = 20.0
CUSTODIAN_GRACE_S = 20.0
HARVESTER_GRACE_S = 10.0
LISTENER_GRACE_S = 10.0
RECONCILER_GRACE_S = 10.0
REVIEWER_GRACE_S = 5.0


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
    listeners: list[ChildSpec[ListenerMessage]] = []
    for name, target in targets.items():
        if target.listening is not None:
            listener = ChildSpec[ListenerMessage](
                name=f"listener:{name}",
                start=partial(Listener, tenant, name, target, target.listening, world),
                grace_s=LISTENER_GRACE_S,
            )
            world.switchboard.listeners[f"{tenant.name}/{name}"] = listener.address
            listeners.append(listener)
    custodians = _custodians(tenant, world)
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
    reconcilers: list[ChildSpec[ReconcilerMessage]] = []
    if tenant.rosters:
        reconciler = ChildSpec[ReconcilerMessage](
            name="reconciler", start=partial(Reconciler, tenant, targets, world), grace_s=RECONCILER_GRACE_S
        )
        world.switchboard.reconcilers[tenant.name] = reconciler.address
        reconcilers.append(reconciler)
    told: list[ChildSpec[Any]] = [*custodians, *couriers, *listeners, router, *harvesters]
    children = [*told, *reminders, *reconcilers, *_reviewers(tenant, targets, world, sources or {}), janitor]
    return Supervisor(children, strategy="one_for_one", budget=BUDGET)


def _reviewers(
    tenant: Tenant, targets: Mapping[str, Target], world: World, sources: Mapping[str, Source]
) -> list[ChildSpec[ReviewerMessage]]:
    """One, where there is anything to compare or anybody to be told."""
    if not reviewed(tenant, sources):
        return []
    spec = ChildSpec[ReviewerMessage](
        name="reviewer", start=partial(Reviewer, tenant, targets, sources, world), grace_s=REVIEWER_GRACE_S
    )
    world.switchboard.reviewers[tenant.name] = spec.address
    return [spec]


def _custodians(tenant: Tenant, world: World) -> list[ChildSpec[CustodianMessage]]:
    """One for each account that is asked for tokens. Where an operator looks after all of them there is nothing to do
    by the clock, and nobody is needed."""
    custody = world.custody
    if custody is None:
        return []
    found: list[ChildSpec[CustodianMessage]] = []
    for name, dialect in custody.dialects(tenant).items():
        features = dialect.features(tenant.routes, name, hears=False, rosters=kept(tenant))
        is_source = name not in tenant.targets
        in_use = frozenset(each for each in dialect.speakers if is_source or dialect.needed(each, features))
        custody.wallet(tenant.name, name, dialect).in_use = in_use
        if all(dialect.static(each) is not None for each in dialect.speakers):
            continue
        spec = ChildSpec[CustodianMessage](
            name=f"custodian:{name}",
            start=partial(Custodian, tenant, name, dialect, in_use, custody, world),
            grace_s=CUSTODIAN_GRACE_S,
        )
        world.switchboard.custodians[f"{tenant.name}/{name}"] = spec.address
        found.append(spec)
    return found


def forget(tenant: Tenant, world: World) -> None:
    """The tenant is gone: nobody is hinted any more."""
    world.switchboard.routers.pop(tenant.name, None)
    world.switchboard.janitors.pop(tenant.name, None)
    world.switchboard.reminders.pop(tenant.name, None)
    world.switchboard.reconcilers.pop(tenant.name, None)
    world.switchboard.reviewers.pop(tenant.name, None)
    for name in (*tenant.targets, *(connection_of(tenant, source) for source in tenant.sources)):
        world.switchboard.custodians.pop(f"{tenant.name}/{name}", None)
        if world.custody is not None:
            world.custody.forget(tenant.name, name)
    for name in tenant.targets:
        world.switchboard.couriers.pop(f"{tenant.name}/{name}", None)
        world.switchboard.pacers.pop(f"{tenant.name}/{name}", None)
        world.switchboard.listeners.pop(f"{tenant.name}/{name}", None)
        world.switchboard.listener_views.pop(f"{tenant.name}/{name}", None)
    for name in tenant.sources:
        world.switchboard.harvesters.pop(f"{tenant.name}/{name}", None)
        world.switchboard.source_views.pop(f"{tenant.name}/{name}", None)
