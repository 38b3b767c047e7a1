"""GET of an activity: all that is known of it, of whichever activity somebody asks."""

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.xapi.patterns import IRI
from actors.ports import StoreUnavailable
from actors.sources.xapi.settings import Scope
from daemon.gateway.lrs.access import Access
from daemon.gateway.lrs.headers import demanded
from daemon.gateway.lrs.reading import check_names
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem, unavailable

KNOWING: tuple[Scope, ...] = ("all", "all/read", "statements/read", "profile", "define")
JSON = "application/json"
_iri = re.compile(IRI)


class ActivitiesResource:
    """``/t/{tenant}/xapi/activities``. An activity that nobody has defined is an activity all the same."""

    def __init__(self, ports: GatewayPorts, access: Access) -> None:
        self._ports = ports
        self._access = access

    async def get(self, request: Request) -> Response:
        account = self._access.demand(request, *KNOWING, what="read activities")
        demanded(request)
        given = check_names(request.query_params, ("activityId",))
        activity = given.get("activityId")
        if activity is None or not _iri.search(activity):
            fault = "is missing" if activity is None else "must be an IRI with a scheme"
            raise Problem(400, f"activityId {fault}", reason="parameter", members={"parameter": "activityId"})
        try:
            known = await self._ports.activities.definitions(account.tenant, [activity])
        except StoreUnavailable as error:
            raise unavailable(error) from error
        found: dict[str, object] = {"objectType": "Activity", "id": activity}
        if activity in known:
            found["definition"] = msgspec.Raw(known[activity])
        return Response(msgspec.json.encode(found), media_type=JSON)
