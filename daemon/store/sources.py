"""How sources stand, in SQL. What a reading tells is in ``records``; the cursor moves there too, with its page."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from actors.domain.harvest import Mode, Part
from actors.domain.removals import Missing
from actors.ports.readings import PAST_GOES_ON, READINGS_KEPT, Reading, SourceName
from actors.ports.records import Past, SourceState
from daemon.store import rows
from daemon.store.engine import Engine
from daemon.store.writer import Writer

_STATE = (
    "no, mapping, cursor, paused_by, paused_us, suspended, suspended_us, first_us, full_us, heard_us, unchanged, "
    "throttled_us, braked, spoilt, past"
)
_READING = "no, mode, began_us, ended_us, how, detail, requests, told, changed, gone, quarantined, statements"
_DETAIL_CHARS_MAX = 500
_missing = msgspec.json.Decoder(tuple[Missing, ...]).decode
_IDLE = "(how = 'finished' AND mode = 'delta' AND changed + gone + quarantined + statements = 0)"
IDLE_KEPT = 10
"""Of readings that brought nothing: an inbox that is looked at every ten seconds is not to push out the others."""


class SqlSources:
    """Implements ``ports.readings.Sources``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._writer = writer
        self._read = reader.run

    async def state(self, source: SourceName) -> SourceState:
        found = await self._read(lambda raw: _find(raw, source))
        return found if found is not None else await self._writer.submit(lambda raw: _made(raw, source))

    async def known(self, sources: Sequence[SourceName]) -> dict[SourceName, SourceState]:
        def job(raw: sqlite3.Connection) -> dict[SourceName, SourceState]:
            found = {source: _find(raw, source) for source in sources}
            return {source: state for source, state in found.items() if state is not None}

        return await self._read(job)

    async def pause(self, no: int, by: str, now_us: int) -> None:
        await self._set("UPDATE sources SET paused_by = ?, paused_us = ?, past = '' WHERE no = ?", by, now_us, no)

    async def resume(self, no: int) -> None:
        await self._set("UPDATE sources SET paused_by = '', paused_us = NULL, throttled_us = 0 WHERE no = ?", no)

    async def suspend(self, no: int, why: str, now_us: int) -> None:
        why = why[:_DETAIL_CHARS_MAX] or "its credentials are refused"
        await self._set(
            "UPDATE sources SET suspended = ?, suspended_us = coalesce(suspended_us, ?) WHERE no = ?", why, now_us, no
        )

    async def unsuspend(self, no: int) -> None:
        await self._set("UPDATE sources SET suspended = '', suspended_us = NULL WHERE no = ?", no)

    async def throttle(self, no: int, until_us: int) -> None:
        await self._set("UPDATE sources SET throttled_us = ? WHERE no = ?", until_us, no)

    async def heard(self, no: int, now_us: int) -> None:
        await self._set("UPDATE sources SET heard_us = ? WHERE no = ?", now_us, no)

    async def ask_past(self, no: int, past: Past) -> None:
        await self._set("UPDATE sources SET past = ? WHERE no = ?", msgspec.json.encode(past).decode(), no)

    async def first_mapping(self, no: int, version: int) -> None:
        await self._set("UPDATE sources SET mapping = ? WHERE no = ? AND mapping = 0", version, no)

    async def at_home(self, no: int, home_page: str) -> None:
        sql = "SELECT 1 FROM sources WHERE no = ? AND home_page = ?"
        if await self._read(lambda raw: raw.execute(sql, (no, home_page)).fetchone()) is None:
            await self._set("UPDATE sources SET home_page = ? WHERE no = ?", home_page, no)

    async def shut(self, no: int) -> frozenset[Part]:
        sql = "SELECT entity, scope FROM shut WHERE source = ?"
        return frozenset(await self._read(lambda raw: raw.execute(sql, (no,)).fetchall()))

    async def shut_up(self, no: int, parts: Sequence[Part]) -> None:
        rows = [(no, *part) for part in parts]
        await self._writer.submit(lambda raw: raw.executemany("INSERT OR IGNORE INTO shut VALUES (?, ?, ?)", rows))

    async def opened(self, no: int, parts: Sequence[Part]) -> None:
        rows = [(no, *part) for part in parts]
        sql = "DELETE FROM shut WHERE source = ? AND entity = ? AND scope = ?"
        await self._writer.submit(lambda raw: raw.executemany(sql, rows))

    async def _set(self, sql: str, *values: object) -> None:
        await self._writer.submit(lambda raw: raw.execute(sql, values))

    # ── readings ─────────────────────────────────────────────────────────────────────────────────────

    async def begin(self, no: int, mode: Mode, now_us: int) -> int:
        def job(raw: sqlite3.Connection) -> int:
            sql = "INSERT INTO readings (source, mode, began_us) VALUES (?, ?, ?)"
            return raw.execute(sql, (no, mode, now_us)).lastrowid or 0

        return await self._writer.submit(job)

    async def end(
        self,
        no: int,
        reading: Reading,
        braked: Sequence[Missing] | None = None,
        *,
        whole: bool = True,
        spoilt: str | None = None,
    ) -> None:
        def job(raw: sqlite3.Connection) -> None:
            raw.execute(
                "UPDATE readings SET ended_us = ?, how = ?, detail = ?, requests = ?, told = ?, changed = ?, gone = ?, "
                "quarantined = ?, statements = ? WHERE no = ?",
                (
                    reading.ended_us,
                    reading.how,
                    reading.detail[:_DETAIL_CHARS_MAX],
                    reading.requests,
                    reading.told,
                    reading.changed,
                    reading.gone,
                    reading.quarantined,
                    reading.statements,
                    reading.no,
                ),
            )
            if spoilt is not None:
                raw.execute("UPDATE sources SET spoilt = ? WHERE no = ?", (spoilt[:_DETAIL_CHARS_MAX], no))
            _note(raw, no, reading, braked, whole)
            for kind, kept in (("1", READINGS_KEPT), (_IDLE, IDLE_KEPT)):
                raw.execute(
                    f"DELETE FROM readings WHERE source = ? AND {kind} AND no <= "  # noqa: S608  # ours, both of them
                    f"(SELECT no FROM readings WHERE source = ? AND {kind} ORDER BY no DESC LIMIT 1 OFFSET ?)",
                    (no, no, kept),
                )

        await self._writer.submit(job)

    async def readings(self, no: int, limit: int) -> list[Reading]:
        sql = f"SELECT {_READING} FROM readings WHERE source = ? ORDER BY no DESC LIMIT ?"  # noqa: S608  # columns
        found = await self._read(lambda raw: raw.execute(sql, (no, limit)).fetchall())
        return [Reading(**dict(zip(Reading.__struct_fields__, row, strict=True))) for row in found]

    async def quarantined(self, nos: Sequence[int]) -> Mapping[int, int]:
        sql = (
            "SELECT count(*) FROM records r WHERE r.source = ? AND r.state = 'quarantined' AND NOT EXISTS "
            "(SELECT 1 FROM dismissals d WHERE d.record = r.no AND d.digest = r.digest)"
        )

        def job(raw: sqlite3.Connection) -> dict[int, int]:
            counts = {no: int(raw.execute(sql, (no,)).fetchone()[0]) for no in nos}
            return {no: count for no, count in counts.items() if count}

        return await self._read(job)


def _find(raw: sqlite3.Connection, source: SourceName) -> SourceState | None:
    sql = f"SELECT {_STATE} FROM sources WHERE tenant = ? AND name = ? AND kind = ?"  # noqa: S608  # columns
    row = raw.execute(sql, (source.tenant, source.name, source.kind)).fetchone()
    return None if row is None else _state(row)


def _made(raw: sqlite3.Connection, source: SourceName) -> SourceState:
    """One of another kind that had this name steps aside, with what it told."""
    found = _find(raw, source)
    if found is not None:
        return found
    raw.execute(
        "UPDATE sources SET name = name || '#' || no WHERE tenant = ? AND name = ?", (source.tenant, source.name)
    )
    sql = "INSERT INTO sources (tenant, name, kind) VALUES (?, ?, ?)"
    no = raw.execute(sql, (source.tenant, source.name, source.kind)).lastrowid or 0
    return SourceState(no=no)


def _state(row: Sequence[Any]) -> SourceState:
    values = dict(zip(SourceState.__struct_fields__, row, strict=True))
    past = msgspec.json.decode(values["past"], type=Past) if values["past"] else None
    braked = _missing(values["braked"]) if values["braked"] else ()
    cursor = msgspec.json.decode(values["cursor"], type=dict[str, str])
    return SourceState(**{**values, "cursor": cursor, "past": past, "braked": braked})


def _note(raw: sqlite3.Connection, no: int, reading: Reading, braked: Sequence[Missing] | None, whole: bool) -> None:
    """What a reading that ended means for its source."""
    if braked is not None:
        raw.execute("UPDATE sources SET braked = ? WHERE no = ?", (rows.pack(braked).decode() if braked else "", no))
    if reading.mode == "backfill" and reading.how not in PAST_GOES_ON:
        raw.execute("UPDATE sources SET past = '' WHERE no = ?", (no,))
    if reading.how not in ("finished", "braked") or reading.mode == "backfill":
        return
    if reading.changed or reading.gone:
        raw.execute("UPDATE sources SET unchanged = 0 WHERE no = ?", (no,))
    elif reading.mode == "delta" or not whole:
        raw.execute("UPDATE sources SET unchanged = unchanged + 1 WHERE no = ?", (no,))
    if reading.mode == "full":
        raw.execute("UPDATE sources SET full_us = ? WHERE no = ?", (reading.ended_us, no))
        if whole:
            raw.execute("UPDATE sources SET first_us = coalesce(first_us, ?) WHERE no = ?", (reading.ended_us, no))
