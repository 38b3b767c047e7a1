"""From any id that somebody holds to the statements and deliveries that it means, and what else goes by it."""

import re
from hashlib import sha1

import msgspec
import trio

from actors.domain.xapi.matching import Wanted
from actors.ports import LoggedStatement
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.learnt import QUIET, LearntView
from daemon.control.office import Asking
from daemon.control.protocol import Refusal, Role
from daemon.control.roles import standing
from daemon.control.verbs import finding
from daemon.control.verbs.known import known
from daemon.control.views import KnownRow
from daemon.control.words import order_cause
from daemon.gateway.ports import StatementQuery
from daemon.store.asking import Arrival, Kept, Outcome
from daemon.store.naming import FEW, REQUESTS_LOOKED, Sighting

ARRIVALS_MAX = 5
STATEMENTS_MAX = 50
ORDERS_MAX = 50
THEIRS_MAX = 5
"""Of a person, a record or an activity the newest so many statements are told."""
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
REQUEST_CHARS_MIN = 6
TRACE_DIGITS = 32
KINDS = (
    f"a statement, a delivery, a trace (or the first {finding.PREFIX_DIGITS_MIN} digits and more of the first two); in "
    "full: a correlation id, a plan's hash, what the vendor calls a post, an account or a place, TENANT/NUMBER of a "
    "question, a person or an audit row, a number of an alarm or an event, SOURCE/ENTITY/ID of a record, an e-mail "
    "address, a name, an activity's IRI. A vendor's id of a request is looked for among the newest "
    f"{REQUESTS_LOOKED:,} deliveries only: the journal has the others"
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One statement with what became of it. ``statement`` is None where retention took it and left a delivery, or no
    statement was there to begin with."""

    tenant: str
    statement: LoggedStatement | None
    outcome: Outcome | None
    deliveries: list[Kept]
    learnt: LearntView | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What an id led to; ``more`` statements of the same requests, and ``more_orders``, are not shown."""

    told: list[Told] = []
    arrivals: list[tuple[Arrival, int]] = []
    known: list[KnownRow] = []
    more: int = 0
    more_orders: int = 0
    note: str = ""


async def find(what: str, asking: Asking) -> Found:
    """By statement or delivery id, or the beginning of one; else by whatever it may be. Raises Refusal."""
    text = what.strip()
    if not text:
        raise Refusal(Exit.NOTHING, "an empty text is no id", advice=f"known are: {KINDS}")
    digits = finding.digits(text)
    if digits and (found := await _by_digits(digits, text, asking)):
        return found
    may_find = await _may_find(asking)
    rows: list[tuple[KnownRow, Sighting | None]] = [each async for each in known(text, asking, may_find=may_find)]
    for found in (await _by_correlation(text, asking), await _by_trace(text, digits, asking)):
        if found is not None:
            return msgspec.structs.replace(found, known=[row for row, _ in rows])
    if kept := await asking.office.store.naming.posted(text, FEW):
        return Found(told=[await _of_delivery(each, asking) for each in kept], known=[row for row, _ in rows])
    theirs, note = await _theirs(text, rows, asking, may_find=may_find)
    if rows or theirs:
        return Found(told=theirs, known=[row for row, _ in rows], note=note)
    if len(text) >= REQUEST_CHARS_MIN and '"' not in text:
        kept = await asking.office.store.naming.requested(text, FEW)
        if kept:
            return Found(told=[await _of_delivery(each, asking) for each in kept])
    raise Refusal(Exit.NOTHING, f"nothing is known by {what[:80]!r}", advice=f"known are: {KINDS}")


async def _by_digits(digits: str, what: str, asking: Asking) -> Found | None:
    queries = asking.office.store.queries
    tenants = sorted({*await queries.tenants(), *asking.office.configuration().tenants})
    statements = await queries.statements_like(digits, tenants)
    deliveries = await queries.deliveries_like(digits)
    if len(statements) + len(deliveries) > 1:
        same = len(deliveries) == 0 and len({statement.id for _, statement in statements}) == 1
        if not same:  # two tenants may well hold the same statement: then both are told
            some = [statement.id for _, statement in statements] + [kept.delivery.id for kept in deliveries]
            raise Refusal(Exit.USAGE, f"several begin with {what}: {', '.join(some)}, …", advice="give more digits")
    if deliveries:
        told = await _of_delivery(deliveries[0], asking)
        brought = deliveries[0].delivery
        caused = order_cause(brought.change)
        arrivals = await queries.arrivals(brought.correlation_id, ARRIVALS_MAX) if caused else []
        return Found(told=[told], arrivals=[(each, 0) for each in reversed(arrivals)])
    if statements:
        return Found(told=[await _of_statement(tenant, statement, asking) for tenant, statement in statements])
    return None


async def _by_correlation(correlation_id: str, asking: Asking) -> Found | None:
    """The requests with it and what they led to; and the orders and cards that no statement brought."""
    store = asking.office.store
    arrivals = await store.queries.arrivals(correlation_id, ARRIVALS_MAX)
    orders, n = await store.naming.brought(correlation_id, ORDERS_MAX)
    if not arrivals and not orders:
        return None
    found = await _of_arrivals(arrivals, asking)
    return msgspec.structs.replace(
        found, told=[*found.told, *[await _of_delivery(each, asking) for each in orders]], more_orders=n - len(orders)
    )


async def _by_trace(text: str, digits: str, asking: Asking) -> Found | None:
    """A trace's id, or the traceparent that it stands in."""
    trace_id = digits if len(digits) == TRACE_DIGITS else finding.trace_id(text)
    if len(trace_id) != TRACE_DIGITS:
        return None
    arrivals, orders = await asking.office.store.naming.traced(trace_id, ORDERS_MAX)
    if not arrivals and not orders:
        return None
    found = await _of_arrivals(arrivals[:ARRIVALS_MAX], asking)
    return msgspec.structs.replace(found, told=[*found.told, *[await _of_delivery(each, asking) for each in orders]])


async def _of_arrivals(arrivals: list[Arrival], asking: Asking) -> Found:
    """Newest first."""
    told: list[Told] = []
    listed: list[tuple[Arrival, int]] = []
    more = 0
    for arrival in reversed(arrivals):
        room = STATEMENTS_MAX - len(told)
        statements = await asking.office.store.queries.statements_of(arrival, room) if room else []
        told += [await _of_statement(tenant, statement, asking) for tenant, statement in statements]
        listed.append((arrival, len(statements)))
        more += max(0, arrival.fresh - len(statements))
    return Found(told=told, arrivals=listed, more=more)


# ── of whom and what ─────────────────────────────────────────────────────────────────────────────────


async def _theirs(
    text: str, rows: list[tuple[KnownRow, Sighting | None]], asking: Asking, *, may_find: bool
) -> tuple[list[Told], str]:
    """The newest statements of an activity; of a record and of a person for whoever may look for persons."""
    store = asking.office.store
    found: dict[int, tuple[str, LoggedStatement]] = {}
    wanted: list[tuple[str, Wanted]] = []
    note = ""
    for seen in (seen for _, seen in rows if seen is not None and seen.kind in {"record", "person"}):
        if not may_find:
            note = "what they did is shown to operators"
        elif seen.kind == "record":
            found |= {each[1].seq: each for each in await store.naming.of_record(seen, THEIRS_MAX)}
        else:
            wanted += [(seen.whose, Wanted(agent=key)) for key in await _agents(seen.whose, int(seen.name), asking)]
    if may_find:
        for each in asking.office.configuration().tenants.values():
            wanted += [(each.name, Wanted(agent=key)) for key in _addressed(text, each)]
    if "://" in text or text.startswith("urn:"):
        wanted += [(tenant, Wanted(activity=text)) for tenant in asking.office.configuration().tenants]
    for tenant, one in wanted:
        page = await store.finding.page(tenant, StatementQuery(limit=THEIRS_MAX, wanted=one))
        found |= {each.seq: (tenant, each) for each in page.rows}
    newest = sorted(found, reverse=True)[:THEIRS_MAX]
    if len(newest) == THEIRS_MAX:
        note = f"the newest {THEIRS_MAX} statements are shown"
    return [await _of_statement(*found[seq], asking) for seq in reversed(newest)], note


async def _may_find(asking: Asking) -> bool:
    control = asking.office.configuration().daemon.control
    return (await trio.to_thread.run_sync(standing, asking.peer, control)).role >= Role.OPERATOR


async def _agents(tenant: str, person: int, asking: Asking) -> list[str]:
    """As statements name them (``agent_key``)."""
    store = asking.office.store
    dossier = await store.dossiers.dossier(tenant, person)
    keys: list[str] = []
    for part in dossier.parts if dossier else ():
        if part.source and (home := await store.naming.home_page(tenant, part.source)):
            keys.append(f"account {home} {part.user}")
        for namespace, value, _, _ in part.held:
            match namespace:
                case "email":
                    keys.append(f"mbox mailto:{value}")
                case "account":
                    keys.append("account {} {}".format(*value.rsplit("|", 1)))
                case "openid":
                    keys.append(f"openid {value}")
                case "sha1":
                    keys.append(f"mbox_sha1sum {value}")
                case _:
                    pass  # no statement names anybody so
    return list(dict.fromkeys(keys))[:FEW]


def _addressed(text: str, tenant: Tenant) -> list[str]:
    """Whom statements name so, though no source has told of them: by an e-mail address, its hash, or the account that
    the people file has with it."""
    address = text.removeprefix("mailto:")
    if not ADDRESS.fullmatch(address):
        return []
    spelled = dict.fromkeys((f"mailto:{address}", f"mailto:{address.lower()}"))
    keys = [f"mbox {each}" for each in spelled]
    keys += [f"mbox_sha1sum {sha1(each.encode(), usedforsecurity=False).hexdigest()}" for each in spelled]
    rows = (row for row in tenant.people if row.account and row.email.lower() == address.lower())
    return [*keys, *[f"account {row.home_page} {row.account}" for row in rows]][:FEW]


async def _of_statement(tenant: str, statement: LoggedStatement, asking: Asking) -> Told:
    queries = asking.office.store.queries
    return Told(
        tenant=tenant,
        statement=statement,
        outcome=await queries.outcome(statement.seq),
        deliveries=await queries.deliveries_of(statement.seq),
        learnt=await _learnt(statement.seq, asking),
    )


async def _of_delivery(kept: Kept, asking: Asking) -> Told:
    queries = asking.office.store.queries
    row = await queries.statement(kept.statement_seq)
    return Told(
        tenant=kept.delivery.tenant,
        statement=row[1] if row else None,
        outcome=await queries.outcome(kept.statement_seq),
        deliveries=[kept],
        learnt=await _learnt(kept.statement_seq, asking),
    )


async def _learnt(seq: int, asking: Asking) -> LearntView | None:
    found = await asking.office.store.queries.learnt(seq)
    if found is None:
        return None
    origin = found.origin
    return LearntView(
        kind=found.kind,
        by=origin.by,
        mode=origin.mode,
        began_us=origin.began_us or None,
        ended_us=found.ended_us,
        how=found.how,
        who=origin.who,
        mapping=origin.mapping,
        record=f"{found.entity}/{found.id}" if found.entity else "",
        form=found.form,
        forgotten=found.gone,
        quiet=QUIET[origin.quiet] if origin.quiet else "",
    )
