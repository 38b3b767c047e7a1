"""What Canvas's answers mean: a page, throttled, not permitted, revoked … Decoding only; ``reading`` acts on it.

Three things are easily got wrong. Throttling is 429 today and was 403 with words in the body; every other 403 is a
permission. A 401 of older builds is a permission too where Canvas knew who asked: then it sets no
``WWW-Authenticate`` and says so in a body of its own form; any other 401 speaks of the token. And a listing goes on
where ``Link: rel=next`` leads, an address to be followed as it is, but only at home.
"""

from typing import assert_never
from urllib.parse import parse_qsl, urlsplit

import msgspec

from actors.domain.answers import leads_to, retry_after, said
from actors.domain.flow import Lost, NotSent, Outcome, Response, decode_object
from actors.domain.throttle import RETRY_AFTER_S_MAX
from actors.sources.answers import throttles
from actors.sources.links import links, onward

BUCKET = "requests"
SCOPE_WORDS = "insufficient scopes"

GROUPS = "Groups - view the pages of all student groups"
NEEDS: dict[str, tuple[str, str]] = {
    "users": ("url:GET|/api/v1/accounts/:account_id/users", "Users - view list"),
    "courses": ("url:GET|/api/v1/accounts/:account_id/courses", "Courses - view list"),
    "course": ("url:GET|/api/v1/courses/:id", "to see the course"),
    "course_users": ("url:GET|/api/v1/courses/:course_id/users", "Users - view list"),
    "enrolments": ("url:GET|/api/v1/courses/:course_id/enrollments", "Users - view list"),
    "assignments": ("url:GET|/api/v1/courses/:course_id/assignments", "to see the course's content"),
    "overrides": (
        "url:GET|/api/v1/courses/:course_id/assignments/:assignment_id/overrides",
        "to see the course's content",
    ),
    "groups": ("url:GET|/api/v1/courses/:course_id/groups", GROUPS),
    "group_users": ("url:GET|/api/v1/groups/:group_id/users", GROUPS),
    "submissions": ("url:GET|/api/v1/courses/:course_id/students/submissions", "Grades - view all grades"),
    "completions": ("url:GET|/api/v1/courses/:course_id/bulk_user_progress", "Grades - view all grades"),
    "self": ("url:GET|/api/v1/users/:id", "none"),
}
"""What each operation needs: a scope of the developer key (where it enforces scopes), and a permission of the role."""


class Good(msgspec.Struct, frozen=True):
    """200 with JSON. ``next`` is where the listing goes on, empty at its end; ``stable``: what is added or removed
    meanwhile does not shift what is on the pages to come."""

    body: object
    next: str = ""
    stable: bool = True
    left: float | None = None
    """How much Canvas still grants before it throttles, in its own units."""
    date: str = ""


class Throttled(msgspec.Struct, frozen=True):
    """Too much of a load. Canvas documents no ``Retry-After``; a proxy may send one."""

    detail: str
    retry_after: str | None = None


class Unauthorised(msgspec.Struct, frozen=True):
    """The token itself is not accepted (any more)."""

    detail: str


class Forbidden(msgspec.Struct, frozen=True):
    """The token is good and may not do this."""

    detail: str


class Missing(msgspec.Struct, frozen=True):
    """404."""

    detail: str


class Unreadable(msgspec.Struct, frozen=True):
    """A refusal of the request as such (400, 422): for what is not there, as a course without modules."""

    detail: str


class Down(msgspec.Struct, frozen=True):
    """Canvas, or the way to it, does not answer properly just now."""

    detail: str
    retry_after: str | None = None


class Odd(msgspec.Struct, frozen=True):
    """An answer that nobody expects of Canvas."""

    detail: str


Said = Good | Throttled | Unauthorised | Forbidden | Missing | Unreadable | Down | Odd


def understand(outcome: Outcome, operation: str, home: str) -> Said:
    """What an answer means. ``home`` is the base address, which pages may not lead away from."""
    match outcome:
        case NotSent(detail) | Lost(detail):
            return Down(f"Canvas: {detail}")
        case Response():
            return _understand(outcome, operation, home)
        case _:
            assert_never(outcome)


def _understand(response: Response, operation: str, home: str) -> Said:
    status, words, wait = response.status, said(response), retry_after(response)
    detail = f"Canvas: {operation}: HTTP {status}" + (f", {words}" if words else "")
    match status:
        case 200:
            return _good(response, operation, home)
        case 403 | 429 if throttles(response):
            return Throttled(detail, wait)
        case 401 | 403 if SCOPE_WORDS in detail.lower():
            return Forbidden(f"{detail}: {missing(operation, scope_only=True)}")
        case 401 if not _knows_us(response):
            return Unauthorised(detail)
        case 401 | 403:
            return Forbidden(f"{detail}: {missing(operation)}")
        case 404 | 410:
            return Missing(detail)
        case 400 | 422:
            return Unreadable(detail)
        case _ if 300 <= status < 400:
            return Odd(f"{detail}: base_url leads to {leads_to(response)}: write where Canvas is now")
        case _ if status >= 500 or status in (408, 425):
            return Down(detail, wait)
        case _:
            return Odd(detail)


def _knows_us(response: Response) -> bool:
    """Whether a 401 is Canvas's own word to somebody it knows: ``{"status": "unauthorized", "errors": [...]}``, the
    status in the language of the token's owner. To whom it does not know it says ``unauthenticated`` and sets the
    header; what has neither form is not Canvas's, and may mean anything."""
    fields = decode_object(response.body[:65_536]) or {}
    status = fields.get("status")
    ours = isinstance(status, str) and status != "unauthenticated" and isinstance(fields.get("errors"), list)
    return ours and "www-authenticate" not in response.headers


def _good(response: Response, operation: str, home: str) -> Said:
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = response.headers.get("content-type", "")[:60]
        return Down(f"Canvas: {operation}: HTTP 200 without JSON ({kind or 'no type'}, {len(response.body)} bytes)")
    where = links(response.headers.get("link", "")).get("next", "")
    following = following_page(where, home) if where else ""
    if following is None:
        there = where.partition("?")[0][:120]
        return Odd(f"Canvas: {operation}: the next page is at {there}: write base_url as Canvas writes its own address")
    return Good(
        body=body,
        next=following,
        stable=_bookmarked(following),
        left=_number(response.headers.get("x-rate-limit-remaining", "")),
        date=response.headers.get("date", "")[:64],
    )


def missing(operation: str, *, scope_only: bool = False) -> str:
    """What an operator should grant."""
    scope, permission = NEEDS.get(operation, ("", ""))
    if scope_only:
        return f"the developer key lacks the scope {scope}"
    return f"it needs the permission {permission!r} (and, of a developer key with scopes, {scope})"


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────


def following_page(where: str, home: str) -> str | None:
    """The whole address; None where it is of another origin than ``home``, or not below its API."""
    whole = onward(home + "/", where)
    path = urlsplit(whole).path if whole is not None else ""
    return whole if path.startswith(urlsplit(home).path + "/api/v1/") and "/.." not in path else None


def _bookmarked(url: str) -> bool:
    """Whether pages are found by where the last one ended, not by counting."""
    if not url:
        return True
    return any(name == "page" and not value.isdecimal() for name, value in parse_qsl(urlsplit(url).query))


def _number(text: str) -> float | None:
    try:
        return float(text[:32]) if text else None
    except ValueError:
        return None


def wait_of(retry_after: str | None, otherwise_s: float) -> float:
    """Seconds of a ``Retry-After`` that is a number, else what we think fit."""
    number = _number(retry_after or "")
    return otherwise_s if number is None or not 0 <= number <= RETRY_AFTER_S_MAX else number
