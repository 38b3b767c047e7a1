"""Whether a delivery is sent or only rehearsed: decided in the transaction that plans it, so that no restart, reload or
order of commands lets anybody through. Who was in once is remembered, by hash, and stays in.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from actors.domain.piloting import Cohort, Piloted, Subject, in_words, inside, member
from daemon.store import rows

FAULTY = "it could not have been sent: "
NOT_MADE = "pilot {}: it was not created yet (lmsyncctl pilot create)"
STOPPED = "pilot {}: it was stopped, and nobody is told"
OUTSIDE = "pilot {}: not in the cohort ({})"
_cohort = msgspec.json.Decoder(Cohort).decode
_PILOT = "SELECT no, state, salt, cohort FROM pilots WHERE tenant = ? AND name = ?"
BY_NAME, ALSO_CALLED = 1, 2
"""How somebody who was named stands among the members; whoever is in by rule stands there with 0."""


class Judged(msgspec.Struct, frozen=True):
    """``pilot``: its number; ``why`` it is only rehearsed, empty: it is sent; ``rendered``: what it would say, or is
    going to say: that is what the vendor's receipt is compared with while the pilot runs."""

    pilot: int | None = None
    why: str = ""
    rendered: bytes | None = None


SENT = Judged()


def judge(raw: sqlite3.Connection, tenant: str, piloted: Piloted | None) -> Judged:
    """Of what no pilot is for, everything is sent. Whoever is in is remembered."""
    if piloted is None:
        return SENT
    pilot, state, why = _judged(raw, tenant, piloted)
    if why and piloted.fault:
        why = f"{why}; {FAULTY}{piloted.fault}"
    return Judged(pilot, why, piloted.rendered if why or state == "running" else None)


def _judged(raw: sqlite3.Connection, tenant: str, piloted: Piloted) -> tuple[int | None, str, str]:
    row = raw.execute(_PILOT, (tenant, piloted.name)).fetchone()
    if row is None:
        return None, "", NOT_MADE.format(piloted.name)
    no, state, salt, packed = row
    if state != "running":
        return no, state, "" if state == "everyone" else STOPPED.format(piloted.name)
    cohort = _cohort(packed)
    if _known(raw, no, salt, piloted.subject) or inside(cohort, salt, piloted.subject):
        remember(raw, no, salt, piloted.subject.names)
        return no, state, ""
    return no, state, OUTSIDE.format(piloted.name, in_words(cohort))


def remember(raw: sqlite3.Connection, no: int, salt: str, names: Iterable[str]) -> None:
    raw.executemany(
        "INSERT OR IGNORE INTO pilot_members (pilot, member) VALUES (?, ?)",
        [(no, member(salt, each)) for each in names],
    )


def unlisted(raw: sqlite3.Connection, no: int, salt: str, people: Sequence[tuple[str, ...]]) -> list[tuple[bytes, ...]]:
    """Those of these people, each by all of their names, who were not named before: as members, once each."""
    found: list[tuple[bytes, ...]] = []
    met: set[bytes] = set()
    for names in people:
        members = tuple(member(salt, each) for each in names)
        if met.isdisjoint(members) and not any(_is_listed(raw, no, each) for each in members):
            found.append(members)
        met.update(members)
    return found


def enlist(raw: sqlite3.Connection, no: int, salt: str, people: Sequence[tuple[str, ...]]) -> None:
    """They are in by name. Named again, nobody counts twice."""
    for members in unlisted(raw, no, salt, people):
        raw.executemany(
            "INSERT INTO pilot_members (pilot, member, listed) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET listed = excluded.listed",
            [(no, each, ALSO_CALLED if place else BY_NAME) for place, each in enumerate(members)],
        )
    also = [(no, member(salt, each), ALSO_CALLED) for names in people for each in names]
    raw.executemany(
        "INSERT INTO pilot_members (pilot, member, listed) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET listed = excluded.listed WHERE listed = 0",
        also,
    )
    recount(raw, no)


def recount(raw: sqlite3.Connection, no: int) -> None:
    """How many are in by name."""
    [packed] = raw.execute("SELECT cohort FROM pilots WHERE no = ?", (no,)).fetchone()
    [listed] = raw.execute("SELECT count(*) FROM pilot_members WHERE pilot = ? AND listed = 1", (no,)).fetchone()
    cohort = msgspec.structs.replace(_cohort(packed), listed=listed)
    raw.execute("UPDATE pilots SET cohort = ? WHERE no = ?", (rows.pack(cohort), no))


def forget(raw: sqlite3.Connection, tenant: str, names: Sequence[str]) -> int:
    """Somebody was erased: no pilot knows them any more, by whatever they were in. How many pilots did."""
    knew = 0
    for no, salt in raw.execute("SELECT no, salt FROM pilots WHERE tenant = ?", (tenant,)).fetchall():
        theirs = [(no, member(salt, each)) for each in names]
        gone = raw.executemany("DELETE FROM pilot_members WHERE pilot = ? AND member = ?", theirs).rowcount
        if gone:
            recount(raw, no)
            knew += 1
    return knew


def _is_listed(raw: sqlite3.Connection, no: int, one: bytes) -> bool:
    sql = "SELECT 1 FROM pilot_members WHERE pilot = ? AND member = ? AND listed > 0"
    return raw.execute(sql, (no, one)).fetchone() is not None


def _known(raw: sqlite3.Connection, no: int, salt: str, subject: Subject) -> bool:
    return any(
        raw.execute("SELECT 1 FROM pilot_members WHERE pilot = ? AND member = ?", (no, member(salt, name))).fetchone()
        for name in subject.names
    )
