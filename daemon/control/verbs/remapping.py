"""``map diff``, ``activate`` and ``rollback``: what another version of a source's mapping would make of what is stored,
bringing it into force over all of that, and taking it back. Nobody is told of any of it.
"""

from collections.abc import Awaitable

import msgspec
import trio

from actors.domain.remapping import Comparison
from actors.ports.remapping import Activation, Count, Overtaken
from actors.roles.remapping import carry_on, compare, told_of
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, MapActivate, MapDiff, MapRollback, Refusal
from daemon.control.times import moment
from daemon.control.verbs.schooling import Known, one_source, working_alone
from daemon.control.views import ActivationRow, FieldDiffRow, MapDiffRow, SampleView

PROGRESS_S = 2.0
HISTORY_MAX = 20
HEAL = "lmsyncctl quarantine retry ALL --source {} --rule healed"


async def diff(request: MapDiff, asking: Asking) -> Done:
    """Reads only; exit code 3 where nothing would change."""
    source = await one_source(request.source, asking)
    since_us = 0 if request.since_s is None else asking.now_us - round(request.since_s * 1e6)
    compared = await _compared(source, request.before, request.after, asking, since_us)
    for each in compared.differences():
        samples = tuple(SampleView(id=one.id, before=one.before, after=one.after) for one in each.samples)
        await asking.emit(FieldDiffRow(entity=each.entity, field=each.field, records=each.records, samples=samples))
    whole = since_us == 0
    await asking.emit(_summary(source, request.before, request.after, compared, plan=compared.plan if whole else ""))
    if not (compared.changed or compared.healed or compared.flawed):
        return done("nothing would change", Exit.NOTHING)
    if not whole:
        return done("of the records that changed lately; --days ALL looks at all of them, and makes a plan")
    return done(f"lmsyncctl map activate {source.name} v{request.after} --plan {compared.plan} does exactly that")


async def activate(request: MapActivate, asking: Asking) -> Done:
    """Whatever was begun and not finished is gone on with."""
    source = await one_source(request.source, asking)
    source.meaning(request.version)
    running = await asking.office.store.remappings.unfinished(source.no)
    if running is not None and (running.kind != "activate" or running.version != request.version):
        raise Refusal(Exit.STALE, f"{_doing(running)} is not finished yet", advice=_advice(source, running))
    if running is None and source.state.mapping == request.version:
        raise Refusal(Exit.NOTHING, f"version {request.version} is in force already; nothing was changed")
    if running is None and (request.plan or request.dry_run):
        compared = await _compared(source, source.state.mapping, request.version, asking)
        if request.plan and request.plan != compared.plan:
            raise Refusal(
                Exit.STALE, "it has come to something else since that plan; nothing was changed", advice="plan anew"
            )
        if request.dry_run:
            await asking.emit(_summary(source, source.state.mapping, request.version, compared, plan=compared.plan))
            return done("nothing was done")
    if request.dry_run:
        return done(
            f"it would go on after {number_of(running.count.records if running else 0, 'records')}; nothing was done"
        )
    async with working_alone(source, asking, renewing=True):
        going = None if running is None else await _as_it_is_now(running, source, asking)
        activation = await _begun(source, request.version, asking, going)
        ended = await _carried_on(source, activation, asking)
    _log(source, ended, asking)
    await asking.emit(row(source.name, ended))
    healed = f"; {HEAL.format(source.name)} lets {ended.count.healed} in" if ended.count.healed else ""
    return done(f"version {ended.version} is in force, nobody was told{healed}")


async def rollback(request: MapRollback, asking: Asking) -> Done:
    """Of the newest activation, whether it was finished or not."""
    source = await one_source(request.source, asking)
    remappings = asking.office.store.remappings
    running, last = await remappings.unfinished(source.no), await remappings.last(source.no)
    going = running if running is not None and running.kind == "rollback" else None
    if going is None and last is None:
        raise Refusal(
            Exit.NOTHING,
            f"{source.name} has no activation that can be taken back; nothing was changed",
            advice=f"lmsyncctl map activate {source.name} vN brings any version into force",
        )
    version = going.version if going is not None else last.version_before if last is not None else 0
    source.meaning(version)
    if request.dry_run:
        at = f" of {moment(last.begun_us)} by {last.begun_by}" if last is not None else ""
        return done(f"it would bring version {version} back, as before the activation{at}; nothing was done")
    async with working_alone(source, asking, renewing=True):
        if going is None and last is not None:
            going = await _overtaken_or(
                remappings.begin(source.no, version, asking.peer.name, asking.now_us, undoes=last.no)
            )
        else:
            going = None if going is None else await _as_it_is_now(going, source, asking)
        assert going is not None  # noqa: S101  # one of the two was there
        ended = await _carried_on(source, going, asking)
    _log(source, ended, asking)
    await asking.emit(row(source.name, ended))
    return done(f"version {ended.version} is in force again, and everything as it was before")


async def history(source_name: str, no: int, asking: Asking) -> list[ActivationRow]:
    """What was brought into force at a source, newest first: for ``map list``."""
    return [row(source_name, one) for one in await asking.office.store.remappings.history(no, HISTORY_MAX)]


def row(source_name: str, one: Activation) -> ActivationRow:
    return ActivationRow(
        source=source_name,
        what=one.kind,
        before=one.version_before,
        version=one.version,
        state=one.state,
        by=one.begun_by,
        begun_us=one.begun_us,
        ended_us=one.ended_us,
        records=one.count.records,
        changed=one.count.changed,
        flawed=one.count.flawed,
        healed=one.count.healed,
    )


# ── doing it ─────────────────────────────────────────────────────────────────────────────────────────


async def _compared(source: Known, before: int, after: int, asking: Asking, since_us: int = 0) -> Comparison:
    comparison = Comparison(source.name, before, after)
    one, other = source.meaning(before), source.meaning(after)
    told_s = trio.current_time()

    async def tell(looked: int) -> None:
        nonlocal told_s
        await trio.lowlevel.checkpoint()
        if trio.current_time() - told_s >= PROGRESS_S:
            told_s = trio.current_time()
            await asking.emit(_summary(source, before, after, comparison, plan=""))

    await compare(source.no, one, other, asking.office.store.remappings, comparison, since_us=since_us, tell=tell)
    return comparison


async def _as_it_is_now(running: Activation, source: Known, asking: Asking) -> Activation:
    """Until we were alone with the source, whoever reads it may have gone on with it, or finished it."""
    history = await asking.office.store.remappings.history(source.no, HISTORY_MAX)
    now = next((each for each in history if each.no == running.no), running)
    if now.state == "undone":
        raise Refusal(Exit.STALE, "it was taken back meanwhile; nothing was changed", advice="lmsyncctl map list")
    return now


async def _begun(source: Known, version: int, asking: Asking, running: Activation | None) -> Activation:
    if running is not None:
        return running
    begin = asking.office.store.remappings.begin(source.no, version, asking.peer.name, asking.now_us)
    return await _overtaken_or(begin)


async def _overtaken_or(begin: Awaitable[Activation]) -> Activation:
    try:
        return await begin
    except Overtaken as error:
        raise Refusal(Exit.STALE, f"{error}; nothing was changed", advice="lmsyncctl map list") from None


async def _carried_on(source: Known, activation: Activation, asking: Asking) -> Activation:
    if activation.state != "running":
        return activation
    store, told_s = asking.office.store, trio.current_time()

    async def tell(count: Count) -> None:
        nonlocal told_s
        if trio.current_time() - told_s >= PROGRESS_S:
            told_s = trio.current_time()
            await asking.emit(row(source.name, _with(activation, count)))

    return await carry_on(
        activation,
        source.meaning_if_known(activation.version_before),
        source.meaning(activation.version),
        store.remappings,
        store.records,
        asking.office.clock.now_us,
        tell,
    )


def _with(activation: Activation, count: Count) -> Activation:
    return msgspec.structs.replace(activation, count=count)


def _log(source: Known, ended: Activation, asking: Asking) -> None:
    witness, told = asking.office.witness, told_of(ended) | {"login": asking.peer.login}
    if ended.kind == "activate":
        witness.event("mapping.activated", source=source.name, **told)
    else:
        witness.event("mapping.rolled_back", source=source.name, **told)


def _doing(running: Activation) -> str:
    if running.kind == "activate":
        return f"bringing version {running.version} into force"
    return f"taking the mapping back to version {running.version}"


def _advice(source: Known, running: Activation) -> str:
    if running.kind == "rollback":
        return f"lmsyncctl map rollback {source.name} goes on with it"
    return f"lmsyncctl map activate {source.name} v{running.version} goes on with it, map rollback takes it back"


def _summary(source: Known, before: int, after: int, compared: Comparison, *, plan: str) -> MapDiffRow:
    return MapDiffRow(
        source=source.name,
        before=before,
        after=after,
        records=compared.records,
        changed=compared.changed,
        healed=compared.healed,
        flawed=dict(sorted(compared.flawed.items())),
        people=compared.people,
        people_more=compared.people_more,
        plan=plan,
    )
