"""Which versions we speak: the one resource that needs neither a version header nor a credential."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from daemon.gateway.lrs.reading import check_names

VERSIONS = ("1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0")


async def about(request: Request) -> Response:
    check_names(request.query_params, ())
    return Response(msgspec.json.encode({"version": VERSIONS, "extensions": {}}), media_type="application/json")
