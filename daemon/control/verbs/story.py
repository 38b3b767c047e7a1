"""``why`` and ``trace``: from any id a person may hold to the whole story, statement to receipt."""

import msgspec

from actors.domain.undoing import voids
from actors.ports import LoggedStatement
from actors.roles.meeting import meet
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.learnt import LearntView, learnt_in_words
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Trace, Why
from daemon.control.verbs import finding
from daemon.control.verbs.known import kinds
from daemon.control.verbs.seeking import Found, Told, find
from daemon.control.verbs.tale import delivery_story
from daemon.control.verbs.undone import undone
from daemon.control.views import ArrivalRow, SpanRow, StatementStory
from daemon.control.words import authority_in_words, explained, order_cause, statement_in_words
from daemon.store.asking import Arrival, Kept, Outcome


async def why(request: Why, asking: Asking) -> Done:
    found = await find(request.what, asking)
    for row in found.known:
        await asking.emit(row)
    for arrival, shown in found.arrivals:
        await asking.emit(_arrival_row(arrival, shown))
    for told in found.told:
        if told.statement is not None:
            await asking.emit(await _statement_story(told, told.statement, asking))
        for kept in told.deliveries:
            await asking.emit(await delivery_story(kept, asking))
    return done(_left(found))


async def trace(request: Trace, asking: Asking) -> Done:
    found = await find(request.what, asking)
    for told in found.told:
        for span in _spans(told):
            await asking.emit(span)
    if not found.told and found.known:
        return done(f"{found.known[0].name} is {kinds(found.known)}: no trace is its alone; see why", Exit.NOTHING)
    if not found.told:
        return done("all statements of that request had been stored before", Exit.NOTHING)
    return done(_left(found))


def _left(found: Found) -> str:
    """What is not shown."""
    said = [found.note] if found.note else []
    if found.more:
        said.append(f"{number_of(found.more, 'more statements')} came with the same requests")
    if found.more_orders:
        said.append(f"{number_of(found.more_orders, 'more orders')} followed from the same: lmsyncctl queue list")
    return "; ".join(said)


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────


async def _statement_story(told: Told, statement: LoggedStatement, asking: Asking) -> StatementStory:
    actor, verb, what = statement_in_words(statement.body)
    outcome = told.outcome
    reason = outcome.reason if outcome else "pending: the router has not seen it yet"
    carried_by: tuple[str, ...] = ()
    if outcome is not None and outcome.kind and not outcome.deliveries and not reason:
        reason = "repeated: this change was known already"
        carried_by = await _carried_by(told.tenant, statement, outcome, asking)
    return StatementStory(
        id=statement.id,
        tenant=told.tenant,
        source=statement.source,
        credential=authority_in_words(statement.authority),
        correlation_id=statement.correlation_id,
        trace_id=finding.trace_id(statement.traceparent),
        accepted_us=statement.stored_us,
        timestamp=statement.timestamp,
        version=statement.version,
        voided=statement.voided,
        actor=actor,
        verb=verb,
        object=what,
        routed=outcome is not None,
        change=(outcome.kind or "") if outcome else "",
        reason=reason,
        explanation=explained(reason),
        occurrence=outcome.occurrence if outcome else 0,
        deliveries=outcome.deliveries if outcome else 0,
        carried_by=carried_by,
        unrouted=outcome is not None and outcome.unrouted,
        undone=await _undone(told.tenant, statement, outcome, asking),
        learnt=told.learnt,
    )


async def _undone(tenant: str, statement: LoggedStatement, outcome: Outcome | None, asking: Asking) -> tuple[str, ...]:
    queries = asking.office.store.queries
    related = await queries.relations(tenant, statement.seq, voids(statement.body))
    taken = related.voids
    there = await queries.deliveries_of(taken.seq) if taken is not None and taken.seq is not None else []
    return undone(related, outcome, there)


async def _carried_by(tenant: str, statement: LoggedStatement, outcome: Outcome, asking: Asking) -> tuple[str, ...]:
    """The deliveries that the same change led to when it was told first, by the tenant's rules as they stand now."""
    if tenant not in asking.office.configuration().tenants:
        return ()
    plan, told = asking.office.plan(tenant), msgspec.structs.replace(statement, voided=False)
    company = await meet(plan, asking.office.store.persons, tenant, [told])
    routed = plan.make(told, asking.now_us, company=company)
    if (change := routed.change) is None:
        return ()
    found = []
    for one in routed.planned:
        _, kept = await asking.office.store.queries.by_effect(
            tenant, one.target, one.destination, change.kind, change.entity, outcome.occurrence
        )
        if kept is not None:
            found.append(kept.delivery.id)
    return tuple(found)


def _arrival_row(arrival: Arrival, shown: int) -> ArrivalRow:
    return ArrivalRow(
        tenant=arrival.tenant,
        source=arrival.source,
        credential=authority_in_words(arrival.authority),
        correlation_id=arrival.correlation_id,
        trace_id=finding.trace_id(arrival.traceparent),
        at_us=arrival.at_us,
        fresh=arrival.fresh,
        collapsed=arrival.collapsed,
        shown=shown,
    )


def _spans(told: Told) -> list[SpanRow]:
    """What the rows know of the trace. When the router looked is not kept, only what it found."""
    spans: list[SpanRow] = []
    statement, outcome = told.statement, told.outcome
    if statement is not None:
        trace_id = finding.trace_id(statement.traceparent)
        accepted = f"from {told.tenant}/{statement.source}, correlation id {statement.correlation_id}"
        if (learnt := told.learnt) is not None:
            if learnt.began_us is not None:
                spans.append(_reading_span(learnt, f"{told.tenant}/{statement.source}", trace_id))
            accepted = "; ".join((accepted, *learnt_in_words(learnt)))
        spans.append(
            SpanRow(
                trace_id=trace_id,
                name="accepted",
                subject=f"statement {statement.id}",
                at_us=statement.stored_us,
                detail=accepted,
            )
        )
        if outcome is not None:
            made = f"{outcome.kind}, {number_of(outcome.deliveries, 'deliveries')}" if outcome.kind else outcome.reason
            spans.append(SpanRow(trace_id=trace_id, name="routed", subject=f"statement {statement.id}", detail=made))
    for kept in told.deliveries:
        spans += _delivery_spans(kept)
    return spans


def _reading_span(learnt: LearntView, source: str, trace_id: str) -> SpanRow:
    kind = f" ({learnt.kind})" if learnt.kind else ""
    return SpanRow(
        trace_id=trace_id,
        name="reading",
        subject=f"source {source}{kind}",
        at_us=learnt.began_us,
        until_us=learnt.ended_us,
        detail=f"{learnt.mode}: {learnt.how}" if learnt.how else learnt.mode,
    )


def _delivery_spans(kept: Kept) -> list[SpanRow]:
    own, subject = finding.trace_id(kept.delivery.traceparent), f"delivery {kept.delivery.id}"
    spans = []
    if cause := order_cause(kept.delivery.change):
        detail = f"because of {cause}, correlation id {kept.delivery.correlation_id}"
        ordered_us = kept.delivery.accepted_us
        spans.append(SpanRow(trace_id=own, name="ordered", subject=subject, at_us=ordered_us, detail=detail))
    spans += [
        SpanRow(
            trace_id=line.trace_id or own,
            name=line.kind,
            subject=subject,
            at_us=line.started_us,
            until_us=line.ended_us,
            detail=f"{line.verdict}: {line.detail}" if line.detail else line.verdict,
            request_ids=line.request_ids,
        )
        for line in kept.history
    ]
    receipt = " ".join(f"{name}={value}" for name, value in (kept.receipt or {}).items())
    state = kept.delivery.state.value
    spans.append(SpanRow(trace_id=own, name=state, subject=subject, at_us=kept.done_us, detail=receipt or kept.detail))
    return spans
