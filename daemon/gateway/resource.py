"""One path and its methods, as Starlette's router wants it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from daemon.gateway.problems import Problem

Handler = Callable[[Request], Awaitable[Response]]


class Resource:
    """One path and its methods; HEAD is GET without the body, OPTIONS says which there are to whoever asks."""

    head = True

    def __init__(self, **handlers: Handler) -> None:
        self._handlers = {name.upper(): handler for name, handler in handlers.items()}
        if self.head and "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._allow = {"Allow": ", ".join([*self._handlers, "OPTIONS"])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=self._allow)(scope, receive, send)
            return
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise Problem(405, "this method is not allowed here", headers=self._allow)
        response = await handler(Request(scope, receive))
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, receive, send)


class Once(Resource):
    """A link that does something when it is followed (it spends a code, say): nobody may do that by asking for its
    headers alone."""

    head = False
