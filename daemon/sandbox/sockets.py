"""WebSockets that clients open to imitated vendors, on a connection whose first lines have been read already."""

from typing import TYPE_CHECKING

import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_server_stream

from actors.ports.sendings import Line

if TYPE_CHECKING:
    from daemon.sandbox.postman import Postman


class Rejoined(trio.abc.Stream):
    """A stream from which something was read too early: that comes first again."""

    def __init__(self, early: bytes, stream: trio.abc.Stream) -> None:
        self._early = early
        self._stream = stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._early:
            early, self._early = self._early, b""
            return early
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def hold(line: Line, stream: Rejoined, postman: "Postman") -> None:
    """One connection to its end, whoever ends it."""
    try:
        async with trio.open_nursery() as nursery:
            asked = await wrap_server_stream(nursery, stream)
            socket = await asked.accept()
            async with trio.open_nursery() as talking:
                talking.start_soon(_listen, line, socket, postman, talking.cancel_scope)
                talking.start_soon(_speak, line, socket, postman, talking.cancel_scope)
            await socket.aclose()
            nursery.cancel_scope.cancel()
    except* (ConnectionClosed, ConnectionRejected, trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the peer went away: there is nobody to tell
    finally:
        line.closed()


async def _listen(line: Line, socket: WebSocketConnection, postman: "Postman", over: trio.CancelScope) -> None:
    try:
        while True:
            message = await socket.get_message()
            line.heard(message if isinstance(message, str) else message.decode(errors="replace"), postman.now_s())
    except ConnectionClosed:
        over.cancel()


async def _speak(line: Line, socket: WebSocketConnection, postman: "Postman", over: trio.CancelScope) -> None:
    while True:
        news = postman.news
        for message in line.take(postman.now_s()):
            await socket.send_message(message)
        if line.over:
            over.cancel()
            return
        next_s = line.next_s()
        with trio.move_on_after(float("inf") if next_s is None else max(0.0, next_s - postman.now_s())):
            await news.wait()
