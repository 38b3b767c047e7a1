"""What another version of a mapping makes of records that are known: which fields differ, and whom that touches.

A comparison is a fold over records, in the order of their places: bounded, whatever their number, and of the same
``plan`` whenever it would come out the same.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from actors.domain.canonical import ENTITIES, AnyEntity, Assignment, Course, User

SAMPLES_MAX = 3
"""Of each field."""
SAMPLE_CHARS_MAX = 200
FIELDS_MAX = 2_000
"""Operators' own attributes included; what is beyond is counted as one."""
OTHER = "(others)"
PEOPLE_MAX = 500_000
"""Distinct people that are told apart; beyond, there are "at least" so many."""
HEALED = "healed"
"""The rule under which a record stands in quarantine that fits the version in force now, and waits to be let in."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decoders: dict[str, msgspec.json.Decoder[AnyEntity]] = {
    name: msgspec.json.Decoder(kind) for name, kind in ENTITIES.items()
}


def entity(name: str, canonical: bytes) -> AnyEntity:
    """A canonical record as it is kept."""
    return _decoders[name].decode(canonical)


def fields(of: AnyEntity) -> dict[str, object]:
    """Each field by its dotted name, defaults included; what is optional and absent is None."""
    flat: dict[str, object] = {}
    for name, value in msgspec.structs.asdict(of).items():
        _flatten(name, value, flat)
    return flat


def _flatten(name: str, value: Any, flat: dict[str, object]) -> None:
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    elif not isinstance(value, dict):
        flat[name] = value
        return
    for key, inner in value.items():
        _flatten(f"{name}.{key}", inner, flat)


def differences(before: AnyEntity, after: AnyEntity) -> dict[str, tuple[object, object]]:
    """The fields in which they differ, with both values (None: not there)."""
    one, other = fields(before), fields(after)
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other)
        if one.get(name) != other.get(name)
    }


def merged(known: AnyEntity, before: AnyEntity, after: AnyEntity) -> AnyEntity:
    """What is known, with the fields in which two versions differ as the later has them, unless somebody else has told
    of the field since (then ``known`` is not as ``before`` has it)."""
    fresh = {
        name: getattr(after, name)
        for name in known.__struct_fields__
        if getattr(before, name) != getattr(after, name) and getattr(known, name) == getattr(before, name)
    }
    return msgspec.structs.replace(known, **fresh)


def people_of(of: AnyEntity) -> tuple[str, ...]:
    """The users that an entity speaks of by itself; a course's or an assignment's are who is enrolled."""
    match of:
        case User():
            return (of.id,)
        case Course() | Assignment():
            return ()
        case _:
            return (of.user,)


def course_of(of: AnyEntity) -> str:
    """The course whose members are touched by a change of it, empty where it is a single person's."""
    match of:
        case Course():
            return of.id
        case Assignment():
            return of.course
        case _:
            return ""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A record in which a field differs; ``before`` and ``after`` as JSON, cut, empty where it was not there."""

    id: str
    before: str
    after: str


class Difference(msgspec.Struct, kw_only=True):
    """How often a field of an entity differs, and the first few records where it does."""

    entity: str
    field: str
    records: int = 0
    samples: tuple[Sample, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """What a version makes of a record: what it means (None: it does not fit) and the rules that it fails."""

    means: AnyEntity | None
    rules: tuple[str, ...] = ()


class Comparison:
    """What two versions make of the same records."""

    def __init__(self, *about: object) -> None:
        """``about``: what the plan is a plan of, beside the records."""
        self.records = 0
        self.changed = 0
        self.flawed: dict[str, int] = {}
        """Records that fit the one and not the other, by the rule that they would fail (the first of each)."""
        self.healed = 0
        self.people_more = False
        self._people: set[int] = set()
        self._courses: set[str] = set()
        self._differences: dict[tuple[str, str], Difference] = {}
        self._hash = blake2b(_encode(about), digest_size=8)

    def add(self, kind: str, record_id: str, digest: bytes, before: Said, after: Said) -> None:
        """One more record of this entity."""
        self.records += 1
        if before == after:
            return
        self._hash.update(_encode((kind, record_id, digest.hex(), after.means, after.rules)))
        was, becomes = before.means, after.means
        if was is None and becomes is None:
            return  # it stays in quarantine, for other reasons
        if was is None or becomes is None:
            self._cross(was, becomes, after.rules)
            return
        found = differences(was, becomes)
        if found:
            self.changed += 1
            self._touch(was)
            self._touch(becomes)
        for name, values in found.items():
            self._differ(kind, name, record_id, *values)

    def _cross(self, was: AnyEntity | None, becomes: AnyEntity | None, rules: tuple[str, ...]) -> None:
        """Into quarantine, or out of it."""
        if becomes is not None:
            self.healed += 1
            self._touch(becomes)
        if was is not None:
            rule = rules[0] if rules else OTHER
            self.flawed[rule] = self.flawed.get(rule, 0) + 1
            self._touch(was)

    def _touch(self, means: AnyEntity) -> None:
        if course := course_of(means):
            self._courses.add(course)
        self.count_people(people_of(means))

    def _differ(self, kind: str, name: str, record_id: str, was: object, becomes: object) -> None:
        if (kind, name) not in self._differences and len(self._differences) >= FIELDS_MAX:
            name = OTHER
        there = self._differences.setdefault((kind, name), Difference(entity=kind, field=name))
        there.records += 1
        if len(there.samples) < SAMPLES_MAX:
            there.samples += (Sample(id=record_id, before=shown(was), after=shown(becomes)),)

    def count_people(self, users: Sequence[str]) -> None:
        """These are touched."""
        for user in users:
            if len(self._people) >= PEOPLE_MAX:
                self.people_more = True
                return
            self._people.add(hash(user))

    @property
    def courses(self) -> frozenset[str]:
        """Those whose members are touched: to be counted by ``count_people``."""
        return frozenset(self._courses)

    @property
    def people(self) -> int:
        return len(self._people)

    @property
    def plan(self) -> str:
        """Sixteen digits that say the same only of the same."""
        return self._hash.hexdigest()

    def differences(self) -> list[Difference]:
        """In the order of entities, then of fields."""
        order = list(ENTITIES)
        return sorted(self._differences.values(), key=lambda each: (order.index(each.entity), each.field))


def shown(value: object) -> str:
    """As JSON, cut; empty for what is not there."""
    if value is None:
        return ""
    text = _encode(value).decode()
    return text if len(text) <= SAMPLE_CHARS_MAX else text[: SAMPLE_CHARS_MAX - 1] + "…"
