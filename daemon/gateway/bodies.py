"""The body of a request whose sender is a stranger until all of it has been seen."""

from contextlib import aclosing

from starlette.requests import Request

from daemon.gateway.problems import Problem


async def bounded_body(request: Request, bytes_max: int) -> bytes:
    """No more of it is held than genuine senders send. Raises Problem (413)."""
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > bytes_max:
                raise Problem(413, f"at most {bytes_max} bytes are taken here", reason="size")
    return bytes(body)
