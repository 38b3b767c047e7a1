"""What the newest table that ships with a kind of source makes of records."""

from actors.domain.canonical import AnyEntity, Flaw
from actors.domain.harvest import Record
from actors.domain.mapping import Frame
from actors.sources.tables import tables


class Table:
    """One kind's, in a frame."""

    def __init__(self, kind: str, frame: Frame) -> None:
        known = tables(kind, {})
        self.mapped = known.get(known.newest)
        self._frame = frame

    def meaning(self, record: Record, known: AnyEntity | None = None) -> AnyEntity | tuple[Flaw, ...]:
        return self.mapped.normalise(record, self._frame, known)

    def means(self, record: Record, known: AnyEntity | None = None) -> AnyEntity:
        meant = self.meaning(record, known)
        assert not isinstance(meant, tuple), (record, meant)
        return meant

    def flaws(self, record: Record) -> list[Flaw]:
        meant = self.meaning(record)
        assert isinstance(meant, tuple), meant
        return list(meant)
