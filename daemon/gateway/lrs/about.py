"""Which versions we speak: the one resource that needs neither a version header nor a credential."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

VERSIONS = ("1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0")


async def about(_request: Request) -> Response:
    return Response(msgspec.json.encode({"version": VERSIONS}), media_type="application/json")
