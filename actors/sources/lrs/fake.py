"""An LRS into which a school's LMS writes what happens there, in memory; it is only read.

It answers below ``/school-lrs/xapi/``, to the key ``sandbox`` with the secret ``sandbox``, and to tokens that the
client of the same name gets at ``/school-lrs/token`` (``client_secret_post``; they live ten minutes). What happened
last settles for a second before it shows through ``X-Experience-API-Consistent-Through``. Faults (``Fault.operation``
is ``statements.get`` or ``token``) as in ``ports.striking``, and, while set, whatever ``times`` says:

    silent_through     answers do not say through when they are consistent
    forgetful          how a page went on is forgotten: every continuation is answered 404
    elsewhere          pages go on at another host
    poison             the first statement of every page is not valid
"""

import base64
import json
import uuid
from urllib.parse import parse_qs, urlencode

import msgspec

from actors.domain import recognise
from actors.domain.flow import Request, Response
from actors.domain.school import Happening, Mark, School
from actors.domain.xapi.moments import instant_us, spelt
from actors.ports import Effect
from actors.ports.striking import Striking, Struck

MOUNT = "/school-lrs/"
XAPI, TOKEN = f"{MOUNT}xapi/", f"{MOUNT}token"
TOKEN_S = 600.0
KEY = "sandbox:sandbox"
HOME = "https://lms.school.example.edu"
PAGE_MAX = 500
SETTLE_US = 1_000_000
SWITCHES = frozenset({"silent_through", "forgetful", "elsewhere", "poison"})
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
WORK_TYPE = "http://adlnet.gov/expapi/activities/assignment"


class FakeLrs(Struck):
    """One LRS with one key."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, school: School) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self._school = school
        self._tokens: dict[str, float] = {}
        self._striking = Striking(self._regular, _name, frozenset(), _refusal(401, "who is that?"), SWITCHES)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        path, _, query = request.url.partition("?")
        if path == TOKEN:
            return self._token(request, now_s)
        if path.removeprefix(XAPI) != "statements" or request.method != "GET":
            return _refusal(404, "this LRS shows statements, no more")
        authorization = request.headers.get("authorization", "")
        by_token = self._tokens.get(authorization.removeprefix("Bearer "), 0.0) > now_s
        if not by_token and authorization != "Basic " + base64.b64encode(KEY.encode()).decode():
            return _refusal(401, "this key is not known")
        if request.headers.get("x-experience-api-version", "") not in ("1.0.3", "2.0.0"):
            return _refusal(400, "X-Experience-API-Version is 1.0.3 or 2.0.0")
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if "after" in given and self._striking.switched("forgetful"):
            return _refusal(404, "this continuation is not known any more")
        now_us = round(now_s * 1e6)
        shown = [one for one in self.statements() if self._wanted(one, given, now_us)]
        limit = min(int(given.get("limit", "0")) or PAGE_MAX, PAGE_MAX)
        page, rest = shown[:limit], shown[limit:]
        if page and self._striking.switched("poison"):
            page = [{**page[0], "verb": {"id": "not an IRI"}}, *page[1:]]
        more = ""
        if rest:
            host = "https://elsewhere.example.net" if self._striking.switched("elsewhere") else ""
            more = f"{host}{XAPI}statements?" + urlencode({**given, "after": str(page[-1]["stored"])})
        headers = {"content-type": "application/json", "x-experience-api-version": "1.0.3"}
        if not self._striking.switched("silent_through"):
            headers["x-experience-api-consistent-through"] = spelt(now_us - SETTLE_US)
        return Response(status=200, headers=headers, body=msgspec.json.encode({"statements": page, "more": more}))

    def _token(self, request: Request, now_s: float) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii", "replace")).items()}
        if (form.get("client_id"), form.get("client_secret")) != ("sandbox", "sandbox"):
            return _json({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        token = f"lrs-{len(self._tokens)}"
        self._tokens[token] = now_s + TOKEN_S
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S})

    @staticmethod
    def _wanted(one: dict[str, object], given: dict[str, str], now_us: int) -> bool:
        stored_us = _us(str(one["stored"]))
        return (
            stored_us <= now_us
            and stored_us > max(_us(given.get("since", "")), _us(given.get("after", "")))
            and ("until" not in given or stored_us <= _us(given["until"]))
        )

    def statements(self) -> list[dict[str, object]]:
        """Everything that happened and that a statement can tell, in the order stored, no two at one time."""
        found: list[dict[str, object]] = []
        last_us = 0
        for place, happening in enumerate(self._school.happened):
            for told in self._told(happening):
                last_us = max(last_us + 1, round(happening.at_s * 1e6))
                name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{HOME}/{place}/{told['verb']}"))
                found.append(
                    {"id": name, "stored": spelt(last_us), "timestamp": spelt(round(happening.at_s * 1e6)), **told}
                )
        return found

    def _told(self, happening: Happening) -> list[dict[str, object]]:
        school, key = self._school, happening.key
        match happening.what:
            case "memberships":
                member = school.memberships[key]  # type: ignore[index]  # as School notes it
                verb = recognise.EDLM + "enrolled" if happening.new else recognise.STREAMS + "leave"
                if not happening.new and member.state != "deleted":
                    return []
                return [self._statement(member.user, verb, self._course(member.course))]
            case "marks":
                mark = school.marks[key]  # type: ignore[index]  # as School notes it
                return self._of_mark(mark, happening)
            case "finishes":
                done = school.finishes[key]  # type: ignore[index]  # as School notes it
                verb = recognise.ADL + "completed" if done.complete else recognise.EDLM + "uncompleted"
                return [self._statement(done.user, verb, self._course(done.course))]
            case _:
                return []

    def _of_mark(self, mark: Mark, happening: Happening) -> list[dict[str, object]]:
        """What of it happened then: a mark is changed in place, so a later change hides an earlier one's value."""
        work = self._school.works[mark.work]
        thing = _activity(f"{HOME}/paper/{work.id}", WORK_TYPE, work.name)
        context = {"contextActivities": {"grouping": [self._course(work.course)]}}
        told, at_s = [], happening.at_s
        if mark.submitted_s == at_s and (happening.new or mark.attempt > 1):
            told.append(self._statement(mark.user, recognise.ADL + "submitted", thing, context=context))
        if happening.new:
            return told
        if mark.graded_s == at_s and mark.points is not None and mark.posted:
            score = {"score": {"raw": mark.points, "min": 0, "max": work.points}}
            told.append(self._statement(mark.user, recognise.ADL + "scored", thing, context=context, result=score))
        if mark.complete_s == at_s:
            told.append(self._statement(mark.user, recognise.ADL + "completed", thing, context=context))
        return told

    def _statement(self, user: int, verb: str, thing: object, **more: object) -> dict[str, object]:
        person = self._school.people[user]
        actor = {"objectType": "Agent", "name": person.name, "mbox": f"mailto:{person.email}"}
        return {"actor": actor, "verb": {"id": verb}, "object": thing, "version": "1.0.0", **more}

    def _course(self, number: int) -> dict[str, object]:
        course = self._school.courses[number]
        return _activity(f"{HOME}/course/{course.id}", COURSE_TYPE, course.name)


def _activity(iri: str, kind: str, name: str) -> dict[str, object]:
    return {"objectType": "Activity", "id": iri, "definition": {"type": kind, "name": {"en": name}}}


def _us(moment: str) -> int:
    return (instant_us(moment) or 0) if moment else -(2**62)


def _name(request: Request) -> str:
    return "token" if request.url.partition("?")[0] == TOKEN else "statements.get"


def _json(value: object, status: int = 200) -> Response:
    return Response(status=status, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))


def _refusal(status: int, message: str) -> Response:
    body = json.dumps({"error": True, "message": message}).encode()
    return Response(status=status, headers={"content-type": "application/json"}, body=body)
