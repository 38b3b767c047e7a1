"""``/t/{tenant}/sso``: the ways to sign in, and out. ``…/sso/oidc`` leads to an OpenID provider, ``…/oidc/callback`` is
where that sends people back to.

Signing in begins by a link and never by itself. Whoever is refused is told no reason: that stands in the audit.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.model import Tenant
from config.sso import Method
from daemon.gateway.callers import crowd_of
from daemon.gateway.counter import Counter
from daemon.gateway.forms import Malformed, followed, form_of, genuine, query_of
from daemon.gateway.limits import facts
from daemon.gateway.pages import Link
from daemon.gateway.resource import Handler, Once, Resource
from daemon.gateway.sessions import PRIVATE, safe_way
from daemon.gateway.sso.oidc_desk import CALLBACK, CODE_CHARS_MAX, SIGNED_OUT, OidcDesk, Returned
from daemon.gateway.sso.oidc_provider import Unusable
from daemon.gateway.sso.oidc_token import Reason, Refused
from daemon.gateway.sso.pending import STATE_CHARS_MAX, WAY_CHARS_MAX
from daemon.gateway.strangers import Strangers, TooMany

COOKIE = "lmsyncd-sign-on"
ENTRANCE = "/t/{tenant}/sso"
BEGIN = "/t/{tenant}/sso/oidc"
SIGN_OUT = "/t/{tenant}/sso/sign-out"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to sign in: where it begins (a path), why it cannot be used now (empty: it can), and where to sign out
    at the provider, too (empty: nowhere)."""

    begins: str
    unusable: Callable[[Tenant], Awaitable[str]]
    farewell: Callable[[Tenant, bytes], Awaitable[str]]


class EntranceResource:
    """``ways`` by method; those of a tenant that it configures are shown, in its order."""

    def __init__(self, counter: Counter, desk: OidcDesk, others: Mapping[Method, Way], strangers: Strangers) -> None:
        self._counter = counter
        self._strangers = strangers
        self._desk = desk
        self._ways: Mapping[Method, Way] = {
            **others,
            "oidc": Way(begins=BEGIN, unusable=self._never, farewell=self._farewell),
        }

    def routes(self) -> list[Route]:
        counter = self._counter
        return [
            Route(ENTRANCE, Resource(get=self._stranger(self.entrance))),
            Route(BEGIN, Resource(get=self._stranger(self.begin))),
            Route(CALLBACK, Once(get=self._stranger(self.callback))),
            Route(SIGN_OUT, Resource(post=counter.open(self.sign_out))),
            Route(SIGNED_OUT, Resource(get=counter.open(self.signed_out))),
        ]

    def _stranger(self, handler: Callable[[Request, Tenant], Awaitable[Response]]) -> Handler:
        """A page for those of whom nobody knows yet who they are: so often, and no more."""

        async def page(request: Request, tenant: Tenant) -> Response:
            try:
                self._strangers.admit(tenant.name, crowd_of(request))
            except TooMany as error:
                self._counter.refuse(request, tenant, "session.refused", f"{tenant.name}/sso", str(error))
                return self._counter.pages.come_again(tenant, error.wait_s, facts(request.scope).correlation_id)
            return await handler(request, tenant)

        return self._counter.open(page)

    async def entrance(self, request: Request, tenant: Tenant) -> Response:
        """The ways in, the preferred one first. Those that cannot be used now are left out while there is another."""
        asked = query_of(request).get("to", "")[:WAY_CHARS_MAX]
        if await self._counter.sessions.of(request, tenant) is not None:
            url = self._counter.origin.url(safe_way(tenant.name, asked))
            return RedirectResponse(url, 303, headers=PRIVATE)
        to = f"?to={quote(safe_way(tenant.name, asked), safe='/')}" if asked else ""
        assert tenant.sso is not None  # noqa: S101  # the frame lets no others in
        usable, shown = [], []
        for method in tenant.sso.order():
            way = self._ways.get(method)
            if way is None:
                continue
            link = Link(self._counter.origin.url(way.begins.format(tenant=tenant.name)) + to, method)
            shown.append(link)
            if why := await way.unusable(tenant):
                self._counter.trouble("sso.unusable", None, tenant=tenant.name, method=method, detail=why)
            else:
                usable.append(link)
        return self._counter.pages.show("sign_in.html", tenant, ways=usable or shown)

    # ── OpenID Connect ───────────────────────────────────────────────────────────────────────────────

    async def begin(self, request: Request, tenant: Tenant) -> Response:
        """Off to the provider. Only a person who follows a link: no image and no script of another site's page."""
        if not _by_oidc(tenant):
            return self._counter.said(request, tenant, 404, "nowhere")
        if not followed(request):
            raise Malformed("signing in does not begin by a link")
        way = safe_way(tenant.name, query_of(request).get("to", "")[:WAY_CHARS_MAX])
        held = self._counter.origin.read(request, COOKIE)
        try:
            departure = await self._desk.depart(tenant, way, held)
        except Unusable as error:
            return self._unusable(request, tenant, str(error))
        response = RedirectResponse(departure.url, 303, headers=PRIVATE)
        self._counter.origin.put(response, COOKIE, departure.browser, life_s=departure.life_s)
        return response

    async def callback(self, request: Request, tenant: Tenant) -> Response:
        """Back from there."""
        if not _by_oidc(tenant):
            return self._counter.said(request, tenant, 404, "nowhere")
        try:
            returned = _returned(query_of(request))
            held = self._counter.origin.read(request, COOKIE)
            arrival = await self._desk.arrive(tenant, returned, held, crowd_of(request))
        except Malformed:
            return self._refused(request, tenant, Refused(Reason.MALFORMED))
        except Refused as refused:
            return self._refused(request, tenant, refused)
        except Unusable as error:
            return self._unusable(request, tenant, str(error))
        return await self._counter.sessions.sign_in(
            request, tenant, arrival.person, "oidc", hint=arrival.hint, way=arrival.way
        )

    def _refused(self, request: Request, tenant: Tenant, refused: Refused) -> Response:
        self._counter.refuse(request, tenant, "session.refused", f"{tenant.name}/oidc", str(refused))
        match refused.reason:
            case Reason.STATE | Reason.STATE_USED:
                status, key = 400, "sign_in_over"
            case Reason.DECLINED:
                status, key = 403, "sign_in_declined"
            case _:
                status, key = 403, "sign_in_refused"
        return self._counter.said(request, tenant, status, key, link=self._again(tenant))

    def _unusable(self, request: Request, tenant: Tenant, why: str) -> Response:
        self._counter.trouble("sso.unusable", None, tenant=tenant.name, method="oidc", detail=why)
        return self._counter.said(request, tenant, 503, "sign_in_unusable", link=self._again(tenant))

    def _again(self, tenant: Tenant) -> Link:
        return Link(self._counter.entrance(tenant), "again")

    async def _never(self, _tenant: Tenant) -> str:
        """Whether the provider answers is found out by going there."""
        return ""

    async def _farewell(self, tenant: Tenant, hint: bytes) -> str:
        try:
            return await self._desk.farewell(tenant, hint)
        except Unusable:
            return ""  # signed out here is what counts

    # ── signing out ──────────────────────────────────────────────────────────────────────────────────

    async def sign_out(self, request: Request, tenant: Tenant) -> Response:
        """The session here ends first; what the provider does is its own affair."""
        counter = self._counter
        session = await counter.sessions.of(request, tenant)
        if session is None:
            return RedirectResponse(counter.origin.url(SIGNED_OUT.format(tenant=tenant.name)), 303, headers=PRIVATE)
        genuine(request, counter.origin, session, await form_of(request))
        await counter.sessions.end(request, [session.stored], "its owner signed out")
        way = self._ways.get(session.stored.via)
        url = "" if way is None else await way.farewell(tenant, session.hint)
        if url:
            response = counter.pages.show("leaving.html", tenant, leads_to=url, key="signing_out", about=_host(url))
        else:
            response = counter.said(request, tenant, 200, "signed_out", link=self._again(tenant))
        counter.sessions.leave(response, tenant.name)
        return response

    async def signed_out(self, request: Request, tenant: Tenant) -> Response:
        """Where a provider sends people back to."""
        return self._counter.said(request, tenant, 200, "signed_out", link=self._again(tenant))


def _by_oidc(tenant: Tenant) -> bool:
    return tenant.sso is not None and "oidc" in tenant.sso.order() and tenant.sso.oidc is not None


def _returned(query: dict[str, str]) -> Returned:
    """Raises Malformed."""
    state, code = query.get("state", ""), query.get("code", "")
    if not 0 < len(state) <= STATE_CHARS_MAX or len(code) > CODE_CHARS_MAX or not code.isprintable():
        raise Malformed("the answer has no state or code that could be ours")
    return Returned(state=state, code=code, iss=query.get("iss", ""), error=query.get("error", ""))


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
