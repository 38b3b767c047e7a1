"""The top of the tree: one child a tenant. A tenant that cannot stand is started again ever more rarely, and never
takes another with it: the root's budget is not meant to be used up.
"""

from collections.abc import Callable, Mapping
from functools import partial

from actors.domain.retention import rules
from actors.kernel import Backoff, Budget, ChildSpec, Supervisor
from actors.ports import Source, Target
from actors.roles import tenant as tenants
from actors.roles.world import World
from config.model import Tenant

BUDGET = Budget(restarts_max=1000, period_s=1.0)
BACKOFF = Backoff(first_s=1.0, max_s=300.0)
TENANT_GRACE_S = 25.0

MakeTargets = Callable[[Tenant], Mapping[str, Target]]
"""Builds a tenant's targets from its settings (``daemon`` knows secrets and templates)."""
MakeSources = Callable[[Tenant], Mapping[str, Source]]
"""The same for those of its sources that are read, or that call."""


def _no_sources(tenant: Tenant) -> Mapping[str, Source]:
    return {}


class Root:
    """The root supervisor, and what a reload does to it."""

    def __init__(
        self,
        configured: Mapping[str, Tenant],
        make_targets: MakeTargets,
        world: World,
        make_sources: MakeSources = _no_sources,
    ) -> None:
        self._make_targets = make_targets
        self._make_sources = make_sources
        self._world = world
        self._tenants = dict(configured)
        self._keep_horizons(configured)
        self.supervisor = Supervisor(
            [self._spec(tenant) for tenant in configured.values()], budget=BUDGET, backoff=BACKOFF
        )

    async def apply(self, configured: Mapping[str, Tenant]) -> tuple[str, ...]:
        """Make the tree what the configuration says: only tenants that differ are touched. Returns their names."""
        self._keep_horizons(configured)
        touched = []
        for name in sorted(self._tenants.keys() | configured.keys()):
            old, new = self._tenants.get(name), configured.get(name)
            if old == new:
                continue
            touched.append(name)
            leaving = _lanes(old) - _lanes(new)
            self._world.switchboard.leaving |= leaving
            if old is not None and new is None:
                await self.supervisor.remove(name)
                tenants.forget(old, self._world)
                del self._tenants[name]
            elif new is not None:
                if old is not None:
                    tenants.forget(old, self._world)
                    await self.supervisor.replace(self._spec(new))
                else:
                    await self.supervisor.add(self._spec(new))
                self._tenants[name] = new
            self._world.switchboard.leaving -= leaving
            for lane in leaving:  # whoever was stopped may have had a last word
                self._world.switchboard.listener_views.pop(lane, None)
            for source in _sources(old) - _sources(new):
                self._world.switchboard.source_views.pop(source, None)
        return tuple(touched)

    def _keep_horizons(self, configured: Mapping[str, Tenant]) -> None:
        horizons_us = self._world.switchboard.horizons_us
        horizons_us.clear()
        horizons_us.update({name: rules(name, tenant.retention).horizon_us for name, tenant in configured.items()})
        self._world.persons.configure({name: tenant.identity for name, tenant in configured.items()})

    def _spec(self, tenant: Tenant) -> ChildSpec[object]:
        return ChildSpec[object](name=tenant.name, start=partial(self._start, tenant), grace_s=TENANT_GRACE_S)

    def _start(self, tenant: Tenant) -> Supervisor:
        return tenants.subtree(tenant, self._make_targets(tenant), self._world, self._make_sources(tenant))


def _sources(tenant: Tenant | None) -> set[str]:
    return set() if tenant is None else {f"{tenant.name}/{source}" for source in tenant.sources}


def _lanes(tenant: Tenant | None) -> set[str]:
    return set() if tenant is None else {f"{tenant.name}/{target}" for target in tenant.targets}
