"""``watch``: what happens to deliveries and around the daemon, in the order in which it was committed.

The asker keeps the cursor and asks again, so that nobody who went away is waited for, and nothing is missed in between.
"""

from collections.abc import Callable

import trio

from daemon.control.exits import Exit
from daemon.control.eye_asks import Watch
from daemon.control.eyed import MoveRow, WatchedRow
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Refusal
from daemon.control.verbs import finding
from daemon.control.views import EventRow
from daemon.control.words import change_in_words
from daemon.store.asking import Kept
from daemon.store.moves import Move

LOOK_EVERY_S = 0.25
EVENTS_MAX = 500


class Gaze:
    """What is watched: ``lanes`` and ``route`` narrow what is read, ``fits`` what is shown of it."""

    def __init__(self) -> None:
        self.lanes = ""
        self.route = ""
        self.tenant = ""
        self.found: list[Kept] = []
        self.fits: Callable[[Move], bool] = lambda move: True


async def watch(request: Watch, asking: Asking) -> Done:
    store = asking.office.store
    gaze = await _gaze(request.what, asking)
    begins = request.after is None
    after = await store.moves.last() if request.after is None else request.after
    events_after = await _last_event(asking) if request.events_after is None else request.events_after
    if begins:
        for kept in gaze.found:
            await asking.emit(_row(_as_it_stands(kept)))
    until_s = trio.current_time() + request.wait_s
    missed = shown = 0
    while True:
        page = await store.moves.following(after, lanes=gaze.lanes, route=gaze.route, states=request.states)
        missed += page.missed
        for move in page.moves:
            after = move.no
            if gaze.fits(move):
                await asking.emit(_row(move))
                shown += 1
                if shown >= request.limit:
                    break
        else:
            after = page.after
        if request.events and not gaze.found:
            for told in await store.chronicle.happenings(after=events_after, tenant=gaze.tenant, limit=EVENTS_MAX):
                events_after = told.no
                shown += 1
                await asking.emit(
                    EventRow(
                        no=told.no,
                        at_us=told.at_us,
                        what=told.kind,
                        tenant=told.tenant,
                        subject=told.subject,
                        words=told.words,
                    )
                )
        if not page.more and (shown or missed or trio.current_time() >= until_s or begins):
            break
        if shown >= request.limit:
            break
        if not page.more:
            await trio.sleep(LOOK_EVERY_S)
    await asking.emit(WatchedRow(after=after, events_after=events_after, missed=missed))
    return done()


async def _gaze(what: str, asking: Asking) -> Gaze:
    """Raises Refusal."""
    gaze, tenants = Gaze(), asking.office.configuration().tenants
    if not what:
        return gaze
    name, slash, part = what.partition("/")
    if name in tenants:
        gaze.tenant, gaze.lanes = name, f"{name}/"
        if part in tenants[name].targets:
            gaze.lanes = what
        elif slash and any(part == route.name for route in tenants[name].routes):
            gaze.route = part
        elif slash:
            raise Refusal(
                Exit.NOTHING,
                f"{name} has no target and no route {part!r}",
                advice=f"its targets are {', '.join(sorted(tenants[name].targets)) or 'none'}, its routes "
                f"{', '.join(route.name for route in tenants[name].routes) or 'none'}",
            )
        return gaze
    wanted = finding.digits(what)
    if slash or not wanted:
        raise Refusal(
            Exit.NOTHING,
            f"{what[:60]!r} is no tenant, and no id",
            advice="a tenant, TENANT/TARGET, TENANT/ROUTE, or the id of a delivery or a statement",
        )
    statements = await asking.office.store.queries.statements_like(wanted, tenants)
    if len(statements) == 1:
        seq = statements[0][1].seq
        gaze.found = await asking.office.store.queries.deliveries_of(seq)
        gaze.fits = lambda move: move.kept is not None and move.kept.statement_seq == seq
        return gaze
    one = await finding.delivery(asking, what)
    gaze.found = [one]
    gaze.lanes = one.delivery.lane
    gaze.fits = lambda move: move.seq == one.delivery.seq
    return gaze


async def _last_event(asking: Asking) -> int:
    newest = await asking.office.store.chronicle.happenings(limit=1)
    return newest[-1].no if newest else 0


def _row(move: Move) -> MoveRow:
    kept = move.kept
    if kept is None:
        return MoveRow(no=move.no, lane=move.lane, route=move.route, state=move.state, at_us=move.at_us)
    told, still = kept.delivery, kept.delivery.state.value == move.state
    last = kept.history[-1] if kept.history else None
    at_us = move.at_us if move.at_us is not None or not still or last is None else last.ended_us
    arrived = move.state == "delivered" and at_us is not None
    return MoveRow(
        no=move.no,
        lane=move.lane,
        route=move.route,
        state=move.state,
        id=told.id,
        at_us=at_us,
        destination=told.destination,
        about=change_in_words(told.change),
        attempts=told.attempts if still else 0,
        verdict=last.verdict if last is not None and still else "",
        detail=kept.detail if still else "",
        took_us=max(0, at_us - max(told.from_us, told.accepted_us)) if arrived and at_us is not None else None,
    )


def _as_it_stands(kept: Kept) -> Move:
    told = kept.delivery
    return Move(
        no=0, seq=told.seq, lane=told.lane, route=told.route, state=told.state.value, at_us=kept.done_us, kept=kept
    )
