"""``attachments=true``: the answer as ``multipart/mixed``, the statements first, then each content once.

Contents are read and sent a piece at a time, whatever their size; the length of the whole is known before. A page that
would enclose too much ends earlier, and its ``more`` goes on after it.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actors.ports import Attached, LoggedStatement

ENCLOSED_BYTES_MAX = 64 * 1024 * 1024
ENCLOSED_MAX = 1_000
"""Contents of one page: bytes and number. A single statement may exceed them, a second one is not added then."""
SENT_BYTES = 64 * 1024
"""Smaller pieces are sent together."""
_OF_THE_WHOLE = frozenset(("content-type", "content-length"))
_PLAIN = "application/octet-stream"


def wanted(parameters: QueryParams) -> bool:
    return parameters.get("attachments", "").lower() == "true"


def fitting(
    rows: Sequence[LoggedStatement], attached: Sequence[Attached]
) -> tuple[list[LoggedStatement], list[Attached]]:
    """As many of the page's statements, from its beginning, as may enclose their contents, and these contents."""
    by_seq: dict[int, list[Attached]] = {}
    for one in attached:
        by_seq.setdefault(one.seq, []).append(one)
    taken: list[LoggedStatement] = []
    contents: dict[int, Attached] = {}
    size = 0
    for row in rows:
        more = {one.content: one for one in by_seq.get(row.seq, ()) if one.content not in contents}
        size += sum(one.bytes for one in more.values())
        if taken and more and (size > ENCLOSED_BYTES_MAX or len(contents) + len(more) > ENCLOSED_MAX):
            break
        taken.append(row)
        contents |= more
    return taken, list(contents.values())


class Mixed(Response):
    """An answer with the contents that belong to it; ``boundary`` must be so random that no content has it."""

    def __init__(
        self,
        answer: Response,
        contents: Sequence[Attached],
        read: Callable[[Attached], AsyncIterator[bytes]],
        boundary: str,
    ) -> None:
        document = bytes(answer.body)
        described = {
            "Content-Type": answer.headers["content-type"],
            "Content-Length": str(len(document)),
        }
        self._first = _head(boundary, described).removeprefix(b"\r\n") + document
        self._contents = [(_head(boundary, _described(one)), one) for one in contents]
        self._last = f"\r\n--{boundary}--\r\n".encode()
        self._read = read
        length = len(self._first) + sum(len(head) + one.bytes for head, one in self._contents) + len(self._last)
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_WHOLE}
        headers["content-length"] = str(length)
        super().__init__(b"", answer.status_code, headers, f"multipart/mixed; boundary={boundary}")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            async for block in _together(self._blocks()):
                await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _blocks(self) -> AsyncIterator[bytes]:
        yield self._first
        for head, one in self._contents:
            yield head
            async for piece in self._read(one):
                yield piece
        yield self._last


async def _together(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for block in blocks:
        waiting += block
        if len(waiting) >= SENT_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _head(boundary: str, headers: dict[str, str]) -> bytes:
    """The line that begins a part, and its headers; every part after the first begins a new line."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"\r\n--{boundary}\r\n{lines}\r\n".encode()


def _described(one: Attached) -> dict[str, str]:
    kind = " ".join(one.content_type.split())  # white space in it may be a new line
    return {
        "Content-Type": kind if kind.isascii() else _PLAIN,
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": one.sha2,
        "Content-Length": str(one.bytes),
    }
