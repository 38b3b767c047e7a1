"""Statements that no enabled route took: listed, planned and routed again. For ``dlq`` with ``--unrouted``.

Each is judged by the rules in force now; what its change was counted as stays as it was.
"""

from collections.abc import Sequence

import trio

from actors.ports import LoggedStatement, Routed
from actors.roles.meeting import Company, meet
from actors.roles.router import Plan as Rules
from actors.roles.router import told
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import ALL, DlqList, DlqPlan, DlqReplay, Done, Refusal
from daemon.control.verbs import finding, piles, planning, settling
from daemon.control.views import UnroutedRow
from daemon.control.words import change_in_words, explained, statement_in_words
from daemon.store.asking import Untaken
from daemon.store.interventions import Intervened
from daemon.store.judging import Judged
from daemon.store.plans import STEPS_MAX, Plan, Scope
from daemon.store.untaken import Retold

READS_MAX = 100
"""How often the kept statements of all tenants are read on, looking for one tenant's."""
BREATH = 50
"""So many statements are judged between two turns of everybody else."""
_END = 1 << 62


async def listing(request: DlqList, asking: Asking) -> Done:
    """Newest first."""
    wanted = "" if request.unrouted == ALL else asking.tenant(request.unrouted).name
    since_us = 0 if request.since_s is None else asking.now_us - round(request.since_s * 1e6)
    found, complete = await _walk(asking, wanted, since_us, request.limit, newest_first=True)
    statements = {one.seq: one for one in await asking.office.store.queries.statements_at([one.seq for one in found])}
    for one in found:
        if (statement := statements.get(one.seq)) is not None:
            await asking.emit(_row(one, statement))
    if not found:
        return done("no statement is kept unrouted" if complete else "none found among the newest", Exit.NOTHING)
    more = "" if complete else "; there are more"
    n = number_of(len(found), "statements")
    return done(f"{n} that no enabled route took{more}; dlq plan --unrouted TENANT says what then")


async def _walk(
    asking: Asking, tenant: str, since_us: int, limit: int, *, newest_first: bool
) -> tuple[list[Untaken], bool]:
    """A tenant's kept statements (of all tenants if empty), and whether these are all of them."""
    found: list[Untaken] = []
    at = _END if newest_first else since_us - 1
    for _ in range(READS_MAX):
        chunk = await asking.office.store.queries.untaken(at, newest_first=newest_first)
        found += [one for one in chunk if tenant in ("", one.tenant) and one.seq >= since_us]
        if len(found) > limit:
            return found[:limit], False
        if not chunk or chunk[-1].seq < since_us:
            return found, True
        at = chunk[-1].seq
    return found, False


def _row(one: Untaken, statement: LoggedStatement) -> UnroutedRow:
    return UnroutedRow(
        statement_id=statement.id,
        tenant=one.tenant,
        change=one.kind or "",
        about=" · ".join(statement_in_words(statement.body)),
        reason=one.reason,
        explanation=explained(one.reason),
        accepted_us=one.seq,
        deliveries=one.deliveries,
    )


# ── again ────────────────────────────────────────────────────────────────────────────────────────────


async def plan(request: DlqPlan, asking: Asking) -> Done:
    """A row for each delivery that would come of it; kept by its hash."""
    seqs, complete = await _wanted(request, asking)
    judged: list[Judged] = []
    for start in range(0, len(seqs), piles.CHUNK):
        retold = await _retold(seqs[start : start + piles.CHUNK], request.unrouted, not request.everything, asking)
        made = {one.routed.statement_id: one.routed for one in retold}
        chunk = await asking.office.store.queries.rejudged(request.unrouted, retold)
        for one in chunk:
            change = made[one.id].statement if one.forward else made[one.id].change
            kind, about = (change.kind, change_in_words(change)) if change else ("", "")
            await asking.emit(planning.planned_row(one, change=kind, about=about))
        judged += chunk
    scope = Scope(
        tenant=request.unrouted, named=not request.everything, ids=tuple(dict.fromkeys(one.id for one in judged))
    )
    return await planning.conclude(scope, judged, 0 if complete else 1, asking)


async def replay(request: DlqReplay, asking: Asking) -> Done:
    seqs, _ = await _wanted(request, asking)
    changed = looked = 0
    for start in range(0, len(seqs), piles.CHUNK):
        retold = await _retold(seqs[start : start + piles.CHUNK], request.unrouted, not request.everything, asking)
        results = await asking.office.store.queries.reroute(
            request.unrouted, retold, by=asking.peer.name, now_us=asking.now_us, dry_run=request.dry_run
        )
        looked += len(results)
        changed += await settling.tell(results, asking, dry_run=request.dry_run)
    return settling.concluded(changed, looked, "replayed", dry_run=request.dry_run)


async def again(plan: Plan, asking: Asking, *, dry_run: bool) -> list[Intervened]:
    """All of the plan in one transaction. Raises Moved."""
    tenant = asking.tenant(plan.scope.tenant).name
    found = []
    for one in plan.scope.ids:
        found += await asking.office.store.queries.statements_like(finding.digits(one), [tenant])
    retold = await _judged([statement for _, statement in found], tenant, plan.scope.named, asking)
    return await asking.office.store.queries.reroute_plan(
        plan, retold, by=asking.peer.name, now_us=asking.now_us, dry_run=dry_run
    )


async def _wanted(request: DlqPlan | DlqReplay, asking: Asking) -> tuple[list[int], bool]:
    """The places in the log of what was asked for, oldest first, and whether that is all of it. Raises Refusal."""
    if request.everything == bool(request.deliveries):
        raise Refusal(Exit.USAGE, f"name the statements, or {ALL} for all of them", where=request.verb)
    if request.lane or request.cause or request.whose:
        raise Refusal(Exit.USAGE, "statements have no lane and no cause", where=request.verb, advice="use --since")
    tenant = asking.tenant(request.unrouted).name
    if request.everything:
        since_us = 0 if request.since_s is None else asking.now_us - round(request.since_s * 1e6)
        found, complete = await _walk(asking, tenant, since_us, STEPS_MAX, newest_first=False)
        return [one.seq for one in found], complete
    return sorted({await _named(text, tenant, asking) for text in request.deliveries}), True


async def _named(text: str, tenant: str, asking: Asking) -> int:
    wanted = finding.digits(text)
    if not wanted:
        raise Refusal(Exit.USAGE, f"{text[:60]!r} is no statement id", advice="dlq list --unrouted shows them")
    found = await asking.office.store.queries.statements_like(wanted, [tenant])
    if not found:
        raise Refusal(Exit.NOTHING, f"{tenant} has no statement {text}")
    if len(found) > 1:
        raise Refusal(Exit.USAGE, f"several statements start with {text}", advice="give more digits")
    return found[0][1].seq


async def _retold(seqs: Sequence[int], tenant: str, named: bool, asking: Asking) -> list[Retold]:
    statements = await asking.office.store.queries.statements_at(seqs)
    return await _judged(statements, tenant, named, asking)


async def _judged(statements: Sequence[LoggedStatement], tenant: str, named: bool, asking: Asking) -> list[Retold]:
    """By today's rules."""
    rules, now_us = asking.office.plan(tenant), asking.now_us
    company = await meet(rules, asking.office.store.persons, tenant, statements)
    found = []
    for number, statement in enumerate(statements):
        if number % BREATH == 0:
            await trio.lowlevel.checkpoint()
        found.append(Retold(routed=_judge(rules, statement, company, now_us, asking), named=named))
    return found


def _judge(rules: Rules, statement: LoggedStatement, company: Company, now_us: int, asking: Asking) -> Routed:
    try:
        return rules.make(statement, now_us, company=company)
    except Exception as error:  # noqa: BLE001  # one statement we fail on is told as such, beside the others
        asking.office.witness.trouble("control.fault", error, statement_id=statement.id)
        return told(statement, now_us, reason=f"fault: {type(error).__name__}: {error}", unrouted=True)
