"""A listing as pages of records, and when it may be called whole.

Pages that are counted shift when something is taken away meanwhile, and what was at their edge is missed. So before
anything is called whole, a counted listing of several pages is read once more; pages found by bookmarks do not shift.
"""

from collections.abc import Callable, Generator, Iterable

from actors.domain.harvest import Answer, Halted, Page, Record, Step, Whole
from actors.sources.canvas.reading import PAGES_MAX, Closed, Query, Reader, too_long
from actors.sources.canvas.records import Entry

Make = Callable[[Entry], Iterable[Record | None]]
Enough = Callable[[list[dict[str, object]]], bool]
First = Callable[[list[dict[str, object]]], Generator[Step, Answer, Halted | None]]


def _never(entries: list[dict[str, object]]) -> bool:
    return False


def _nothing(entries: list[dict[str, object]]) -> Generator[Step, Answer, None]:
    yield from ()


class Teller:
    """Of one run. ``full``: what is gone is to be found."""

    def __init__(self, reader: Reader, page_size: int, *, full: bool) -> None:
        self._reader = reader
        self._page_size = page_size
        self._full = full

    def tell(
        self,
        operation: str,
        path: str,
        query: Query,
        make: Make,
        whole: Whole | None = None,
        *,
        sure: bool = False,
        enough: Enough = _never,
        first: First = _nothing,
    ) -> Generator[Step, Answer, Halted | Closed | None]:
        """Of a full reading, ``whole`` is said at the end. ``sure``: it must miss nothing, though nothing is said here.
        ``enough``: whether, after these entries, the rest is not wanted. ``first``: what is to be read before these
        entries are told."""
        seen: set[tuple[str, str]] = set()
        shaky = yield from self._pages(operation, path, query, make, seen, enough, first)
        if isinstance(shaky, bool) and shaky and self._full and (sure or whole is not None):
            shaky = yield from self._pages(operation, path, query, make, seen, enough, first)
        if not isinstance(shaky, bool):
            return shaky
        if self._full and whole is not None:
            yield whole
        return None

    def _pages(
        self,
        operation: str,
        path: str,
        query: Query,
        make: Make,
        seen: set[tuple[str, str]],
        enough: Enough,
        first: First,
    ) -> Generator[Step, Answer, bool | Halted | Closed]:
        """Whether something may have been missed. ``seen``: what has been told is not told again."""
        url = self._reader.url(path, [*query, ("per_page", str(self._page_size))])
        shaky = False
        been: set[str] = set()
        while url not in been and len(been) < PAGES_MAX:
            been.add(url)
            sheet = yield from self._reader.sheet(operation, url)
            if isinstance(sheet, Halted | Closed):
                return sheet
            halted = yield from first(sheet.entries)
            if halted is not None:
                return halted
            told = [record for entry in sheet.entries for record in make(entry) if record is not None]
            fresh = tuple(each for each in told if (each.entity, each.id) not in seen)
            seen.update((each.entity, each.id) for each in fresh)
            if fresh:
                yield Page(records=fresh)
            if not sheet.next or enough(sheet.entries):
                return shaky
            shaky = shaky or not sheet.stable
            url = sheet.next
        return too_long(operation)
