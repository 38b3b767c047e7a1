"""What sources say differently of one person, found as they tell it: who changed is marked in the transaction
that takes it in (``comparing``), and looked at a few at a time. What is believed instead of what a source says is kept,
and read by whoever plans rosters; what nobody decides by rule is asked.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from actors.domain.canonical import Course, Enrolment, User
from actors.domain.conflicts.fields import Believed, Known, Matter, judged, matters
from actors.domain.conflicts.fixes import Believe, person_scope
from actors.domain.conflicts.model import Conflict
from actors.domain.conflicts.people import identity_clash
from actors.ports.conflicts import Looked, Raised
from config.rosters import ConflictRule
from daemon.store import raising

SEATS_MAX = 500
"""Of one user: more are not compared."""
CLASHES_MAX = 500
CLASHES = "identity"
"""The scope of what the identity ledger asks."""
JUDGED_AS = b"1"
"""How rules are applied. Another one: everybody is compared anew, as by other rules."""
_ALL_DUE = (
    "INSERT OR IGNORE INTO compared_due SELECT p.source, p.id FROM records p JOIN sources s ON s.no = p.source "
    "WHERE s.tenant = ? AND s.compared = 1 AND p.entity = 'user'"
)
_DONE = (
    "DELETE FROM compared_due WHERE (source, user) IN (SELECT s.no, p.user FROM personas p JOIN sources s "
    "ON s.tenant = p.tenant AND s.name = p.source WHERE p.tenant = ? AND p.person = ?)"
)
"""With all whom they are elsewhere."""
_SEATS = (
    "SELECT e.canonical, c.canonical, e.changed_us FROM records e INDEXED BY records_enrolled "
    "JOIN records c ON c.source = e.source AND c.entity = 'course' AND c.id = e.course AND c.canonical <> x'' "
    "WHERE e.source = ? AND e.user = ? AND e.user <> '' AND e.entity = 'enrolment' AND e.state <> 'gone' "
    "AND e.canonical <> x'' LIMIT ?"
)
_LOST = (
    "SELECT c.scope, c.subject, EXISTS (SELECT 1 FROM roster_standings s JOIN roster_places p ON p.no = s.place "
    "WHERE s.person = c.person AND s.person <> 0 AND s.standing = 'unmatched' AND c.scope = 'near:' || p.lane) "
    "FROM conflicts c WHERE c.tenant = ? AND c.state = 'open' AND c.kind = 'near_miss'"
)
_user = msgspec.json.Decoder(User).decode
_course = msgspec.json.Decoder(Course).decode
_enrolment = msgspec.json.Decoder(Enrolment).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def compare(raw: sqlite3.Connection, tenant: str, sources: Sequence[str], rules: Sequence[ConflictRule]) -> bool:
    """From now on users of these sources are compared; all of them anew where these, or the rules, are others than
    before. Whether they are."""
    now = dict(raw.execute("SELECT name, compared FROM sources WHERE tenant = ?", (tenant,)).fetchall())
    digest = blake2b(JUDGED_AS + _encode(list(rules)), digest_size=16).hexdigest()
    name = f"compared:{tenant}"
    before = raw.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    wanted = {each: int(each in sources and len(sources) > 1) for each in now}
    if now == wanted and before is not None and before[0] == digest:
        return False
    raw.executemany("UPDATE sources SET compared = ? WHERE tenant = ? AND name = ?",
                    [(value, tenant, each) for each, value in wanted.items()])  # fmt: skip
    raw.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, digest))
    alone = "SELECT no FROM sources WHERE tenant = ? AND compared = 0"
    raw.execute(f"DELETE FROM believed WHERE source IN ({alone})", (tenant,))  # noqa: S608  # constants
    raw.execute(f"DELETE FROM compared_due WHERE source IN ({alone})", (tenant,))  # noqa: S608  # constants
    raw.execute(_ALL_DUE, (tenant,))
    return True


def is_due(raw: sqlite3.Connection, tenant: str) -> bool:
    """Whether anybody is to be looked at."""
    sql = "SELECT 1 FROM compared_due d JOIN sources s ON s.no = d.source WHERE s.tenant = ? AND s.compared = 1 LIMIT 1"
    return raw.execute(sql, (tenant,)).fetchone() is not None


def asks(raw: sqlite3.Connection, tenant: str) -> bool:
    """Whether the identity ledger asks anything, or did; or whether somebody could not be found."""
    if raw.execute("SELECT 1 FROM matches WHERE tenant = ? LIMIT 1", (tenant,)).fetchone() is not None:
        return True
    if raising.standing(raw, tenant, CLASHES):
        return True
    sql = "SELECT 1 FROM conflicts WHERE tenant = ? AND state = 'open' AND kind = 'near_miss' LIMIT 1"
    return raw.execute(sql, (tenant,)).fetchone() is not None


def look(raw: sqlite3.Connection, tenant: str, rules: Sequence[ConflictRule], now_us: int, limit: int) -> Looked:
    """Some of those who are marked: what is believed of them, and what is to be asked."""
    sources = dict(raw.execute("SELECT no, name FROM sources WHERE tenant = ? AND compared = 1", (tenant,)).fetchall())
    if not sources:
        return Looked()
    marks = ",".join("?" * len(sources))
    sql = f"SELECT source, user FROM compared_due WHERE source IN ({marks}) LIMIT ?"  # noqa: S608  # marks only
    due = raw.execute(sql, (*sources, limit)).fetchall()
    persons = {person for no, user in due if (person := _person(raw, tenant, sources[no], user))}
    fresh = settled = 0
    for person in sorted(persons):
        told = _person_looked_at(raw, tenant, person, sources, rules, now_us)
        fresh, settled = fresh + len(told.fresh), settled + told.settled
    raw.executemany("DELETE FROM compared_due WHERE source = ? AND user = ?", due)
    raw.executemany(_DONE, [(tenant, person) for person in sorted(persons)])
    return Looked(people=len(persons), fresh=fresh, settled=settled, more=len(due) == limit)


def clashes(raw: sqlite3.Connection, tenant: str, now_us: int) -> Looked:
    """What the identity ledger asks is asked here, too. Where there are very many, the oldest."""
    sql = (
        "SELECT m.a, m.b, m.namespace, m.value, m.against, m.since_us, x.person, x.source, x.user, x.name, y.person, "
        "y.source, y.user, y.name FROM matches m JOIN personas x ON x.no = m.a JOIN personas y ON y.no = m.b "
        "WHERE m.tenant = ? ORDER BY m.since_us, m.a, m.b LIMIT ?"
    )
    found = [_clash(row) for row in raw.execute(sql, (tenant, CLASHES_MAX))]
    told = raising.stand(raw, tenant, CLASHES, found, now_us)
    settled = told.settled + _found_since(raw, tenant, now_us)
    return Looked(people=len(found), fresh=len(told.fresh), settled=settled)


def _found_since(raw: sqlite3.Connection, tenant: str, now_us: int) -> int:
    """Who could not be found at a vendor, and stands nowhere as such any more."""
    lost = raw.execute(_LOST, (tenant,)).fetchall()
    by_scope: dict[str, set[str]] = {}
    for scope, subject, still in lost:
        by_scope.setdefault(scope, set()).update({subject} if still else ())
    return sum(raising.clear(raw, tenant, scope, now_us, but=keep) for scope, keep in by_scope.items())


# ── one person ───────────────────────────────────────────────────────────────────────────────────────


def _person(raw: sqlite3.Connection, tenant: str, source: str, user: str) -> int:
    sql = "SELECT person FROM personas WHERE tenant = ? AND source = ? AND user = ?"
    row = raw.execute(sql, (tenant, source, user)).fetchone()
    return int(row[0]) if row else 0


def _person_looked_at(
    raw: sqlite3.Connection,
    tenant: str,
    person: int,
    sources: Mapping[int, str],
    rules: Sequence[ConflictRule],
    now_us: int,
) -> Raised:
    numbers = {name: no for no, name in sources.items()}
    known = list(_known(raw, tenant, person, numbers))
    rulings = raising.rulings(raw, tenant, [person_scope(person)]).get(person_scope(person), ())
    said = {each.fix.topic: each.fix.source for each in rulings if isinstance(each.fix, Believe)}
    instead: list[Believed] = []
    asked: list[Conflict] = []
    compared: list[Matter] = matters(person, known) if len({each.source for each in known}) > 1 else []
    for matter in compared:
        told = judged(matter, rules, said)
        instead += told.believed
        if told.conflict is not None:
            asked.append(told.conflict)
    for each in known:
        mine = [one for one in instead if (one.source, one.user) == (each.source, each.user.id)]
        _keep(raw, numbers[each.source], each.user.id, mine, now_us)
    return raising.stand(raw, tenant, person_scope(person), asked, now_us)


def _known(raw: sqlite3.Connection, tenant: str, person: int, numbers: Mapping[str, int]) -> Iterable[Known]:
    sql = "SELECT source, user FROM personas WHERE tenant = ? AND person = ? AND source <> '' ORDER BY source, no"
    for source, user in raw.execute(sql, (tenant, person)).fetchall():
        if source not in numbers:
            continue
        row = raw.execute(
            "SELECT canonical, state, changed_us FROM records WHERE source = ? AND entity = 'user' AND id = ? "
            "AND canonical <> x''",
            (numbers[source], user),
        ).fetchone()
        if row is None:
            continue
        told = _user(row[0])
        if row[1] == "gone":
            told = msgspec.structs.replace(told, active=False)
        seats = raw.execute(_SEATS, (numbers[source], user, SEATS_MAX)).fetchall()
        yield Known(
            source=source,
            user=told,
            user_us=row[2],
            seats=tuple((_enrolment(seat), _course(course), at_us) for seat, course, at_us in seats),
        )


def _keep(raw: sqlite3.Connection, source: int, user: str, now: Sequence[Believed], now_us: int) -> None:
    """What is believed of one user is this, and nothing else; whoever plans has something to do where it changed."""
    sql = "SELECT course, field, value, by_who FROM believed WHERE source = ? AND user = ?"
    before = {(course, field): (value, by) for course, field, value, by in raw.execute(sql, (source, user))}
    after = {(each.course, each.field): (each.value, each.by) for each in now}
    if before == after:
        return
    raw.execute("DELETE FROM believed WHERE source = ? AND user = ?", (source, user))
    raw.executemany(
        "INSERT INTO believed VALUES (?, ?, ?, ?, ?, ?)",
        [(source, user, course, field, value, by) for (course, field), (value, by) in after.items()],
    )
    courses = {course for (course, field) in before.keys() ^ after.keys()}
    courses |= {key[0] for key in before.keys() & after.keys() if before[key] != after[key]}
    if "" in courses:
        sql = "SELECT DISTINCT course FROM records INDEXED BY records_enrolled WHERE source = ? AND user = ? "
        sql += "AND user <> '' AND entity = 'enrolment'"
        courses |= {row[0] for row in raw.execute(sql, (source, user))}
    raw.executemany(
        "INSERT INTO roster_due (source, course, marks, at_us) SELECT no, ?, 1, ? FROM sources "
        "WHERE no = ? AND rostered = 1 ON CONFLICT (source, course) DO UPDATE SET marks = marks + 1, "
        "at_us = excluded.at_us",
        [(course, now_us, source) for course in sorted(courses - {""})],
    )


def _clash(row: Sequence[Any]) -> Conflict:
    a, b, namespace, value, against, since_us, person, source, user, name, other, source_b, user_b, name_b = row
    one = (a, person, f"{source or 'an operator'}/{user} {name}".strip())
    two = (b, other, f"{source_b or 'an operator'}/{user_b} {name_b}".strip())
    conflict = identity_clash(one, two, f"{namespace}:{value}", against, since_us)
    return msgspec.structs.replace(conflict, scope=CLASHES)
