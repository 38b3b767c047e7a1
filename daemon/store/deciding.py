"""What people decide about conflicts: one transaction each, safe to repeat.

A fix that is approved becomes a ruling and what it does to the identity ledger is done with it. Whoever plans is marked
as having something to do in the same transaction, so that no decision is lost on its way.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from actors.domain.conflicts.fixes import AnyFix, Believe, Contact, OnePerson, TwoPersons, UsePlace
from actors.domain.conflicts.model import Case, Conflict, Event, Outdated, Suggestion
from actors.ports.conflicts import Decided, Decider
from config.identity import Identity
from daemon.store import comparing, linking, rostering

CASE = "no, tenant, body, mark, state, raised_us, seen_us, times, history, decided_us, decided_by, choice, decisions"
EVENTS_MAX = 50
"""Of a conflict's history: the first and the latest stay."""
_HEAD = 5
_encode = msgspec.json.Encoder().encode
_conflict = msgspec.json.Decoder(Conflict)
_events = msgspec.json.Decoder(tuple[Event, ...])
_fix: msgspec.json.Decoder[AnyFix] = msgspec.json.Decoder(AnyFix)
_APPROVED = (
    "UPDATE conflicts SET state = 'approved', decided_us = ?, decided_by = ?, choice = ?, history = ?, "
    "decisions = decisions + 1 WHERE no = ?"
)
_CLOSED = (
    "UPDATE conflicts SET state = ?, decided_us = ?, decided_by = ?, history = ?, decisions = decisions + 1 "
    "WHERE no = ?"
)
_REOPENED = (
    "UPDATE conflicts SET state = 'open', decided_us = NULL, decided_by = '', history = ?, decisions = decisions + 1, "
    "told = CASE WHEN told = '' THEN '' ELSE 'stale' END WHERE no = ? AND NOT EXISTS "
    "(SELECT 1 FROM conflicts o WHERE o.tenant = ? AND o.subject = ? AND (o.state = 'open' OR o.no > conflicts.no))"
)


def approve(
    raw: sqlite3.Connection,
    tenant: str,
    no: int,
    choice: int,
    by: Decider,
    now_us: int,
    rules: Identity,
    *,
    mark: str = "",
) -> Decided:
    found = case(raw, tenant, no)
    if found is None:
        return Decided(case=None, done=False, note="there is no such conflict")
    if not 0 <= choice < len(found.conflict.fixes):
        return Decided(case=found, done=False, note=f"it has {len(found.conflict.fixes)} fixes")
    if found.state == "approved" and found.choice == choice and _is_repeated(found, mark):
        note = f"{found.decided_by} approved just this before"
        return Decided(case=found, done=False, again=True, note=note, scope=found.conflict.scope)
    if (refused := _refused(found, mark)) is not None:
        return refused
    suggestion = found.conflict.fixes[choice]
    note = _bring_about(raw, tenant, suggestion.fix, rules, by.who, now_us)
    if note:
        return Decided(case=found, done=False, note=note)
    rule(raw, tenant, suggestion.fix, by.who, now_us, no)
    event = Event(at_us=now_us, what="approved", who=by.who, by_way=by.by_way, detail=suggestion.fix.name)
    raw.execute(_APPROVED, (now_us, by.who, choice, noted(_history(raw, no), event), no))
    _due(raw, tenant, found.conflict, suggestion.fix, now_us)
    return Decided(case=case(raw, tenant, no), done=True, scope=suggestion.fix.scope)


def reject(
    raw: sqlite3.Connection, tenant: str, no: int, why: str, by: Decider, now_us: int, *, mark: str = ""
) -> Decided:
    found = case(raw, tenant, no)
    if found is None:
        return Decided(case=None, done=False, note="there is no such conflict")
    if found.state == "rejected" and _is_repeated(found, mark):
        return Decided(case=found, done=False, again=True, note=f"{found.decided_by} rejected it before")
    if (refused := _refused(found, mark)) is not None:
        return refused
    event = Event(at_us=now_us, what="rejected", who=by.who, by_way=by.by_way, detail=why[:200])
    raw.execute(_CLOSED, ("rejected", now_us, by.who, noted(_history(raw, no), event), no))
    return Decided(case=case(raw, tenant, no), done=True, scope=found.conflict.scope)


def undo(
    raw: sqlite3.Connection, tenant: str, no: int, by: Decider, now_us: int, rules: Identity, *, mark: str = ""
) -> Decided:
    """A ruling is taken back, or replaced by the one that undoes it; a rejection is asked again, unless the same was
    asked anew since."""
    found = case(raw, tenant, no)
    if found is None:
        return Decided(case=None, done=False, note="there is no such conflict")
    undone = found.state == "undone" or (found.state == "open" and found.decisions and "-" in mark)
    if undone and _is_repeated(found, mark):
        who = next((each.who for each in reversed(found.history) if each.what == "undone"), "somebody")
        return Decided(case=found, done=False, again=True, note=f"{who} undid it before")
    if (why := found.outdated(mark)) is not None and found.state != "settled":
        return _outdated(found, why)
    event = Event(at_us=now_us, what="undone", who=by.who, by_way=by.by_way)
    history = noted(_history(raw, no), event)
    if found.state == "rejected":
        if not raw.execute(_REOPENED, (history, no, tenant, found.conflict.subject)).rowcount:
            return Decided(case=found, done=False, note="the same is asked anew already")
        _due(raw, tenant, found.conflict, found.conflict.fixes[0].fix, now_us)
        return Decided(case=case(raw, tenant, no), done=True, scope=found.conflict.scope)
    if found.state != "approved" or found.choice is None:
        return Decided(case=found, done=False, note=f"it is {found.state}: there is nothing to undo")
    suggestion = found.conflict.fixes[found.choice]
    if raw.execute("SELECT 1 FROM rulings WHERE conflict = ? AND ended_us IS NULL", (no,)).fetchone() is None:
        return Decided(case=found, done=False, note="a later decision has taken its place: undo that one")
    _take_back(raw, tenant, suggestion, rules, by.who, now_us)
    raw.execute("UPDATE rulings SET ended_us = ? WHERE conflict = ? AND ended_us IS NULL", (now_us, no))
    if suggestion.undo is not None and not isinstance(suggestion.undo, Contact | OnePerson | TwoPersons):
        rule(raw, tenant, suggestion.undo, by.who, now_us, 0)
    raw.execute(_CLOSED, ("undone", now_us, by.who, history, no))
    _due(raw, tenant, found.conflict, suggestion.fix, now_us)
    return Decided(case=case(raw, tenant, no), done=True, note=suggestion.undoes, scope=suggestion.fix.scope)


def rule(raw: sqlite3.Connection, tenant: str, fix: AnyFix, by: str, now_us: int, conflict: int) -> None:
    """In force from now on, in the place of what was decided about the same topic before."""
    topic = (tenant, fix.topic)
    raw.execute("UPDATE rulings SET ended_us = ? WHERE tenant = ? AND topic = ? AND ended_us IS NULL", (now_us, *topic))
    raw.execute(
        "INSERT INTO rulings (tenant, topic, scope, person, fix, by_who, at_us, conflict) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*topic, fix.scope, getattr(fix, "person", 0), _encode(fix), by, now_us, conflict),
    )


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────


def case(raw: sqlite3.Connection, tenant: str, no: int) -> Case | None:
    sql = f"SELECT {CASE} FROM conflicts WHERE no = ? AND tenant = ?"  # noqa: S608  # column names
    row = raw.execute(sql, (no, tenant)).fetchone()
    return None if row is None else case_of(row)


def case_of(row: Sequence[Any]) -> Case:
    """From the columns ``CASE``."""
    no, tenant, body, mark, state, raised_us, seen_us, times, history, decided_us, decided_by, choice, decisions = row
    return Case(
        no=no,
        tenant=tenant,
        conflict=_conflict.decode(body),
        mark=mark.hex(),
        state=state,
        raised_us=raised_us,
        seen_us=seen_us,
        times=times,
        history=_events.decode(f"[{history}]".encode()),
        decided_us=decided_us,
        decided_by=decided_by,
        choice=choice,
        decisions=decisions,
    )


def unfixed(fix: bytes) -> AnyFix:
    """From a ruling's column."""
    return _fix.decode(fix)


def noted(history: str, event: Event) -> str:
    """The history with one more line."""
    events = _events.decode(f"[{history}]".encode())
    if len(events) >= EVENTS_MAX:
        events = (*events[:_HEAD], *events[_HEAD + 1 :])
    return ",".join(_encode(each).decode() for each in (*events, event))


def _history(raw: sqlite3.Connection, no: int) -> str:
    return str(raw.execute("SELECT history FROM conflicts WHERE no = ?", (no,)).fetchone()[0])


def _is_repeated(found: Case, shown: str) -> bool:
    """Whether what was decided last was decided on what is shown to whoever decides the same now."""
    decisions = shown.partition("-")[2]
    return not decisions or int(decisions) + 1 == found.decisions


def _refused(found: Case, shown: str) -> Decided | None:
    """Why nothing can be decided about it; None: it can be."""
    why = found.outdated(shown)
    if why == "decided" and found.state != "settled":
        return _outdated(found, why)
    if found.state != "open":
        return Decided(case=found, done=False, note=_not_open(found))
    return None if why is None else _outdated(found, why)


def _outdated(found: Case, why: Outdated) -> Decided:
    match why:
        case "sides":
            note = "the sides say something else by now: look at it again"
        case "decided":
            now = "it is asked again" if found.state == "open" else _not_open(found)
            note = f"it was decided otherwise since: {now}"
        case _ as never:
            assert_never(never)
    return Decided(case=found, done=False, note=note, outdated=why)


def _not_open(found: Case) -> str:
    match found.state:
        case "settled":
            return "it is not so any more: there is nothing to decide"
        case "approved" if found.choice is not None:
            fix = found.conflict.fixes[found.choice].fix.name
            return f"{found.decided_by} approved {fix}: undo that first"
        case _:
            return f"it is {found.state}, by {found.decided_by}"


# ── what else a fix does ─────────────────────────────────────────────────────────────────────────────


def _bring_about(raw: sqlite3.Connection, tenant: str, fix: AnyFix, rules: Identity, by: str, now_us: int) -> str:
    """What is no ruling alone but a fact of the identity ledger. Why it cannot be, empty: it is done."""
    match fix:
        case Contact(person=person, target=target, account=account):
            if not linking.members(raw, person):
                return "this person is somebody else by now: look at it again"
            linking.contact(raw, person, target, account, by, now_us)
        case OnePerson(a=a, b=b) | TwoPersons(a=a, b=b):
            if not _is_persona(raw, tenant, a) or not _is_persona(raw, tenant, b):
                return "one of the two is gone"
            linking.decide(raw, tenant, a, b, rules, by, now_us, same=isinstance(fix, OnePerson))
        case _:
            pass
    return ""


def _take_back(
    raw: sqlite3.Connection, tenant: str, suggestion: Suggestion, rules: Identity, by: str, now_us: int
) -> None:
    match suggestion.fix, suggestion.undo:
        case Contact(person=person, target=target), Contact(account=before):
            linking.contact(raw, person, target, before, by, now_us)
        case ((OnePerson(a=a, b=b) | TwoPersons(a=a, b=b)), _):
            if _is_persona(raw, tenant, a) and _is_persona(raw, tenant, b):
                linking.decide(raw, tenant, a, b, rules, by, now_us, same=None)
        case UsePlace(rule=rule_, unit=unit, place=place), _:
            rostering.unbind(raw, tenant, rule_, unit, place, now_us)
        case _:
            pass


def _is_persona(raw: sqlite3.Connection, tenant: str, persona: int) -> bool:
    return raw.execute("SELECT 1 FROM personas WHERE no = ? AND tenant = ?", (persona, tenant)).fetchone() is not None


def _due(raw: sqlite3.Connection, tenant: str, conflict: Conflict, fix: AnyFix, now_us: int) -> None:
    """Whoever plans has something to do: the places of the unit, or of all where it is about a person."""
    match fix:
        case Believe(person=person):
            comparing.mark_person(raw, person)
        case Contact() | OnePerson() | TwoPersons():
            rostering.mark_tenant(raw, tenant, now_us)
        case _:
            pass
    units = {(conflict.rule, conflict.unit), (getattr(fix, "rule", ""), getattr(fix, "unit", ""))}
    for rule_, unit in sorted(units):
        if rule_:
            raw.execute(
                "UPDATE roster_places SET due = 2, due_us = ?, marks = marks + 1, stuck = '', stuck_us = 0 "
                "WHERE tenant = ? AND rule = ? AND (unit = ? OR ? = '')",
                (now_us, tenant, rule_, unit, unit),
            )
