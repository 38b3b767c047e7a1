"""What was changed, told row by row, with the couriers woken. No verb of its own."""

from collections.abc import Awaitable, Callable, Sequence

from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Letters
from daemon.control.verbs import piles
from daemon.control.views import ChangedRow
from daemon.store.asking import Kept
from daemon.store.interventions import Intervened

Change = Callable[[Sequence[Kept]], Awaitable[list[Intervened]]]


async def each(request: Letters, asking: Asking, change: Change, word: str) -> Done:
    """Apply the change to what was asked for, tell row by row, wake the couriers."""
    changed = looked = 0
    pile = await piles.wanted(request, asking)
    while chunk := await pile.take():
        results = await change(chunk)
        looked += len(results)
        changed += await tell(results, asking, dry_run=request.dry_run)
    return concluded(changed, looked, word, dry_run=request.dry_run)


async def tell(results: Sequence[Intervened], asking: Asking, *, dry_run: bool) -> int:
    """Row by row; the couriers of what changed are woken. How many were changed."""
    for result in results:
        await asking.emit(row(result, dry_run))
    if not dry_run:
        for lane in {result.lane for result in results if result.done and result.lane}:
            asking.office.switchboard.ready(lane)
    return sum(result.done for result in results)


def concluded(changed: int, looked: int, word: str, *, dry_run: bool) -> Done:
    would = "would be " if dry_run else ""
    if changed:
        return done(f"{changed} of {looked} {would}{word}")
    return done(f"nothing {would or 'was '}{word}", Exit.NOTHING)


def row(result: Intervened, dry_run: bool) -> ChangedRow:
    return ChangedRow(
        what=result.id,
        lane=result.lane,
        before=result.before,
        after=result.after,
        done=result.done and not dry_run,
        dry_run=dry_run,
        note=result.note,
        made=result.made,
    )
