"""``verify``: is the store whole, and does all in it add up? Asked beside the daemon's work, which comes first."""

from collections.abc import Sequence

from config.numbers import agreeing, number_of
from daemon.backup.copying import Watch
from daemon.control.backed import VerifiedRow, WrongRow
from daemon.control.backup_asks import Verify
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done
from daemon.control.verbs.audit import Rest
from daemon.control.watching import watched
from daemon.store.audit_anchor import in_file, in_mark
from daemon.store.audit_proof import Anchor
from daemon.store.verifying import Step
from daemon.store.verifying import verify as prove


async def verify(request: Verify, asking: Asking) -> Done:
    """On connections of its own, in a thread that leaves half of the time to everybody else."""
    path, words = asking.office.store.path, asking.office.configuration().daemon.audit
    await asking.office.store.audit.flush()
    await asking.office.store.keeper.keep()
    trouble = ""

    def work(watch: Watch) -> list[Step]:
        nonlocal trouble
        anchors: list[Anchor] = in_mark(path)
        if words.anchor is not None:
            try:
                anchors += in_file(words.anchor)
            except OSError as error:
                trouble = f"{words.anchor} cannot be read: {error.strerror or error}"
        return list(prove(path, anchors, watch.step, _Rest(watch), used=True))

    steps = await watched(work, asking)
    for step in steps:
        for row in rows_of(step):
            await asking.emit(row)
    if first := first_of(steps):
        return done(first, Exit.FAILURE)
    return done(trouble, Exit.DEGRADED) if trouble else done("whole, and everything adds up")


class _Rest(Rest):
    """Rests, and ends where nobody waits for the answer any more."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __call__(self) -> None:
        super().__call__()
        self._watch.step(self._watch.doing, self._watch.done, self._watch.of)


def rows_of(step: Step) -> list[WrongRow | VerifiedRow]:
    """What does not fit, then the sum."""
    rows: list[WrongRow | VerifiedRow] = [
        WrongRow(step=step.name, table=each.table, row=each.row, tenant=each.tenant, detail=each.detail)
        for each in step.wrong
    ]
    return [
        *rows,
        VerifiedRow(
            step=step.name, looked_at=step.looked_at, wrong=step.wrongs, detail=step.detail, took_s=step.took_s
        ),
    ]


def first_of(steps: Sequence[Step]) -> str:
    """The first that does not fit, in words; empty where all does."""
    wrong = [each for step in steps for each in step.wrong]
    if not wrong:
        return ""
    n = sum(step.wrongs for step in steps)
    where = f"{wrong[0].table} {wrong[0].row}: " if wrong[0].row else f"{wrong[0].table}: " if wrong[0].table else ""
    return f"{number_of(n, 'things')} {agreeing(n, 'does', 'do')} not fit, the first: {where}{wrong[0].detail}"
