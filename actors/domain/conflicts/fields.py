"""What sources say differently of one person, and who is believed (pure).

Two sources are compared where the ledger takes their users for one person, and, for what belongs to an enrolment, where
their courses are one course. Who is believed is said by a ruling, else by the first ``[[conflicts]]`` rule that fits,
else by a person. Until then each source is believed about itself, so that nobody moves because of a question.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import combinations
from typing import assert_never

import msgspec

from actors.domain.canonical import Course, Enrolment, EnrolmentStatus, Role, User
from actors.domain.conflicts.comparing import TO, differ
from actors.domain.conflicts.fixes import Believe, Field, person_scope
from actors.domain.conflicts.model import Blast, Conflict, ConflictKind, Side, Suggestion
from config.rosters import ConflictRule

KINDS: Mapping[Field, ConflictKind] = {
    "email": "email_differs",
    "name": "name_differs",
    "role": "role_differs",
    "dates": "dates_differ",
    "status": "status_differs",
}
ROLES: tuple[Role, ...] = (
    "administrator",
    "instructor",
    "assistant",
    "designer",
    "mentor",
    "observer",
    "learner",
)
"""Of several roles in one course the first counts."""
STATUSES: tuple[EnrolmentStatus, ...] = ("active", "invited", "completed", "suspended", "ended")
"""Likewise: one enrolment that lets somebody in is enough."""
OF_SEATS: tuple[Field, ...] = ("role", "status", "dates")
WORDS: Mapping[Field, str] = {
    "email": "e-mail address",
    "name": "name",
    "role": "role",
    "dates": "dates",
    "status": "status",
}


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says: ``user`` and ``course`` are its own ids; ``since_us``: when we read that last anew."""

    source: str
    user: str
    value: str
    record: str = ""
    course: str = ""
    since_us: int = 0


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared: a field of a person, or of a person in a course (``course``: as ``Believe`` names it)."""

    person: int
    field: Field
    about: str
    tellings: tuple[Telling, ...]
    course: str = ""

    @property
    def topic(self) -> str:
        return Believe(person=self.person, field=self.field, source="", course=self.course).topic


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """Of a source's user (in its course): this value counts instead of the source's own; ``by`` says it."""

    source: str
    user: str
    course: str
    field: Field
    value: str
    by: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Either somebody is believed, or somebody is asked; neither: there is nothing to it."""

    believed: tuple[Believed, ...] = ()
    conflict: Conflict | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a source told of one user: with each record when it was read last anew. ``seats``: each enrolment with its
    course."""

    source: str
    user: User
    user_us: int
    seats: tuple[tuple[Enrolment, Course, int], ...] = ()


def matters(person: int, known: Sequence[Known]) -> list[Matter]:
    """All that can be compared among what several sources say of one person."""
    about = next((each.user.display_name or each.user.email for each in known if each.user.active), f"person {person}")
    found = [
        Matter(person=person, field="email", about=about, tellings=_of_users(known, "email")),
        Matter(person=person, field="name", about=about, tellings=_of_users(known, "name")),
    ]
    for group in _courses(known):
        first = min(f"{source}/{course.id}" for source, course in group)
        label = next((course.code or course.name for _, course in group if course.code or course.name), first)
        ids = {(source, course.id) for source, course in group}
        for field in OF_SEATS:
            tellings = [told for each in known if (told := _of_seats(each, field, ids)) is not None]
            found.append(
                Matter(person=person, field=field, about=f"{about} in {label}", tellings=tuple(tellings), course=first)
            )
    return [each for each in found if len(each.tellings) > 1]


def judged(matter: Matter, rules: Sequence[ConflictRule], rulings: Mapping[str, str]) -> Judged:
    """``rulings``: by topic, the source that people said is believed."""
    pairs = combinations(matter.tellings, 2)
    if not any(differ(matter.field, one.value, other.value) for one, other in pairs):
        return Judged()
    winner = _told_by(matter, rulings.get(matter.topic, ""))
    if winner is None:
        winner = _by_rule(matter, rules)
    if winner is None:
        return Judged(conflict=_conflict(matter))
    return Judged(
        believed=tuple(
            Believed(
                source=each.source,
                user=each.user,
                course=each.course,
                field=matter.field,
                value=winner.value,
                by=winner.source,
            )
            for each in matter.tellings
            if differ(matter.field, each.value, winner.value)
        )
    )


def overlaid(enrolment: Enrolment, user: User, told: Mapping[Field, str]) -> tuple[Enrolment, User]:
    """The same, with what is believed instead."""
    if not told:
        return enrolment, user
    if email := told.get("email"):
        user = msgspec.structs.replace(user, email=email)
    if name := told.get("name"):
        user = msgspec.structs.replace(user, display_name=name)
    if role := next((each for each in ROLES if each == told.get("role")), None):
        enrolment = msgspec.structs.replace(enrolment, role=role)
    if status := next((each for each in STATUSES if each == told.get("status")), None):
        enrolment = msgspec.structs.replace(enrolment, status=status, dated=False)
    if dates := told.get("dates"):
        start, _, end = dates.partition(TO)
        enrolment = msgspec.structs.replace(enrolment, start=start, end=end)
    return enrolment, user


# ── what is compared ─────────────────────────────────────────────────────────────────────────────────


def _of_users(known: Sequence[Known], field: Field) -> tuple[Telling, ...]:
    """Of each source the first user who is active and has it."""
    found: dict[str, Telling] = {}
    for each in known:
        value = each.user.email if field == "email" else each.user.display_name
        if value and each.user.active and each.source not in found:
            found[each.source] = Telling(
                source=each.source,
                user=each.user.id,
                value=value,
                record=f"user/{each.user.id}",
                since_us=each.user_us,
            )
    return tuple(found.values())


def _of_seats(known: Known, field: Field, courses: Container[tuple[str, str]]) -> Telling | None:
    """Of all of a user's enrolments in one course, as one: the role and the status that give most."""
    here = [each for each in known.seats if (known.source, each[1].id) in courses]
    if not here:
        return None
    enrolment, course, since_us = here[0]
    match field:
        case "role":
            value: str = min((each.role for each, _, _ in here), key=ROLES.index)
        case "status":
            value = min((each.status for each, _, _ in here), key=STATUSES.index)
        case "dates":
            if len(here) > 1 or not (enrolment.start or enrolment.end):
                return None
            value = f"{enrolment.start}{TO}{enrolment.end}"
        case "email" | "name":
            raise ValueError(f"{field} is no enrolment's")
        case _ as never:
            assert_never(never)
    return Telling(
        source=known.source,
        user=known.user.id,
        value=value,
        record=f"enrolment/{enrolment.id}",
        course=course.id,
        since_us=since_us,
    )


def _courses(known: Sequence[Known]) -> list[list[tuple[str, Course]]]:
    """Those that are one course at several sources: by the SIS's id of it, else by its code."""
    here: dict[tuple[str, str], Course] = {}
    for each in known:
        for _, course, _ in each.seats:
            here[each.source, course.id] = course
    groups: list[list[tuple[str, Course]]] = []
    for (source, _), course in sorted(here.items(), key=lambda item: item[0]):
        group = next((group for group in groups if _is_one_of(source, course, group)), None)
        if group is None:
            groups.append([(source, course)])
        else:
            group.append((source, course))
    return [group for group in groups if len(group) > 1]


def _is_one_of(source: str, course: Course, group: Sequence[tuple[str, Course]]) -> bool:
    return all(source != other for other, _ in group) and any(_one_course(course, each) for _, each in group)


def _one_course(one: Course, other: Course) -> bool:
    """An id of one's own says nothing elsewhere, unless the other says that it is the SIS's."""
    if one.external_id and other.external_id:
        return one.external_id == other.external_id
    if one.external_id == other.id or one.id == other.external_id:
        return True
    return bool(one.code) and one.code.casefold() == other.code.casefold()


# ── who is believed ──────────────────────────────────────────────────────────────────────────────────


def _told_by(matter: Matter, source: str) -> Telling | None:
    return next((each for each in matter.tellings if each.source == source), None)


def _by_rule(matter: Matter, rules: Iterable[ConflictRule]) -> Telling | None:
    """By the first rule that is about all of these sources; one whose source of truth says nothing asks."""
    sources = {each.source for each in matter.tellings}
    for rule in rules:
        if rule.field != matter.field or (rule.sources and not sources <= set(rule.sources)):
            continue
        match rule.policy:
            case "source":
                return _told_by(matter, rule.source or "")
            case "latest":
                latest = sorted(matter.tellings, key=lambda each: each.since_us)
                same_time = latest[-1].since_us == latest[-2].since_us
                return None if same_time else latest[-1]
            case "review":
                return None
            case _ as never:
                assert_never(never)
    return None


def _conflict(matter: Matter) -> Conflict:
    tellings = sorted(matter.tellings, key=lambda each: (-each.since_us, each.source))
    votes = Counter(each.value.casefold() for each in tellings)
    fixes = []
    for place, each in enumerate(tellings):
        agree = votes[each.value.casefold()]
        confidence = min(90, 40 + 15 * (agree - 1) + (10 if place == 0 else 0))
        why = "it was told last" if place == 0 else "it was told before"
        fixes.append(
            Suggestion(
                fix=Believe(
                    person=matter.person,
                    field=matter.field,
                    source=each.source,
                    course=matter.course,
                    value=each.value[:200],
                ),
                confidence=confidence,
                why=f"{each.source} says {each.value[:200]}; {why}" + (f", {agree} sources agree" if agree > 1 else ""),
                blast=_blast(matter),
                undoes="each source is believed about itself again, and it is asked again",
            )
        )
    said = "; ".join(f"{each.source}: {each.value[:200]}" for each in tellings)
    return Conflict(
        kind=KINDS[matter.field],
        subject=matter.topic,
        scope=person_scope(matter.person),
        about=matter.about,
        detail=f"the {WORDS[matter.field]} differs: {said}",
        sides=tuple(
            Side(who=each.source, value=each.value[:200], record=each.record, since_us=each.since_us)
            for each in tellings
        ),
        fixes=tuple(sorted(fixes, key=lambda each: -each.confidence)),
        person=matter.person,
        happened_us=tellings[0].since_us,
    )


def _blast(matter: Matter) -> Blast:
    match matter.field:
        case "email":
            return Blast(people=1, adds=1, note="in every place: they are looked for by that address")
        case "name":
            return Blast(people=1, note="what they are called in posts and reports")
        case "role":
            return Blast(people=1, places=1, note="whether they own the place, and whether they belong in it")
        case "status" | "dates":
            return Blast(people=1, places=1, adds=1, removes=1, note="whether they belong in it, and until when")
        case _ as never:
            assert_never(never)
