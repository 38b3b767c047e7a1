"""``/t/{tenant}/connect``: the tenant's accounts at vendors, connecting and disconnecting them.

Connecting begins with a form of ours and goes by way of the vendor's own page. What comes back is taken only in the
session that began it, once, for the same account and within ten minutes; the verifier that it needs lies sealed with
what that session's browser alone has. Connecting and disconnecting stand in the audit before they are done.
"""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actors.ports import Clock, Deed
from actors.ports.tokens import Connectable, Connected, Desk, NotConnected
from config.model import Tenant
from daemon.gateway.counter import Counter
from daemon.gateway.forms import Malformed, form_of, genuine, query_of
from daemon.gateway.limits import facts
from daemon.gateway.pages import Link, Notice
from daemon.gateway.ports_sign_on import SessionStore, Told
from daemon.gateway.resource import Once, Resource
from daemon.gateway.sessions import PRIVATE, Session, where_from
from daemon.gateway.undertaking import undertaking
from daemon.store.sessions import Errand

ERRAND_US = 600_000_000
STATE_BYTES = 32
CODE_CHARS_MAX = 4_096
CONNECT = "/t/{tenant}/connect"
TARGET = "/t/{tenant}/connect/{target}"
CALLBACK = "/t/{tenant}/connect/{target}/callback"
DISCONNECT = "/t/{tenant}/connect/{target}/disconnect"
_STATE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
DECLINED = frozenset(("access_denied", "consent_required", "interaction_required", "login_required"))
"""Errors by which a vendor says that somebody would not, or may not."""


class ConnectResource:
    """Every page needs a session that may connect accounts (``Counter.signed_in``)."""

    def __init__(
        self,
        counter: Counter,
        desk: Desk,
        store: SessionStore,
        clock: Clock,
        event: Told,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._counter = counter
        self._desk = desk
        self._store = store
        self._clock = clock
        self.event = event
        self._random = random

    def routes(self) -> list[Route]:
        page = self._counter.signed_in
        return [
            Route(CONNECT, Resource(get=page(self.accounts))),
            Route(TARGET, Resource(get=page(self.one), post=page(self.begin))),
            Route(CALLBACK, Once(get=page(self.callback))),
            Route(DISCONNECT, Resource(get=page(self.ask), post=page(self.disconnect))),
        ]

    async def accounts(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """All of them, each with its state and its permissions."""
        accounts = self._desk.connectable(tenant.name)
        return self._counter.pages.show(
            "connect.html",
            tenant,
            accounts=accounts,
            notice=_notice(query_of(request), accounts),
            base=self._counter.accounts(tenant),
            foot=self._counter.foot(tenant, session),
        )

    async def one(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """A link to one account leads to its place among all: nothing begins by a link."""
        account = self._account(request, tenant)
        if account is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        url = f"{self._counter.accounts(tenant)}#connect-{account.name}"
        return RedirectResponse(url, 303, headers=PRIVATE)

    async def begin(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """On to the vendor."""
        genuine(request, self._counter.origin, session, await form_of(request))
        account = self._account(request, tenant)
        if account is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        state = base64.urlsafe_b64encode(self._random(STATE_BYTES)).rstrip(b"=").decode()
        begun = self._desk.begin(tenant.name, account.name, self._redirect_uri(tenant, account.name), state)
        if isinstance(begun, NotConnected):
            self._counter.trouble("account.unconnectable", None, account=_on(tenant, account.name), detail=begun.why)
            return self._not_connected(request, tenant, account.name, 409)
        now_us = self._clock.now_us()
        errand = Errand(
            id=_id(state),
            session=session.stored.id,
            tenant=tenant.name,
            name=account.name,
            until_us=now_us + ERRAND_US,
            sealed=session.seal(_id(state), begun.verifier.encode()),
        )
        if not await self._store.set_out(errand, now_us):
            return RedirectResponse(self._counter.entrance(tenant), 303, headers=PRIVATE)
        about = urlsplit(begun.url).netloc
        return self._counter.pages.show("leaving.html", tenant, leads_to=begun.url, key="leaving", about=about)

    async def callback(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """Back from the vendor."""
        query, name = query_of(request), request.path_params["target"]
        state, code = query.get("state", ""), query.get("code", "")
        errand = None
        if _STATE.fullmatch(state) is not None:
            errand = await self._store.come_back(_id(state), session.stored.id)
        over = errand is None or self._clock.now_us() >= errand.until_us
        if errand is None or over or (errand.tenant, errand.name) != (tenant.name, name):
            why = "the state is not one that was given to this session for this account, or its time is over"
            self._counter.refuse(request, tenant, "account.refused", tenant.name, why, session.stored.who)
            return self._counter.said(request, tenant, 400, "errand_over", link=self._back(tenant))
        verifier = session.open(errand.id, errand.sealed)
        if query.get("error"):
            why = "the vendor says that it was declined" if query["error"] in DECLINED else "the vendor says why not"
            self._counter.refuse(request, tenant, "account.refused", _on(tenant, name), why, session.stored.who)
            return self._counter.said(request, tenant, 403, "declined", about=name, link=self._back(tenant))
        if verifier is None or not 0 < len(code) <= CODE_CHARS_MAX or not code.isprintable():
            raise Malformed("the vendor sent somebody back without a code")
        return await self._finish(request, tenant, session, name, code, verifier.decode())

    async def _finish(
        self, request: Request, tenant: Tenant, session: Session, name: str, code: str, verifier: str
    ) -> Response:
        who, correlation_id = session.who(where_from(request)), facts(request.scope).correlation_id
        deed = self._deed(request, session, "account.connect", name)
        async with undertaking(self._counter.audit, tenant.name, deed) as under_way:
            ended = await self._desk.finish(
                tenant.name, name, code, verifier, self._redirect_uri(tenant, name), who, correlation_id
            )
            match ended:
                case NotConnected(known=False):
                    under_way.lost_sight()
                case NotConnected(why=why):
                    under_way.ended("failed", why)
                case Connected(account=account):
                    under_way.ended("done", account)
        if isinstance(ended, NotConnected):
            self._counter.trouble(
                "account.not_connected", None, account=_on(tenant, name), by=who.who, detail=ended.why
            )
            return self._not_connected(request, tenant, name, 502)
        self.event(
            "account.connected",
            account=_on(tenant, name),
            by=who.who,
            lacking=list(ended.lacking),
            excess=list(ended.excess),
        )
        return RedirectResponse(f"{self._counter.accounts(tenant)}?done={name}", 303, headers=PRIVATE)

    async def ask(self, request: Request, tenant: Tenant, session: Session) -> Response:
        """Whether somebody means it."""
        account = self._account(request, tenant)
        if account is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        base = self._counter.accounts(tenant)
        return self._counter.pages.show("disconnect.html", tenant, name=account.name, base=base, csrf=session.csrf)

    async def disconnect(self, request: Request, tenant: Tenant, session: Session) -> Response:
        genuine(request, self._counter.origin, session, await form_of(request))
        account = self._account(request, tenant)
        if account is None:
            return self._counter.said(request, tenant, 404, "nowhere", link=self._back(tenant))
        name, who = account.name, session.who(where_from(request))
        deed = self._deed(request, session, "account.disconnect", name)
        async with undertaking(self._counter.audit, tenant.name, deed) as under_way:
            failed = await self._desk.disconnect(tenant.name, name, who, facts(request.scope).correlation_id)
            if failed is not None and failed.known:
                under_way.ended("failed", failed.why)
            elif failed is not None:
                under_way.lost_sight()
        if failed is not None:
            self._counter.trouble(
                "account.not_disconnected", None, account=_on(tenant, name), by=who.who, detail=failed.why
            )
            return self._counter.said(request, tenant, 502, "not_disconnected", about=name, link=self._back(tenant))
        self.event("account.disconnected", account=_on(tenant, name), by=who.who)
        return RedirectResponse(f"{self._counter.accounts(tenant)}?done={name}", 303, headers=PRIVATE)

    # ── what they have in common ─────────────────────────────────────────────────────────────────────

    def _account(self, request: Request, tenant: Tenant) -> Connectable | None:
        """The one of that name that a person can connect."""
        name = request.path_params["target"]
        found = (each for each in self._desk.connectable(tenant.name) if each.name == name and each.can_connect)
        return next(found, None)

    def _redirect_uri(self, tenant: Tenant, name: str) -> str:
        return self._counter.origin.url(CALLBACK.format(tenant=tenant.name, target=name))

    def _back(self, tenant: Tenant) -> Link:
        return Link(self._counter.accounts(tenant), "back")

    def _not_connected(self, request: Request, tenant: Tenant, name: str, status: int) -> Response:
        return self._counter.said(request, tenant, status, "not_connected", about=name, link=self._back(tenant))

    def _deed(self, request: Request, session: Session, what: str, name: str) -> Deed:
        return Deed(
            who=session.stored.who,
            where=where_from(request),
            what=what,
            on=f"{session.stored.tenant}/{name}",
            arguments={"session": session.stored.handle},
            correlation_id=facts(request.scope).correlation_id,
        )


def _notice(query: dict[str, str], accounts: Sequence[Connectable]) -> Notice | None:
    """What has just been done, as far as it is so: the address bar is anybody's to write into."""
    done = query.get("done", "")
    for each in accounts:
        if each.name == done and each.can_connect:
            if each.state == "connected":
                return Notice("lacking" if each.lacking else "connected", each.name, bad=bool(each.lacking))
            if each.state in ("revoked", "unconnected"):
                return Notice("disconnected", each.name)
    return None


def _on(tenant: Tenant, name: str) -> str:
    return f"{tenant.name}/{name}"


def _id(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
