"""Another version of a mapping over all that is stored: compared, brought into force, or taken back.

Nothing of this is announced: what a record means now is compared with what it means from now on only when the source
tells something new. What did not fit before and does now stays in quarantine until it is let in (``quarantine
retry``), because nobody has been told of it yet.

Whoever calls ``carry_on`` keeps everybody else from writing the source's records meanwhile; killed at any
instruction, it is called again (``unfinished``) and goes on after the last step that was committed.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from actors.domain.canonical import ENTITIES, REFERENCES, AnyEntity, Flaw
from actors.domain.correcting import corrected
from actors.domain.harvest import Record
from actors.domain.remapping import HEALED, Comparison, Said, entity
from actors.ports.records import Key, Records
from actors.ports.remapping import START, Activation, Count, Meaning, Remappings, Renewal, Stored, mark

REFERENCE = "reference"
Normalise = Callable[[Record], AnyEntity | tuple[Flaw, ...]]
"""What a version makes of a record."""
Tell = Callable[[Count], Awaitable[None]]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


async def compare(
    source: int,
    before: Normalise,
    after: Normalise,
    remappings: Remappings,
    comparison: Comparison,
    *,
    since_us: int = 0,
    tell: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """What both versions make of records that changed since, gone ones apart. Reads only. ``tell`` hears after each
    step how many have been looked at. Raises StoreUnavailable."""
    place = START
    while found := await remappings.page(source, place):
        for one in found:
            if one.known.changed_us >= since_us and one.known.state != "gone" and _mapped(one):
                record = as_read(one)
                comparison.add(
                    one.known.entity, one.known.id, one.known.digest, _said(before(record)), _said(after(record))
                )
        place = found[-1].place
        if tell is not None:
            await tell(comparison.records)
    if comparison.courses:
        await _count_members(source, remappings, comparison)


async def _count_members(source: int, remappings: Remappings, comparison: Comparison) -> None:
    courses, after = comparison.courses, ""
    while found := await remappings.enrolled(source, after):
        comparison.count_people([user for _, user, course in found if course in courses])
        after = found[-1][0]


def _said(meant: AnyEntity | tuple[Flaw, ...]) -> Said:
    return Said(None, tuple(flaw.rule for flaw in meant)) if isinstance(meant, tuple) else Said(meant)


async def carry_on(
    activation: Activation,
    normalise: Normalise,
    remappings: Remappings,
    records: Records,
    now_us: Callable[[], int],
    tell: Tell | None = None,
) -> Activation:
    """Until all records are dealt with. ``normalise`` is that of ``activation.version``. Raises StoreUnavailable; what
    was committed before that has been dealt with."""
    while found := await remappings.page(activation.source, activation.at, undo_of=activation.undoes):
        meant = [normalise(as_read(one)) if _mapped(one) else () for one in found]
        lacking = await _lacking(activation.source, found, meant, records)
        renewals: list[Renewal] = []
        for one, means in zip(found, meant, strict=True):
            after = _becomes(one, means, activation.version, lacking)
            if after != one.meaning:
                renewals.append(Renewal(stored=one, after=after))
        activation = await remappings.step(activation, renewals, found[-1].place, _count(len(found), renewals))
        if tell is not None:
            await tell(activation.count)
    return await remappings.end(activation, now_us())


def _becomes(stored: Stored, means: AnyEntity | tuple[Flaw, ...], version: int, lacking: set[Key]) -> Meaning:
    """What nothing has touched since the activation that is taken back is what it was before; what was never dealt
    with stays as it is."""
    undo = stored.undo
    if undo is not None and undo.made == mark(stored.known.digest, stored.meaning):
        return undo.before
    if stored.known.mapping == version:
        return stored.meaning
    return renewed(stored, means, version, lacking)


def as_read(stored: Stored) -> Record:
    """The record as its source told it last, with the corrections that hold."""
    known = stored.known
    return Record(
        entity=known.entity,
        id=known.id,
        form=known.form,
        body=corrected(_decode(stored.raw), stored.corrections),
        scope=known.scope,
        partial=known.partial,
    )


def _mapped(stored: Stored) -> bool:
    return stored.known.entity in ENTITIES and stored.raw not in (b"", b"{}")


def renewed(stored: Stored, means: AnyEntity | tuple[Flaw, ...], version: int, lacking: set[Key]) -> Meaning:
    """What a record is under the version that makes this of it. What is gone stays gone, whatever it means now."""
    before = stored.meaning
    after = msgspec.structs.replace(before, mapping=version)
    if not _mapped(stored):
        return after
    if isinstance(means, tuple):
        if before.state == "gone":
            return after
        return msgspec.structs.replace(after, state="quarantined", flaws=means)
    missing = tuple(_missing(key) for _, key in _named(means) if key in lacking)
    if before.state == "quarantined" or (missing and before.state == "active"):
        return msgspec.structs.replace(after, state="quarantined", flaws=missing or (_healed(version),))
    canonical = _encode(means)
    if canonical == before.canonical:
        return after
    user, course = (means.user, means.course) if means.entity == "enrolment" else ("", "")  # type: ignore[union-attr]
    return msgspec.structs.replace(after, canonical=canonical, rev=before.rev + 1, user=user, course=course)


def _healed(version: int) -> Flaw:
    return Flaw(
        rule=HEALED,
        path="",
        value="null",
        suggestion=f"it fits version {version}: lmsyncctl quarantine retry lets it in",
    )


def _missing(key: Key) -> Flaw:
    """As the intake tells of it, so that it is tried again when the other arrives."""
    kind, name = key
    return Flaw(
        rule=REFERENCE,
        path=kind,
        value=_encode(name).decode(),
        suggestion=f"there is no {kind} {name!r} at this source yet; it is tried again when there is",
    )


def _named(means: AnyEntity) -> list[tuple[str, Key]]:
    """(field, what it names)."""
    pairs = ((field, (kind, str(getattr(means, field)))) for field, kind in REFERENCES[means.entity])
    return [(field, key) for field, key in pairs if key[1]]


async def _lacking(
    source: int, found: Sequence[Stored], meant: Sequence[AnyEntity | tuple[Flaw, ...]], records: Records
) -> set[Key]:
    """What is named, and was not named before or stands in quarantine, and is not known."""
    asked: set[Key] = set()
    for one, means in zip(found, meant, strict=True):
        if isinstance(means, tuple):
            continue
        known = one.known.canonical
        before = _named(entity(one.known.entity, known)) if known and one.known.state == "active" else []
        asked.update(key for field, key in _named(means) if (field, key) not in before)
    there = await records.known(source, sorted(asked)) if asked else {}
    return {key for key in asked if key not in there or not there[key].canonical}


def _count(records: int, renewals: Sequence[Renewal]) -> Count:
    changed = flawed = healed = 0
    for each in renewals:
        before, after = each.stored.meaning, each.after
        changed += before.canonical != after.canonical
        flawed += before.state != "quarantined" and after.state == "quarantined"
        healed += (HEALED in _rules(before)) != (HEALED in _rules(after))
    return Count(records=records, changed=changed, flawed=flawed, healed=healed)


def _rules(meaning: Meaning) -> set[str]:
    return {flaw.rule for flaw in meaning.flaws}
