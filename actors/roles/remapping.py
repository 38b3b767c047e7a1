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
from actors.domain.remapping import HEALED, Comparison, Said, entity, merged
from actors.ports.records import Key, Records
from actors.ports.remapping import START, Activation, Count, Remappings, Renewal, Stored, mark
from actors.ports.remapping import Meaning as Kept
from actors.roles.taking import REFERENCE, Meaning, as_read, older, timed, unfit, unsound, written

Tell = Callable[[Count], Awaitable[None]]
Means = AnyEntity | tuple[Flaw, ...]

_encode = msgspec.json.Encoder().encode


async def compare(
    source: int,
    before: Meaning,
    after: Meaning,
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
            known = one.known
            if known.changed_us >= since_us and known.state != "gone" and _mapped(one):
                said = (_said(meant(one, version)) for version in (before, after))
                comparison.add(known.entity, known.id, known.digest, *said)
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


def _said(means: Means) -> Said:
    return Said(None, tuple(flaw.rule for flaw in means)) if isinstance(means, tuple) else Said(means)


async def carry_on(
    activation: Activation,
    before: Meaning | None,
    after: Meaning,
    remappings: Remappings,
    records: Records,
    now_us: Callable[[], int],
    tell: Tell | None = None,
) -> Activation:
    """Until all records are dealt with. ``before`` and ``after`` are ``activation.version_before`` and ``version``
    (the former None where its table is not there any more). Raises StoreUnavailable; what was committed before that
    has been dealt with."""
    while found := await remappings.page(activation.source, activation.at, undo_of=activation.undoes):
        means = [_now(one, before, after) if _mapped(one) else () for one in found]
        lacking = await _lacking(activation.source, found, means, records)
        renewals: list[Renewal] = []
        for one, fresh in zip(found, means, strict=True):
            kept = _becomes(one, fresh, activation.version, lacking)
            if kept != one.meaning:
                renewals.append(Renewal(stored=one, after=kept))
        activation = await remappings.step(activation, renewals, found[-1].place, _count(len(found), renewals))
        if tell is not None:
            await tell(activation.count)
    return await remappings.end(activation, now_us())


async def finish(
    source: int,
    meaning: Callable[[int], Meaning],
    remappings: Remappings,
    records: Records,
    now_us: Callable[[], int],
) -> Activation | None:
    """What a former life had begun to bring into force, or to take back, comes into force now: before that nothing is
    taken in. None: there was nothing, or its table is gone, by which nothing could be taken in either. Raises
    StoreUnavailable."""
    running = await remappings.unfinished(source)
    if running is None:
        return None
    try:
        after = meaning(running.version)
    except LookupError:
        return None
    try:
        before: Meaning | None = meaning(running.version_before)
    except LookupError:
        before = None
    return await carry_on(running, before, after, remappings, records, now_us)


def told_of(ended: Activation) -> dict[str, object]:
    """For the log."""
    count = ended.count
    return {
        "what": ended.kind,
        "version_before": ended.version_before,
        "version": ended.version,
        "records": count.records,
        "changed": count.changed,
        "flawed": count.flawed,
        "healed": count.healed,
    }


def record_of(stored: Stored) -> Record:
    """As its source told it last, with the corrections that hold."""
    record = as_read(stored.known, stored.raw)
    return msgspec.structs.replace(record, body=corrected(record.body, stored.corrections))


def meant(stored: Stored, version: Meaning) -> Means:
    """What a version makes of it."""
    record, known = record_of(stored), stored.known
    if flaws := record.flaws or unfit(record, stored.raw):
        return flaws
    means = version(record, entity(known.entity, known.canonical) if known.canonical else None)
    return means if isinstance(means, tuple) else unsound(means) or means


def _now(stored: Stored, before: Meaning | None, after: Meaning) -> Means:
    """What is known may be more than what the body says: then only what the versions differ in is changed."""
    known, means = stored.known, meant(stored, after)
    if isinstance(means, tuple) or not known.canonical:
        return means
    there = entity(known.entity, known.canonical)
    if _says_all(stored):  # but for a time that an event told, by which later ones are judged
        taken_away = known.state == "gone" and older(means, there)
        return msgspec.structs.replace(means, updated=there.updated) if taken_away else timed(means, there)
    former = meant(stored, before) if before is not None else means
    return there if isinstance(former, tuple) else merged(there, former, means)


def _says_all(stored: Stored) -> bool:
    """Whether the body that is kept is the last that was told. Parts of it (events) were laid over what is known."""
    record = as_read(stored.known, stored.raw)
    return written(record)[2] == stored.known.digest


def _mapped(stored: Stored) -> bool:
    """Whether a mapping decides what it means. What has no id of its own stays what it is."""
    return stored.known.entity in ENTITIES and stored.raw != b"" and not any(flaw.rule == "id" for flaw in stored.flaws)


def _becomes(stored: Stored, means: Means, version: int, lacking: set[Key]) -> Kept:
    """What nothing has touched since the activation that is taken back is what it was before; what was never dealt
    with stays as it is."""
    undo = stored.undo
    if undo is not None and undo.made == mark(stored.known.digest, stored.meaning):
        return undo.before
    if stored.known.mapping == version:
        return stored.meaning
    return renewed(stored, means, version, lacking)


def renewed(stored: Stored, means: Means, version: int, lacking: set[Key]) -> Kept:
    """What a record is under the version that makes this of it. What is gone stays gone, whatever it means now."""
    before = stored.meaning
    after = msgspec.structs.replace(before, mapping=version)
    if not _mapped(stored):
        return after
    if isinstance(means, tuple):
        if before.state == "gone":
            return after
        return msgspec.structs.replace(after, state="quarantined", flaws=means)
    missing = tuple(_missing(key) for key in _named(means) if key in lacking)
    if before.state == "quarantined" or (missing and before.state == "active"):
        return msgspec.structs.replace(after, state="quarantined", flaws=missing or (_healed(version),))
    canonical = _encode(means)
    if canonical == before.canonical:
        return after
    user, course = (means.user, means.course) if means.entity == "enrolment" else ("", "")  # type: ignore[union-attr]  # as its entity says
    return msgspec.structs.replace(after, canonical=canonical, rev=before.rev + 1, user=user, course=course)


def _healed(version: int) -> Flaw:
    advice = f"it fits version {version}: lmsyncctl quarantine retry lets it in"
    return Flaw(rule=HEALED, path="", value="null", suggestion=advice)


def _missing(key: Key) -> Flaw:
    """As the intake tells of it, so that it is tried again when the other arrives."""
    kind, name = key
    advice = f"there is no such {kind} yet; this is taken in as soon as it is told"
    return Flaw(rule=REFERENCE, path=kind, value=_encode(name).decode(), suggestion=advice)


def _named(means: AnyEntity) -> list[Key]:
    keys = ((kind, str(getattr(means, field))) for field, kind in REFERENCES[means.entity])
    return [key for key in keys if key[1]]


async def _lacking(source: int, found: Sequence[Stored], meant_: Sequence[Means], records: Records) -> set[Key]:
    """What is named, and was not named before or stands in quarantine, and is not known."""
    asked: set[Key] = set()
    for one, means in zip(found, meant_, strict=True):
        if isinstance(means, tuple):
            continue
        known = one.known
        before = _named(entity(known.entity, known.canonical)) if known.canonical and known.state == "active" else []
        asked.update(key for key in _named(means) if key not in before)
    there = await records.known(source, sorted(asked)) if asked else {}
    return {key for key in asked if key not in there or not there[key].canonical or there[key].state == "gone"}


def _count(records: int, renewals: Sequence[Renewal]) -> Count:
    changed = flawed = healed = 0
    for each in renewals:
        before, after = each.stored.meaning, each.after
        changed += before.canonical != after.canonical
        flawed += before.state != "quarantined" and after.state == "quarantined"
        healed += (HEALED in _rules(before)) != (HEALED in _rules(after))
    return Count(records=records, changed=changed, flawed=flawed, healed=healed)


def _rules(kept: Kept) -> set[str]:
    return {flaw.rule for flaw in kept.flaws}
