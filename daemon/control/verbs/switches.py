"""``pause`` and ``resume``: an operator holds a lane back, durably, and lets it go; ``resume`` lifts a throttle too."""

import msgspec

from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Pause, Refusal, Resume
from daemon.control.views import ChangedRow


async def pause(request: Pause, asking: Asking) -> Done:
    """What is in flight is finished; nothing more is claimed, also after a restart, until somebody resumes."""
    asking.lane(request.lane)
    queries = asking.office.store.queries
    by = await queries.pause(request.lane, by=asking.peer.name, now_us=asking.now_us, dry_run=request.dry_run)
    if not request.dry_run:
        asking.office.switchboard.ready(request.lane)
    note = f"it was paused already, by {by}" if by else f"paused by {asking.peer.name}"
    await asking.emit(_row(request.lane, by, f"paused by {by or asking.peer.name}", not by, request.dry_run, note))
    return done(f"lmsyncctl resume {request.lane} lets it go on")


async def resume(request: Resume, asking: Asking) -> Done:
    """Works on a lane that is not configured any more, too."""
    queries = asking.office.store.queries
    holds = await queries.holds()
    if request.lane not in holds:
        asking.lane(request.lane)
    by = await queries.resume(request.lane, now_us=asking.now_us, dry_run=request.dry_run)
    lifted = await queries.unthrottle(request.lane, now_us=asking.now_us, dry_run=request.dry_run)
    if lifted and not by:
        if not request.dry_run:
            asking.office.switchboard.resumed(request.lane)
        note = "what waited for a time (the vendor's, or its own next try) goes now"
        row = _row(request.lane, "", "resumed", True, request.dry_run, note)
        await asking.emit(msgspec.structs.replace(row, before="throttled"))
        return done()
    if not by:
        held = holds.get(request.lane)
        advice = "it is suspended: mend the credentials; it tries them by itself" if held and held.suspended else ""
        raise Refusal(Exit.NOTHING, f"{request.lane} is not paused", advice=advice)
    if not request.dry_run:
        asking.office.switchboard.resumed(request.lane)
    await asking.emit(_row(request.lane, by, "resumed", True, request.dry_run, f"it had been paused by {by}"))
    return done()


def _row(lane: str, by: str, after: str, changed: bool, dry_run: bool, note: str) -> ChangedRow:
    return ChangedRow(
        what=lane,
        lane=lane,
        before=f"paused by {by}" if by else "running",
        after=after,
        done=changed and not dry_run,
        dry_run=dry_run,
        note=note,
    )
