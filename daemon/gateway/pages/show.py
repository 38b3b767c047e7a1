"""Making a page: a template, its words in the reader's language, and the headers that every page has.

A browser that shows one may run nothing, load nothing, be framed by nobody, keep no copy and tell no other site where
it came from. Nobody is sent on by the answer to a form: browsers hold that to ``form-action`` however far it leads, and
where a vendor's page leads is the vendor's to say. Leaving goes by a page of its own, with a link, which refreshes to
it at once.
"""

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_datetime
from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import Response

from config.model import Tenant
from daemon.gateway.pages.said import SAID, Language

_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+", re.ASCII)
"""What can stand in a header, and means there what it means in a link."""
SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


class Link(msgspec.Struct, frozen=True):
    """``words`` are a key of what is said, or stand as they are where there is none of that name."""

    url: str
    words: str


class Notice(msgspec.Struct, frozen=True):
    """What a page says first: a key, and what stands in it."""

    key: str
    about: str = ""
    bad: bool = False


class Pages:
    """``show`` makes a page of a template."""

    def __init__(self) -> None:
        self._templates = _templates()
        style = self._templates.get_template("style.css").render()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        )
        self._style = style

    def show(
        self,
        template: str,
        tenant: Tenant | None,
        *,
        status: int = 200,
        leads_to: str = "",
        **given: object,
    ) -> Response:
        """``leads_to``: where the browser goes from here by itself, at once. It is also a link in the page."""
        if leads_to and not leads_to.startswith(("https://", "http://")):
            raise ValueError("a page leads to addresses of the web only")
        language = language_of(tenant)
        words = SAID[language]

        def say(key: str, **parts: object) -> str:
            return words[key].format(**parts) if parts else words[key]

        def when(time_us: int) -> str:
            zone = ZoneInfo(tenant.timezone if tenant is not None else "UTC")
            moment = datetime.fromtimestamp(time_us / 1e6, UTC).astimezone(zone)
            return format_datetime(moment, "medium", locale=_locale(tenant, language))

        text = self._templates.get_template(template).render(
            say=say,
            when=when,
            known=words.get,
            language=language,
            style=self._style,
            tenant="" if tenant is None else tenant.name,
            leads_to=leads_to,
            **given,
        )
        headers = {**SAFE, "Content-Security-Policy": self._policy, "Content-Language": language}
        if _ADDRESS.fullmatch(leads_to):
            headers["Refresh"] = f"0; url={leads_to}"
        return Response(text, status, headers, media_type="text/html")

    def said(
        self,
        tenant: Tenant | None,
        status: int,
        key: str,
        *,
        links: Sequence[Link] = (),
        about: str = "",
        reference: str = "",
    ) -> Response:
        """A page that says one thing, and where to go from there. ``key`` has a title (``KEY.title``) and a text.
        ``reference`` is the correlation id, by which operators find the reason."""
        response = self.show("said.html", tenant, status=status, key=key, links=links, about=about, reference=reference)
        if status == 503:
            response.headers["Retry-After"] = "30"
        return response

    def come_again(self, tenant: Tenant | None, wait_s: float, reference: str) -> Response:
        """For whoever came too often."""
        response = self.said(tenant, 429, "later", reference=reference)
        response.headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
        return response


def language_of(tenant: Tenant | None) -> Language:
    """By the tenant's locale; English for all that we do not speak."""
    return "de" if tenant is not None and tenant.locale.partition("-")[0] == "de" else "en"


def _locale(tenant: Tenant | None, language: Language) -> Locale:
    told = tenant.locale.replace("-", "_") if tenant is not None else language
    return Locale.parse(told if told.partition("_")[0] == language else language)


@cache
def _templates() -> Environment:
    folder = resources.files("daemon.gateway.pages")
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith((".html", ".css"))}
    return Environment(
        loader=DictLoader(files), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
