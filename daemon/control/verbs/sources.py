"""``source``: how the systems that are read stand, and reading them now, later, or not at all."""

import msgspec
import trio

from actors.domain.removals import in_words
from actors.domain.xapi.moments import instant, instant_us
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import Backfill, HarvesterMessage, HeardCount, SourceView, Sync
from actors.ports import Reading, SourceName
from actors.ports.records import Past, SourceState
from actors.roles.asking import ASKED, PAST_ASKED
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    Done,
    Refusal,
    SourceBackfill,
    SourceList,
    SourcePause,
    SourceResume,
    SourceSync,
)
from daemon.control.views import ChangedRow, HeardView, ReadingRow, SourceRow

LOOK_S = 0.5
TELL_S = 5.0
"""Whoever waits hears something at least so often."""
AGAIN = frozenset({"throttled", "unavailable", "stopped"})
TROUBLED = frozenset({"suspended", "braked", "unavailable"})


async def listing(request: SourceList, asking: Asking) -> Done:
    office = asking.office
    tenants = [asking.tenant(request.tenant)] if request.tenant else list(office.configuration().tenants.values())
    names = [
        SourceName(tenant=tenant.name, name=name, kind=each.kind)
        for tenant in sorted(tenants, key=lambda each: each.name)
        for name, each in sorted(tenant.sources.items())
    ]
    states = await office.store.sources.known(names)
    waiting = await office.store.sources.quarantined([state.no for state in states.values()])
    rows = []
    for name in names:
        state = states.get(name)
        view = office.switchboard.source_views.get(f"{name.tenant}/{name.name}")
        rows.append(_row(name, view, state, waiting.get(state.no, 0) if state else 0))
        await asking.emit(rows[-1])
    if not rows:
        return done("no source is configured", Exit.NOTHING)
    return done("", Exit.DEGRADED if any(row.state in TROUBLED or row.silent_since_us for row in rows) else Exit.OK)


async def pause(request: SourcePause, asking: Asking) -> Done:
    """A reading under way is broken off, at its cursor."""
    state = await _state(request.source, asking)
    if not request.dry_run and not state.paused_by:
        await asking.office.store.sources.pause(state.no, asking.peer.name, asking.now_us)
        asking.office.switchboard.switched(request.source)
    by = state.paused_by
    await asking.emit(
        _changed(
            request.source,
            f"paused by {by}" if by else "running",
            f"paused by {by or asking.peer.name}",
            f"it was paused already, by {by}" if by else f"paused by {asking.peer.name}",
            changed=not by,
            dry_run=request.dry_run,
        )
    )
    forgotten = "" if state.past is None else f"the {past_in_words(state.past)} is forgotten; "
    return done(f"{forgotten}lmsyncctl source resume {request.source} lets it go on; what it posts is still taken in")


async def resume(request: SourceResume, asking: Asking) -> Done:
    state = await _state(request.source, asking)
    throttled = state.throttled_us > asking.now_us
    if not state.paused_by and not throttled:
        advice = "it is suspended: mend the credentials; it tries them by itself" if state.suspended else ""
        raise Refusal(Exit.NOTHING, f"{request.source} is not paused", advice=advice)
    if not request.dry_run:
        await asking.office.store.sources.resume(state.no)
        asking.office.switchboard.switched(request.source)
    before = f"paused by {state.paused_by}" if state.paused_by else "throttled"
    note = f"it had been paused by {state.paused_by}" if state.paused_by else "the time that it named is forgotten"
    await asking.emit(_changed(request.source, before, "resumed", note, changed=True, dry_run=request.dry_run))
    return done()


async def sync(request: SourceSync, asking: Asking) -> Done:
    full = request.full or request.accept_removals
    state = await _state(request.source, asking)
    if request.dry_run:
        note = "whatever is gone by then is removed" if request.accept_removals else in_words(state.braked)
        after = "read whole" if full else "asked what is new"
        await asking.emit(_changed(request.source, "", after, note, changed=True, dry_run=True))
        return done()
    before = await _newest(state, asking)

    def message(reply: object) -> HarvesterMessage:
        return Sync("full" if full else "delta", reply, request.accept_removals)  # type: ignore[arg-type]  # a Reply

    return await _ask(request.source, message, before, asking, wait=request.wait)


async def backfill(request: SourceBackfill, asking: Asking) -> Done:
    since, until = _moment(request.since, "--since"), _moment(request.until, "--until") if request.until else ""
    if until and (instant_us(until) or 0) <= (instant_us(since) or 0):
        raise Refusal(Exit.USAGE, "until lies before since", where="--until")
    state = await _state(request.source, asking)
    if request.dry_run:
        note = "told like news" if request.announce else "told to nobody"
        after = f"read from {since} to {until or 'now'}"
        await asking.emit(_changed(request.source, "", after, note, changed=True, dry_run=True))
        return done()
    before = await _newest(state, asking)

    def message(reply: object) -> HarvesterMessage:
        return Backfill(since, until, request.announce, reply)  # type: ignore[arg-type]  # a Reply

    return await _ask(request.source, message, before, asking, wait=request.wait)


# ── asking a harvester ───────────────────────────────────────────────────────────────────────────────


async def _ask(source: str, message: object, before: int, asking: Asking, *, wait: bool) -> Done:
    harvester = asking.office.switchboard.harvesters.get(source)
    if harvester is None:
        raise Refusal(Exit.NOTHING, f"{source} is never read: what it tells is pushed")
    try:
        why: str = await harvester.ask(message)  # type: ignore[arg-type]  # a question
    except (ActorDied, DeadlineExceeded) as error:
        raise Refusal(Exit.AGAIN, f"its harvester does not answer: {error}", advice="lmsyncctl actor tree") from None
    if why:
        advice = f"lmsyncctl source resume {source}" if why.startswith("it is paused") else ""
        if why == PAST_ASKED:
            advice = f"lmsyncctl source list shows it; lmsyncctl source pause {source} forgets it"
        code = Exit.AGAIN if why.startswith((ASKED, "our store")) else Exit.FAILURE
        raise Refusal(code, f"{source} is not read now: {why}", advice=advice)
    if not wait:
        return done("it is read now; lmsyncctl source list shows how it went")
    return await _wait(source, before, asking)


async def _wait(source: str, before: int, asking: Asking) -> Done:
    """Until a reading that began later has ended."""
    told_s, shown = trio.current_time(), ""
    while True:
        view = asking.office.switchboard.source_views.get(source)
        if view is None:
            return done("the source is not configured any more", Exit.NOTHING)
        last = view.last
        if last is not None and last.no > before and view.state != "running":
            await asking.emit(reading_row(source, last))
            return _ended(last, source)
        now = f"{view.what} {view.done}"
        if view.reading is not None and (now != shown or trio.current_time() - told_s > TELL_S):
            told_s, shown = trio.current_time(), now
            await asking.emit(reading_row(source, view.reading, view))
        await trio.sleep(LOOK_S)


def _ended(reading: Reading, source: str) -> Done:
    match reading.how:
        case "finished":
            return done(reading.detail)
        case "braked":
            return done(
                f"{reading.detail}: nothing was removed. If that is right: lmsyncctl source sync {source} "
                "--accept-removals",
                Exit.STALE,
            )
        case how if how in AGAIN:
            return done(f"{how}: {reading.detail}; it is tried again by itself", Exit.AGAIN)
        case how:
            return done(f"{how}: {reading.detail}", Exit.FAILURE)


async def _newest(state: SourceState, asking: Asking) -> int:
    """The number of the newest reading there is."""
    readings = await asking.office.store.sources.readings(state.no, 1)
    return readings[0].no if readings else 0


async def _state(where: str, asking: Asking) -> SourceState:
    """How a configured source stands that is read, or that calls. Raises Refusal."""
    tenant_name, slash, name = where.partition("/")
    if not slash or not tenant_name or not name:
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    tenant = asking.tenant(tenant_name)
    connection = tenant.sources.get(name)
    if connection is None:
        known = ", ".join(sorted(tenant.sources)) or "none"
        raise Refusal(Exit.NOTHING, f"{tenant_name} has no source {name!r}", advice=f"its sources are: {known}")
    if f"{tenant_name}/{name}" not in asking.office.switchboard.harvesters:
        raise Refusal(Exit.NOTHING, f"{where} is never read: statements are pushed to it")
    return await asking.office.store.sources.state(SourceName(tenant=tenant_name, name=name, kind=connection.kind))


def _moment(text: str, where: str) -> str:
    """RFC 3339, or a day: then its beginning, UTC."""
    found = instant(text) or instant(f"{text}T00:00:00Z")
    if found is None:
        raise Refusal(Exit.USAGE, f"{text!r} is no time", where=where, advice="write 2026-09-01T00:00:00Z")
    return text if instant(text) else f"{text}T00:00:00Z"


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _row(name: SourceName, view: SourceView | None, state: SourceState | None, quarantined: int) -> SourceRow:
    source = f"{name.tenant}/{name.name}"
    if view is None:
        return SourceRow(source=source, platform=name.kind, state="listening", quarantined=quarantined)
    return SourceRow(
        source=source,
        platform=name.kind,
        state=view.state,
        detail=view.detail,
        mapping=state.mapping if state else 0,
        quarantined=quarantined,
        next_us=view.next_us,
        next_mode=view.next_mode or "",
        last=reading_row(source, view.last) if view.last else None,
        good_us=view.good_us,
        heard_us=view.heard_us,
        heard=HeardView(**msgspec.structs.asdict(view.heard)) if view.heard != HeardCount() else None,
        silent_since_us=view.silent_since_us,
        braked=in_words(state.braked) if state else "",
        past=past_in_words(state.past) if state and state.past else "",
    )


def past_in_words(past: Past) -> str:
    """``announced backfill from … to now``."""
    return f"{'announced ' * past.announce}backfill from {past.since} to {past.until or 'now'}"


def reading_row(source: str, reading: Reading, view: SourceView | None = None) -> ReadingRow:
    return ReadingRow(
        source=source,
        mode=reading.mode,
        began_us=reading.began_us,
        ended_us=reading.ended_us,
        how=reading.how,
        detail=reading.detail,
        what=view.what if view else "",
        done=view.done if view else 0,
        total=view.total if view else None,
        requests=reading.requests,
        told=reading.told,
        changed=reading.changed,
        gone=reading.gone,
        quarantined=reading.quarantined,
        statements=reading.statements,
    )


def _changed(source: str, before: str, after: str, note: str, *, changed: bool, dry_run: bool) -> ChangedRow:
    return ChangedRow(what=source, before=before, after=after, done=changed and not dry_run, dry_run=dry_run, note=note)
