"""Which versions we speak: the one resource that needs neither a version header nor a credential.

Whoever names 1.0 is told of that family alone: clients from before 2.0 take a version that they have never heard of
for a broken answer. Who names none, or 2.0, sees them all.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.gateway.lrs.headers import VERSION, spoken
from daemon.gateway.lrs.reading import check_names

OF_1_0 = ("1.0.0", "1.0.1", "1.0.2", "1.0.3")
VERSIONS = (*OF_1_0, "2.0.0")


async def about(request: Request) -> Response:
    check_names(request.query_params, ())
    old = spoken(request.headers.get(VERSION, "")) == "1.0.3"
    told: dict[str, object] = {"version": OF_1_0 if old else VERSIONS, "extensions": {}}
    return Response(msgspec.json.encode(told), media_type="application/json")
