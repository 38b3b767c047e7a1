"""Who asks, and whether they may: the first thing that every resource of the LRS finds out about a request."""

from starlette.requests import Request

from actors.sources.xapi.settings import Scope
from config.secrets import SecretUnavailable
from daemon.gateway.credentials import Account, admit
from daemon.gateway.limits import facts
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem

WRITING: tuple[Scope, ...] = ("all", "statements/write")
DEFINING: tuple[Scope, ...] = ("all", "define")
READING: tuple[Scope, ...] = ("all", "all/read", "statements/read")
READING_OWN: tuple[Scope, ...] = (*READING, "statements/read/mine")


class Access:
    """The door of one gateway's LRSs. A refusal is a Problem: 401, 403, or 503 while secrets cannot be read."""

    def __init__(self, ports: GatewayPorts) -> None:
        self._ports = ports

    def demand(self, request: Request, *scopes: Scope, what: str) -> Account:
        """The client that sent this request, who has at least one of ``scopes``. ``what`` they want to do, for the
        refusal: ``write statements``."""
        account = self._admitted(request)
        if not account.may(*scopes):
            self._ports.counted("statements_refused", account.tenant, 1, "scope")
            raise Problem(403, f"this credential may not {what}: it needs one of the scopes {', '.join(scopes)}")
        return account

    def _admitted(self, request: Request) -> Account:
        tenant = request.path_params["tenant"]
        try:
            door = self._ports.doors().get(tenant)
            account = admit(door, request.headers.get("authorization"), self._ports.reveal)
        except SecretUnavailable as error:
            self._ports.trouble("gateway.secret_unavailable", None, tenant=tenant, detail=str(error))
            raise Problem(503, "credentials cannot be checked just now", headers={"Retry-After": "5"}) from None
        if account is None:
            self._ports.counted("statements_refused", tenant if door is not None else "unknown", 1, "credentials")
            realm = {"WWW-Authenticate": 'Basic realm="lmsyncd", charset="UTF-8"'}
            raise Problem(401, "a valid credential of this tenant is needed", headers=realm)
        request.scope["admitted"] = True
        facts(request.scope).span.set(tenant=account.tenant, source=account.source)
        return account
