"""What a stranger can make us hold at the address where a vendor posts."""

from typing import Any

import pytest
from starlette.requests import Request

from daemon.gateway.events import BODY_BYTES_MAX, EventResource
from daemon.gateway.limits import Facts
from daemon.gateway.problems import Problem

CHUNK = bytes(64 * 1024)


class Span:
    status = 0
    traceparent = ""

    def set(self, **_told: object) -> None:
        pass


async def test_no_more_of_a_body_is_read_than_vendors_send() -> None:
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        taken += len(CHUNK)
        return {"type": "http.request", "body": CHUNK, "more_body": taken < 16 * BODY_BYTES_MAX}

    listener: Any = object()  # nobody asks it
    span: Any = Span()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "path_params": {"tenant": "acme", "target": "slack"},
        "lmsyncd": Facts("c", span),
    }
    resource = EventResource(lambda _tenant, _target: listener)
    with pytest.raises(Problem) as refused:
        await resource.post(Request(scope, receive))
    assert refused.value.status == 413
    assert taken <= BODY_BYTES_MAX + len(CHUNK)
