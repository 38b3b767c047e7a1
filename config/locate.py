"""On which line of a TOML file a key stands: ``tomllib`` gives values without places.

A scanner over a text that ``tomllib`` has already accepted, so it need not recognise mistakes; it runs only when there
is a problem to report. Paths are those of the parsed tree: keys, and numbers for elements of lists.
"""

import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]
_BARE_KEY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def locate(text: str) -> dict[Path, int]:
    """Line (from 1) of every table, key and list element. The root is not among them."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    try:
        scanner.document()
    except RecursionError:
        pass  # nested deeper than anything we accept: what has been found so far is enough
    return scanner.lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of the key, else of the nearest table around it, else 1."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[Path, int] = {}
        self.elements: dict[Path, int] = {}
        self.starts = [0]
        for index, char in enumerate(text):
            if char == "\n":
                self.starts.append(index + 1)

    def document(self) -> None:
        table: Path = ()
        while self.skip(" \t\n"):
            if self.char == "[":
                table = self.header()
            else:
                self.pair(table)

    # ── places ──

    @property
    def char(self) -> str:
        return self.text[self.position : self.position + 1]

    def mark(self, path: Path, at: int) -> None:
        """Note where a path is named; the tables it implies are there too, unless they were named before."""
        line = bisect_right(self.starts, at)
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)
        self.lines.setdefault(path, line)

    def skip(self, blanks: str) -> bool:
        """Over blanks and comments; False at the end of the text."""
        while self.char:
            if self.char == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            elif self.char in blanks:
                self.position += 1
            else:
                return True
        return False

    # ── keys ──

    def header(self) -> Path:
        """``[a.b]`` or ``[[a.b]]``: the table that follows. Names in it go through the newest element of a list."""
        start = self.position
        is_list = self.text.startswith("[[", start)
        self.position += 2 if is_list else 1
        *above, last = self.key()
        self.position = self.text.index("]", self.position) + (2 if is_list else 1)
        path: Path = ()
        for step in above:
            path = self.newest((*path, step))
        path = (*path, last)
        if is_list:
            path = (*path, self.elements.get(path, 0))
            self.elements[path[:-1]] = self.elements.get(path[:-1], 0) + 1
        self.mark(path, start)
        # A table may be named after keys have implied it: the header is where people look for it.
        self.lines[path] = bisect_right(self.starts, start)
        return path

    def newest(self, path: Path) -> Path:
        count = self.elements.get(path)
        return path if count is None else (*path, count - 1)

    def key(self) -> list[str]:
        """``a . "b".'c'`` and the blanks around it."""
        steps: list[str] = []
        while True:
            self.skip(" \t")
            start = self.position
            if self.char in "\"'":
                self.string()
                steps.append(tomllib.loads(f"k = {self.text[start : self.position]}")["k"])
            else:
                while self.char in _BARE_KEY:
                    self.position += 1
                steps.append(self.text[start : self.position])
            self.skip(" \t")
            if self.char != ".":
                return steps
            self.position += 1

    def pair(self, table: Path) -> None:
        start = self.position
        path = (*table, *self.key())
        self.mark(path, start)
        self.position += 1  # the equals sign
        self.value(path)

    # ── values ──

    def value(self, path: Path) -> None:
        self.skip(" \t")
        match self.char:
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case '"' | "'":
                self.string()
            case _:
                while self.char and self.char not in ",]}#\n":
                    self.position += 1

    def array(self, path: Path) -> None:
        self.position += 1
        index = 0
        while self.skip(" \t\n,") and self.char != "]":
            self.mark((*path, index), self.position)
            self.value((*path, index))
            index += 1
        self.position += 1

    def inline_table(self, path: Path) -> None:
        self.position += 1
        while self.skip(" \t\n,") and self.char != "}":
            self.pair(path)
        self.position += 1

    def string(self) -> None:
        quote = self.char
        delimiter = quote * 3 if self.text.startswith(quote * 3, self.position) else quote
        self.position += len(delimiter)
        while self.char and not self.text.startswith(delimiter, self.position):
            self.position += 2 if self.char == "\\" and quote == '"' else 1
        self.position += len(delimiter)
        if len(delimiter) == 3:  # up to two more quotes belong to the value
            for _ in range(2):
                if self.char == quote:
                    self.position += 1
