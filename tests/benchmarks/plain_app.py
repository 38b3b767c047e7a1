"""A bare Hypercorn that reads a body, decodes it and answers: ``python -m tests.benchmarks.plain_app PORT``."""

import sys
from functools import partial
from typing import Any

import msgspec
import trio
from hypercorn.config import Config
from hypercorn.trio import serve


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("nothing to prepare")  # how an application declines the lifespan events
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    msgspec.json.decode(body or b"null")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"[]"})


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.accesslog = config.errorlog = None
    config.keep_alive_max_requests = 1_000_000
    trio.run(partial(serve, app, config))  # type: ignore[arg-type]  # Hypercorn's words for an ASGI application
