"""A platform below ``/lti/``, in memory: token endpoint, members, line items, results of a school.

The tool's client id is ``sandbox``. An assertion must be a JWT in RS256 with the right claims; whether its signature is
right is asked only where the fake was given a public key. Courses' addresses are ``/lti/courses/ID/members`` and
``/lti/courses/ID/line_items``. Faults (``Fault.operation`` is ``token``, ``members``, ``line_items`` or ``results``) as
in ``ports.striking``, and, while set, whatever ``times`` says:

    no_differences     members come without a link to differences
    differences_gone   that link is answered 404
    elsewhere          pages go on at another host
    private            names and addresses of people are not shown
    no_service         members of the course ``value`` may not be read (403)
"""

import base64
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.flow import Request, Response
from actors.domain.school import Membership, School
from actors.ports import Effect
from actors.ports.striking import Striking, Struck

MOUNT = "/lti/"
CLIENT = "sandbox"
TOKEN_S = 3600.0
PAGE_MAX = 50
SWITCHES = frozenset({"no_differences", "differences_gone", "elsewhere", "private", "no_service"})
ROLES = {
    "student": "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
    "teacher": "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
    "ta": "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
    "observer": "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",
    "designer": "http://purl.imsglobal.org/vocab/lis/v2/membership#ContentDeveloper",
}
STATUS = {"active": "Active", "invited": "Active", "completed": "Active", "inactive": "Inactive", "deleted": "Deleted"}
_PATHS = re.compile(r"courses/(\d+)/(?:(members)|(line_items)(?:/(\d+)(/results)?)?)")


class FakeLti(Struck):
    """One platform with one tool."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, school: School, public_key: RSAKey | None = None) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self._school = school
        self._key = public_key
        self._tokens: dict[str, float] = {}
        self._striking = Striking(
            self._regular, _name, frozenset(), _refusal(401, "who is that?"), SWITCHES, error=_bad_request
        )

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        path, _, query = request.url.partition("?")
        path = path.removeprefix(MOUNT)
        self.base = f"http://{host}" if (host := request.headers.get("host")) else ""
        if path == "token":
            return self._token(request, now_s)
        token = str(request.headers.get("authorization", "")).removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= now_s:
            return _refusal(401, "this token is not known, or has ended")
        asked = _PATHS.fullmatch(path)
        course = int(asked[1]) if asked else 0
        if asked is None or course not in self._school.courses or request.method != "GET":
            return _refusal(404, "there is nothing here")
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if asked[2]:
            return self._members(course, path, given, now_s)
        if asked[5]:
            results = [one for one in self._results(course, int(asked[4])) if one]
            return self._page(path, given, results, "")
        items = [
            self._item(each.id) for each in self._school.works.values() if each.course == course and each.published
        ]
        return self._page(path, given, items, "")

    def _token(self, request: Request, now_s: float) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii", "replace")).items()}
        claims = self._claims(form.get("client_assertion", ""))
        if claims is None or claims.get("iss") != CLIENT or claims.get("sub") != CLIENT:
            return _error(400, "invalid_client", "the assertion is not one of a tool that is known here")
        if not (_number(claims.get("iat")) <= now_s + 60 and now_s <= _number(claims.get("exp"))):
            return _error(400, "invalid_client", "the assertion is not of this time")
        if "lti-nrps/scope/contextmembership.readonly" not in form.get("scope", ""):
            return _error(400, "invalid_scope", "the tool may read members, nothing else was asked for")
        token = f"lti-{len(self._tokens)}-{claims.get('jti')}"
        self._tokens[token] = now_s + TOKEN_S
        return _json({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_S, "scope": form["scope"]})

    def _claims(self, assertion: str) -> dict[str, object] | None:
        try:
            if self._key is not None:
                return dict(jwt.decode(assertion, self._key, algorithms=["RS256"]).claims)
            head, body, _ = assertion.split(".")
            heading, claims = (
                json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body)
            )
        except (JoseError, ValueError):
            return None
        return claims if isinstance(claims, dict) and heading.get("alg") == "RS256" and heading.get("kid") else None

    def _members(self, course: int, path: str, given: dict[str, str], now_s: float) -> Response:
        unserved = self._striking.switched("no_service")
        if unserved is not None and unserved.value == str(course):
            return _refusal(403, "this course has no Names and Roles for the tool")
        since = given.get("since")
        if since is not None and self._striking.switched("differences_gone"):
            return _refusal(404, "these differences are not known any more")
        of_course = [one for one in self._school.memberships.values() if one.course == course]
        shown = [
            one
            for one in of_course
            if (one.state != "deleted" if since is None else self._changed_s(one) > float(since))
        ]
        named = self._school.courses[course]
        container: dict[str, object] = {
            "id": f"http://platform.example.edu{MOUNT}{path}",
            "context": {"id": str(course), "label": named.code, "title": named.name},
        }
        members = [self._member(one) for one in sorted(shown, key=lambda one: one.id)]
        fresh = (
            f'<{MOUNT}{path}?since={now_s}>; rel="differences"' if not self._striking.switched("no_differences") else ""
        )
        return self._page(path, given, members, fresh, container)

    def _changed_s(self, member: Membership) -> float:
        return max(member.at_s, self._school.people[member.user].at_s)

    def _member(self, member: Membership) -> dict[str, object]:
        person = self._school.people[member.user]
        told: dict[str, object] = {
            "status": STATUS[member.state],
            "user_id": f"sub-{person.id}",
            "roles": [ROLES[member.role]],
        }
        if not self._striking.switched("private"):
            told |= {
                "name": person.name,
                "given_name": person.given,
                "family_name": person.family,
                "email": person.email,
                "lis_person_sourcedid": person.sis_id,
                "picture": f"http://platform.example.edu/pictures/{person.id}",
            }
        return told

    def _item(self, number: int) -> dict[str, object]:
        work = self._school.works[number]
        told: dict[str, object] = {
            "id": f"{self._base}courses/{work.course}/line_items/{work.id}",
            "label": work.name,
            "scoreMaximum": work.points,
        }
        if work.due_s is not None:
            told["endDateTime"] = _moment(work.due_s)
        return told

    def _results(self, course: int, number: int) -> list[dict[str, object]]:
        work = self._school.works.get(number)
        if work is None or work.course != course:
            return []
        item = str(self._item(number)["id"])
        return [
            {
                "id": f"{item}/results/{mark.user}",
                "scoreOf": item,
                "userId": f"sub-{mark.user}",
                "resultScore": mark.points,
                "resultMaximum": work.points,
                "comment": "between us",
            }
            for mark in self._school.marks.values()
            if mark.work == number and mark.points is not None and mark.posted
        ]

    base = ""
    """Under which address it is reached: line items are named by it. Known from the Host header."""

    @property
    def _base(self) -> str:
        return self.base + MOUNT

    def _page(
        self,
        path: str,
        given: dict[str, str],
        items: list[dict[str, object]],
        more: str,
        container: dict[str, object] | None = None,
    ) -> Response:
        limit = min(int(given.get("limit", PAGE_MAX)), PAGE_MAX)
        start = int(given.get("start", "0"))
        relations = [more] if more else []
        if start + limit < len(items):
            host = "https://elsewhere.example.net" if self._striking.switched("elsewhere") else ""
            following = urlencode({**given, "start": start + limit})
            relations.append(f'<{host}{MOUNT}{path}?{following}>; rel="next"')
        page = items[start : start + limit]
        headers = {"link": ", ".join(relations)} if relations else {}
        return _json({**container, "members": page} if container is not None else page, headers)


def _name(request: Request) -> str:
    path = request.url.partition("?")[0]
    return path.rpartition("/")[2] if not path.rpartition("/")[2].isdigit() else "line_items"


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _json(value: object, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status=200, headers={"content-type": "application/json", **(headers or {})}, body=msgspec.json.encode(value)
    )


def _error(status: int, error: str, words: str) -> Response:
    body = msgspec.json.encode({"error": error, "error_description": words})
    return Response(status=status, headers={"content-type": "application/json"}, body=body)


def _bad_request(message: str) -> Response:
    return _refusal(400, message or "no reason")


def _refusal(status: int, message: str) -> Response:
    return _error(status, "refused", message)
