"""One record on its way in: what was known of it, what was told, and what is to be written (pure).

A record may be told several times on one page, whole or in part: each telling is laid over the one before, and what is
written at the end is written once. What does not fit stays in quarantine, and what the record meant before stands.
"""

import json
import re
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from actors.domain.canonical import REFERENCES, AnyEntity, Assignment, Completion, Course, Enrolment, Flaw, Grade
from actors.domain.harvest import Record
from actors.domain.remapping import entity
from actors.domain.xapi.moments import instant, instant_us
from actors.domain.xapi.patterns import IRI
from actors.ports.records import Kept, Key, KnownRecord
from config.recall import remembered

Meaning = Callable[[Record, AnyEntity | None], AnyEntity | tuple[Flaw, ...]]
"""What a mapping makes of a record. A partial one is laid over the entity that is known, where there is one."""
ID_CHARS_MAX = 512
BODY_BYTES_MAX = 1_048_576
REFERENCE = "reference"
_LATE_US = {"grade": 300_000_000}
"""By so much the time of an event may be later than the one that the same thing bears when it is read whole: of a
grade, an event has no other time than when it was sent."""
_TO_THE_SECOND = len("2026-08-15T06:00:00")
_DIGITS_MAX = 19
_iri = re.compile(IRI)
_ordered = msgspec.json.Encoder(order="deterministic").encode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


class Work:
    """``was``: what it meant last; ``before``: the same, where it is in force; ``after``: what it means now, None where
    it is gone or never meant anything. ``waits``: what stands in quarantine would mean, once it fits; ``hushed``:
    nobody is to be told of it."""

    __slots__ = (
        "after", "before", "digest", "dirty", "flaws", "form", "gone", "hushed", "key", "known", "partial", "raw",
        "scope", "waits", "was",
    )  # fmt: skip

    def __init__(self, key: Key, known: KnownRecord | None) -> None:
        self.key = key
        self.known = known
        self.was = entity(known.entity, known.canonical) if known is not None and known.canonical else None
        self.gone = known is not None and known.state == "gone"
        self.before = None if self.gone else self.was
        self.after = self.before
        self.waits: AnyEntity | None = None
        self.digest = known.digest if known is not None else b""
        self.form = known.form if known is not None else ""
        self.scope = known.scope if known is not None else ""
        self.partial = known.partial if known is not None else False
        self.raw: bytes | None = None
        self.flaws: tuple[Flaw, ...] = ()
        self.dirty = False
        self.hushed = False

    @property
    def changed(self) -> bool:
        """Whether it means something else now. Who is in quarantine means what they meant."""
        return not self.flaws and self.after != self.before

    @property
    def rev(self) -> int:
        return (self.known.rev if self.known is not None else 0) + self.changed

    @property
    def _active(self) -> bool:
        return self.known is not None and self.known.state == "active"

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────

    def tell(self, record: Record, raw: bytes, digest: bytes, meaning: Meaning) -> bool:
        """False: it is not taken, because what is known is newer."""
        means = record.flaws or unfit(record, raw) or meaning(record, self.after or self.was)
        if not isinstance(means, tuple):
            means = unsound(means) or means
        if isinstance(means, tuple):
            self._told(record, raw, digest)
            self.flaws = means
            return True
        last = self.after or self.was
        if older(means, last, 0 if record.partial else _LATE_US.get(record.entity, 0)):
            return False
        if record.partial and older(means, self.waits):
            return False
        if not record.partial and last is not None and last == timed(means, last):
            means = last
        if record.partial and last is not None:
            if means == self.after and not self.flaws and (self.dirty or self._active):
                return True  # nothing new, and the whole body stays the measure of what is
            self.digest, self.dirty = digest, True  # read whole, it is looked at again
        else:
            self._told(record, raw, digest)
        self.after, self.gone, self.flaws = means, False, ()
        return True

    def _told(self, record: Record, raw: bytes, digest: bytes) -> None:
        self.raw, self.digest, self.form, self.partial = raw, digest, record.form, record.partial
        self.scope = record.scope or self.scope
        self.dirty = True

    def tell_gone(self, record: Record, raw: bytes, digest: bytes, meaning: Meaning) -> bool:
        """It says itself that it is gone. False: what is known is newer. Events come in any order: an old one takes
        nobody away, and the time of one that does is kept, also of what nobody has told of yet, so that an older one
        brings nobody back."""
        last = self.after or self.was
        means = (record.flaws or unfit(record, raw) or meaning(record, last)) if record.partial else ()
        if isinstance(means, tuple):
            self.leave()
            return True
        if older(means, last) or older(means, self.waits):
            return False
        if last is None:
            self._told(record, raw, digest)
        self.leave()
        gone = means if last is None else msgspec.structs.replace(last, updated=means.updated or last.updated)
        self.dirty = self.dirty or gone != self.was
        self.was = gone
        return True

    def leave(self) -> None:
        """It is gone."""
        self.after, self.gone, self.flaws = None, True, ()
        self.dirty = self.dirty or (self.known is not None and self.known.state != "gone")

    def lack(self, missing: list[Key]) -> None:
        """It names what is not there."""
        self.flaws = tuple(
            Flaw(
                rule=REFERENCE,
                path=kind,
                value=_encode(name).decode(),
                suggestion=f"there is no such {kind} yet; this is taken in as soon as it is told",
            )
            for kind, name in missing
        )

    def named(self) -> list[Key]:
        """What has to be there for it. What it named before and was taken may have gone meanwhile."""
        before, after = self.before, self.after
        return [
            (kind, name)
            for field, kind in REFERENCES[self.key[0]]
            if (name := getattr(after, field)) and (before is None or getattr(before, field) != name)
        ]

    # ── what is written ──────────────────────────────────────────────────────────────────────────────

    def kept(self, mapping: int, *, quiet: bool) -> Kept:
        """``quiet``: nobody is told of anything now."""
        means = self.before if self.flaws else self.was if self.gone else self.after and timed(self.after, self.was)
        member = means if isinstance(means, Enrolment) else None
        return Kept(
            no=self.known.no if self.known is not None else None,
            entity=self.key[0],  # type: ignore[arg-type]  # a record's
            id=self.key[1],
            form=self.form,
            scope=self.scope,
            raw=self.raw,
            digest=self.digest,
            mapping=self.known.mapping if self.gone and self.known is not None and self.known.canonical else mapping,
            canonical=_encode(means) if means is not None else b"",
            state="quarantined" if self.flaws else "gone" if self.gone else "active",
            rev=self.rev,
            user=member.user if member else "",
            course=member.course if member else "",
            flaws=self.flaws,
            partial=self.partial,
            quiet=bool(self.flaws) and (quiet or self.hushed),
        )


def older(told: AnyEntity, known: AnyEntity | None, late_us: int = 0) -> bool:
    """Whether it tells how things stood before what is known, by more than ``late_us``. A time that is told to the
    second is not taken to be finer than that: a listing cuts off what an event has."""
    if known is None or not told.updated or not known.updated or told.updated == known.updated:
        return False
    one, other = instant(told.updated), instant(known.updated)
    if one is None or other is None:
        return False
    if late_us:
        return (instant_us(one) or 0) + late_us < (instant_us(other) or 0)
    if "." not in one or "." not in other:
        return one[:_TO_THE_SECOND] < other[:_TO_THE_SECOND]
    return one < other


def timed(means: AnyEntity, known: AnyEntity | None) -> AnyEntity:
    """With the time of what is known, where it has none of its own: what came before that is older still."""
    if known is None or means.updated or not known.updated:
        return means
    return msgspec.structs.replace(means, updated=known.updated)


def written(record: Record) -> tuple[Record, bytes, bytes]:
    """The record, its body as JSON, and the digest by which it is known again. What cannot be written as JSON as it is
    (half a character, a number beyond 64 bits) is written as text can be."""
    try:
        raw = _ordered(record.body)
    except (UnicodeEncodeError, OverflowError, TypeError):
        text = json.dumps(record.body, ensure_ascii=False, default=str).encode("utf-8", "replace")
        record = msgspec.structs.replace(record, body=json.loads(text, parse_int=_whole, parse_constant=_nothing))
        raw = _ordered(record.body)
    said = blake2b(raw, digest_size=16, person=b"partial" if record.partial else b"")
    said.update(record.form.encode("utf-8", "replace"))
    return record, raw, said.digest()


def _whole(digits: str) -> float:
    return int(digits) if len(digits) < _DIGITS_MAX else float(digits)


def _nothing(_: str) -> None:
    """What JSON has no word for."""


def as_read(known: KnownRecord, raw: bytes) -> Record:
    """The record as it was told last. What cannot be read any more says so."""
    flaws: tuple[Flaw, ...] = ()
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        flaws = (Flaw(rule="body", path="", value="null", suggestion="it cannot be read any more: read the source"),)
        body = {}
    return Record(
        entity=known.entity, id=known.id, form=known.form, body=body, scope=known.scope, partial=known.partial,
        flaws=flaws,
    )  # fmt: skip


def key_of(record: Record, digest: bytes) -> Key:
    """By which it is kept. One whose id is none gets a name of its content, so that it can be shown to people."""
    if _is_id(record.id):
        return record.entity, record.id
    return record.entity, f"?{blake2b(digest + record.id.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def unfit(record: Record, raw: bytes) -> tuple[Flaw, ...]:
    """What no mapping can mend."""
    if not _is_id(record.id):
        advice = f"an id has 1 to {ID_CHARS_MAX} characters, none of them NUL or half of one"
        value = record.id[:100].encode("utf-8", "replace").decode()
        return (Flaw(rule="id", path="id", value=_encode(value).decode(), suggestion=advice),)
    if len(raw) > BODY_BYTES_MAX:
        advice = f"a record has at most {BODY_BYTES_MAX} bytes"
        return (Flaw(rule="size", path="", value=str(len(raw)), suggestion=advice),)
    return ()


def _is_id(text: str) -> bool:
    return 0 < len(text) <= ID_CHARS_MAX and "\0" not in text and (text.isascii() or _is_whole(text))


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def unsound(means: AnyEntity) -> tuple[Flaw, ...]:
    """What statements could not say."""
    flaws = []
    if isinstance(means, Grade) and not (means.course or means.assignment):
        advice = "a grade is one of a course or of an assignment: mend the mapping (lmsyncctl map test)"
        flaws.append(Flaw(rule="required", path="course", value="null", suggestion=advice))
    for field, value, needed in _spoken(means):
        if (value or needed) and not _is_iri(value):
            advice = "statements name it by an IRI: mend the mapping (lmsyncctl map test)"
            flaws.append(Flaw(rule="iri", path=field, value=_encode(value[:200]).decode(), suggestion=advice))
    return tuple(flaws)


def _spoken(means: AnyEntity) -> tuple[tuple[str, str, bool], ...]:
    match means:
        case Course():
            return (("iri", means.iri, True),)
        case Assignment():
            return (("iri", means.iri, True), ("type", means.type, False))
        case Completion():
            return (("activity", means.activity, False), ("activity_type", means.activity_type, False))
        case _:
            return ()


@remembered("mapping_values", 4096)
def _is_iri(text: str) -> bool:
    return _iri.match(text) is not None
