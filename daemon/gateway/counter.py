"""The frame of every page for people: who may see it, and what is shown instead where something is in the way.

Whatever ends otherwise than well ends in a page that says what to do, with the correlation id by which an operator
finds the reason: that stands in the audit or in the log, and in no page.
"""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from actors.ports import Audit, Deed, StoreUnavailable
from actors.ports.audit import HOST
from config.model import Tenant
from daemon.gateway.forms import Forged, Malformed
from daemon.gateway.limits import facts
from daemon.gateway.origin import Origin
from daemon.gateway.pages.show import Link, Pages
from daemon.gateway.ports import Trouble
from daemon.gateway.problems import Problem
from daemon.gateway.resource import Handler
from daemon.gateway.sessions import PRIVATE, Session, Sessions, where_from


class Foot(msgspec.Struct, frozen=True, kw_only=True):
    """What the foot of a page says: who is signed in, and how to sign out."""

    person: str
    csrf: str
    out: str


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """What all pages have in common."""

    tenant: Callable[[str], Tenant | None]
    origin: Origin
    pages: Pages
    sessions: Sessions
    audit: Audit
    trouble: Trouble

    def refuse(self, request: Request, tenant: Tenant | None, what: str, on: str, why: str, who: str = "") -> None:
        """Told to the audit, without waiting, and to the trace."""
        facts(request.scope).span.set(refused=why)
        deed = Deed(
            who=who or "unknown",
            where=where_from(request),
            what=what,
            on=on,
            correlation_id=facts(request.scope).correlation_id,
        )
        self.audit.refused(HOST if tenant is None else tenant.name, deed, why)

    def said(
        self,
        request: Request,
        tenant: Tenant | None,
        status: int,
        key: str,
        *,
        about: str = "",
        link: Link | None = None,
    ) -> Response:
        links = () if link is None else (link,)
        reference = facts(request.scope).correlation_id if status >= 400 else ""
        return self.pages.said(tenant, status, key, links=links, about=about, reference=reference)

    def accounts(self, tenant: Tenant) -> str:
        return self.origin.url(f"/t/{tenant.name}/connect")

    def entrance(self, tenant: Tenant) -> str:
        return self.origin.url(f"/t/{tenant.name}/sso")

    def foot(self, tenant: Tenant, session: Session) -> Foot:
        stored = session.stored
        person = stored.name or stored.email or stored.subject
        return Foot(person=person, csrf=session.csrf, out=self.origin.url(f"/t/{tenant.name}/sso/sign-out"))

    # ── frames ───────────────────────────────────────────────────────────────────────────────────────

    def open(self, handler: Callable[[Request, Tenant], Awaitable[Response]]) -> Handler:
        """A page of a tenant whose people can sign in; for everybody."""

        async def page(request: Request) -> Response:
            tenant = self.tenant(request.path_params["tenant"])
            if tenant is None or tenant.sso is None or not tenant.sso.configured():
                return self.said(request, None, 404, "nowhere")
            facts(request.scope).span.set(tenant=tenant.name)
            try:
                return await handler(request, tenant)
            except Malformed as error:
                self.refuse(request, tenant, "page.refused", _on(request, tenant), str(error))
                return self.said(request, tenant, 400, "malformed", link=Link(self.accounts(tenant), "back"))
            except Forged as error:
                self.refuse(request, tenant, "page.refused", _on(request, tenant), str(error))
                return self.said(request, tenant, 403, "forged", link=Link(self.accounts(tenant), "back"))
            except Problem as problem:
                key = "malformed" if problem.status < 500 else "later"
                return self.said(request, tenant, problem.status, key)
            except StoreUnavailable as error:
                self.trouble("page.unavailable", None, tenant=tenant.name, detail=str(error))
                return self.said(request, tenant, 503, "later", link=Link(self.accounts(tenant), "again"))

        return page

    def signed_in(self, handler: Callable[[Request, Tenant, Session], Awaitable[Response]]) -> Handler:
        """A page for somebody who is signed in and may connect accounts; others sign in first."""

        async def page(request: Request, tenant: Tenant) -> Response:
            session = await self.sessions.of(request, tenant)
            if session is None:
                return RedirectResponse(self.entrance(tenant), 303, headers=PRIVATE)
            facts(request.scope).who = session.stored.who
            if not session.may_connect:
                why = f"connecting takes the role {session.connects.name.lower()}, {session.standing.why}"
                self.refuse(request, tenant, "page.refused", _on(request, tenant), why, session.stored.who)
                reference, foot = facts(request.scope).correlation_id, self.foot(tenant, session)
                return self.pages.show("forbidden.html", tenant, status=403, reference=reference, foot=foot)
            return await handler(request, tenant, session)

        return self.open(page)


def _on(request: Request, tenant: Tenant) -> str:
    """What somebody wanted, without anything that they made up."""
    return f"{tenant.name}/connect" if "target" in request.path_params else f"{tenant.name}/sso"
