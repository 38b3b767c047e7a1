"""What vendors told: kept once, and acted on in the same transaction, as far as the store goes.

What a tiding does here is little and can be undone by asking the vendor: an address is forgotten (and looked up anew
when somebody is written to), a lane is suspended (until a hello succeeds), a channel is open or closed. Deliveries of
a channel that closed end like those that the vendor refuses there, a handful at a time (``settle``); when it is back,
those that ended since wait again.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from actors.domain.outbox import Attempt, Decision, State
from actors.domain.retry import in_doubt
from actors.domain.tidings import (
    AppGone,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    Clicked,
    MembersChanged,
    Missed,
    Note,
    PeopleMissed,
    PersonCame,
    PersonChanged,
    PersonGone,
    Place,
    Tiding,
    TokensRevoked,
    Watch,
    WatchGone,
    WatchLapsing,
)
from actors.domain.verdicts import Cause
from actors.ports.listening import Noted, PlaceView, Standing
from daemon.store import interventions, judging, lines, roster_news, rows
from daemon.store.engine import Engine
from daemon.store.writer import Writer

DAY_US = 86_400_000_000
HEARD_KEPT_US = 8 * DAY_US
"""Vendors tell the same again for a day at most."""
FORGET_MAX = 500
"""So many ids that have had their time leave with each call."""
REVIVED_US_MAX = 14 * DAY_US
"""What ended longer ago than this is no news any more when a channel is back: a person may replay it."""
LEARNT_LATE_US = DAY_US
"""The vendor may have refused posts for so long before we were told why."""
NAME_CHARS_MAX = 200
CLOSED = {"archived": "the channel is archived", "deleted": "the channel is gone"}


class SqlTidebook:
    """Implements ``ports.listening.Tidebook``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def take(self, lane: str, notes: Sequence[Note], now_us: int) -> Noted:
        return await self._write(lambda raw: take(raw, lane, notes, now_us))

    async def settle(self, lane: str, now_us: int, limit: int) -> tuple[int, int]:
        return await self._write(lambda raw: settle(raw, lane, now_us, limit))

    async def standing(self, lane: str) -> Standing:
        row = await self._read(
            lambda raw: raw.execute(
                "SELECT names, cursor, surveyed_us, hailed_us, due FROM ears WHERE lane = ?", (lane,)
            ).fetchone()
        )
        if row is None:
            return Standing()
        names = msgspec.json.decode(row[0], type=dict[str, str])
        return Standing(names=names, cursor=row[1], surveyed_us=row[2], hailed_us=row[3], due=bool(row[4]))

    async def hailed(self, lane: str, names: Mapping[str, str], now_us: int) -> None:
        text = msgspec.json.encode(dict(names)).decode()
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO ears (lane, names, hailed_us) VALUES (?, ?, ?) ON CONFLICT (lane) "
                "DO UPDATE SET names = excluded.names, hailed_us = excluded.hailed_us",
                (lane, text, now_us),
            )
        )

    async def surveyed(self, lane: str, cursor: str, now_us: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO ears (lane, cursor, surveyed_us) VALUES (?, ?, ?) ON CONFLICT (lane) "
                "DO UPDATE SET cursor = excluded.cursor, surveyed_us = excluded.surveyed_us, due = 0",
                (lane, cursor, now_us),
            )
        )

    async def watches(self, lane: str) -> list[Watch]:
        found = await self._read(
            lambda raw: raw.execute(
                "SELECT key, resource, url, proof, id, ends_us FROM watches WHERE lane = ? ORDER BY made_us, key",
                (lane,),
            ).fetchall()
        )
        return [
            Watch(key=row[0], resource=row[1], url=row[2], proof=row[3], id=row[4], ends_us=row[5]) for row in found
        ]

    async def watch(self, lane: str, watch: Watch, now_us: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO watches (lane, key, resource, url, proof, id, ends_us, made_us) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (lane, key) DO UPDATE SET id = excluded.id, ends_us = excluded.ends_us",
                (lane, watch.key, watch.resource, watch.url, watch.proof, watch.id, watch.ends_us, now_us),
            )
        )

    async def unwatch(self, lane: str, key: str) -> None:
        await self._write(lambda raw: raw.execute("DELETE FROM watches WHERE lane = ? AND key = ?", (lane, key)))

    async def places(self, lane: str) -> list[PlaceView]:
        found = await self._read(
            lambda raw: raw.execute(
                "SELECT place, name, closed, since_us FROM places WHERE lane = ? ORDER BY place", (lane,)
            ).fetchall()
        )
        return [PlaceView(place=Place(place=row[0], name=row[1], closed=row[2]), since_us=row[3]) for row in found]


def take(raw: sqlite3.Connection, lane: str, notes: Sequence[Note], now_us: int) -> Noted:
    """Keep which were told, and act on those that were not."""
    fresh: list[Note] = []
    forgotten, suspended = 0, False
    for note in notes:
        if note.id and not _first_time(raw, lane, note.id, now_us):
            continue
        fresh.append(note)
        forgotten += _act(raw, lane, note, now_us)
        suspended = suspended or _suspends(note.tiding)
    raw.execute(
        "DELETE FROM heard WHERE lane = ? AND id IN (SELECT id FROM heard WHERE lane = ? AND at_us < ? LIMIT ?)",
        (lane, lane, now_us - HEARD_KEPT_US, FORGET_MAX),
    )
    return Noted(fresh=tuple(fresh), forgotten=forgotten, suspended=suspended)


def _first_time(raw: sqlite3.Connection, lane: str, note_id: str, now_us: int) -> bool:
    return bool(raw.execute("INSERT OR IGNORE INTO heard VALUES (?, ?, ?)", (lane, note_id, now_us)).rowcount)


def _suspends(tiding: Tiding) -> bool:
    return isinstance(tiding, AppGone) or (isinstance(tiding, TokensRevoked) and tiding.ours)


def _act(raw: sqlite3.Connection, lane: str, note: Note, now_us: int) -> int:
    """How many addresses were forgotten."""
    match note.tiding:
        case AppGone(why=why) | TokensRevoked(why=why, ours=True):
            _suspend(raw, lane, why, now_us)
        case TokensRevoked():
            pass
        case PersonCame(person=person, email=email):
            roster_news.people(raw, lane, person, (email,) if email else (), now_us, came=True)
            return _forget(raw, lane, "email = ? AND person <> ?", (email, person)) if email else 0
        case PersonChanged(person=person, emails=emails):
            roster_news.people(raw, lane, person, emails, now_us)
            return _changed(raw, lane, person, emails)
        case PersonGone(person=person):
            roster_news.people(raw, lane, person, (), now_us)
            return _forget_person(raw, lane, person)
        case PeopleMissed():
            roster_news.everybody(raw, lane)
            return _forget(raw, lane, "found_us <= ?", (now_us,))
        case ChannelSeen(place=place, name=name) | ChannelRenamed(place=place, name=name):
            _tell(raw, lane, place, now_us)
            raw.execute("UPDATE places SET name = ? WHERE lane = ? AND place = ?", (_short(name), lane, place))
        case ChannelArchived(place=place):
            _close(raw, lane, place, "archived", now_us)
            roster_news.archived(raw, lane, place, now_us)
        case ChannelDeleted(place=place):
            _close(raw, lane, place, "deleted", now_us)
            roster_news.members(raw, lane, place, (), (), now_us)  # whoever reads it hears that it is gone
        case ChannelBack(place=place, name=name):
            _open(raw, lane, place, name, now_us)
            roster_news.reopened(raw, lane, place, now_us)
        case MembersChanged(place=place, joined=joined, left=left):
            roster_news.members(raw, lane, place, joined, left, now_us)
        case WatchLapsing(watch=watch):
            raw.execute("UPDATE watches SET ends_us = ? WHERE lane = ? AND id = ?", (now_us, lane, watch))
        case WatchGone(watch=watch):
            raw.execute("DELETE FROM watches WHERE lane = ? AND id = ?", (lane, watch))
            _ask_soon(raw, lane)
        case Missed():
            _ask_soon(raw, lane)
        case Clicked(form=form, person=person, body=body):
            raw.execute(
                "INSERT OR IGNORE INTO clicks (lane, id, form, person, body, at_us) VALUES (?, ?, ?, ?, ?, ?)",
                (lane, note.id, form, person, body, now_us),
            )
        case _ as never:
            assert_never(never)
    return 0


def _suspend(raw: sqlite3.Connection, lane: str, why: str, now_us: int) -> None:
    raw.execute(
        "INSERT INTO lanes (lane, suspended, suspended_us) VALUES (?, ?, ?) ON CONFLICT (lane) DO UPDATE SET "
        "suspended = excluded.suspended, suspended_us = coalesce(suspended_us, excluded.suspended_us)",
        (lane, why, now_us),
    )


def _ask_soon(raw: sqlite3.Connection, lane: str) -> None:
    raw.execute("INSERT INTO ears (lane, due) VALUES (?, 1) ON CONFLICT (lane) DO UPDATE SET due = 1", (lane,))


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def _changed(raw: sqlite3.Connection, lane: str, person: str, emails: Sequence[str]) -> int:
    """An address that is theirs no more is forgotten, and so is one that was somebody else's and is theirs now. Where
    the addresses are not told, all of theirs are looked up anew."""
    if not emails:
        return _forget_person(raw, lane, person)
    marks = ",".join("?" * len(emails))
    gone = _forget(raw, lane, f"person = ? AND email NOT IN ({marks})", (person, *emails))
    return gone + _forget(raw, lane, f"person <> ? AND email IN ({marks})", (person, *emails))


def _forget_person(raw: sqlite3.Connection, lane: str, person: str) -> int:
    """Addresses of which nobody noted whose they are go too: they are found again, and then it is noted."""
    return _forget(raw, lane, "person IN (?, '')", (person,))


def _forget(raw: sqlite3.Connection, lane: str, which: str, values: Sequence[object]) -> int:
    return raw.execute(f"DELETE FROM addresses WHERE lane = ? AND {which}", (lane, *values)).rowcount  # noqa: S608


# ── places ───────────────────────────────────────────────────────────────────────────────────────────


def _short(name: str) -> str:
    return name[:NAME_CHARS_MAX]


def _tell(raw: sqlite3.Connection, lane: str, place: str, now_us: int) -> None:
    raw.execute("INSERT OR IGNORE INTO places (lane, place, since_us) VALUES (?, ?, ?)", (lane, place, now_us))


def _close(raw: sqlite3.Connection, lane: str, place: str, closed: str, now_us: int) -> None:
    _tell(raw, lane, place, now_us)
    raw.execute(
        "UPDATE places SET closed = ?, since_us = ?, closed_us = CASE WHEN closed = '' THEN ? ELSE closed_us END, "
        "unsettled = 1 WHERE lane = ? AND place = ? AND closed <> ?",
        (closed, now_us, now_us, lane, place, closed),
    )


def _open(raw: sqlite3.Connection, lane: str, place: str, name: str, now_us: int) -> None:
    _tell(raw, lane, place, now_us)
    if name:
        raw.execute("UPDATE places SET name = ? WHERE lane = ? AND place = ?", (_short(name), lane, place))
    raw.execute(
        "UPDATE places SET closed = '', since_us = ?, unsettled = 1 WHERE lane = ? AND place = ? AND closed <> ''",
        (now_us, lane, place),
    )


def settle(raw: sqlite3.Connection, lane: str, now_us: int, limit: int) -> tuple[int, int]:
    """One place after the other; (ended, revived). Those with nothing to do are left behind in the same step."""
    while True:
        row = raw.execute(
            "SELECT place, closed, closed_us, since_us FROM places WHERE lane = ? AND unsettled = 1 "
            "ORDER BY place LIMIT 1",
            (lane,),
        ).fetchone()
        if row is None:
            return 0, 0
        place, closed, closed_us, since_us = row
        _, _, target = lane.partition("/")
        if closed:
            n = _end(raw, lane, place, CLOSED[closed], target, now_us, limit)
        else:
            from_us = max(closed_us - LEARNT_LATE_US, since_us - REVIVED_US_MAX)
            n = _revive(raw, lane, place, (from_us, since_us), target, now_us, limit)
        if n:
            return (n, 0) if closed else (0, n)
        raw.execute("UPDATE places SET unsettled = 0 WHERE lane = ? AND place = ?", (lane, place))


def _end(raw: sqlite3.Connection, lane: str, place: str, why: str, target: str, now_us: int, limit: int) -> int:
    """As the vendor's refusal would: what surely was not posted is dead, what may have been is parked. Whatever is in
    somebody's hands or in doubt learns it from the vendor."""
    found = raw.execute(
        "SELECT seq, attempts, sent_us, history FROM deliveries INDEXED BY deliveries_line WHERE lane = ? "
        "AND destination = ? AND state IN ('waiting', 'claimed', 'unknown') AND state = 'waiting' ORDER BY seq LIMIT ?",
        (lane, place, limit),
    ).fetchall()
    dead = Decision(state=State.DEAD, cause=Cause.DESTINATION_GONE, detail=f"{target} told us: {why}")
    for seq, attempts, sent_us, history in found:
        decision = dead if sent_us is None else in_doubt(dead)
        assert decision.cause is not None  # noqa: S101  # dead and parked have one
        told = Attempt(
            number=attempts, kind="told", started_us=now_us, ended_us=now_us, verdict="refused", detail=decision.detail
        )
        raw.execute(
            "UPDATE deliveries SET state = ?, head = 0, cause = ?, detail = ?, done_us = ?, history = ? WHERE seq = ?",
            (
                decision.state.value,
                decision.cause.value,
                decision.detail,
                now_us,
                rows.longer_history(history, told),
                seq,
            ),
        )
    if found:
        lines.advance(raw, lane, place, now_us)
    return len(found)


def _revive(
    raw: sqlite3.Connection, lane: str, place: str, ended_us: tuple[int, int], target: str, now_us: int, limit: int
) -> int:
    """What ended there meanwhile because there was no such place; what is old news or taken back stays as it is, and so
    does what ended there again since."""
    found = raw.execute(
        "SELECT seq, id FROM deliveries INDEXED BY deliveries_stuck WHERE lane = ? AND state IN ('dead', 'parked') "
        "AND state = 'dead' AND destination = ? AND cause = ? AND done_us BETWEEN ? AND ? ORDER BY seq",
        (lane, place, Cause.DESTINATION_GONE.value, *ended_us),
    )
    revived = 0
    for _, delivery_id in found.fetchall():
        wanted = judging.Replay(id=delivery_id.hex(), named=False)
        done = interventions.replay(
            raw, [wanted], by=f"{target}: the channel is back", now_us=now_us, accept_double=False
        )
        revived += done[0].done
        if revived == limit:
            break
    return revived
