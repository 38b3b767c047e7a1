"""A pilot: the routes that name it tell a cohort, and only rehearse for everybody else. Who is in is decided here.

By percent somebody is in by a point between 0 and 100 that their name and the pilot's salt give. It is the same for
good, so a cohort that grows keeps whom it had, and the cohorts of two pilots have nothing to do with one another.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from actors.domain.changes import AnyChange, AssignmentPosted
from actors.domain.persons import Person

PilotState = Literal["running", "everyone", "nobody"]
"""*running*: the cohort is told. *everyone*, *nobody*: it has ended, and its routes tell all or none."""
RENDERED_BYTES_MAX = 16_384
"""So much of what would be sent is kept: the longest messages are cut, and not compared then."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what a delivery is about. The first of ``names`` is what is counted by; all of them mean the same."""

    names: tuple[str, ...]
    org_unit: str = ""
    course: tuple[str, ...] = ()


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is in by one of these is in. ``percent`` is of people; ``courses`` by IRI, code or the SIS's id.
    ``listed``: how many people were named one by one (who, is known by hash only)."""

    percent: float = 0.0
    org_units: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()
    listed: int = 0


class Piloted(msgspec.Struct, frozen=True, kw_only=True):
    """What a planned delivery says to its pilot. ``rendered``: what would be sent; ``fault``: why it cannot be said."""

    name: str
    subject: Subject
    rendered: bytes = b""
    fault: str = ""


def subject_of(change: AnyChange, org_unit: str = "") -> Subject:
    """The learner whom a change is about, wherever it is told. An assignment that was posted is about nobody: there it
    is the course, else the assignment itself."""
    course = change.course
    named = () if course is None else tuple(dict.fromkeys(x for x in (course.id, course.code, course.external_id) if x))
    if isinstance(change, AssignmentPosted):
        return Subject(names=(f"course:{named[0]}" if named else change.entity,), course=named)
    learner = change.learner
    email = f"mbox:{learner.email}" if learner.email else ""
    names = (learner.identity, learner.key, email, *learner.also)
    found = tuple(dict.fromkeys(name for name in names if name))
    return Subject(names=found or (change.entity,), org_unit=org_unit, course=named)


def names_of(person: Person) -> tuple[str, ...]:
    """All the learner keys that mean a person, as an operator names them; the first is what they are counted by."""
    return (
        *(f"mbox:{email}" for email in sorted(person.emails)),
        *(f"account:{home}|{name}" for home, name in sorted(person.accounts)),
        *(f"sha1:{digits}" for digits in sorted(person.hashes)),
        *(f"openid:{iri}" for iri in sorted(person.openids)),
    )


def point(salt: str, name: str) -> float:
    """Where somebody stands between 0 and 100, evenly spread."""
    digest = blake2b(name.encode(), digest_size=8, key=salt.encode()[:64]).digest()
    return int.from_bytes(digest, "big") / 2**64 * 100.0


def member(salt: str, name: str) -> bytes:
    """By what the store remembers somebody who is in: nobody can be read out of it."""
    return blake2b(name.encode(), digest_size=16, key=salt.encode()[:64], person=b"member").digest()


def inside(cohort: Cohort, salt: str, subject: Subject) -> bool:
    """Whether they are in by rule; who is in already stays in, which the store knows."""
    return (
        point(salt, subject.names[0]) < cohort.percent
        or (subject.org_unit != "" and subject.org_unit in cohort.org_units)
        or not set(subject.course).isdisjoint(cohort.courses)
    )


def shrinks(before: Cohort, after: Cohort) -> str:
    """What would be taken out, in words; empty: it stays or grows."""
    lost = [f"{before.percent:g} % would become {after.percent:g} %"] if after.percent < before.percent else []
    lost += [f"org unit {unit}" for unit in before.org_units if unit not in after.org_units]
    lost += [f"course {course}" for course in before.courses if course not in after.courses]
    return ", ".join(lost)


def in_words(cohort: Cohort) -> str:
    """``5 % of people, org unit north, 3 people by name``."""
    parts = [f"{cohort.percent:g} % of people"] if cohort.percent else []
    parts += [f"org unit {unit}" for unit in cohort.org_units]
    parts += [f"course {course}" for course in cohort.courses]
    if cohort.listed:
        parts.append(f"{cohort.listed} by name")
    return ", ".join(parts) or "nobody"
