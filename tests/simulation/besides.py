"""What only the toy source can tell of a school besides: on which day an enrolment ends, of which section it is, of
which cohort somebody is, and that a course is closed. With all a system tells nothing of, each has one answer.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

import trio

from actors.domain.school import Class, Membership, Pupil, School
from actors.domain.xapi.moments import spelt

CLOSED = "Closed "


class Besides:
    """``rows``: what is laid over the source's rows, by (table, number)."""

    def __init__(self, rows: MutableMapping[tuple[str, int], dict[str, Any]], school: School) -> None:
        self._rows = rows
        self._school = school
        self._ends_s: dict[int, float] = {}
        self._coming_s: list[float] = []

    # ── how it is ────────────────────────────────────────────────────────────────────────────────────

    def has_ended(self, one: Membership, now_s: float) -> bool:
        return one.id in self._ends_s and now_s >= self._ends_s[one.id]

    def section(self, one: Membership) -> str:
        self._rows.setdefault(("enrolments", one.id), {}).setdefault("section", f"{one.course}a")
        return str(self._rows["enrolments", one.id]["section"])

    def cohort(self, pupil: int) -> str:
        self._rows.setdefault(("users", pupil), {}).setdefault("cohort", "red" if pupil % 2 else "blue")
        return str(self._rows["users", pupil]["cohort"])

    # ── what changes ─────────────────────────────────────────────────────────────────────────────────

    def ends(self, one: Membership, now_s: float, end_s: float) -> None:
        """On that day; it may have been."""
        self._rows.setdefault(("enrolments", one.id), {})["end"] = spelt(round(end_s * 1e6))
        self._ends_s[one.id] = end_s
        self._coming_s.append(end_s)
        self._school.change_membership(one, now_s)

    def moves(self, one: Membership, now_s: float, section: str) -> None:
        self._rows.setdefault(("enrolments", one.id), {})["section"] = f"{one.course}{section}"
        self._school.change_membership(one, now_s)

    def joins(self, pupil: Pupil, now_s: float, cohort: str) -> None:
        self._rows.setdefault(("users", pupil.id), {})["cohort"] = cohort
        self._school.change_person(pupil, now_s)

    def closes(self, course: Class, now_s: float) -> None:
        """Or opens it again."""
        closed = course.name.startswith(CLOSED)
        self._school.change_course(
            course, now_s, name=course.name.removeprefix(CLOSED) if closed else CLOSED + course.name
        )

    async def until_ended(self, now_s: Callable[[], float], reckon: Callable[[float], None]) -> None:
        """What ends is reckoned with when it does."""
        while self._coming_s and (end_s := self._coming_s.pop()):
            await trio.sleep(max(0.0, end_s - now_s()))
            reckon(now_s())
