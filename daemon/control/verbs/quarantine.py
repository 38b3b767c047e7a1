"""``quarantine``: records that failed validation are looked at, corrected, let in again, or left as they are.

A correction lies over what the source told and is seen with it; letting in is done by whoever reads the source, with
the version of its mapping that is in force.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from actors.domain.canonical import ENTITIES
from actors.domain.correcting import Correction, assignment, holds, settable, steps, told
from actors.ports.records import Key
from actors.ports.remapping import Stored
from actors.roles.relaying import is_right
from actors.roles.remapping import meant
from actors.roles.undertaking import XAPI_VERSION
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    Done,
    QuarantineDismiss,
    QuarantineEdit,
    QuarantineList,
    QuarantineRetry,
    QuarantineShow,
    Refusal,
)
from daemon.control.quarantine_asks import Quarantined
from daemon.control.verbs.schooling import Known, known_sources, one_source, working_alone
from daemon.control.views import ChangedRow, CorrectionView, FlawView, QuarantinedRow, RecordRow
from daemon.control.withheld import withheld
from daemon.store.quarantine import TooMany

RAW_CHARS_MAX = 20_000
BATCH = 100
"""Records that are let in, or dismissed, by one step."""

_decode = msgspec.json.Decoder(dict[str, object]).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
STATEMENT = "statement"
STORED = "stored"
"""What a statement is that was let in: it stands in the log."""


async def listing(request: QuarantineList, asking: Asking) -> Done:
    shown = 0
    async for source, one in _standing(asking, request.source, request.rule):
        if one.dismissed and not request.dismissed:
            continue
        if shown == request.limit:
            return done(f"there are more than {request.limit}: --limit shows more")
        await asking.emit(_row(source, one))
        shown += 1
    return done() if shown else done("nothing stands in quarantine", Exit.NOTHING)


async def show(request: QuarantineShow, asking: Asking) -> Done:
    """Records that are not in quarantine can be looked at too."""
    found = await _named(asking, request.source, request.records)
    for source, one in found:
        await asking.emit(_record(source, one))
    return done()


async def edit(request: QuarantineEdit, asking: Asking) -> Done:
    """A correction is of what the source tells now."""
    source = await one_source(request.source, asking)
    [(_, one)] = await _named(asking, request.source, (request.record,))
    try:
        body = _decode(one.raw)
    except _UNREADABLE:
        raise Refusal(Exit.FAILURE, f"{request.record} is no JSON object: there is nothing to correct in it") from None
    there = {each.path for each in one.corrections}
    unknown = [path for path in request.removed if path not in there]
    if unknown:
        raise Refusal(Exit.NOTHING, f"{request.record} has no correction of {unknown[0]!r}; nothing was changed")
    put = [_correction(text, body, asking) for text in request.put]
    if not put and not request.removed:
        raise Refusal(Exit.USAGE, "nothing is corrected", advice="--set PATH=JSON, or --unset PATH")
    for each in put:
        await _changed(asking, f"{source.name} {request.record} {each.path}", each.was or "absent", each.value, request)
    for path in request.removed:
        await _changed(asking, f"{source.name} {request.record} {path}", "corrected", "as the source tells it", request)
    if request.dry_run:
        return done()
    try:
        await asking.office.store.quarantine.correct(one.known.no, put, request.removed)
    except TooMany as error:
        raise Refusal(Exit.FAILURE, f"{error}; nothing was changed") from None
    asking.office.witness.event("quarantine.edited", source=source.name, record=request.record, login=asking.peer.login)
    return done(f"lmsyncctl quarantine retry {request.record} --source {source.name} applies it")


async def retry(request: QuarantineRetry, asking: Asking) -> Done:
    """Some that are named may stand outside of quarantine: a correction is applied to them so."""
    tally = {"let in": 0, "flawed still": 0, "unchanged": 0}
    for source, found in (await _chosen(request, asking)).items():
        if request.dry_run:
            await _rehearse(source, found, asking, tally)
            continue
        async with working_alone(source, asking) as alone:
            for start in range(0, len(found), BATCH):
                some = found[start : start + BATCH]
                await alone.again([one.known.no for one in some], well=not request.everything)
                after = await asking.office.store.quarantine.find(source.no, [_key(one) for one in some])
                for one in some:
                    await _tell_retried(source, one, after.get(_key(one)), asking, tally)
    counted = ", ".join(f"{n} {what}" for what, n in tally.items() if n)
    return done(counted, Exit.DEGRADED if tally["flawed still"] else Exit.OK)


async def dismiss(request: QuarantineDismiss, asking: Asking) -> Done:
    """They are left as they are, and not counted any more, until the source tells something else of them."""
    chosen = await _chosen(request, asking)
    for source, found in chosen.items():
        for one in found:
            state = "dismissed" if one.dismissed else one.known.state
            if state == "quarantined" or not request.everything:
                after = "dismissed" if one.known.state == "quarantined" else state
                await _changed(asking, f"{source.name} {_spelt(one)}", state, after, request)
        nos = [one.known.no for one in found if one.known.state == "quarantined"]
        if nos and not request.dry_run:
            for start in range(0, len(nos), BATCH):
                some = nos[start : start + BATCH]
                await asking.office.store.quarantine.dismiss(some, asking.peer.name, asking.now_us)
    return done()


# ── which ────────────────────────────────────────────────────────────────────────────────────────────


async def _standing(asking: Asking, where: str, rule: str) -> AsyncIterator[tuple[Known, Stored]]:
    """What stands in quarantine, source by source."""
    for source in await known_sources(where, asking):
        after: int | None = 0
        while after is not None:
            found, after = await asking.office.store.quarantine.page(source.no, after, rule)
            for one in found:
                yield source, one


async def _chosen(request: Quarantined, asking: Asking) -> Mapping[Known, list[Stored]]:
    """All of them, or those that are named. Raises Refusal."""
    if bool(request.records) == request.everything:
        raise Refusal(Exit.USAGE, "name the records, or ALL")
    chosen: dict[Known, list[Stored]] = {}
    if request.everything:
        async for source, one in _standing(asking, request.source, request.rule):
            if not one.dismissed:
                chosen.setdefault(source, []).append(one)
    else:
        for source, one in await _named(asking, request.source, request.records):
            if not request.rule or request.rule in {flaw.rule for flaw in one.flaws}:
                chosen.setdefault(source, []).append(one)
    if not chosen:
        raise Refusal(Exit.NOTHING, "nothing like that stands in quarantine; nothing was changed")
    return chosen


async def _named(asking: Asking, where: str, records: Sequence[str]) -> list[tuple[Known, Stored]]:
    """Raises Refusal for one that is nowhere, or at several sources."""
    keys = [_parsed(each) for each in dict.fromkeys(records)]
    found: dict[Key, tuple[Known, Stored]] = {}
    for source in await known_sources(where, asking):
        for key, one in (await asking.office.store.quarantine.find(source.no, keys)).items():
            if key in found:
                two = f"{found[key][0].name} and {source.name}"
                raise Refusal(Exit.USAGE, f"{'/'.join(key)} is known to {two}", advice="--source says which is meant")
            found[key] = (source, one)
    for key in keys:
        if key not in found:
            raise Refusal(
                Exit.NOTHING,
                f"there is no record {'/'.join(key)}; nothing was changed",
                advice="lmsyncctl quarantine list",
            )
    return [found[key] for key in keys]


def _parsed(text: str) -> Key:
    entity, slash, name = text.partition("/")
    if not slash or not name or entity not in (*ENTITIES, "statement"):
        raise Refusal(Exit.USAGE, f"{text!r} is not a record", advice="a record is written ENTITY/ID, like user/4711")
    return entity, name


def _key(one: Stored) -> Key:
    return one.known.entity, one.known.id


def _spelt(one: Stored) -> str:
    return f"{one.known.entity}/{one.known.id}"


def _correction(text: str, body: Mapping[str, object], asking: Asking) -> Correction:
    try:
        path, value = assignment(text)
    except ValueError as error:
        raise Refusal(Exit.USAGE, str(error), where="--set") from None
    if not settable(body, path):
        raise Refusal(Exit.USAGE, f"there is no place {path!r} in this record", where="--set")
    return Correction(path=path, value=value, was=told(body, steps(path)), by=asking.peer.name, at_us=asking.now_us)


# ── what becomes of them ─────────────────────────────────────────────────────────────────────────────


async def _rehearse(source: Known, found: Sequence[Stored], asking: Asking, tally: dict[str, int]) -> None:
    """What the version in force makes of them. A reference that is missing, or another statement with the same id,
    shows only when they are let in."""
    version = source.meaning(source.state.mapping)
    for one in found:
        if one.known.entity == STATEMENT:
            flawed = not is_right(
                one.raw, one.corrections, tenant=source.tenant, source=source.source, fallback=XAPI_VERSION
            )
        elif one.known.entity in ENTITIES:
            flawed = isinstance(meant(one, version), tuple)
        else:
            continue
        tally["flawed still" if flawed else "let in"] += 1
        after = "quarantined" if flawed else STORED if one.known.entity == STATEMENT else "active"
        await asking.emit(
            ChangedRow(
                what=f"{source.name} {_spelt(one)}", before=one.known.state, after=after, done=False, dry_run=True
            )
        )


async def _tell_retried(
    source: Known, before: Stored, after: Stored | None, asking: Asking, tally: dict[str, int]
) -> None:
    state = after.known.state if after is not None else "gone"
    same = after is not None and after.meaning == before.meaning
    flawed = state == "quarantined"
    tally["flawed still" if flawed else "unchanged" if same else "let in"] += 1
    note = "; ".join(f"{flaw.rule} at {flaw.path or '-'}" for flaw in after.flaws[:3]) if after and flawed else ""
    await asking.emit(
        ChangedRow(
            what=f"{source.name} {_spelt(before)}",
            before=before.known.state,
            after=STORED if before.known.entity == STATEMENT and state == "gone" else state,
            done=not flawed,
            dry_run=False,
            note=note,
        )
    )


async def _changed(asking: Asking, what: str, before: str, after: str, request: Quarantined | QuarantineEdit) -> None:
    await asking.emit(
        ChangedRow(
            what=what, before=before, after=after, done=not request.dry_run and before != after, dry_run=request.dry_run
        )
    )


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────


def _row(source: Known, one: Stored) -> QuarantinedRow:
    first = one.flaws[0] if one.flaws else None
    return QuarantinedRow(
        source=source.name,
        entity=one.known.entity,
        id=one.known.id,
        rule=first.rule if first else "",
        path=first.path if first else "",
        value=first.value if first else "",
        suggestion=first.suggestion if first else "",
        flaws=len(one.flaws),
        mapping=one.known.mapping,
        since_us=one.known.changed_us,
        dismissed=one.dismissed,
        corrected=bool(one.corrections),
        tells=bool(one.known.canonical),
    )


def _record(source: Known, one: Stored) -> RecordRow:
    try:
        body = _decode(one.raw or b"{}")
    except _UNREADABLE:
        body = {"unreadable": one.raw.decode("utf-8", "replace")}
    return RecordRow(
        source=source.name,
        entity=one.known.entity,
        id=one.known.id,
        state=one.known.state,
        form=one.known.form,
        mapping=one.known.mapping,
        rev=one.known.rev,
        raw=_cut(msgspec.json.encode(withheld(body)).decode()),
        canonical=_cut(one.known.canonical.decode()),
        since_us=one.known.changed_us,
        flaws=tuple(
            FlawView(rule=flaw.rule, path=flaw.path, value=flaw.value, suggestion=flaw.suggestion) for flaw in one.flaws
        ),
        corrections=tuple(
            CorrectionView(
                path=each.path, value=each.value, was=each.was, by=each.by, at_us=each.at_us, holds=holds(body, each)
            )
            for each in one.corrections
        ),
        dismissed=one.dismissed,
    )


def _cut(text: str) -> str:
    return text if len(text) <= RAW_CHARS_MAX else text[: RAW_CHARS_MAX - 1] + "…"
