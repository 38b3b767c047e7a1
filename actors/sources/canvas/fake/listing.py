"""Lists in pages, as Canvas gives them: the next page is a link, found by a bookmark or by counting."""

import base64
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from actors.domain.flow import Request, Response

PER_PAGE = 10
"""Where nobody says how many."""
ELSEWHERE = "https://elsewhere.example.net"


def paged(
    items: Sequence[dict[str, object]],
    request: Request,
    *,
    page_max: int,
    counted: bool = False,
    elsewhere: bool = False,
    terse: bool = False,
) -> Response:
    """One page. ``per_page`` is cut to ``page_max`` without a word."""
    parts = urlsplit(request.url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(query)
    size = min(int(given.get("per_page", PER_PAGE)), page_max)
    start = _start(items, given.get("page", ""), size)
    page, rest = items[start : start + size], items[start + size :]
    host = request.headers.get("host", "sandbox.test")
    origin = ELSEWHERE if elsewhere else f"http://{host}"
    base = [(name, value) for name, value in query if name not in ("page", "per_page", "access_token")]

    def link(page_name: str, rel: str) -> str:
        address = f"{origin}{parts.path}?{urlencode([*base, ('page', page_name), ('per_page', str(size))])}"
        return f"<{address}>; rel={rel}" if terse else f'<{address}>; rel="{rel}"'

    links = [] if terse else [link(given.get("page", "1"), "current"), link("1", "first")]
    if rest:
        number = start // size + 2
        mark = base64.urlsafe_b64encode(str(_key(page[-1])).encode()).decode().rstrip("=")
        links.insert(1, link(str(number) if counted else f"bookmark:{mark}", "next"))
    headers = {"content-type": "application/json; charset=utf-8"} | ({"link": ",".join(links)} if links else {})
    return Response(status=200, headers=headers, body=msgspec.json.encode(list(page)))


def _start(items: Sequence[dict[str, object]], page: str, size: int) -> int:
    """Where a page begins: behind the bookmarked one, or by its number."""
    if not page.startswith("bookmark:"):
        return (max(int(page), 1) - 1) * size if page.isdecimal() else 0
    text = page.removeprefix("bookmark:")
    key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    keys = [str(_key(each)) for each in items]
    return keys.index(key) + 1 if key in keys else 0


def _key(item: dict[str, object]) -> object:
    return item["id"]
