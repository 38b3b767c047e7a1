"""Which path leads where. ``build_app`` makes the two faces of the gateway: what everybody reaches, and the
operators' pages, which listen apart if they have been given addresses of their own.
"""

import re

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from config.durations import seconds
from config.model import Gateway
from daemon.gateway.callers import Callers
from daemon.gateway.events import EventResource
from daemon.gateway.hooks import HookResource
from daemon.gateway.limits import Frame
from daemon.gateway.lrs.alternate import Alternate
from daemon.gateway.lrs.headers import Carried
from daemon.gateway.lrs.routes import lrs_routes
from daemon.gateway.origin import origin_of
from daemon.gateway.ports import Check, Trouble
from daemon.gateway.ports import GatewayPorts as GatewayPorts
from daemon.gateway.problems import Problem
from daemon.gateway.refusals import noting
from daemon.gateway.resource import Handler, Resource

CHECK_S_MAX = 5.0
_TENANT = re.compile(r"^/t/[^/]+/")
_HOOK = re.compile(r"^/t/[^/]+/hooks/[^/]+$")
_EVENT = re.compile(r"^/t/[^/]+/events/[^/]+$")
_CONFLICT = re.compile(r"(?<=^/t/\{tenant\})/review/[^/]+")
_TARGET = re.compile(r"(?<=^/t/\{tenant\})/connect/[^/]+")
HOOKS = "/t/{tenant}/hooks/{source}"
EVENTS = "/t/{tenant}/events/{target}"


class GatewayApp:
    """``public`` and ``admin`` are ASGI applications; the latter is served on ``admin_listen`` only."""

    def __init__(self, public: Frame, admin: Frame, trouble: Trouble) -> None:
        self.public = public
        self.admin = admin
        self.trouble = trouble


def build_app(ports: GatewayPorts, gateway: Gateway) -> GatewayApp:
    carried, callers = Carried(ports), Callers(gateway.proxies)
    pages = [
        Route("/healthz", Resource(get=_checked(ports.healthy))),
        Route("/readyz", Resource(get=_checked(ports.ready))),
    ]

    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        kind, text = await trio.to_thread.run_sync(ports.metrics_page, accept)  # long, where there are many tenants
        return Response(text, headers={"content-type": kind, "vary": "accept"})

    operators = [*pages, Route("/metrics", Resource(get=metrics))]
    lrs = [
        *lrs_routes(ports, carried, gateway.body_bytes_max),
        Route(HOOKS, Resource(post=HookResource(ports.harvesters).post)),
        Route(EVENTS, Resource(post=EventResource(ports.listeners).post)),
    ]
    origin = origin_of(gateway.public_url)
    if ports.sign_on is not None and not isinstance(origin, str):
        from daemon.gateway.sso.routes import people_routes

        lrs += people_routes(ports, ports.sign_on, origin)
    templates = frozenset(route.path for route in [*operators, *lrs])

    def template(path: str) -> str:
        general = HOOKS if _HOOK.match(path) else EVENTS if _EVENT.match(path) else _TENANT.sub("/t/{tenant}/", path)
        general = _CONFLICT.sub("/review/{conflict}", _TARGET.sub("/connect/{target}", general))
        return general if general in templates else "(none)"

    def prepare(scope: Scope) -> None:
        callers.settle(scope)
        carried.prepare(scope)

    def frame(routes: list[Route]) -> Frame:
        return Frame(
            Alternate(Router(routes, redirect_slashes=False, default=_nowhere)),
            body_bytes_max=gateway.body_bytes_max,
            body_timeout_s=seconds(gateway.body_timeout),
            dice=ports.dice,
            span=ports.request_span,
            trouble=ports.trouble,
            template=template,
            prepare=prepare,
            noted=noting(ports, template),
        )

    return GatewayApp(frame([*lrs, *(pages if gateway.admin_listen else operators)]), frame(operators), ports.trouble)


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise Problem(404, "there is nothing at this address")


def _checked(check: Check) -> Handler:
    """A page for whoever watches the process: 200, or 503 with what is not well."""

    async def page(_request: Request) -> Response:
        found = ["it took too long to find out"]
        with trio.move_on_after(CHECK_S_MAX):
            found = list(await check())
        body = msgspec.json.encode({"status": "failing" if found else "ok", "problems": found})
        return Response(body, status_code=503 if found else 200, media_type="application/json")

    return page
