"""How the world calls us, for pages: addresses that others send browsers back to, and cookies that hold only there.

It is what the configuration says (``[gateway] public_url``) and never what a request says: its ``Host`` is the
sender's to choose.
"""

from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from config.texts import is_loopback


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``base`` has no slash at its end; ``origin`` is what browsers call it; ``path`` what stands before our paths."""

    base: str
    origin: str
    path: str
    secure: bool

    def url(self, path: str) -> str:
        """The absolute address of one of our paths."""
        return f"{self.base}{path}"

    def cookie(self, name: str) -> str:
        """``__Host-``: no other host may have set it, and it came over TLS. On this machine alone there is none."""
        return f"__Host-{name}" if self.secure else name

    def put(self, response: Response, name: str, value: str, *, life_s: int | None = None) -> None:
        """Not for scripts, and not sent along with what other sites' pages post. ``life_s`` None: until the browser
        ends."""
        response.set_cookie(
            self.cookie(name), value, max_age=life_s, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self.cookie(name), path="/", secure=self.secure, httponly=True, samesite="lax")

    def read(self, request: Request, name: str) -> str:
        """Empty where there is none."""
        return request.cookies.get(self.cookie(name), "")


def origin_of(public_url: str) -> Origin | str:
    """Or why people cannot sign in here."""
    if not public_url:
        return "[gateway] public_url is not set"
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not is_loopback(host):
        return "[gateway] public_url is not https"
    if parts.query or parts.fragment:
        return "[gateway] public_url has a query or a fragment"
    usual = {"https": 443, "http": 80}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host.encode("idna").decode()
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    path = parts.path.rstrip("/")
    return Origin(
        base=f"{parts.scheme}://{shown}{port}{path}",
        origin=f"{parts.scheme}://{shown}{port}",
        path=path,
        secure=parts.scheme == "https",
    )
