"""What requests must say and every answer carries: the version spoken, how far reads are complete, who may read it."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from actors.domain.xapi.moments import spelt
from actors.domain.xapi.patterns import Version
from actors.ports import StoreUnavailable
from daemon.gateway.limits import facts
from daemon.gateway.lrs.cors import ANY, cors_headers
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem

VERSION = "X-Experience-API-Version"
CONSISTENT = "X-Experience-API-Consistent-Through"
_SPOKEN: dict[str, Version] = {"1.0": "1.0.3", "2.0": "2.0.0"}
_FORM = re.compile(r"([12]\.0)(?:\.[0-9]{1,3})?")
_PATH = re.compile(r"/t/([^/]+)/(?:xapi/(.*)|changes)")


def spoken(text: str) -> Version | None:
    """The version that we speak with somebody who asks for this one."""
    form = _FORM.fullmatch(text.strip())
    return _SPOKEN[form[1]] if form else None


def demanded(request: Request) -> Version:
    """The version that this request must name. Raises Problem 400."""
    given = request.headers.getlist(VERSION)
    if not given:
        raise Problem(400, f"the header {VERSION} is missing", reason="version")
    if len(given) > 1:
        raise Problem(400, f"the header {VERSION} is given more than once", reason="version")
    version = spoken(given[0])
    if version is None:
        raise Problem(400, f"the header {VERSION} must be 1.0.x or 2.0.x", reason="version")
    return version


class Carried:
    """The headers of answers. The first of them are prepared before anything can go wrong with a request."""

    def __init__(self, ports: GatewayPorts) -> None:
        self._ports = ports
        self._known_us: dict[str, int] = {}

    def prepare(self, scope: Scope) -> None:
        """See to it that the answer, whatever it will be, has them. Nobody who has not been admitted learns how far
        a tenant's log reaches, nor whether there is such a tenant."""
        path = _PATH.fullmatch(scope["path"])
        if path is None:
            return
        tenant, resource = path.groups()

        async def fallback() -> Mapping[str, str]:
            if resource is None:  # the feed, which is not xAPI
                return self._cors(scope, tenant)
            headers = {VERSION: self._version(scope, tenant), **self._cors(scope, tenant)}
            if resource == "statements":
                headers[CONSISTENT] = await self._safe_through(tenant) if "admitted" in scope else spelt(0)
            return headers

        facts(scope).fallback = fallback

    def _version(self, scope: Scope, tenant: str) -> str:
        for name, value in scope["headers"]:
            if name.lower() == b"x-experience-api-version":
                if version := spoken(value.decode("latin-1")):
                    return version
                break
        door = self._ports.doors().get(tenant)
        return door.fallback_version if door is not None else "1.0.3"

    def _cors(self, scope: Scope, tenant: str) -> Mapping[str, str]:
        door = self._ports.doors().get(tenant)
        headers = Headers(scope=scope)
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        allowed = (ANY,) if door is None else door.cors_origins
        return cors_headers(allowed, headers.get("origin"), preflight=preflight)

    async def through(self, tenant: str) -> str:
        """To be asked before the log is read: what is stored until then will be seen. Raises StoreUnavailable."""
        through_us = await self._ports.reads.consistent_through_us(tenant)
        self._known_us[tenant] = through_us
        return spelt(through_us)

    async def _safe_through(self, tenant: str) -> str:
        try:
            return await self.through(tenant)
        except StoreUnavailable:
            return spelt(self._known_us.get(tenant, 0))
