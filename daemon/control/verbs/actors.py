"""``actor tree`` and ``actor restart``."""

from actors.kernel import NoSuchActor, TreeEntry
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import ActorRestart, ActorTree, Done, Refusal
from daemon.control.views import ActorRow, ChangedRow


async def tree(request: ActorTree, asking: Asking) -> Done:
    todo = [_entry(asking, request.path)]
    while todo:
        entry = todo.pop()
        await asking.emit(_row(entry))
        todo.extend(reversed(entry.children))
    return done()


async def restart(request: ActorRestart, asking: Asking) -> Done:
    before = _entry(asking, request.path).state
    if request.dry_run:
        after: str = before
    else:
        try:
            after = await asking.office.registry.restart(request.path)
        except NoSuchActor as error:
            raise Refusal(
                Exit.NOTHING, str(error), where=request.path, advice="restart the daemon itself to begin anew"
            ) from None
    await asking.emit(
        ChangedRow(what=request.path, before=before, after=after, done=not request.dry_run, dry_run=request.dry_run)
    )
    if request.dry_run:
        return done(f"{request.path} would be stopped and started again")
    if after == "running":
        return done(f"{request.path} runs again")
    return done(f"{request.path} was started and is {after}: see actor tree", Exit.FAILURE)


def _entry(asking: Asking, path: str) -> TreeEntry:
    registry = asking.office.registry
    try:
        return registry.entry(path) if path else registry.tree()
    except NoSuchActor as error:
        raise Refusal(Exit.NOTHING, str(error), advice="lmsyncctl actor tree shows the paths") from None


def _row(entry: TreeEntry) -> ActorRow:
    mailbox, error = entry.mailbox, entry.last_error
    said = ""
    if error is not None:
        said = f"{error.type}: {error.detail}" + (f" (handling {error.handling})" if error.handling else "")
    return ActorRow(
        path=entry.path,
        actor=entry.kind,
        state=entry.state,
        since_us=entry.since_us,
        restarts=entry.restarts,
        depth=mailbox.depth if mailbox else None,
        capacity=mailbox.capacity if mailbox else None,
        high_water=mailbox.high_water if mailbox else 0,
        dropped=mailbox.dropped if mailbox else 0,
        lost=mailbox.lost if mailbox else 0,
        expired=mailbox.expired if mailbox else 0,
        error=said,
        error_us=error.at_us if error else None,
    )
