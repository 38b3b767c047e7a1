"""``manifest``: ready-made registrations, with exactly the permissions that a tenant's routes need."""

from typing import assert_never

from actors.domain.registering import Registration, Site, Unregistrable
from actors.domain.scopes import Feature, features_of, kept
from actors.targets.slack import manifest as slack
from actors.targets.teams import manifest as teams
from actors.targets.teams.settings import TeamsSettings
from config.model import Tenant
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.manifested import ManifestRow, PermissionView
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Manifest, Refusal

ALL_OF_SLACK = frozenset(
    {Feature.POSTING, Feature.PROBING, Feature.DIRECT, Feature.PROBING_DIRECT, Feature.LOOKUP, Feature.EVENTS}
)
"""For an app that is registered before there is a target, whose routes would tell."""


async def make(request: Manifest, asking: Asking) -> Done:
    """One row. Raises Refusal."""
    configuration = asking.office.configuration()
    tenant = configuration.tenants.get(request.tenant)
    if tenant is None:
        raise Refusal(Exit.NOTHING, f"there is no tenant {request.tenant!r}")
    target = _target(request, tenant)
    site = Site(
        public_url=configuration.daemon.gateway.public_url,
        tenant=tenant.name,
        target=target or request.target or request.platform,
    )
    made = _made(request, tenant, target, site)
    permissions = tuple(PermissionView(name=need.scope, speaker=need.speaker, why=need.why) for need in made.needs)
    await asking.emit(
        ManifestRow(
            tenant=tenant.name,
            target=site.target,
            file=made.file,
            media_type=made.media_type,
            content=made.content,
            permissions=permissions,
            notes=tuple(made.notes),
        )
    )
    return done(f"{made.file}: {len(made.content):,} bytes, {number_of(len(permissions), 'permissions')}")


def _made(request: Manifest, tenant: Tenant, target: str, site: Site) -> Registration:
    match request.platform:
        case "slack":
            features = features_of(tenant.routes, target, hears=True, rosters=kept(tenant)) if target else ALL_OF_SLACK
            return slack.registration(features, site, request.name)
        case "teams":
            settings = tenant.targets[target].settings
            assert isinstance(settings, TeamsSettings)  # noqa: S101 - the kind of the target says so
            installs = bool(settings.catalog_app_id)
            features = features_of(tenant.routes, target, hears=True, installs=installs, rosters=kept(tenant))
            try:
                return teams.registration(settings, features, site, request.name)
            except Unregistrable as error:
                raise Refusal(
                    Exit.BAD_CONFIGURATION, "settings are missing", where=site.target, advice=str(error)
                ) from None
        case _ as never:
            assert_never(never)


def _target(request: Manifest, tenant: Tenant) -> str:
    """The target that is meant; empty for a Slack app that comes before its target. Raises Refusal."""
    of_kind = sorted(name for name, each in tenant.targets.items() if each.kind == request.platform)
    if request.target:
        if request.target in of_kind:
            return request.target
        if request.target in tenant.targets or request.platform == "teams":
            there = ", ".join(of_kind) or "none"
            what = f"{tenant.name} has no {request.platform} target {request.target!r}"
            raise Refusal(Exit.NOTHING, what, advice=f"there is: {there}")
        return ""
    if len(of_kind) > 1:
        raise Refusal(Exit.USAGE, f"{tenant.name} has several: {', '.join(of_kind)}", advice="name one with --target")
    if not of_kind and request.platform == "teams":
        advice = "write [targets.teams] with directory, client_id and a credential; the app registration comes first"
        raise Refusal(Exit.NOTHING, f"{tenant.name} has no teams target", advice=advice)
    return of_kind[0] if of_kind else ""
