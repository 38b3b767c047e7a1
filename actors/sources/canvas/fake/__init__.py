"""A believable Canvas that tells of a school: its REST API below ``/canvas/``, and Live Events (``live``).

The token is ``canvas-sandbox``; the developer key ``sandbox`` with the secret ``sandbox`` and the refresh token
``refresh-sandbox``, or what somebody authorises at ``login/oauth2/auth``, is given access tokens that live for an hour
(``developer_key``). ``live-events/deliveries`` shows, a line each, the
bodies of deliveries that have become due since it was last asked; whoever rehearses posts them where they should go.
``objects`` is how things look, ``listing`` how lists are paged.

Faults (``Fault.operation`` is ``users``, ``courses``, ``course``, ``course_users``, ``enrolments``, ``assignments``,
``overrides``, ``groups``, ``group_users``, ``submissions``, ``completions``, ``self``, ``authorize``, ``token``,
``jwks`` or ``deliveries``) as in ``ports.striking``, and

    error                 what ``value`` says, nothing done: ``forbidden``, ``forbidden_401``, ``unknown_401`` (of
                          something before Canvas), ``scope``, ``missing``, ``throttled_403``, ``cut`` (half of a list)

Switches (while set, whatever ``times`` says):

    counted               pages are counted (``page=2``), not bookmarked
    elsewhere             the next page is at another host
    terse_links           ``Link`` names the next page only, without quotes
"""

import re
from urllib.parse import parse_qs, urlsplit

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.school import School, Work
from actors.ports import Answer, Effect
from actors.ports.adjusting import assign, merged, told
from actors.ports.striking import Striking, Struck
from actors.sources.canvas.fake import objects
from actors.sources.canvas.fake.developer_key import DeveloperKey
from actors.sources.canvas.fake.listing import paged
from actors.sources.canvas.fake.live import LiveFeed
from actors.sources.canvas.fake.objects import Fields

MOUNT = "/canvas/"
TOKEN = "canvas-sandbox"  # noqa: S105 - the sandbox's public credential
SWITCHES = frozenset({"counted", "elsewhere", "terse_links"})
GRANTED = 700.0
"""What a token may spend at once, in Canvas's units; it refills ``REFILL_PER_S``."""
REFILL_PER_S = 10.0
COST = 1.5

_ROUTES = (
    (re.compile(r"users/self"), "self"),
    (re.compile(r"accounts/(self|1)/users"), "users"),
    (re.compile(r"accounts/(self|1)/courses"), "courses"),
    (re.compile(r"courses/(\d+)"), "course"),
    (re.compile(r"courses/(\d+)/users"), "course_users"),
    (re.compile(r"courses/(\d+)/enrollments"), "enrolments"),
    (re.compile(r"courses/(\d+)/assignments"), "assignments"),
    (re.compile(r"courses/(\d+)/assignments/(\d+)/overrides"), "overrides"),
    (re.compile(r"courses/(\d+)/groups"), "groups"),
    (re.compile(r"groups/(\d+)/users"), "group_users"),
    (re.compile(r"courses/(\d+)/students/submissions"), "submissions"),
    (re.compile(r"courses/(\d+)/bulk_user_progress"), "completions"),
)
_BESIDE = {
    "login/oauth2/auth": "authorize",
    "login/oauth2/token": "token",
    "live-events/jwks": "jwks",
    "live-events/deliveries": "deliveries",
}
Given = dict[str, list[str]]


class FakeCanvas(Struck):
    """One Canvas with one account."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, school: School) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.page_max = 100
        """More is not given at a time, whatever is asked for."""
        self.overrides: dict[int, list[Fields]] = {}
        """Of assignments, by id."""
        self.groups: dict[int, list[int]] = {}
        """Who is in which group, of whatever course."""
        self.members_max = 2_000
        """More members are not told along with a group."""
        self.traits: dict[int, Fields] = {}
        """What else an assignment shows, by its id."""
        self.editor = True
        """Whether the token may edit assignments: only then their overrides come along with them."""
        self.concluded: set[int] = set()
        """Courses that are over."""
        self.throttled = 0
        """How often somebody asked for too much."""
        self.live = LiveFeed(school)
        self._school = school
        self._key = DeveloperKey()
        self._spent = (0.0, 0.0)
        """(units in the bucket, when)."""
        self._striking = Striking(self._regular, _name, frozenset(), _bad_token(), SWITCHES, error=_error)

    def expire(self) -> None:
        """All issued tokens end now."""
        self._key.expire()

    def terms_told(self) -> object:
        return self._key.terms

    def adjust(self, body: bytes, now_s: float) -> Answer:
        """Raises Unclear."""
        assign(self._key.terms, merged(self._key.terms, body))
        return Answer(response=told(self._key.terms))

    def happen(self, body: bytes, now_s: float) -> object:
        """Raises Unclear."""
        return self._key.happen(body)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        operation = _name(request)
        if operation == "token":
            return self._key.token(request, now_s)
        if operation == "authorize":
            return self._key.page(request, now_s)
        if operation == "jwks":
            return _json(self.live.jwks())
        if operation == "deliveries":
            lines = b"".join(delivery + b"\n" for delivery in self.live.deliveries())
            return Response(status=200, headers={"content-type": "text/plain"}, body=lines)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != TOKEN and not self._key.knows(token, now_s):
            return _bad_token()
        if not self._key.may(token, operation):
            return _error("scope")
        left = self._spend(now_s)
        if left < 0.0:
            self.throttled += 1
            return _throttled()
        response = self._api(operation, request, now_s)
        headers = {"x-request-cost": f"{COST}", "x-rate-limit-remaining": f"{left:.2f}"} if self.limited else {}
        return msgspec.structs.replace(response, headers={**response.headers, **headers})

    def _spend(self, now_s: float) -> float:
        if not self.limited:
            return GRANTED
        spent, at_s = self._spent
        spent = max(0.0, spent - (now_s - at_s) * REFILL_PER_S) + COST
        if spent <= GRANTED:
            self._spent = (spent, now_s)
        return GRANTED - spent

    # ── the API ──────────────────────────────────────────────────────────────────────────────────

    def _api(self, operation: str, request: Request, now_s: float) -> Response:
        parts = urlsplit(request.url)
        given = parse_qs(parts.query)
        if operation == "self":
            return _json({"id": 1, "name": "Sync", "locale": None})
        course = _course_of(parts.path)
        if course is not None and (course not in self._school.courses or self._school.courses[course].deleted):
            return _error("missing")
        match operation:
            case "users":
                items = self._users(given)
            case "courses":
                items = [each for each in map(self._course, self._school.courses) if _wanted(each, given)]
            case "course":
                return _json(self._course(course or 0))
            case "course_users":
                items = self._users_of(course or 0, given)
            case "enrolments":
                items = self._enrolments(course or 0, given, now_s)
            case "assignments":
                items = [self._assignment(each, given) for each in self._school.works.values() if each.course == course]
            case "overrides":
                items = list(self.overrides.get(int(parts.path.split("/")[-2]), []))
            case "groups":
                items = [self._group(group, given) for group in self.groups]
            case "group_users":
                group = int(parts.path.split("/")[-2])
                if group not in self.groups:
                    return _error("missing")
                items = [objects.user(self._school.people[each], email=False) for each in self.groups[group]]
            case "submissions":
                items = self._submissions(course or 0, given)
            case "completions":
                if not any(each.course == course for each in self._school.finishes.values()):
                    return _json(
                        {"error": {"message": "no progress available because this course is not module based"}}, 400
                    )
                items = self._progress(course or 0)
            case _:
                return _error("missing")
        return paged(
            items,
            request,
            page_max=self.page_max,
            counted=self._striking.switched("counted") is not None,
            elsewhere=self._striking.switched("elsewhere") is not None,
            terse=self._striking.switched("terse_links") is not None,
        )

    def _users(self, given: Given) -> list[Fields]:
        email = "email" in given.get("include[]", [])
        people = [each for each in self._school.people.values() if not each.deleted]
        people.sort(key=lambda each: each.id, reverse=given.get("order") == ["desc"])
        return [objects.user(each, email=email) for each in people]

    def _users_of(self, course: int, given: Given) -> list[Fields]:
        inside = {each.user for each in self._school.memberships.values() if each.course == course}
        return [each for each in self._users(given) if each["id"] in inside]

    def _course(self, number: int) -> Fields:
        shown = objects.course(self._school.courses[number])
        return shown | ({"workflow_state": "completed"} if number in self.concluded else {})

    def _assignment(self, work: Work, given: Given) -> Fields:
        overrides, shown = self.overrides.get(work.id, []), objects.assignment(work)
        if given.get("override_assignment_dates") != ["false"]:  # then the latest of all, for whoever asks
            shown["due_at"] = max([str(shown["due_at"] or ""), *(str(each.get("due_at") or "") for each in overrides)])
        if "all_dates" in given.get("include[]", []):
            base: Fields = {"base": True, "due_at": shown["due_at"]}
            shown["all_dates"] = [base, *({"id": each["id"], "due_at": each.get("due_at")} for each in overrides)]
        if "overrides" in given.get("include[]", []) and self.editor:
            shown["overrides"] = overrides
        return shown | self.traits.get(work.id, {})

    def _group(self, group: int, given: Given) -> Fields:
        members = self.groups[group]
        shown: Fields = {"id": group, "name": f"Group {group}", "members_count": len(members)}
        if "users" in given.get("include[]", []):
            told = members[: self.members_max]
            shown["users"] = [objects.user(self._school.people[each], email=False) for each in told]
        return shown

    def _enrolments(self, course: int, given: Given, now_s: float) -> list[Fields]:
        states = given.get("state[]", ["active", "invited"])
        return [
            objects.enrolment(each, self._school.people[each.user], now_s)
            for each in self._school.memberships.values()
            if each.course == course and each.state in states
        ]

    def _submissions(self, course: int, given: Given) -> list[Fields]:
        """Of those who learn there and of published work only, as Canvas does."""
        school = self._school
        learners = {
            each.user: None
            for each in school.memberships.values()
            if each.course == course and each.role == "student" and each.state != "deleted"
        }
        found: list[Fields] = []
        for work in (each for each in school.works.values() if each.course == course and each.published):
            for user in learners:
                mark = school.marks.get((work.id, user))
                found.append(objects.submission(mark) if mark is not None else objects.placeholder(work, user))
        for name, field in (("submitted_since", "submitted_at"), ("graded_since", "graded_at")):
            if name in given:
                found = [each for each in found if str(each[field] or "") > given[name][0]]
        if "workflow_state" in given:
            found = [each for each in found if each["workflow_state"] == given["workflow_state"][0]]
        return found

    def _progress(self, course: int) -> list[Fields]:
        found = []
        for each in self._school.memberships.values():
            if each.course == course and each.role == "student" and each.state != "deleted":
                done = self._school.finishes.get((course, each.user))
                complete = done is not None and done.complete
                found.append(objects.progress(self._school.people[each.user], complete, done.at_s if done else 0.0))
        return found


def _name(request: Request) -> str:
    path = urlsplit(request.url).path.removeprefix(MOUNT)
    if path in _BESIDE:
        return _BESIDE[path]
    path = path.removeprefix("api/v1/")
    return next((name for pattern, name in _ROUTES if pattern.fullmatch(path)), "other")


def _course_of(path: str) -> int | None:
    found = re.search(r"/courses/(\d+)", path)
    return int(found[1]) if found else None


def _wanted(shown: Fields, given: Given) -> bool:
    terms = given.get("enrollment_term_id", [])
    states = given.get("state[]", ["available", "completed", "created", "claimed"])
    return shown["workflow_state"] in states and (not terms or str(shown["enrollment_term_id"]) in terms)


def _json(body: object, status: int = 200) -> Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    return Response(status=status, headers=headers, body=msgspec.json.encode(body))


def _bad_token() -> Response:
    refused = _json({"errors": [{"message": "Invalid access token."}]}, 401)
    headers = {**refused.headers, "www-authenticate": 'Bearer realm="canvas-lms"'}
    return msgspec.structs.replace(refused, headers=headers)


def _throttled() -> Response:
    headers = {"content-type": "text/html", "x-request-cost": "0.1", "x-rate-limit-remaining": "0.0"}
    return Response(status=429, headers=headers, body=b"429 Too Many Requests (Rate Limit Exceeded)")


def _error(value: str) -> Response:
    match value:
        case "throttled_403":
            return Response(status=403, headers={}, body=b"403 Forbidden (Rate Limit Exceeded)")
        case "scope":
            refused = _json({"errors": [{"message": "Insufficient scopes on access token."}]}, 401)
            return msgspec.structs.replace(refused, headers={**refused.headers, "www-authenticate": "Bearer"})
        case "unknown_401":
            return Response(status=401, headers={"content-type": "text/html"}, body=b"<!DOCTYPE html><h1>401</h1>")
        case "missing":
            return _json({"errors": [{"message": "The specified resource does not exist."}]}, 404)
        case "cut":
            return Response(status=200, headers={"content-type": "application/json"}, body=b'[{"id":1,"na')
        case "forbidden_401" | "forbidden":
            told = {"status": "unauthorized", "errors": [{"message": "user not authorized to perform that action"}]}
            return _json(told, 401 if value == "forbidden_401" else 403)
        case _:
            return _json({"errors": [{"message": value or "An error occurred."}]}, 400)
