"""``lmsyncd sandbox``: listen, and answer for every vendor there is."""

from functools import partial

import trio

from actors.targets import discover
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

BACKLOG = 512


async def serve_sandbox(
    host: str, port: int, limits: bool, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled. ``port`` 0 takes a free one; the base address (``http://HOST:PORT``) is told through
    ``task_status`` once it listens. ``limits``: enforce the vendors' published rate limits. Raises OSError when it
    cannot listen."""
    await serve_switchboard(Switchboard(discover(), limited=limits), host, port, task_status)


async def serve_switchboard(
    switchboard: Switchboard, host: str, port: int, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """The same for a switchboard of the caller's."""
    server = Server(switchboard.answer)
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    address = listeners[0].socket.getsockname()
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    async with trio.open_nursery() as connections:
        serving = partial(trio.serve_listeners, server.serve, listeners, handler_nursery=connections)
        await connections.start(serving)
        task_status.started(f"http://{shown}:{address[1]}")
