"""``conservation``: what became of all that was accepted, and whether it adds up."""

from actors.domain.conserving import DAY_US, Balance, date_of
from daemon.control.conservation_asks import ConservationList, ConservationVerify
from daemon.control.conserved import BalanceRow, ContradictionRow, CountedRow
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done
from daemon.control.verbs.audit import Rest
from daemon.control.watching import watched
from daemon.store.conserving_proof import EVERY_ROWS, Proof, prove_file


async def listing(request: ConservationList, asking: Asking) -> Done:
    """Today as it stands, then what is written."""
    books, today = asking.office.store.conserving, asking.now_us // DAY_US
    tenants = [asking.tenant(request.tenant).name] if request.tenant else sorted(asking.office.configuration().tenants)
    shown, lost = 0, 0
    for tenant in tenants:
        now = await books.count(tenant, today)
        for told, written in (
            *((each, False) for each in now),
            *((each, True) for each in await books.days(tenant, today - request.days + 1)),
        ):
            if request.open and told.fits and not told.is_open:
                continue
            shown += 1
            lost += not told.fits
            await asking.emit(row_of(told, written=written))
    if lost:
        return done("something was lost: conservation verify names it", Exit.FAILURE)
    return done() if shown else done("nothing was accepted in that time", Exit.NOTHING)


def row_of(told: Balance, *, written: bool) -> BalanceRow:
    n = told.counts.get
    return BalanceRow(
        tenant=told.tenant,
        source=told.source,
        day=date_of(told.day),
        accepted=told.accepted,
        delivered=n("delivered", 0),
        waiting=n("waiting", 0),
        parked=n("parked", 0),
        dead=n("dead", 0),
        superseded=n("superseded", 0),
        not_routed=n("not_routed", 0),
        shadowed=n("shadowed", 0),
        cancelled=n("cancelled", 0),
        retired=n("retired", 0),
        departed=n("departed", 0),
        lost=n("lost", 0),
        written=written,
    )


async def verify(request: ConservationVerify, asking: Asking) -> Done:
    """On a snapshot of its own, in a thread that leaves half of the time to everybody else."""
    path = asking.office.store.path
    proof = await watched(lambda watch: prove_file(path, Rest(watch, EVERY_ROWS)), asking, "rows")
    for row in told(proof):
        await asking.emit(row)
    return done() if proof.whole else done(first_of(proof), Exit.FAILURE)


def told(proof: Proof) -> list[ContradictionRow | CountedRow]:
    """As rows: what does not fit, then the sum."""
    rows: list[ContradictionRow | CountedRow] = [
        ContradictionRow(what=each.what, row=each.row, tenant=each.tenant, detail=each.detail) for each in proof.misfits
    ]
    return [
        *rows,
        CountedRow(
            links=proof.links,
            days=proof.days,
            requests=proof.requests,
            statements=proof.statements,
            deliveries=proof.deliveries,
            hash=proof.head.hex(),
            contradictions=len(proof.misfits) + proof.untold,
        ),
    ]


def first_of(proof: Proof) -> str:
    """The first that does not fit, in words."""
    first = proof.misfits[0]
    return f"the first that does not fit: {first.detail}"
