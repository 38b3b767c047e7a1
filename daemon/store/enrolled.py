"""Who is enrolled where, as a source's records and the identity ledger have it, and what of it is in doubt."""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from actors.domain.acquaintance import withheld
from actors.domain.canonical import Course, Enrolment, User
from actors.domain.conflicts.fields import overlaid
from actors.domain.conflicts.fixes import Field
from actors.domain.identity import EMAIL
from actors.domain.rosters.desired import Enrolled
from daemon.store import comparing
from daemon.store.acquaintance import holders_of
from daemon.store.persons import some_of

_SOURCE = "SELECT no FROM sources WHERE tenant = ? AND name = ?"
_SEATS = """
    SELECT e.course, e.user, e.no, e.canonical, u.canonical, u.state, c.canonical, c.state, coalesce(p.person, 0)
    FROM records e INDEXED BY records_membership
    JOIN records u ON u.source = e.source AND u.entity = 'user' AND u.id = e.user AND u.canonical <> x''
    JOIN records c ON c.source = e.source AND c.entity = 'course' AND c.id = e.course AND c.canonical <> x''
    LEFT JOIN personas p ON p.tenant = ? AND p.source = ? AND p.user = e.user
    WHERE e.source = ? AND e.user <> '' AND {courses} AND ({beyond}e.course, e.user, e.no) > (?, ?, ?)
    AND e.entity = 'enrolment' AND e.state <> 'gone' AND e.canonical <> x''
    ORDER BY e.course, e.user, e.no LIMIT ?
"""
_COURSES = "SELECT canonical FROM records WHERE source = ? AND entity = 'course' AND canonical <> x''"
_QUARANTINED = """
    SELECT r.course, count(*) FROM records r INDEXED BY records_quarantined
    WHERE r.source = ? AND r.state = 'quarantined' AND r.entity IN ('enrolment', 'user', 'course') AND NOT EXISTS
    (SELECT 1 FROM dismissals d WHERE d.record = r.no AND d.digest = r.digest) GROUP BY r.course
"""
_PARTS = "SELECT 1 FROM readings WHERE source = ? AND how IN ('finished', 'braked') AND told > 0 LIMIT 1"
_SHARED = """
    SELECT value FROM identifiers i JOIN personas p ON p.no = i.persona
    WHERE i.tenant = ? AND i.namespace = ? AND i.value IN ({marks}) AND i.until_us IS NULL
    GROUP BY value HAVING count(DISTINCT p.person) > 1
"""
_user = msgspec.json.Decoder(User).decode
_course = msgspec.json.Decoder(Course).decode
_enrolment = msgspec.json.Decoder(Enrolment).decode


def some(
    raw: sqlite3.Connection,
    tenant: str,
    source: str,
    courses: Sequence[str] | None,
    after: tuple[str, str, int],
    limit: int,
) -> tuple[list[Enrolled], tuple[str, str, int] | None]:
    """See ``ports.rosters``."""
    row = raw.execute(_SOURCE, (tenant, source)).fetchone()
    if row is None:
        return [], None
    chosen, beyond = "1", ""
    if courses is not None:  # each by itself; nothing that comes before where it is to go on is walked over again
        courses = [each for each in courses if each >= after[0]]
        chosen, beyond = f"e.course IN ({','.join('?' * len(courses))})", "+"
    values = (tenant, source, row[0], *(courses or ()), *after, limit)
    found: list[Enrolled] = []
    users: dict[bytes, User] = {}
    known: dict[bytes, Course] = {}
    last = None
    for course, user, no, enrolment, who, who_is, what, what_is, person in raw.execute(
        _SEATS.format(courses=chosen, beyond=beyond), values
    ):
        if who not in users:
            users[who] = _alive(_user(who), who_is)
        if what not in known:
            known[what] = _open(_course(what), what_is)
        found.append(Enrolled(_enrolment(enrolment), users[who], known[what], person))
        last = (course, user, no)
    if instead := comparing.believed(raw, row[0]):
        found = [_believed(each, instead) for each in found]
    return found, last if len(found) == limit else None


def _believed(each: Enrolled, instead: Mapping[tuple[str, str], dict[Field, str]]) -> Enrolled:
    """As people or rules decided where sources disagree."""
    user, course = each.user.id, each.course.id
    told = {**instead.get((user, ""), {}), **instead.get((user, course), {})}
    enrolment, who = overlaid(each.enrolment, each.user, told)
    return msgspec.structs.replace(each, enrolment=enrolment, user=who) if told else each


def _alive(user: User, state: str) -> User:
    return user if state != "gone" else msgspec.structs.replace(user, active=False)


def _open(course: Course, state: str) -> Course:
    return course if state != "gone" else msgspec.structs.replace(course, active=False)


def courses(raw: sqlite3.Connection, tenant: str, source: str) -> list[Course]:
    """See ``ports.rosters``."""
    row = raw.execute(_SOURCE, (tenant, source)).fetchone()
    return [] if row is None else [_course(each[0]) for each in raw.execute(_COURSES, row)]


def doubts(raw: sqlite3.Connection, tenant: str, source: str) -> dict[str, str]:
    """See ``ports.rosters``."""
    sql = "SELECT no, first_us, braked, spoilt FROM sources WHERE tenant = ? AND name = ?"
    found = raw.execute(sql, (tenant, source)).fetchone()
    if found is None:
        return {"": f"nothing was read of {source} yet"}
    no, first_us, braked, spoilt = found
    if first_us is None:
        parts = raw.execute(_PARTS, (no,)).fetchone()
        return {"": f"{source} {'told parts only so far' if parts else 'was not read to its end yet'}"}
    if braked:
        return {"": f"the brake of {source} is on: lmsyncctl source list"}
    if spoilt:  # what it had besides was told: half of a change is none
        return {"": f"what {source} told last was spoilt: {spoilt}"}
    told = {}
    for course, n in raw.execute(_QUARANTINED, (no,)):
        told[course] = f"{n} of its records are in quarantine: lmsyncctl quarantine list {tenant}/{source}"
    return told


def withheld_addresses(raw: sqlite3.Connection, tenant: str, addresses: Sequence[str]) -> dict[tuple[int, str], str]:
    """See ``ports.rosters``."""
    found: dict[tuple[int, str], str] = {}
    shared: list[str] = []
    for these in some_of(addresses):
        sql = _SHARED.format(marks=",".join("?" * len(these)))
        shared += [row[0] for row in raw.execute(sql, (tenant, EMAIL, *these))]
    for address in shared:
        holders = holders_of(raw, tenant, EMAIL, address)
        for person in dict.fromkeys(each.person for each in holders):
            if why := withheld(address, person, holders):
                found[person, address] = why
    return found


def contacts(raw: sqlite3.Connection, persons: Sequence[int], target: str) -> dict[int, str]:
    """See ``ports.rosters``."""
    found: dict[int, str] = {}
    for these in some_of(persons):
        marks = ",".join("?" * len(these))
        sql = f"SELECT person, address FROM contacts WHERE person IN ({marks}) AND target = ?"  # noqa: S608  # marks only
        found.update(raw.execute(sql, (*these, target)).fetchall())
    return found


def called(raw: sqlite3.Connection, persons: Sequence[int]) -> dict[int, str]:
    """See ``ports.rosters``."""
    found: dict[int, str] = {}
    for these in some_of(persons):
        marks = ",".join("?" * len(these))
        for person, name in raw.execute(
            f"SELECT person, name FROM personas WHERE person IN ({marks}) AND name <> '' "  # noqa: S608  # marks only
            "ORDER BY inactive_us IS NOT NULL, source <> '', no",
            these,
        ):
            found.setdefault(person, name)
    return found
