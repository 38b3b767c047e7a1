"""``route test``: what a given statement would post, where, or why not. Nothing is stored and no vendor is asked."""

from collections.abc import Sequence

import msgspec

from actors.domain.changes import AnyChange
from actors.domain.outbox import HeldFor
from actors.domain.wording import TemplateFault
from actors.ports import LoggedStatement, Planned, Routed
from actors.roles.fetching import shown
from actors.roles.meeting import meet, told_us
from config.model import Tenant
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, Refusal, RouteTest
from daemon.control.times import moment
from daemon.control.verbs.parcels import parcel
from daemon.control.views import JudgementRow, PreviewRow
from daemon.control.words import audience_in_words, change_in_words, explained, statement_in_words
from daemon.store import rows

STATEMENTS_MAX = 100
UNNAMED = "00000000-0000-0000-0000-000000000000"
"""For a statement that has no id yet."""


async def test(request: RouteTest, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    posts = 0
    source = _source(request.source, tenant)
    given = _statements(request.statement)
    for number, told in enumerate(given, 1):
        posts += await _judge(told, f"statement {number}", source, tenant, asking)
    if posts:
        return done(f"{number_of(posts, 'posts')} would be made")
    return done("nothing would be posted", Exit.NOTHING)


def _source(given: str, tenant: Tenant) -> str:
    """Where the statements are thought to come from."""
    if given and given not in tenant.sources:
        known = ", ".join(sorted(tenant.sources)) or "none"
        raise Refusal(Exit.NOTHING, f"{tenant.name} has no source {given!r}", advice=f"its sources are: {known}")
    return given or (next(iter(tenant.sources)) if len(tenant.sources) == 1 else "")


def _statements(text: str) -> list[dict[str, object]]:
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(Exit.USAGE, f"this is not JSON: {error}", where="the statement") from None
    given = told if isinstance(told, list) else [told]
    if len(given) > STATEMENTS_MAX:
        raise Refusal(Exit.USAGE, f"more than {STATEMENTS_MAX} statements at once", where="the statement")
    if not given or not all(isinstance(one, dict) for one in given):
        raise Refusal(
            Exit.USAGE, "a statement is a JSON object", where="the statement", advice="give one, or an array of them"
        )
    return given


async def _judge(told: dict[str, object], where: str, source: str, tenant: Tenant, asking: Asking) -> int:
    """One statement; returns how many posts it would make."""
    logged = _as_logged(told, source, tenant, asking)
    try:
        plan = asking.office.plan(tenant.name)
        company = await meet(plan, asking.office.store.persons, tenant.name, [logged])
        routed = plan.make(logged, asking.now_us, company=company)
    except msgspec.ValidationError as error:
        raise Refusal(
            Exit.USAGE, f"the statement is not valid: {error}", where=where, advice="the gateway would refuse it too"
        ) from None
    name = f"{where}: {' '.join(statement_in_words(logged.body))}"
    change, reason = routed.change, routed.reason
    if change is None:
        await asking.emit(JudgementRow(statement=name, reason=reason, explanation=explained(reason)))
        return await _forwards(routed, logged, tenant, asking)
    counted = await asking.office.store.queries.counted(tenant.name, change, routed.happened_us)
    occurrence = counted.occurrence
    if counted.news == "overtaken":
        reason = "overtaken: a newer value of the same thing is known already"
    quiet = counted.news == "repeated" and await asking.office.store.queries.known_quietly(
        tenant.name, change, occurrence
    )
    if quiet:
        reason = "imported_before: this change is known from an import"
    await asking.emit(
        JudgementRow(
            statement=name,
            change=change.kind,
            about=change_in_words(change),
            reason=reason,
            explanation=explained(reason),
            occurrence=occurrence,
        )
    )
    posts = 0
    if not (quiet or counted.news == "overtaken"):
        previews = [await _preview(one, change, logged, occurrence, tenant, asking) for one in routed.planned]
        posts = await _told(previews, asking)
    return posts + await _forwards(routed, logged, tenant, asking)


async def _forwards(routed: Routed, logged: LoggedStatement, tenant: Tenant, asking: Asking) -> int:
    """The statement's own deliveries."""
    if routed.statement is None:
        return 0
    previews = [await _preview(one, routed.statement, logged, 1, tenant, asking) for one in routed.forwards]
    return await _told(previews, asking)


async def _told(previews: Sequence[PreviewRow], asking: Asking) -> int:
    """How many of them would be made."""
    for preview in previews:
        await asking.emit(preview)
    return sum(not (preview.repeated or preview.refused) for preview in previews)


def _as_logged(told: dict[str, object], source: str, tenant: Tenant, asking: Asking) -> LoggedStatement:
    """As the log would hold it, had it arrived now."""
    given_id, at = told.get("id"), told.get("timestamp")
    return LoggedStatement(
        seq=0,
        id=given_id if isinstance(given_id, str) else UNNAMED,
        body=msgspec.json.encode({"id": UNNAMED, **told}),
        stored_us=asking.now_us,
        timestamp=at if isinstance(at, str) else "",
        source=source,
        correlation_id="",
        traceparent="",
        version=tenant.xapi_fallback_version,
        authority=b"",
        voided=False,
    )


async def _preview(
    planned: Planned, change: AnyChange, logged: LoggedStatement, occurrence: int, tenant: Tenant, asking: Asking
) -> PreviewRow:
    lane = f"{tenant.name}/{planned.target}"
    queries = asking.office.store.queries
    known, kept = await queries.by_effect(
        tenant.name, planned.target, planned.destination, change.kind, change.entity, occurrence
    )
    key = rows.key(tenant.name, planned.target, planned.destination, change.kind, change.entity, occurrence).hex()
    refused, detail = "", ""
    payload: dict[str, object] = {}
    if planned.refused is not None:
        refused, detail = planned.refused.cause.value, planned.refused.detail
    else:
        try:
            payload, detail = await _rendered(planned, change, logged, key, tenant, asking)
        except TemplateFault as fault:
            refused, detail = "bad_template", str(fault)
    if planned.held_for is not HeldFor.PERSON and not refused:
        detail = f"kept back ({planned.held_for.value}) until {moment(planned.held_until_us)}"
    if known:
        detail = f"posted before as delivery {kept.delivery.id}" if kept else "posted before; its delivery is gone"
    return PreviewRow(
        lane=lane,
        route=planned.route,
        audience=audience_in_words(planned.audience),
        destination=planned.destination,
        repeated=known,
        delivery_id=key,
        refused=refused,
        detail=detail,
        payload=payload,
    )


async def _rendered(
    planned: Planned, change: AnyChange, logged: LoggedStatement, key: str, tenant: Tenant, asking: Asking
) -> tuple[dict[str, object], str]:
    """(the vendor's payload, a remark). Raises TemplateFault."""
    address, remark = planned.destination, ""
    if planned.audience.learner:
        email = change.learner.email
        known = await _linked(planned.target, change, logged, tenant, asking)
        if known is None and email:
            known = await asking.office.store.ledger.address(f"{tenant.name}/{planned.target}", email)
        address = known or planned.destination
        if known is None and not email:
            remark = "no e-mail address is known for the learner: it would become a dead letter (unmatched_learner)"
        elif known is None:
            remark = f"the vendor would be asked for {email} first"
    made = parcel(
        tenant,
        delivery_id=key,
        correlation_id="route-test",
        destination=planned.destination,
        address=address,
        to_learner=planned.audience.learner,
        change=change,
        template=planned.template,
        now_us=asking.now_us,
        statement=shown(logged),
    )
    return asking.office.targets(tenant.name)[planned.target].preview(made), remark


async def _linked(
    target: str, change: AnyChange, logged: LoggedStatement, tenant: Tenant, asking: Asking
) -> str | None:
    """What the target calls the learner, as an operator said."""
    asked = (change.learner.key, told_us(logged))
    known = (await asking.office.store.persons.known(tenant.name, [asked])).get(asked)
    return known.contacts.get(target) if known is not None else None
