"""``queue list`` and ``queue show``: what waits, in the order in which it will go."""

from actors.domain.outbox import State
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, QueueList, QueueShow
from daemon.control.verbs import finding
from daemon.control.verbs.tale import delivery_story
from daemon.store.asking import DONE_LOOKBACK

SHOWN_BY_DEFAULT = (State.CLAIMED, State.UNKNOWN, State.WAITING, State.HELD)


async def listing(request: QueueList, asking: Asking) -> Done:
    """Without a state: everything that is still to be done."""
    states = (State(request.state),) if request.state else SHOWN_BY_DEFAULT
    counted = await finding.lanes_with(asking, request.lane, tuple(state.value for state in states))
    shown = 0
    for lane in sorted(counted):
        for state in states:
            if shown >= request.limit:
                break
            for kept in await asking.office.store.queries.listed(lane, state, request.limit - shown):
                await asking.emit(finding.row(kept))
                shown += 1
    total = sum(counted.values())
    if not total:
        return done("nothing matches", Exit.NOTHING)
    note = f"{shown} of {total:,} shown"
    if request.state == State.DELIVERED.value and shown < min(total, request.limit):
        note += f" (delivered ones are looked for among the newest {DONE_LOOKBACK:,} deliveries)"
    return done(note)


async def show(request: QueueShow, asking: Asking) -> Done:
    kept = await finding.delivery(asking, request.delivery)
    await asking.emit(await delivery_story(kept, asking))
    return done()
