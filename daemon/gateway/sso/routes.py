"""The addresses of all pages for people, put together: signing in by either way, and connecting accounts."""

from collections.abc import Sequence
from functools import partial

from starlette.routing import Route

from config.model import Tenant
from daemon.gateway.connect import ConnectResource
from daemon.gateway.counter import Counter
from daemon.gateway.origin import Origin
from daemon.gateway.pages import Pages
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.ports_sign_on import SignOnPorts
from daemon.gateway.review import ReviewResource
from daemon.gateway.sessions import Sessions
from daemon.gateway.sso.entrance import EntranceResource, Way
from daemon.gateway.sso.oidc_desk import OidcDesk, OidcPorts
from daemon.gateway.sso.saml import BEGIN, SamlResource
from daemon.gateway.sso.saml_desk import NotNow, SamlDesk, SamlPorts
from daemon.gateway.strangers import Strangers


def people_routes(ports: GatewayPorts, own: SignOnPorts, origin: Origin) -> Sequence[Route]:
    """``own`` is what the rest of the gateway does not need."""
    reveal = ports.reveal_of or (lambda _tenant: ports.reveal)
    saml = SamlDesk(
        SamlPorts(
            configuration=own.configuration,
            store=own.saml,
            persons=own.persons,
            http=own.http,
            reveal=reveal,
            clock=ports.clock,
            dice=ports.dice,
            trouble=ports.trouble,
        )
    )
    sessions = Sessions(own.sessions, origin, ports.clock, ports.audit, own.event, own.desk, saml.issuer)
    counter = Counter(
        tenant=lambda name: own.configuration().tenants.get(name),
        origin=origin,
        pages=Pages(),
        sessions=sessions,
        audit=ports.audit,
        trouble=ports.trouble,
    )
    oidc = OidcDesk(
        OidcPorts(http=own.http, persons=own.persons, reveal=reveal, clock=ports.clock, dice=ports.dice), origin
    )
    strangers = Strangers()
    by_saml = Way(begins=BEGIN, unusable=saml.unusable, farewell=partial(_farewell, saml))
    return [
        *EntranceResource(counter, oidc, {"saml": by_saml}, strangers).routes(),
        *SamlResource(saml, sessions, own.sessions.all, ports.audit, ports.trouble, strangers).routes(),
        *ConnectResource(counter, own.desk, own.sessions, ports.clock, own.event).routes(),
        *([] if own.review is None else ReviewResource(counter, own.review, ports.clock).routes()),
    ]


async def _farewell(saml: SamlDesk, tenant: Tenant, hint: bytes) -> str:
    try:
        return await saml.farewell(tenant, hint)
    except NotNow:
        return ""  # signed out here is what counts
