"""The conversation with a OneRoster REST service.

Collections are read page by page, by offset, in the order of ids. Each page begins a little before the last one ended:
where what was seen last is not seen again, something was taken away in between, and what slipped past is not known, so
nothing of that collection is taken as gone. Nor is it where a row has no id, or where there is nobody at all. Services
that page in their own way (Link) are followed, at their origin.

The cursor is when a reading began, by our clock, and what is new is asked for from a while before it: clocks differ,
and so does what services make of ``>`` and ``>=``. What is read twice is known by its content.
"""

from collections.abc import Callable, Generator, Mapping
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from actors.domain.canonical import EntityName
from actors.domain.flow import Response
from actors.domain.harvest import (
    Answer,
    Finished,
    Halted,
    Harvest,
    Opened,
    Order,
    Page,
    Part,
    Progress,
    Record,
    Shut,
    Step,
    Whole,
    ask,
)
from actors.domain.xapi.moments import instant_us, spelt
from actors.sources.oneroster.bodies import NEVER_KEPT, Body, Joins, is_gone, today
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.wire import Listed, Unable, address, asking, listed, one
from actors.sources.tokens import Tokens
from config.numbers import number_of

OVERLAP_ROWS = 5
OVERLAP_US = 900_000_000
PAGES_MAX = 200_000
SINGLY_MAX = 50
"""So many line items are asked for one by one before all of them are read."""
SINCE = "since"
TOLD_EMPTY = frozenset({"classes", "users", "enrollments"})
"""A service that shows none of them (to us, any more) is not a school that everybody has left."""
GRADEBOOK: tuple[Part, ...] = (("assignment", ""), ("grade", ""))
"""What is not read without ``grades``: asked for later, it is no news at first."""
Take = Callable[[Body], None]
Steps = Generator[Step, Answer, Halted | None]
ENTITIES: tuple[tuple[str, EntityName], ...] = (
    ("classes", "course"),
    ("users", "user"),
    ("enrollments", "enrolment"),
    ("lineItems", "assignment"),
    ("results", "grade"),
)


class RestReading:
    """One reading."""

    def __init__(self, settings: OneRosterSettings, tokens: Tokens, zone: str, order: Order) -> None:
        self._settings = settings
        self._tokens = tokens
        self._order = order
        self._now_us = order.now_us or None
        """None: it is only asked whether it can be read, and nobody knows the time."""
        self._joins = Joins(zone, today(order.now_us, zone))
        self._joined: set[str] = set()
        self._told = 0
        self._shifted = False
        self._nameless = False
        since_us = instant_us(order.cursor.get(SINCE, "")) if order.cursor.get(SINCE) else None
        self._since_us = since_us if since_us is not None and since_us <= order.now_us else None

    def hello(self) -> Harvest:
        page = yield from self._get("orgs", f"{address(self._settings, 'orgs')}?limit=1")
        return page if isinstance(page, Halted) else Finished(note=f"reads the roster as {self._settings.client_id}")

    def read(self) -> Harvest:
        """Everything, or what is new, or what was written in a backfill's time (which leaves the cursor)."""
        mode = self._order.mode
        wholes: list[EntityName] = []
        notes = []
        for collection, entity in ENTITIES[: 5 if self._settings.grades else 3]:
            self._shifted, self._nameless, told = False, False, self._told
            halted = yield from self._collection(collection, entity)
            if halted is not None:
                return halted
            if self._nameless:
                notes.append(f"{collection} has rows without a sourcedId: nothing of it is taken as gone")
            elif self._shifted:
                notes.append(f"{collection} changed while they were read: nothing of them is taken as gone")
            elif mode == "full" and self._told == told and collection in TOLD_EMPTY:
                notes.append(f"{collection} is empty: nothing of it is taken as gone")
            else:
                wholes.append(entity)
        if mode == "full":
            for entity in wholes:
                yield Whole(entity=entity)
            if not self._settings.grades:
                yield Shut(parts=GRADEBOOK)
        opened = tuple((entity, "") for entity in wholes if (entity, "") in self._order.shut)
        if opened and mode != "backfill":
            yield Opened(parts=opened)
        if mode == "full" or (mode == "delta" and (self._told or self._since_us is None)):
            yield Page(records=(), cursor={SINCE: spelt(self._order.now_us)})
        return Finished(note="; ".join((number_of(self._told, "records"), *notes)))

    # ── collections ──────────────────────────────────────────────────────────────────────────────

    def _collection(self, collection: str, entity: EntityName) -> Steps:
        anew = self._order.mode == "delta" and self._order.is_shut(entity, "")
        pages = self._pages(collection, "" if anew else self._filter())
        while True:
            page = yield from next_of(pages)
            if page is None or isinstance(page, Halted):
                return page
            bodies = [body for row in page.rows if (body := _body(row)) is not None]
            self._nameless = self._nameless or len(bodies) < len(page.rows)
            if bodies:
                halted = yield from self._lay_beside(collection, bodies)
                if halted is not None:
                    return halted
                yield Page(records=tuple(_record(entity, body) for body in bodies))
                self._told += len(bodies)
                yield Progress(what=collection, done=self._told, total=page.total)

    def _filter(self) -> str:
        match self._order.mode:
            case "full":
                return ""
            case "delta":
                if self._since_us is None:
                    return ""
                since = spelt(self._since_us - OVERLAP_US).removesuffix("Z")[
                    :-3
                ]  # as it is written there: milliseconds
                return f"dateLastModified>='{since}Z'"
            case "backfill":
                ends = (("dateLastModified>=", self._order.since), ("dateLastModified<=", self._order.until))
                return " AND ".join(f"{word}'{when}'" for word, when in ends if when)

    def _lay_beside(self, collection: str, bodies: list[Body]) -> Steps:
        joins = self._joins
        match collection:
            case "classes":
                halted = yield from self._learn(
                    ("orgs", joins.org), ("academicSessions", joins.term), ("courses", joins.course)
                )
                for body in bodies:
                    joins.beside_class(
                        body, _ref(body.get("course")), [_ref(term) for term in _list(body.get("terms"))]
                    )
                    joins.beside_class_school(body, _ref(body.get("school")))
            case "users":
                halted = yield from self._learn(("orgs", joins.org))
                for body in bodies:
                    self._beside_user(body)
            case "enrollments":
                halted = None
                for body in bodies:
                    joins.phase(body)
            case "lineItems":
                halted = None
                for body in bodies:
                    joins.work(body, _ref(body.get("class")))
            case _:
                halted = yield from self._learn_work(bodies)
                for body in bodies:
                    joins.beside_result(body, _ref(body.get("lineItem")))
        return halted

    def _beside_user(self, body: Body) -> None:
        name = str(body["sourcedId"])
        for role in _list(body.get("roles")):
            if isinstance(role, dict):
                kind, word = str(role.get("roleType", "")), str(role.get("role", ""))
                self._joins.role(name, kind, word, _ref(role.get("org")))
        org = _ref(body.get("primaryOrg")) or next((_ref(org) for org in _list(body.get("orgs"))), "")
        self._joins.beside_user(body, name, org)
        self._joins.forget_role(name)

    def _learn(self, *wanted: tuple[str, Take]) -> Steps:
        """Small collections that others need, once a reading, and only when there is something to lay them beside."""
        for collection, take in wanted:
            if collection in self._joined:
                continue
            self._joined.add(collection)
            pages = self._pages(collection, "")
            while True:
                page = yield from next_of(pages)
                if isinstance(page, Halted):
                    return page
                if page is None:
                    break
                for row in page.rows:
                    take(row)
        return None

    def _learn_work(self, bodies: list[Body]) -> Steps:
        """The line items of results: those just read, else asked for."""
        missing = {_ref(body.get("lineItem")) for body in bodies} - {""}
        missing = {name for name in missing if not self._joins.knows_work(name)}
        if len(missing) > SINGLY_MAX:
            return (yield from self._learn(("lineItems", lambda row: self._joins.work(row, _ref(row.get("class"))))))
        for name in sorted(missing):
            token = yield from self._tokens.token(self._now_us)
            if isinstance(token, Halted):
                return token
            url = address(self._settings, f"lineItems/{quote(name, safe='')}")
            found = one((yield from ask(asking(url, "lineItem.get", token))), "lineItem")
            if found is not None:
                self._joins.work(found, _ref(found.get("class")))
        return None

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    def _pages(self, collection: str, condition: str) -> "Pages":
        """One ``Listed`` after the other (see ``next_of``), or why it ended."""
        url = address(self._settings, collection)
        more = {"sort": "sourcedId", "orderBy": "asc"} | ({"filter": condition} if condition else {})
        offset, seen, last, onwards, totals = 0, 0, "", "", set[int]()
        for _ in range(PAGES_MAX):
            query = urlencode({"limit": self._settings.page, "offset": offset, **more}, quote_via=quote)
            page = yield from self._get(collection, onwards or f"{url}?{query}")
            if isinstance(page, Unable) and more and not seen:
                more.pop("filter" if "sort" not in more else "sort")  # a service that cannot do that: all, in its order
                more.pop("orderBy", None)
                continue
            if isinstance(page, Halted):
                yield page
                return
            names = [str(row.get("sourcedId", "")) for row in page.rows]
            if last and not onwards and last not in names[: OVERLAP_ROWS + 1]:
                self._shifted = True
            fresh = page.rows[names.index(last) + 1 :] if last in names and not onwards else page.rows
            seen += len(fresh)
            if page.total is not None:
                totals.add(page.total)
            if fresh:
                yield Listed(rows=fresh, total=page.total, onward=page.onward)
            last = names[-1] if names else last
            if _is_last(page, fresh, offset, by_link=bool(onwards)):
                break
            onwards = page.onward if page.onward and _offset(page.onward) is None else ""
            if not onwards:
                offset = max(offset + 1, offset + len(page.rows) - OVERLAP_ROWS)
        else:
            yield Halted(why="faulted", detail=f"{collection}: its pages do not end")
        self._shifted = self._shifted or len(totals) > 1 or (bool(totals) and seen < max(totals))

    def _get(self, collection: str, url: str) -> Generator[Step, Answer, Listed | Halted]:
        for again in (True, False):
            token = yield from self._tokens.token(self._now_us)
            if isinstance(token, Halted):
                return token
            outcome = yield from ask(asking(url, f"{collection}.get", token))
            refused = isinstance(outcome, Response) and outcome.status == 401
            if not (again and refused and self._tokens.drop(token)):  # it may have ended early: a fresh one will tell
                break
        return listed(outcome, url, collection)


Pages = Generator[Step | Listed | Halted, Answer, None]


def next_of(pages: Pages) -> Generator[Step, Answer, Listed | Halted | None]:
    """The next page; None after the last. What it asks for on the way is passed on."""
    answer: Answer = None
    while True:
        try:
            step = pages.send(answer)
        except StopIteration:
            return None
        if isinstance(step, Listed | Halted):
            return step
        answer = yield step


def _is_last(page: Listed, fresh: list[dict[str, object]], offset: int, *, by_link: bool) -> bool:
    """A service that says neither how many there are nor where it goes on is asked until nothing is fresh."""
    if not page.rows or by_link or page.onward:
        return not page.onward or not page.rows
    if page.total is not None:
        return offset + len(page.rows) >= page.total
    return not fresh or len(page.rows) < OVERLAP_ROWS


def _offset(url: str) -> str | None:
    """Whether a link goes on by offset, as we do."""
    return next(iter(parse_qs(urlsplit(url).query).get("offset", [])), None)


def _body(row: Mapping[str, object]) -> Body | None:
    name = row.get("sourcedId")
    if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
        return None
    return {**{key: value for key, value in row.items() if key not in NEVER_KEPT}, "sourcedId": str(name)}


def _record(entity: EntityName, body: Body) -> Record:
    return Record(entity=entity, id=str(body["sourcedId"]), form="rest", body=body, gone=is_gone(body))


def _ref(value: object) -> str:
    """The id of what an object points at."""
    name = value.get("sourcedId") if isinstance(value, dict) else None
    return str(name) if isinstance(name, str | int) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
