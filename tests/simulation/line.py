"""What becomes of one entity when changes of it are told: late, again, in another order, and taken back."""

from bisect import bisect_right

import msgspec


class Tellings(msgspec.Struct):
    """Who told a change. ``standing``: those that were not voided."""

    first: str
    late: bool
    everybody: list[str] = []
    standing: set[str] = set()


class Line:
    """What an entity stood at, by the time of the events: (time, value, number), oldest first. Of each number, the
    statement that told it first, all that told it and were not voided, and whether it was told late."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str, int]] = []
        self.tellings: dict[int, Tellings] = {}
        self._top = 0
        self._began_us = 0

    @property
    def number(self) -> int:
        """Of what is in force; 0 where nothing is."""
        return self.entries[-1][2] if self.entries else 0

    @property
    def value(self) -> str:
        return self.entries[-1][1] if self.entries else ""

    def taken_back(self, number: int) -> None:
        """It never was in force."""
        self._began_us = next((at_us for at_us, _, each in self.entries if each == number), 0)
        self.entries = [entry for entry in self.entries if entry[2] != number]

    def tell_instead(self, value: str) -> None:
        """In place of what was taken back just now, as of its time."""
        self._top += 1
        self.entries.append((self._began_us, value, self._top))

    def told_by(self, number: int, statement_id: str, *, late: bool) -> None:
        if number not in self.tellings:
            self.tellings[number] = Tellings(first=statement_id, late=late)
        self.tellings[number].everybody.append(statement_id)
        self.tellings[number].standing.add(statement_id)

    def tell(self, value: str, at_us: int) -> tuple[int, bool, bool]:
        """(number, whether it is news, whether it is overtaken). Told twice, a change keeps its number."""
        entries = self.entries
        if entries and at_us < entries[-1][0]:
            place = bisect_right(entries, at_us, key=lambda entry: entry[0])
            near = [entry for entry in entries if entry[0] == at_us] + entries[max(place - 1, 0) : place + 1]
            for entry in near:
                if entry[1] == value:
                    return entry[2], False, False
            self._top += 1
            entries.insert(place, (at_us, value, self._top))
            return self._top, True, True
        if entries and entries[-1][1] == value:
            _, _, number = entries[-1]
            if len(entries) > 1 and entries[-2][2] == number:
                entries.pop()  # of a run only its two ends count
            if entries[-1][0] != at_us:
                entries.append((at_us, value, number))
            return number, False, False
        self._top += 1
        entries.append((at_us, value, self._top))
        return self._top, True, False
