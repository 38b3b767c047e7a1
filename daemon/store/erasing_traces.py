"""What a person leaves beside the log: addresses at vendors, documents, texts. See ``erasing``."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.domain.alarms import Standing
from actors.domain.erasing import Eraser, Fate
from actors.domain.xapi.documents import content
from daemon.store.erasing import Counts, Room, Rows, bounded
from daemon.store.erasing_audit import DEEDS
from daemon.store.erasing_conflicts import BELIEVED, CONFLICTS, RULINGS
from daemon.store.erasing_deliveries import DELIVERIES
from daemon.store.erasing_persons import PERSONS
from daemon.store.erasing_pilots import PILOTS
from daemon.store.erasing_records import RECORDS
from daemon.store.erasing_rosters import ACCOUNTS, MEMBERS, ROSTERS

_decode = msgspec.json.Decoder().decode
_standing = msgspec.msgpack.Decoder(Standing)


def _counted(what: str, going: str = "") -> Any:
    """Counts those that change by one name, those that go by another."""

    def count(raw: sqlite3.Connection, tenant: str, judged: Sequence[tuple[Any, Fate]]) -> Counts:
        goes = sum(fate is Fate.GOES for _, fate in judged)
        return {going or what: goes, f"{what}_changed": len(judged) - goes}

    return count


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


# ── the time line ────────────────────────────────────────────────────────────────────────────────────


def find_happenings(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    sql = "SELECT no, subject, words FROM happenings WHERE no > ? AND tenant IN (?, '') ORDER BY no"
    return bounded(raw.execute(sql, (after, tenant)), lambda row: len(row[2]))


def fate_of_happening(eraser: Eraser, row: Any) -> Fate:
    """What a vendor said of a delivery may name whom it was for."""
    return Fate.CHANGED if eraser.mentions(row[1]) or eraser.mentions(row[2]) else Fate.STAYS


def apply_to_happenings(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany(
        "UPDATE happenings SET subject = ?, words = ? WHERE no = ?",
        [(eraser.text(subject), eraser.text(words), no) for no, subject, words in rows_],
    )
    return {"happenings_changed": len(rows_)}


# ── alarms that stand ────────────────────────────────────────────────────────────────────────────────


def find_alarms(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: there are as many as there is trouble."""
    if after >= 0:
        return []
    found = [(0, key, _standing.decode(body)) for key, body in raw.execute("SELECT key, body FROM alarms")]
    return [row for row in found if row[2].alarm.tenant in (tenant, "")]


def fate_of_alarm(eraser: Eraser, row: Any) -> Fate:
    """It says what a vendor or a receiver said, who may have named whom it was about."""
    return Fate.CHANGED if eraser.mentions(row[2].alarm.words) else Fate.STAYS


def apply_to_alarms(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    for _, key, _ in rows_:
        now = raw.execute("SELECT body FROM alarms WHERE key = ?", (key,)).fetchone()
        if now is not None:
            standing = _standing.decode(now[0])
            alarm = msgspec.structs.replace(standing.alarm, words=eraser.text(standing.alarm.words))
            body = msgspec.msgpack.encode(msgspec.structs.replace(standing, alarm=alarm))
            raw.execute("UPDATE alarms SET body = ? WHERE key = ?", (body, key))
    return {"alarms_changed": len(rows_)}


# ── small tables ─────────────────────────────────────────────────────────────────────────────────────


def find_addresses(raw: sqlite3.Connection, tenant: str, after: int) -> Rows:
    """All at once: a row for each learner who was ever written to."""
    if after >= 0:
        return []
    sql = "SELECT 0, lane, email, person FROM addresses WHERE lane > ? AND lane < ?"
    return raw.execute(sql, (f"{tenant}/", f"{tenant}0")).fetchall()


def fate_of_address(eraser: Eraser, row: Any) -> Fate:
    if row[2] not in eraser.person.emails:
        return Fate.STAYS
    eraser.called(row[3] or "")
    return Fate.GOES


def apply_to_addresses(raw: sqlite3.Connection, tenant: str, eraser: Eraser, rows_: Rows, now_us: int) -> Counts:
    raw.executemany("DELETE FROM addresses WHERE lane = ? AND email = ?", [row[1:3] for row in rows_])
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


ADDRESSES = Room("addresses", find_addresses, fate_of_address, apply_to_addresses, _counted("addresses"))
ROOMS = (
    PILOTS,
    DELIVERIES,
    Room("documents", find_documents, fate_of_document, apply_to_documents, _counted("documents")),
    Room("activities", find_activities, fate_of_activity, apply_to_activities, _counted("activities")),
    Room("requests", find_requests, fate_of_request, apply_to_requests, _counted("requests")),
    Room("clicks", find_clicks, fate_of_click, apply_to_clicks, _counted("clicks")),
    Room("happenings", find_happenings, fate_of_happening, apply_to_happenings, _counted("happenings")),
    Room("alarms", find_alarms, fate_of_alarm, apply_to_alarms, _counted("alarms")),
    Room("plans", find_plans, fate_of_plan, apply_to_plans, _counted("plans")),
    Room("staged", find_staged, fate_of_staged, apply_to_staged, _counted("staged")),
    RECORDS,
    *ROSTERS,
    RULINGS,
    CONFLICTS,
    BELIEVED,
    ACCOUNTS,
    ADDRESSES,
    PERSONS,
    DEEDS,
)
"""In this order: who belongs in a place is known from records, so what rosters make of them is looked through after
those; and what tells who is who leaves last, so that an erasure that was killed finds the rest."""
LEARNT = (RECORDS, PERSONS, ADDRESSES, ACCOUNTS, MEMBERS)
"""What tells by which names somebody is known: looked through before anything is counted."""
