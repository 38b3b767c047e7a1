"""A source for tests: a small LMS that is polled and that also calls, and its connector. It tells of a ``School``.

It answers below ``/toy/`` to the bearer ``toy-token``. ``GET /toy/TABLE?after=ID`` lists one of ``users courses
enrolments works submissions grades completions``, ten rows a page, ``next`` being an address; ``GET
/toy/changes?since=N`` tells what changed since, in one page. Faults are those of ``ports.striking``. Another one
stands elsewhere (``mount``) and has a school of its own.
"""

import hmac
from collections.abc import Generator, Iterator
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from actors.domain.canonical import EntityName
from actors.domain.flow import Lost, NotSent, Outcome, Request, Response, Veiled, decode_object
from actors.domain.harvest import (
    Answer as StepAnswer,
)
from actors.domain.harvest import (
    Ended,
    Finished,
    Halted,
    Harvest,
    Heard,
    Hearing,
    Inbound,
    Opened,
    Order,
    Page,
    Part,
    Progress,
    Record,
    Shut,
    Step,
    Unheard,
    Whole,
    ask,
)
from actors.domain.outbox import Rate
from actors.domain.school import Mark, School
from actors.domain.xapi.moments import spelt
from actors.ports import Answer, Bearing, Effect, Reveal, Source, SourceKind
from actors.ports.striking import Striking, Struck
from config.model import Secret
from config.polling import Polling
from config.texts import Duration, Url

MOUNT = "/toy/"
TOKEN = "toy-token"
CALLING = "toy-calling"
PAGE_ROWS = 10
TABLES: tuple[tuple[str, EntityName], ...] = (
    ("users", "user"),
    ("courses", "course"),
    ("enrolments", "enrolment"),
    ("works", "assignment"),
    ("submissions", "submission"),
    ("grades", "grade"),
    ("completions", "completion"),
)
SHOWN_LAST: tuple[Part, ...] = (("completion", ""),)
"""Until it has been read to its end."""


class ToySettings(Polling, frozen=True, kw_only=True):
    base_url: Url
    token: Secret
    calling: Secret | None = None
    """Who calls shows this."""
    silence: Duration | None = None
    """It is expected to call at least so often."""


class ToySource:
    """One account at one toy."""

    kind = "toy"
    polls = True

    def __init__(self, settings: ToySettings, reveal: Reveal, bearing: Bearing) -> None:
        self.home_page = settings.base_url.rstrip("/")
        self._settings = settings
        self._reveal = reveal
        self._bearing = bearing

    def rate(self, bucket: str) -> Rate:
        return Rate(per_s=20.0, burst=20.0)

    def hello(self) -> Harvest:
        answer = yield from self._rows("users")
        return answer if isinstance(answer, Halted) else Finished(note="toy")

    def harvest(self, order: Order) -> Harvest:
        if order.mode == "delta":
            return (yield from self._delta(order))
        newest = 0
        if order.mode == "full":
            yield Shut(parts=SHOWN_LAST)
        for table, entity in TABLES:
            yield Progress(what=table)
            url: str | None = None
            while True:
                answer = yield from self._rows(table, url)
                if isinstance(answer, Halted):
                    return answer
                newest = max(newest, cast(int, answer["now"]))
                yield Page(records=tuple(_record(entity, row) for row in cast(list[Any], answer["rows"])))
                url = cast("str | None", answer["next"])
                if url is None:
                    break
                if not url.startswith(f"{self.home_page}/"):
                    return Halted(why="refused", detail="its pages go on elsewhere")
            if order.mode == "full":
                yield Whole(entity=entity)
        if order.mode == "full":
            yield Opened(parts=SHOWN_LAST)
            yield Page(records=(), cursor={"since": str(newest)})
        return Finished()

    def _delta(self, order: Order) -> Generator[Step, StepAnswer, Ended]:
        answer = yield from self._rows("changes", f"{self.home_page}/changes?since={order.cursor.get('since', '0')}")
        if isinstance(answer, Halted):
            return answer
        records = tuple(_record(row["entity"], row) for row in cast(list[Any], answer["rows"]))
        yield Page(records=records, cursor={"since": str(answer["now"])} if records else None)
        return Finished()

    def _rows(self, table: str, url: str | None = None) -> Generator[Step, StepAnswer, dict[str, object] | Halted]:
        outcome = yield from ask(
            Request(
                method="GET",
                url=url or f"{self.home_page}/{table}",
                operation=table,
                headers={"authorization": Veiled(f"Bearer {self._reveal(self._settings.token)}")},
                draws=("requests",),
            )
        )
        return _read(outcome)

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        secret = self._settings.calling
        if secret is None:
            return Unheard(status=404, detail="nobody calls here")
        if not hmac.compare_digest(inbound.headers.get("x-toy", ""), self._reveal(secret)):
            return Unheard(status=401, detail="that is not the toy")
        said = decode_object(inbound.body)
        if said is None or not isinstance(said.get("rows"), list):
            return Unheard(status=400, detail="no rows")
        rows = cast(list[dict[str, Any]], said["rows"])
        return Heard(records=tuple(_record(row["entity"], row) for row in rows), look=bool(said.get("look")))
        yield  # makes it a generator, which asks for nothing


def _read(outcome: Outcome) -> dict[str, object] | Halted:
    match outcome:
        case NotSent(detail=detail) | Lost(detail=detail):
            return Halted(why="unavailable", detail=detail)
        case Response(status=401):
            return Halted(why="revoked", detail="the token is refused")
        case Response(status=403):
            return Halted(why="refused", detail="not allowed")
        case Response(status=429, headers=headers):
            return Halted(why="throttled", detail="429", retry_after=headers.get("retry-after"))
        case Response(status=status) if status >= 500:
            return Halted(why="unavailable", detail=f"HTTP {status}")
        case Response(status=200, body=body):
            found = decode_object(body)
            if found is None or not isinstance(found.get("rows"), list) or "next" not in found:
                return Halted(why="faulted", detail="no rows in its answer")
            return found
        case Response(status=status):
            return Halted(why="faulted", detail=f"HTTP {status}")


def _record(entity: EntityName, row: dict[str, Any]) -> Record:
    body = {name: value for name, value in row.items() if name != "entity"}
    return Record(entity=entity, id=str(row["id"]), form="row", body=body, gone=bool(row.get("gone")))


class FakeToy(Struck):
    """The toy itself. ``now`` in its answers counts what has happened. ``besides``: what it tells besides of the row
    with this id of this table."""

    def __init__(self, school: School, mount: str = MOUNT) -> None:
        self.school = school
        self.mounts: tuple[str, ...] = (mount,)
        self.besides: dict[tuple[str, int], dict[str, Any]] = {}
        self.limited = True
        self.journal: list[Effect] = []
        self.calls = 0
        self._striking = Striking(self._regular, _name, frozenset(), Response(status=401, body=b"{}"))

    def handle(self, request: Request, now_s: float) -> Answer:
        self.calls += 1
        return super().handle(request, now_s)

    def _regular(self, request: Request, now_s: float) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response(status=401, body=b"{}")
        table, given = _name(request), parse_qs(urlsplit(request.url).query)
        query = {name: values[0] for name, values in given.items()}
        if table == "changes":
            since = query["since"]
            return self._page(list(self.changes(int(since) if since.isdigit() else 0)), None)
        if table not in dict(TABLES):
            return Response(status=404, body=b"{}")
        rows = list(self.rows(table))
        start = int(query.get("after", "0"))
        host = request.headers.get("host", "sandbox.test")
        next_url = f"http://{host}{self.mounts[0]}{table}?after={start + PAGE_ROWS}"
        onward = next_url if start + PAGE_ROWS < len(rows) else None
        return self._page(rows[start : start + PAGE_ROWS], onward)

    def _page(self, rows: list[dict[str, Any]], onward: str | None) -> Response:
        body = msgspec.json.encode({"rows": rows, "next": onward, "now": len(self.school.happened)})
        return Response(status=200, headers={"content-type": "application/json"}, body=body)

    def changes(self, since: int) -> Iterator[dict[str, Any]]:
        """What changed since so many happenings, each thing once, people first."""
        touched = {(each.what, str(each.key)) for each in self.school.happened[since:]}
        for table, entity in TABLES:
            for row in self.rows(table):
                if (_LISTS[table], row["key"]) in touched:
                    yield {**row, "entity": entity}

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """As it tells them; a deleted membership is simply not there, unless its change is asked for."""
        school = self.school
        match table:
            case "users":
                for each in school.people.values():
                    if not each.deleted:
                        row = _row(each.id, each.at_s, name=each.name, email=each.email, active=not each.suspended)
                        yield row | self.besides.get((table, each.id), {})
            case "courses":
                for course in school.courses.values():
                    if not course.deleted:
                        row = _row(course.id, course.at_s, name=course.name, code=course.code)
                        yield row | self.besides.get((table, course.id), {})
            case "enrolments":
                for one in school.memberships.values():
                    row = _row(one.id, one.at_s, user=one.user, course=one.course, role=one.role, state=one.state)
                    yield row | self.besides.get((table, one.id), {})
            case "works":
                for work in school.works.values():
                    due = None if work.due_s is None else round(work.due_s)
                    yield _row(
                        work.id, work.at_s, course=work.course, name=work.name, due=due, points=work.points,
                        published=work.published,
                    )  # fmt: skip
            case "submissions":
                for mark in school.marks.values():
                    if mark.submitted_s is not None:
                        yield {**self._mark(mark), "submitted": round(mark.submitted_s), "attempt": mark.attempt}
            case "grades":
                for mark in school.marks.values():
                    if mark.graded_s is not None:
                        most = school.works[mark.work].points
                        yield {
                            **self._mark(mark), "grade": mark.points, "max": most, "graded": round(mark.graded_s),
                            "hidden": not mark.posted,
                        }  # fmt: skip
            case _:
                for (course_id, user), done in school.finishes.items():
                    row = _row(f"{course_id}:{user}", done.at_s, user=user, course=course_id, complete=done.complete)
                    yield {**row, "finished": round(done.at_s), "key": str((course_id, user))}

    def _mark(self, mark: Mark) -> dict[str, Any]:
        course = self.school.works[mark.work].course
        row = _row(f"{mark.work}:{mark.user}", mark.at_s, user=mark.user, work=mark.work, course=course)
        return {**row, "key": str((mark.work, mark.user))}


_LISTS = {
    "users": "people",
    "courses": "courses",
    "enrolments": "memberships",
    "works": "works",
    "submissions": "marks",
    "grades": "marks",
    "completions": "finishes",
}


def _row(number: object, at_s: float, **more: object) -> dict[str, Any]:
    return {"id": number, "key": str(number), "at": spelt(round(at_s * 1e6)), **more}


def _name(request: Request) -> str:
    return urlsplit(request.url).path.rpartition("/")[2]


def _build(settings: msgspec.Struct, reveal: Reveal, bearing: Bearing) -> Source:
    return ToySource(cast(ToySettings, settings), reveal, bearing)


TOY = SourceKind(settings=ToySettings, build=_build, fake=FakeToy)
