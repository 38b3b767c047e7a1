"""What operators ask of the store: reading for ``lmsyncctl``, and the few changes that only people make."""

from daemon.store.engine import Engine
from daemon.store.writer import Writer


class Queries:
    """Rows for people. Every list is bounded by its caller."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def depths(self) -> list[tuple[str, str, int]]:
        """(lane, state, deliveries), for every state that has any."""
        return await self._read(
            lambda raw: raw.execute("SELECT lane, state, n FROM depths WHERE n > 0 ORDER BY lane, state").fetchall()
        )
