"""``/t/{tenant}/sso/saml/…``: metadata, login, acs (where the identity provider's answers are posted), logout.

Whoever is refused gets one plain page, the same for all reasons; the reason stands in the audit. What a person's
browser has to bring along with an answer is a cookie of its own, which is sent with forms of other sites too: it only
says which sign-ons were begun there, and opens nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actors.ports import Audit, StoreUnavailable
from actors.ports.audit import Deed
from config.model import Tenant
from daemon.gateway.callers import crowd_of
from daemon.gateway.forms import followed
from daemon.gateway.limits import facts
from daemon.gateway.pages import Link, Pages
from daemon.gateway.ports import Trouble
from daemon.gateway.problems import Problem
from daemon.gateway.resource import Handler, Once, Resource
from daemon.gateway.sessions import PRIVATE, Session, safe_way, where_from
from daemon.gateway.sso.claims import SignedIn
from daemon.gateway.sso.pending import BROWSER, WAY_CHARS_MAX
from daemon.gateway.sso.saml_desk import Departure, NotNow, SamlDesk
from daemon.gateway.sso.saml_document import MESSAGE_BYTES_MAX, decoded
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.strangers import Strangers, TooMany
from daemon.store.sessions import StoredSession, Via

FORM_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
"""Base64 in a form: a third more, and escapes."""
FIELDS_MAX = 10
METADATA_TYPE = "application/samlmetadata+xml"
LIFE_S = 300
COOKIE = "lmsyncd-saml"
BEGIN, ACS, LOGOUT, METADATA = (f"/t/{{tenant}}/sso/saml/{name}" for name in ("login", "acs", "logout", "metadata"))


class Doorman(Protocol):
    """``daemon.gateway.sessions.Sessions``, as far as it is needed here."""

    async def sign_in(
        self, request: Request, tenant: Tenant, person: SignedIn, via: Via, *, hint: bytes = b"", way: str = ""
    ) -> Response: ...

    async def of(self, request: Request, tenant: Tenant) -> Session | None: ...

    async def end(self, request: Request, which: Sequence[StoredSession], why: str) -> None: ...

    def leave(self, response: Response, tenant: str) -> None: ...


Everybody = Callable[[str], Awaitable[Sequence[StoredSession]]]
"""All sessions of a tenant. Raises StoreUnavailable."""


class SamlResource:
    """The four addresses. Bodies are bounded by the frame, and more closely here."""

    def __init__(
        self,
        desk: SamlDesk,
        sessions: Doorman,
        everybody: Everybody,
        audit: Audit,
        trouble: Trouble,
        strangers: Strangers,
        pages: Pages | None = None,
    ) -> None:
        self._strangers = strangers
        self._pages = pages or Pages()
        self._desk = desk
        self._sessions = sessions
        self._everybody = everybody
        self._audit = audit
        self._trouble = trouble

    def routes(self) -> list[Route]:
        return [
            Route(METADATA, Resource(get=self._guarded(self.metadata))),
            Route(BEGIN, Resource(get=self._guarded(self.login))),
            Route(ACS, Resource(post=self._guarded(self.acs))),
            Route(LOGOUT, Once(get=self._guarded(self.logout))),
        ]

    async def metadata(self, request: Request, tenant: Tenant) -> Response:
        body = await self._desk.metadata(tenant, crowd_of(request))
        headers = {"Cache-Control": f"max-age={LIFE_S}", "X-Content-Type-Options": "nosniff"}
        return Response(body, media_type=METADATA_TYPE, headers=headers)

    async def login(self, request: Request, tenant: Tenant) -> Response:
        """Off to the identity provider; ``to`` is the path here that people go to afterwards. Only for a person who
        follows a link."""
        if not followed(request):
            self._tell(request, tenant, "signing in does not begin by a link")
            return self._page(request, tenant, 400, "malformed")
        way = safe_way(tenant.name, request.query_params.get("to", "")[:WAY_CHARS_MAX])
        departure = await self._desk.depart(tenant, way, self._browser(request), crowd_of(request))
        response = RedirectResponse(departure.url, 303, headers=PRIVATE)
        self._keep(response, departure)
        return response

    async def acs(self, request: Request, tenant: Tenant) -> Response:
        """Back from there."""
        message, relay = await _form(request)
        arrival = await self._desk.arrive(tenant, message, relay, self._browser(request), crowd_of(request))
        return await self._sessions.sign_in(request, tenant, arrival.person, "saml", hint=arrival.hint, way=arrival.way)

    async def logout(self, request: Request, tenant: Tenant) -> Response:
        """The identity provider's word that a session is over, or its answer to ours."""
        query = request.scope["query_string"].decode("latin-1")
        if "SAMLRequest=" not in query:
            return self._pages.said(tenant, 200, "signed_out")
        goodbye = await self._desk.goodbye(tenant, query, crowd_of(request))
        ended = [
            each
            for each in await self._everybody(tenant.name)
            if each.via == "saml" and each.issuer == goodbye.issuer and each.subject == goodbye.subject
        ]
        own = await self._sessions.of(request, tenant)
        theirs = own is not None and own.stored.via == "saml" and goodbye.means(own.hint)
        if own is not None and theirs and own.stored.id not in {each.id for each in ended}:
            ended.append(own.stored)  # one whose name was only for this once is known by what its browser seals
        await self._sessions.end(request, ended, "it ended at the identity provider")
        response: Response = self._pages.said(tenant, 200, "signed_out")
        if goodbye.url:
            response = RedirectResponse(goodbye.url, 303, headers=PRIVATE)
        if theirs:
            self._sessions.leave(response, tenant.name)
        return response

    # ── what all have in common ──────────────────────────────────────────────────────────────────────

    def _guarded(self, handler: Callable[[Request, Tenant], Awaitable[Response]]) -> Handler:
        async def guarded(request: Request) -> Response:
            tenant = self._desk.tenant(request.path_params["tenant"])
            if tenant is None:
                raise Problem(404, "there is nothing at this address")
            facts(request.scope).span.set(tenant=tenant.name)
            try:
                self._strangers.admit(tenant.name, crowd_of(request))
                return await handler(request, tenant)
            except TooMany as error:
                self._tell(request, tenant, str(error))
                return self._pages.come_again(tenant, error.wait_s, facts(request.scope).correlation_id)
            except Refused as refused:
                self._tell(request, tenant, str(refused))
                return self._page(request, tenant, 403, "sign_in_refused")
            except NotNow as error:
                self._trouble("sso.unusable", None, tenant=tenant.name, detail=str(error))
                return self._page(request, tenant, 503, "sign_in_unusable")
            except StoreUnavailable:
                return self._page(request, tenant, 503, "later")

        return guarded

    def _page(self, request: Request, tenant: Tenant, status: int, key: str) -> Response:
        """The same for all reasons; operators find theirs by the reference."""
        again = Link(self._desk.entrance(tenant), "again")
        return self._pages.said(tenant, status, key, links=[again], reference=facts(request.scope).correlation_id)

    def _tell(self, request: Request, tenant: Tenant, reason: str) -> None:
        deed = Deed(
            who="unknown",
            where=where_from(request),
            what="session.refused",
            on=f"{tenant.name}/saml",
            correlation_id=facts(request.scope).correlation_id,
        )
        self._audit.refused(tenant.name, deed, reason)

    def _browser(self, request: Request) -> str:
        """What the browser keeps of ours, empty where that is nothing that we gave out."""
        held = self._desk.origin().read(request, COOKIE)
        return held if BROWSER.fullmatch(held) is not None else ""

    def _keep(self, response: Response, departure: Departure) -> None:
        """Another site's form posts the answer, so the cookie has to come along with that. On this machine alone,
        without TLS, browsers take no such cookie; there, no site is another one."""
        origin = self._desk.origin()
        response.set_cookie(
            origin.cookie(COOKIE),
            departure.browser,
            max_age=departure.life_s,
            path="/",
            secure=origin.secure,
            httponly=True,
            samesite="none" if origin.secure else "lax",
        )


async def _form(request: Request) -> tuple[bytes, str]:
    """The message and the RelayState of a posted form. Raises Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(Reason.FORM)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise Refused(Reason.TOO_LARGE)
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, strict_parsing=bool(body)
        )
    except ValueError:
        raise Refused(Reason.FORM) from None
    messages = [value for name, value in fields if name == "SAMLResponse"]
    relays = [value for name, value in fields if name == "RelayState"]
    if len(messages) != 1 or len(relays) > 1:
        raise Refused(Reason.FORM)
    return decoded(messages[0]), "".join(relays)
