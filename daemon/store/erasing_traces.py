"""What a person leaves beside the log: deliveries that name them, addresses at vendors, documents, texts.

Deliveries about them that are not done are cancelled; all stay on record, without them. See ``erasing``.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.erasing import Eraser, Fate
from actors.domain.xapi.documents import content
from daemon.store import lines, rows
from daemon.store.erasing import Counts, Room, Rows, bounded
from daemon.store.erasing_audit import DEEDS
from daemon.store.erasing_conflicts import BELIEVED, CONFLICTS
from daemon.store.erasing_persons import PERSONS
from daemon.store.erasing_records import RECORDS
from daemon.store.erasing_rosters import ROSTERS

CANCELLED = "its learner was erased"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def _counted(what: str, going: str = "") -> Any:
    """Counts those that change by one name, those that go by another."""

    def count(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
        goes = sum(fate is Fate.GOES for _, fate in judged)
        return {going or what: goes, f"{what}_changed": len(judged) - goes}

    return count


def _may_concern(eraser: Eraser, *texts: bytes | str | None) -> bool:
    return any(text and eraser.may_concern(text) for text in texts)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────

_DELIVERIES = (
    "SELECT seq, change, destination, detail, history, receipt, state, lane, head, kind, audience, digest "
    "FROM deliveries WHERE {} ORDER BY seq"
)
_OPEN = frozenset({"waiting", "claimed", "unknown", "held", "dead", "parked"})
_HEIR = (
    "SELECT change, statement_seq, statement_id, correlation_id, traceparent FROM deliveries "
    "WHERE digest = ? ORDER BY seq"
)


def find_deliveries(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    found = raw.execute(_DELIVERIES.format("seq > ? AND lane > ? AND lane < ?"), (after, f"{tenant}/", f"{tenant}0"))
    return bounded(found, lambda row: len(row[1]) + len(row[4]))


def fate_of_delivery(eraser: Eraser, row: Any) -> Fate:
    """It goes where it is about them; it never leaves its table."""
    if _may_concern(eraser, row[1]):
        change = _decode(row[1])
        if eraser.is_about(change):
            return Fate.GOES
        if eraser.mentions(change):
            return Fate.CHANGED
    return Fate.CHANGED if any(text and eraser.mentions(text) for text in row[2:5]) else Fate.STAYS


def count_deliveries(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
    cancelled = sum(fate is Fate.GOES and row[6] in _OPEN and row[9] != "digest" for row, fate in judged)
    return {"deliveries_cancelled": cancelled, "deliveries_changed": len(judged) - cancelled}


def apply_to_deliveries(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    cancelled = changed = 0
    for row in rows_:
        now = raw.execute(_DELIVERIES.format("seq = ?"), (row[0],)).fetchone()
        fate = Fate.STAYS if now is None else fate_of_delivery(eraser, now)
        if fate is Fate.STAYS:
            continue
        if fate is Fate.GOES and now[6] in _OPEN and not (now[9] == "digest" and _inherit(raw, now[0])):
            _cancel(raw, now, now_us)
            cancelled += 1
        else:
            changed += 1
        _rewrite(raw, eraser, now[0])
    return {"deliveries_cancelled": cancelled, "deliveries_changed": changed}


def _inherit(raw: sqlite3.Connection, digest: int) -> bool:
    """A digest goes on without them, in the name of the next change in it; False where it has no other."""
    heir = raw.execute(_HEIR, (digest,)).fetchone()
    if heir is None:
        return False
    raw.execute(
        "UPDATE deliveries SET change = ?, statement_seq = ?, statement_id = ?, correlation_id = ?, traceparent = ? "
        "WHERE seq = ?",
        (*heir, digest),
    )
    return True


def _cancel(raw: sqlite3.Connection, row: Any, now_us: int) -> None:
    """Whoever has it in hand finds the claim gone. What stands in a digest stands there no more."""
    seq, _, destination, _, _, _, _, lane, head, _, _, _ = row
    raw.execute(
        "UPDATE deliveries SET state = 'cancelled', head = 0, claimed_by = NULL, held_for = '', digest = NULL, "
        "cause = NULL, receipt = NULL, done_us = ?, detail = ? WHERE seq = ?",
        (now_us, CANCELLED, seq),
    )
    if head:
        lines.advance(raw, lane, destination, now_us)


def _rewrite(raw: sqlite3.Connection, eraser: Eraser, seq: int) -> None:
    """Its texts, without them. The vendor's names of a conversation with them are no use to anybody any more."""
    row = raw.execute(_DELIVERIES.format("seq = ?"), (seq,)).fetchone()
    _, change, destination, detail, history, receipt, _, _, _, _, audience, _ = row
    told = _decode(change)
    about = eraser.is_about(told)
    private = about and bool(_decode(audience).get("learner"))
    fresh = _encode(eraser.without(told))
    rows.unpack_carried(fresh)  # what cannot be read any more is not stored
    raw.execute(
        "UPDATE deliveries SET change = ?, destination = ?, detail = ?, history = ?, receipt = ?, entity = ? "
        "WHERE seq = ?",
        (
            fresh,
            f"learner:{eraser.pseudonym}" if private else eraser.text(destination),
            eraser.text(detail),
            _history(eraser, history, private=private),
            b"{}" if private and receipt is not None else receipt,
            None if about else raw.execute("SELECT entity FROM deliveries WHERE seq = ?", (seq,)).fetchone()[0],
            seq,
        ),
    )


def _history(eraser: Eraser, history: str, *, private: bool) -> str:
    if not history:
        return history
    kept = eraser.without(_decode(f"[{history}]"))
    if private:
        for line in kept:
            line["request_ids"] = {}
    return _encode(kept).decode()[1:-1]


# ── documents ────────────────────────────────────────────────────────────────────────────────────────

_DOCUMENTS = "SELECT no, kind, activity, agent_json, id, content_type, body FROM documents {} ORDER BY no"


def find_documents(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    found = raw.execute(_DOCUMENTS.format("INDEXED BY documents_tenant WHERE tenant = ? AND no > ?"), (tenant, after))
    return bounded(found, lambda row: len(row[6]))


def fate_of_document(eraser: Eraser, row: Any) -> Fate:
    _, _, activity, agent_json, name, _, body = row
    if agent_json:
        agent = _decode(agent_json)
        if eraser.person.is_named(agent):
            return Fate.GOES
    mentioned = any(eraser.mentions(text) for text in (activity, name, _value_of(body)))
    return Fate.CHANGED if mentioned else Fate.STAYS


def apply_to_documents(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    gone = changed = 0
    for row in rows_:
        now = raw.execute(_DOCUMENTS.format("WHERE no = ?"), (row[0],)).fetchone()
        match Fate.STAYS if now is None else fate_of_document(eraser, now):
            case Fate.GOES:
                raw.execute("DELETE FROM documents WHERE no = ?", (row[0],))
                gone += 1
            case Fate.CHANGED:
                _, _, activity, _, name, content_type, body = now
                text = _text_of(body)
                fresh = content(body if text is None else eraser.encoded(text), content_type)
                raw.execute(
                    "UPDATE OR REPLACE documents SET activity = ?, id = ?, body = ?, etag = ? WHERE no = ?",
                    (eraser.text(activity), eraser.text(name), fresh.body, fresh.etag, row[0]),
                )
                changed += 1
            case Fate.STAYS:
                pass
    return {"documents": gone, "documents_changed": changed}


def _value_of(body: bytes) -> Any:
    """JSON as it is meant, anything else as a text."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "ignore")


def _text_of(body: bytes) -> str | None:
    """None where it is no text: nothing in it can be changed without breaking it."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


# ── what is known of activities ──────────────────────────────────────────────────────────────────────


def find_activities(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    sql = (
        "SELECT rowid, id, definition FROM activities INDEXED BY activities_tenant "
        "WHERE tenant = ? AND rowid > ? ORDER BY rowid"
    )
    return bounded(raw.execute(sql, (tenant, after)), lambda row: len(row[2]))


def fate_of_activity(eraser: Eraser, row: Any) -> Fate:
    mentioned = eraser.mentions(row[1]) or eraser.mentions(_decode(row[2]))
    return Fate.CHANGED if mentioned else Fate.STAYS


def apply_to_activities(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    for number, name, definition in rows_:
        raw.execute(
            "UPDATE OR REPLACE activities SET id = ?, definition = ? WHERE rowid = ?",
            (eraser.text(name), eraser.encoded(definition), number),
        )
    return {"activities_changed": len(rows_)}


# ── requests that brought nothing new ────────────────────────────────────────────────────────────────


def find_requests(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    sql = (
        "SELECT no, authority FROM arrivals WHERE no > ? AND tenant = ? AND fresh = 0 AND authority <> x'' ORDER BY no"
    )
    return bounded(raw.execute(sql, (after, tenant)), lambda row: len(row[1]))


def fate_of_request(eraser: Eraser, row: Any) -> Fate:
    concerned = eraser.may_concern(row[1]) and eraser.mentions(_decode(row[1]))
    return Fate.CHANGED if concerned else Fate.STAYS


def apply_to_requests(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    for number, authority in rows_:
        raw.execute("UPDATE arrivals SET authority = ? WHERE no = ?", (eraser.encoded(authority), number))
    return {"requests_changed": len(rows_)}


# ── small tables ─────────────────────────────────────────────────────────────────────────────────────


def find_addresses(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: a row for each learner who was ever written to."""
    if after >= 0:
        return []
    sql = "SELECT 0, lane, email FROM addresses WHERE lane > ? AND lane < ?"
    return raw.execute(sql, (f"{tenant}/", f"{tenant}0")).fetchall()


def fate_of_address(eraser: Eraser, row: Any) -> Fate:
    return Fate.GOES if row[2] in eraser.person.emails else Fate.STAYS


def apply_to_addresses(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM addresses WHERE lane = ? AND email = ?", [row[1:] for row in rows_])
    return {"addresses": len(rows_)}


def find_clicks(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """With the address of whoever clicked, as far as the ledger knows whose it is."""
    sql = (
        "SELECT c.seq, a.email FROM clicks c JOIN addresses a ON a.lane = c.lane AND a.person = c.person "
        "WHERE c.seq > ? AND c.lane > ? AND c.lane < ? ORDER BY c.seq LIMIT 500"
    )
    return raw.execute(sql, (after, f"{tenant}/", f"{tenant}0")).fetchall()


def fate_of_click(eraser: Eraser, row: Any) -> Fate:
    return Fate.GOES if row[1] in eraser.person.emails else Fate.STAYS


def apply_to_clicks(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM clicks WHERE seq = ?", [(row[0],) for row in rows_])
    return {"clicks": len(rows_)}


def find_plans(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    return [] if after >= 0 else raw.execute("SELECT 0, hash, what FROM plans").fetchall()


def fate_of_plan(eraser: Eraser, row: Any) -> Fate:
    return Fate.GOES if eraser.may_concern(row[2]) and eraser.mentions(_decode(row[2])) else Fate.STAYS


def apply_to_plans(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM plans WHERE hash = ?", [(row[1],) for row in rows_])
    return {"plans": len(rows_)}


def find_staged(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    sql = "SELECT rowid FROM staged WHERE rowid > ? AND tenant = ? ORDER BY rowid LIMIT 500"
    return raw.execute(sql, (after, tenant)).fetchall()


def fate_of_staged(eraser: Eraser, row: Any) -> Fate:
    """Nobody knows what is in a part of something."""
    return Fate.GOES


def apply_to_staged(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM staged WHERE rowid = ?", [(row[0],) for row in rows_])
    return {"staged": len(rows_)}


ROOMS = (
    Room("deliveries", find_deliveries, fate_of_delivery, apply_to_deliveries, count_deliveries),
    Room("documents", find_documents, fate_of_document, apply_to_documents, _counted("documents")),
    Room("activities", find_activities, fate_of_activity, apply_to_activities, _counted("activities")),
    Room("requests", find_requests, fate_of_request, apply_to_requests, _counted("requests")),
    Room("clicks", find_clicks, fate_of_click, apply_to_clicks, _counted("clicks")),
    Room("addresses", find_addresses, fate_of_address, apply_to_addresses, _counted("addresses")),
    Room("plans", find_plans, fate_of_plan, apply_to_plans, _counted("plans")),
    Room("staged", find_staged, fate_of_staged, apply_to_staged, _counted("staged")),
    *ROSTERS,
    CONFLICTS,
    BELIEVED,
    RECORDS,
    PERSONS,
    DEEDS,
)
