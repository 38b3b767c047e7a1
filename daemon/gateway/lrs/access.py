"""Who asks, and whether they may: the first thing that every resource of the LRS finds out about a request."""

import math

import trio
from starlette.requests import Request

from actors.sources.xapi.settings import Scope
from config.secrets import SecretUnavailable
from daemon.gateway.credentials import Account, admit, claimed_name
from daemon.gateway.limits import facts
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem
from daemon.gateway.turnstile import Turnstile

WRITING: tuple[Scope, ...] = ("all", "statements/write")
DEFINING: tuple[Scope, ...] = ("all", "define")
READING: tuple[Scope, ...] = ("all", "all/read", "statements/read")
SAID_EVERY_S = 60.0
READING_OWN: tuple[Scope, ...] = (*READING, "statements/read/mine")


class Access:
    """The door of one gateway's LRSs. A refusal is a Problem: 401, 403, 429 for one who comes too often, or 503 while
    secrets cannot be read."""

    def __init__(self, ports: GatewayPorts) -> None:
        self._ports = ports
        self._turnstile = Turnstile()
        self._said_s: dict[str, float] = {}

    def demand(self, request: Request, *scopes: Scope, what: str) -> Account:
        """The client that sent this request, who has at least one of ``scopes``. ``what`` they want to do, for the
        refusal: ``write statements``."""
        account = self._admitted(request)
        if not account.may(*scopes):
            self._ports.counted("statements_refused", account.tenant, 1, "scope")
            needed = f"this credential may not {what}: it needs one of the scopes {', '.join(scopes)}"
            raise Problem(403, needed, reason="scope")
        return account

    def _say(self, tenant: str, why: str) -> None:
        """Once in a while: an LMS comes again and again while a secret is waited for."""
        now_s = trio.current_time()
        if now_s >= self._said_s.get(tenant, -SAID_EVERY_S) + SAID_EVERY_S:
            self._said_s[tenant] = now_s
            self._ports.trouble("gateway.secret_unavailable", None, tenant=tenant, detail=why)

    def _admitted(self, request: Request) -> Account:
        tenant = request.path_params["tenant"]
        ports = self._ports
        door = ports.doors().get(tenant)
        try:
            admitted = admit(
                door,
                tenant,
                request.headers.get("authorization"),
                reveal=ports.reveal if ports.reveal_of is None else ports.reveal_of(tenant),
                seal=ports.seal(),
                now_us=ports.clock.now_us(),
            )
        except SecretUnavailable as error:
            self._say(tenant, str(error))
            raise Problem(503, "credentials cannot be checked just now", headers={"Retry-After": "5"}) from None
        if admitted is None:
            ports.counted("statements_refused", tenant if door is not None else "unknown", 1, "credentials")
            realm = {"WWW-Authenticate": 'Basic realm="lmsyncd", charset="UTF-8"'}
            claimed = claimed_name(request.headers.get("authorization"))
            if door is not None and claimed in door.accounts:
                facts(request.scope).who = f"client:{claimed}"
            raise Problem(401, "a valid credential of this tenant is needed", reason="credentials", headers=realm)
        account = admitted.account
        request.scope["admitted"] = True
        facts(request.scope).who = f"client:{account.name}"
        facts(request.scope).span.set(tenant=account.tenant, source=account.source)
        ports.used(account, admitted.by_former)
        self._slow_down(account)
        return account

    def _slow_down(self, account: Account) -> None:
        if account.rate is None:
            return
        wait_s = self._turnstile.wait_s(account.tenant, account.name, account.rate, trio.current_time())
        if wait_s > 0:
            self._ports.counted("statements_refused", account.tenant, 1, "rate")
            raise Problem(
                429,
                f"this credential may send {account.rate.per_s:g} requests a second, at most {account.rate.burst:g} "
                "at once: come again after the time in Retry-After",
                headers={"Retry-After": str(math.ceil(wait_s))},
            )
