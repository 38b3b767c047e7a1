"""What a vendor calls a learner, remembered so that nobody is looked up twice."""

from daemon.store.engine import Engine
from daemon.store.writer import Writer


class SqlLedger:
    """Implements ``ports.Ledger``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def address(self, lane: str, email: str, since_us: int = 0) -> str | None:
        row = await self._read(
            lambda raw: raw.execute(
                "SELECT address FROM addresses WHERE lane = ? AND email = ? AND found_us >= ?", (lane, email, since_us)
            ).fetchone()
        )
        return row[0] if row else None

    async def remember(self, lane: str, email: str, address: str, now_us: int, person: str = "") -> None:
        await self._write(
            lambda raw: raw.execute(
                "INSERT OR REPLACE INTO addresses (lane, email, address, found_us, person) VALUES (?, ?, ?, ?, ?)",
                (lane, email, address, now_us, person),
            )
        )

    async def forget(self, lane: str, email: str) -> None:
        await self._write(lambda raw: raw.execute("DELETE FROM addresses WHERE lane = ? AND email = ?", (lane, email)))
