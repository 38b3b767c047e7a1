"""``conflict``: where systems disagree, and what people decide about it."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from actors.domain.conflicts.model import Case, ConflictState
from actors.domain.conflicts.wording import said
from actors.ports.conflicts import Decided, Decider
from actors.roles.ruling import follow
from daemon.control.conflicted import ConflictRow, ConflictStory, EventView, FixView, SideView
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    ConflictApprove,
    ConflictList,
    ConflictReject,
    ConflictShow,
    ConflictUndo,
    Done,
    Refusal,
)
from daemon.control.views import ChangedRow

LIKE_MAX = 500
PAGE = 200
STATES: tuple[ConflictState, ...] = ("open", "approved", "rejected", "settled", "undone")


async def listing(request: ConflictList, asking: Asking) -> Done:
    """Of one tenant, or of all, those that wait longest first."""
    names = [asking.tenant(request.tenant).name] if request.tenant else sorted(asking.office.configuration().tenants)
    states = STATES if not request.state else (request.state,)
    shown = 0
    for tenant in names:
        after = 0
        while found := await asking.office.store.conflicts.cases(tenant, states, after_no=after, limit=PAGE):
            after = found[-1].no
            for case in found:
                if request.class_ and case.conflict.kind != request.class_:
                    continue
                if shown == request.limit:
                    return done(f"there are more than {request.limit}: --limit shows more")
                shown += 1
                await asking.emit(row_of(case))
    if not shown:
        return done("nothing is in question" if request.state == "open" else "there is none", Exit.NOTHING)
    return done("lmsyncctl conflict show TENANT/NUMBER has the facts; conflict approve TENANT/NUMBER --fix N decides")


async def show(request: ConflictShow, asking: Asking) -> Done:
    for tenant, no in _named(request.names, asking):
        await asking.emit(story_of(await _case(tenant, no, asking)))
    return done()


async def approve(request: ConflictApprove, asking: Asking) -> Done:
    """Of those that are like it, each by its fix of the same name: their order may differ."""
    named = _named(request.names, asking)
    chosen: list[tuple[str, Case, int]] = []
    for tenant, no in named:
        case = await _case(tenant, no, asking)
        if request.fix > len(case.conflict.fixes):
            raise Refusal(
                Exit.USAGE,
                f"{tenant}/{no} has {len(case.conflict.fixes)} fixes",
                where="--fix",
                advice=f"lmsyncctl conflict show {tenant}/{no}",
            )
        wanted = case.conflict.fixes[request.fix - 1].fix.name
        for other in await _with_like(tenant, case, request.like, asking):
            places = [n for n, each in enumerate(other.conflict.fixes) if each.fix.name == wanted]
            if other.no == no:
                chosen.append((tenant, other, request.fix - 1))
            elif len(places) == 1:
                chosen.append((tenant, other, places[0]))
    by = _by(asking)
    bad = 0
    for tenant, case, choice in chosen:
        after = said(case.conflict.fixes[choice].fix)

        async def job(tenant: str = tenant, case: Case = case, choice: int = choice) -> Decided:
            conflicts = asking.office.store.conflicts
            return await conflicts.approve(tenant, case.no, choice, by, asking.now_us, mark=case.mark)

        bad += await _decided(case, "approved", after, request.dry_run, job, by, asking)
    return done("lmsyncctl conflict undo takes it back", Exit.STALE) if bad else done()


async def reject(request: ConflictReject, asking: Asking) -> Done:
    by, bad = _by(asking), 0
    for tenant, no in _named(request.names, asking):
        for case in await _with_like(tenant, await _case(tenant, no, asking), request.like, asking):

            async def job(tenant: str = tenant, case: Case = case) -> Decided:
                conflicts = asking.office.store.conflicts
                return await conflicts.reject(tenant, case.no, request.why, by, asking.now_us, mark=case.mark)

            after = "it stays as it is, and is not asked again"
            bad += await _decided(case, "rejected", after, request.dry_run, job, by, asking)
    return done(code=Exit.STALE if bad else Exit.OK)


async def undo(request: ConflictUndo, asking: Asking) -> Done:
    by, bad = _by(asking), 0
    for tenant, no in _named(request.names, asking):
        case = await _case(tenant, no, asking)

        async def job(tenant: str = tenant, no: int = no) -> Decided:
            return await asking.office.store.conflicts.undo(tenant, no, by, asking.now_us)

        bad += await _decided(case, "undone", "undone", request.dry_run, job, by, asking)
    return done(code=Exit.STALE if bad else Exit.OK)


# ── which ────────────────────────────────────────────────────────────────────────────────────────────


def _named(names: Sequence[str], asking: Asking) -> list[tuple[str, int]]:
    """Raises Refusal."""
    found = []
    for name in dict.fromkeys(names):
        tenant, slash, number = name.partition("/")
        if not slash or not (number.isascii() and number.isdigit()) or len(number) > 15:
            raise Refusal(Exit.USAGE, f"{name!r} is not a conflict", advice="a conflict is written TENANT/NUMBER")
        found.append((asking.tenant(tenant).name, int(number)))
    return found


async def _case(tenant: str, no: int, asking: Asking) -> Case:
    case = await asking.office.store.conflicts.one(tenant, no)
    if case is None:
        raise Refusal(Exit.NOTHING, f"there is no conflict {tenant}/{no}", advice="lmsyncctl conflict list")
    return case


async def _with_like(tenant: str, case: Case, like: bool, asking: Asking) -> list[Case]:
    if not like or case.state != "open":
        return [case]
    conflicts = asking.office.store.conflicts
    nos = await conflicts.like(tenant, case.no, LIKE_MAX)
    found = [await conflicts.one(tenant, no) for no in nos]
    return [each for each in found if each is not None]


def _by(asking: Asking) -> Decider:
    return Decider(who=asking.peer.name, by_way="control", correlation_id=asking.correlation_id)


async def _decided(
    case: Case,
    verb: str,
    after: str,
    dry_run: bool,
    job: Callable[[], Awaitable[Decided]],
    by: Decider,
    asking: Asking,
) -> int:
    """1 where it could not be done."""
    what = f"{case.tenant}/{case.no} {case.conflict.kind}: {case.conflict.about}"
    if dry_run:
        await asking.emit(ChangedRow(what=what, before=case.state, after=after, done=False, dry_run=True))
        return 0
    decided = await job()
    follow(case.tenant, verb, decided, by, asking.office.witness, asking.office.switchboard)
    await asking.emit(
        ChangedRow(
            what=what,
            before=case.state,
            after=after if decided.done else case.state if decided.case is None else decided.case.state,
            done=decided.done,
            dry_run=False,
            note=decided.note,
        )
    )
    return 0 if decided.done or decided.again else 1


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────


def row_of(case: Case) -> ConflictRow:
    told = case.conflict
    best = told.fixes[0 if case.choice is None else case.choice]
    return ConflictRow(
        name=f"{case.tenant}/{case.no}",
        class_=told.kind,
        state=case.state,
        about=told.about,
        detail=told.detail,
        fix=said(best.fix),
        confidence=best.confidence,
        fixes=len(told.fixes),
        raised_us=case.raised_us,
        seen_us=case.seen_us,
        times=case.times,
        decided_us=case.decided_us,
        decided_by=case.decided_by,
    )


def story_of(case: Case) -> ConflictStory:
    told = case.conflict
    return ConflictStory(
        name=f"{case.tenant}/{case.no}",
        class_=told.kind,
        state=case.state,
        about=told.about,
        detail=told.detail,
        mark=case.mark,
        sides=tuple(
            SideView(who=each.who, value=each.value, record=each.record, since_us=each.since_us, detail=each.detail)
            for each in told.sides
        ),
        fixes=tuple(
            FixView(
                number=n,
                said=said(each.fix),
                patch=msgspec.json.encode(each.fix).decode(),
                confidence=each.confidence,
                why=each.why,
                people=each.blast.people,
                places=each.blast.places,
                adds=each.blast.adds,
                removes=each.blast.removes,
                note=each.blast.note,
                undoes=each.undoes,
                chosen=case.choice == n - 1 and case.state == "approved",
            )
            for n, each in enumerate(told.fixes, 1)
        ),
        history=tuple(
            EventView(at_us=each.at_us, what=each.what, who=each.who, by_way=each.by_way, detail=each.detail)
            for each in case.history
        ),
        raised_us=case.raised_us,
        seen_us=case.seen_us,
        times=case.times,
        rule=told.rule,
        unit=told.unit,
        lane=told.lane,
        place=told.place,
        person=told.person,
        correlation_ids=told.correlation_ids,
    )
