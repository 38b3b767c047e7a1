"""``retention``: what is kept and what has left; and ``retention run``: what has had its time leaves now.

A run is the janitor's own (``actors.roles.janitor``), made beside it: both do what is to be done, in either order.
"""

from collections import Counter

import trio

from actors.domain.retention import DAY_US, rules
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import HowTidy, JanitorView
from actors.roles.janitor import tidy
from config.model import Retention, Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, RetentionRun, RetentionShow
from daemon.control.times import moment
from daemon.control.views import KeptRow, SpaceRow, SweptRow
from daemon.store.keeping import Kept
from daemon.store.retention import log_bytes

PROGRESS_S = 2.0
RUN_S_MAX = 600.0
JANITOR_ANSWERS_S = 2.0
_PERIODS = {
    "statements": "statements",
    "attachments": "statements",
    "requests": "statements",
    "documents": "documents",
    "records": "records",
    "deliveries": "deliveries",
    "dead_letters": "dead_letters",
    "late": "deliveries",
    "propagation": "deliveries",
    "figures": "deliveries",
    "holds": "deliveries",
    "clicks": "deliveries",
    "conflicts": "deliveries",
    "rulings": "deliveries",
    "addresses": "effect_horizon",
    "voids": "effect_horizon",
}
"""Which word of ``[retention]`` says how long it is kept."""


async def show(request: RetentionShow, asking: Asking) -> Done:
    """Of one tenant, or of all with what is kept for all of them together."""
    office = asking.office
    configured = office.configuration().tenants
    wanted = (
        [request.tenant] if request.tenant else sorted(configured.keys() | set(await office.store.queries.tenants()))
    )
    next_runs = []
    for name in wanted:
        tenant = await _tenant(name, asking)
        view = await _janitor(name, asking)
        for kept in await office.store.housekeeping.kept(name):
            await asking.emit(_row(tenant, kept, view))
        if view is not None:
            next_runs.append(f"{name} {'now' if view.next_us is None else moment(view.next_us)}")
    for kept in await office.store.housekeeping.kept(""):
        await asking.emit(_row(None, kept, None))
    space = await office.store.housekeeping.space()
    await asking.emit(
        SpaceRow(
            database_bytes=space.pages * space.page_bytes,
            free_bytes=space.free * space.page_bytes,
            log_bytes=log_bytes(office.store.path),
            returns=space.returns,
        )
    )
    return done(f"next runs: {', '.join(next_runs)}" if next_runs else "no janitor is at work")


async def run(request: RetentionRun, asking: Asking) -> Done:
    """Tells what has left so far every few seconds."""
    office = asking.office
    tenant = await _tenant(request.tenant, asking)
    horizons_us = {
        name: rules(name, each.retention).horizon_us for name, each in office.configuration().tenants.items()
    }
    removed: Counter[str] = Counter()
    told_s = began_s = trio.current_time()

    async def tell(so_far: Counter[str]) -> None:
        nonlocal told_s
        if trio.current_time() - told_s >= PROGRESS_S:
            told_s = trio.current_time()
            await asking.emit(SweptRow(tenant=tenant.name, removed=dict(so_far), dry_run=request.dry_run))

    with trio.move_on_after(RUN_S_MAX) as patience:
        await tidy(
            tenant, horizons_us, office.store.housekeeping, office.clock, removed, dry_run=request.dry_run, tell=tell
        )
    if removed and not request.dry_run:
        elapsed_s = round(trio.current_time() - began_s, 3)
        office.witness.event("retention.swept", tenant=tenant.name, removed=dict(removed), elapsed_s=elapsed_s)
    ended = not patience.cancelled_caught
    await asking.emit(SweptRow(tenant=tenant.name, removed=dict(removed), dry_run=request.dry_run, ended=ended))
    if not ended:
        return done(f"not at its end after {RUN_S_MAX:g} s: run it again, or let the janitor go on", Exit.AGAIN)
    if request.dry_run:
        return done("rows that only leave once others have left are not counted, nor are those of all tenants together")
    return done("" if removed else "nothing has had its time")


async def _tenant(name: str, asking: Asking) -> Tenant:
    """A tenant that is configured, or was once: then by the periods of one that says nothing. Raises Refusal."""
    if name not in asking.office.configuration().tenants and name in await asking.office.store.queries.tenants():
        return Tenant(name=name, timezone="UTC", locale="en")
    return asking.tenant(name)


async def _janitor(name: str, asking: Asking) -> JanitorView | None:
    address = asking.office.switchboard.janitors.get(name)
    if address is None:
        return None
    try:
        return await address.ask(lambda reply: HowTidy(reply=reply), deadline_s=JANITOR_ANSWERS_S)
    except (ActorDied, DeadlineExceeded):
        return None  # not answering is the answer


def _row(tenant: Tenant | None, kept: Kept, view: JanitorView | None) -> KeptRow:
    words: Retention | None = tenant.retention if tenant else None
    word = _PERIODS.get(kept.what, "")
    return KeptRow(
        tenant=tenant.name if tenant else "",
        what=kept.what,
        kept=kept.n,
        about=kept.about,
        more=kept.more,
        bytes=kept.bytes,
        oldest_us=kept.oldest_us,
        period=str(getattr(words, word) or "for ever") if words and word else "",
        removed=kept.removed,
        removed_us=None if kept.removed_day is None else kept.removed_day * DAY_US,
        next_us=view.next_us if view else None,
    )
