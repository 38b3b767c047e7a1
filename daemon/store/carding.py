"""Cards for reviewers, in SQL: which conflicts stand otherwise than their cards say, cards as deliveries, clicks."""

import sqlite3
from collections.abc import Sequence

from actors.domain.conflicts.cards import ReviewCard
from actors.domain.conflicts.model import Case, Event
from actors.ports.cards import Click, Untold
from config.model import Audience
from daemon.store import posting, rows
from daemon.store.deciding import CASE, case_of, noted
from daemon.store.engine import Engine
from daemon.store.writer import Writer

ROUTE = "review"


class SqlCards:
    """Implements ``ports.cards.Cards``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def untold(self, tenant: str, limit: int) -> tuple[list[Untold], int, int]:
        return await self._read(lambda raw: _untold(raw, tenant, limit))

    async def post(
        self,
        lane: str,
        destination: str,
        audience: Audience,
        cards: Sequence[tuple[Case, ReviewCard | None]],
        now_us: int,
    ) -> int:
        return await self._write(lambda raw: _post(raw, lane, destination, audience, cards, now_us))

    async def not_done(self, tenant: str, no: int, event: Event) -> None:
        await self._write(lambda raw: _not_done(raw, tenant, no, event))

    async def clicks(self, lane: str, limit: int) -> list[Click]:
        return await self._read(lambda raw: _clicks(raw, lane, limit))

    async def heeded(self, lane: str, seq: int) -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT INTO clicks_heeded VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET seq = max(seq, excluded.seq)",
                (lane, seq),
            )
        )

    async def known_as(self, lane: str, person: str) -> tuple[str, ...]:
        sql = "SELECT email FROM addresses WHERE lane = ? AND person = ? AND person <> ''"
        return tuple(row[0] for row in await self._read(lambda raw: raw.execute(sql, (lane, person)).fetchall()))


def _untold(raw: sqlite3.Connection, tenant: str, limit: int) -> tuple[list[Untold], int, int]:
    sql = (
        f"SELECT told, {CASE} FROM conflicts WHERE tenant = ? AND told <> state "  # noqa: S608  # column names
        "ORDER BY told = '', no LIMIT ?"
    )
    found = [Untold(case=case_of(row[1:]), told=row[0]) for row in raw.execute(sql, (tenant, limit))]
    shown, waiting = raw.execute(
        "SELECT coalesce(sum(told = 'open'), 0), count(*) FROM conflicts WHERE tenant = ? AND state = 'open'", (tenant,)
    ).fetchone()
    return found, shown, waiting


def _post(
    raw: sqlite3.Connection,
    lane: str,
    destination: str,
    audience: Audience,
    cards: Sequence[tuple[Case, ReviewCard | None]],
    now_us: int,
) -> int:
    made = 0
    sql = "UPDATE conflicts SET told = state WHERE no = ? AND state = ? AND mark = ? AND decisions = ?"
    for case, card in cards:
        if card is not None:
            made += _deliver(raw, lane, destination, audience, card, now_us)
        raw.execute(sql, (case.no, case.state, bytes.fromhex(case.mark), case.decisions))
    return made


def _not_done(raw: sqlite3.Connection, tenant: str, no: int, event: Event) -> None:
    row = raw.execute("SELECT history FROM conflicts WHERE tenant = ? AND no = ?", (tenant, no)).fetchone()
    if row is not None:
        sql = "UPDATE conflicts SET history = ?, told = CASE WHEN told = '' THEN '' ELSE 'stale' END WHERE no = ?"
        raw.execute(sql, (noted(row[0], event), no))


def _deliver(
    raw: sqlite3.Connection, lane: str, destination: str, audience: Audience, card: ReviewCard, now_us: int
) -> bool:
    events = raw.execute("SELECT length(history) FROM conflicts WHERE no = ?", (card.conflict,)).fetchone()[0]
    entity = rows.key(lane.partition("/")[0], card.entity)
    correlation_id = f"conflict-{card.conflict}"
    return posting.post(raw, lane, ROUTE, destination, audience, card, entity, correlation_id, events, now_us)


def _clicks(raw: sqlite3.Connection, lane: str, limit: int) -> list[Click]:
    row = raw.execute("SELECT seq FROM clicks_heeded WHERE lane = ?", (lane,)).fetchone()
    sql = "SELECT seq, id, form, person, body, at_us FROM clicks WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?"
    return [
        Click(seq=seq, id=id_, form=form, person=person, body=body, at_us=at_us)
        for seq, id_, form, person, body, at_us in raw.execute(sql, (lane, row[0] if row else 0, limit))
    ]
