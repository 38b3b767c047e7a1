"""Whose due date is which: an assignment's own, and those that a course overrides for learners, groups and sections.

Canvas's rule: a date of a learner's own counts before any other; of those that they have through groups, sections or
as everybody, the most lenient, which is the latest, and none at all before any. An override that has no ``due_at``
moves other dates only.

Overrides come along with the assignments for whoever may edit these. Others are shown that there are some, and may list
them: one request for each assignment that has any. Who is in a group is asked only where a group has a date of its own:
of one group by itself, of several by the groups of the course, which tell their members along.
"""

from collections.abc import Generator, Iterable, Mapping

from actors.domain.harvest import Answer, Halted, Step
from actors.sources.canvas.reading import PAGES_MAX, Closed, Query, Reader, too_long
from actors.sources.canvas.records import Entry, is_gone, number

NEVER = "2199-12-31T00:00:00Z"
"""A date for those who have none where others have one."""
_NOT_NOW = frozenset({"inactive", "completed"})


class Dates:
    """Of one course, in one reading. ``sections``: who learns in which. ``closed``: what could not be read."""

    def __init__(self, reader: Reader, page_size: int, course: str, sections: Mapping[str, frozenset[str]]) -> None:
        self._reader = reader
        self._page_size = page_size
        self._course = course
        self._sections = sections
        self._groups: dict[str, frozenset[str]] = {}
        self.closed: list[Closed] = []

    def learn(self, entries: list[dict[str, object]]) -> Generator[Step, Answer, Halted | None]:
        """Read what is to be known before these assignments can be dated."""
        for entry in entries:
            if "overrides" not in entry and _has_more_dates(entry):
                path = f"courses/{self._course}/assignments/{number(entry.get('id'))}/overrides"
                found = yield from self._listed("overrides", path)
                if isinstance(found, Halted):
                    return found
                entry["overrides"] = found or []
        wanted = {group for entry in entries for each in _overrides(entry) if (group := number(each.get("group_id")))}
        wanted -= self._groups.keys()
        if len(wanted) > 1:
            halted = yield from self._all_groups(wanted)
            if halted is not None:
                return halted
        for group in sorted(wanted - self._groups.keys()):
            members = yield from self._listed("group_users", f"groups/{group}/users")
            if isinstance(members, Halted):
                return members
            self._groups[group] = _ids(members or ())
        return None

    def dated(self, entry: Entry) -> Entry:
        """The assignment with ``due_at`` of everybody, and ``due_for`` of those for whom it is another, by user."""
        base = _text(entry.get("due_at"))
        only = entry.get("only_visible_to_overrides") is True
        own: dict[str, str] = {}
        shared: dict[str, str] = {}
        everybody = ""
        for override in _overrides(entry):
            due = _due(override, base, only=only)
            if not due:
                continue
            students = override.get("student_ids")
            if isinstance(students, list):
                for who in {number(each) for each in students} - {""}:
                    own[who] = max(own.get(who, ""), due)
            elif override.get("course_id"):
                everybody = max(everybody, due)
            else:
                for who in self._through(override):
                    shared[who] = max(shared.get(who, ""), due)
        shared = {who: max(due, everybody) for who, due in shared.items()}
        base = everybody or ("" if only else base)
        return {
            **entry,
            "due_at": None if base in ("", NEVER) else base,
            "due_for": dict(sorted({**shared, **own}.items())),
        }

    def _through(self, override: Entry) -> frozenset[str]:
        section, group = number(override.get("course_section_id")), number(override.get("group_id"))
        return self._sections.get(section, frozenset()) | self._groups.get(group, frozenset())

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────

    def _all_groups(self, wanted: set[str]) -> Generator[Step, Answer, Halted | None]:
        """Those of the course with their members. Canvas cuts off very many, and may show the asker's own groups only:
        what does not come whole is asked for by itself."""
        found = yield from self._listed("groups", f"courses/{self._course}/groups", [("include[]", "users")])
        if isinstance(found, Halted):
            return found
        for each in found or ():
            group, users, count = number(each.get("id")), each.get("users"), each.get("members_count")
            if group in wanted and isinstance(users, list) and isinstance(count, int) and len(users) >= count:
                self._groups[group] = _ids(user for user in users if isinstance(user, dict))
        return None

    def _listed(
        self, operation: str, path: str, query: Query = ()
    ) -> Generator[Step, Answer, list[dict[str, object]] | Halted | None]:
        """All entries. None: they may not be read, or are there no more."""
        url = self._reader.url(path, [*query, ("per_page", str(self._page_size))])
        entries: list[dict[str, object]] = []
        been: set[str] = set()
        while url not in been and len(been) < PAGES_MAX:
            been.add(url)
            sheet = yield from self._reader.sheet(operation, url)
            if isinstance(sheet, Halted):
                return sheet
            if isinstance(sheet, Closed):
                if sheet.why == "forbidden" and operation != "groups":  # then each group is asked for by itself
                    self.closed = self.closed or [sheet]
                return None
            entries += sheet.entries
            if not sheet.next:
                return entries
            url = sheet.next
        return too_long(operation)


def sections_of(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """Who learns in which section now: whoever is through with it, or suspended there, has no date through it."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        state = entry.get("enrollment_state")
        if entry.get("type") == "StudentEnrollment" and not is_gone(state) and state not in _NOT_NOW:
            found.setdefault(number(entry.get("course_section_id")), set()).add(number(entry.get("user_id")))
    return {section: frozenset(users) for section, users in found.items()}


def _due(override: Entry, base: str, *, only: bool) -> str:
    """Empty: it moves no due date. ``only``: who has no override is not to do it at all."""
    if override.get("unassign_item") is True:
        return NEVER
    if "due_at" not in override:
        return (base or NEVER) if only else ""
    return _text(override["due_at"]) or NEVER


def _overrides(entry: Entry) -> list[Entry]:
    overrides = entry.get("overrides")
    return [each for each in overrides if isinstance(each, dict)] if isinstance(overrides, list) else []


def _has_more_dates(entry: Entry) -> bool:
    """Whether Canvas shows dates beside the assignment's own; of very many it tells the number only."""
    dates = entry.get("all_dates")
    shown = isinstance(dates, list) and any(isinstance(each, dict) and not each.get("base") for each in dates)
    return shown or bool(entry.get("all_dates_count"))


def _ids(users: Iterable[Entry]) -> frozenset[str]:
    return frozenset(number(each.get("id")) for each in users) - {""}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
