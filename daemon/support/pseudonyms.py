"""Texts without persons and secrets: words that are known stay, every other word becomes a pseudonym.

The same word becomes the same pseudonym throughout a bundle, so that lines still belong together. It is made with a key
that is thrown away with the bundle: nobody can try out names against it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from hashlib import blake2s

DEPTH_MAX = 30
NUMBER_DIGITS_MAX = 3
"""Longer numbers in texts may be somebody's; those that stand alone in a field are figures of ours, and stay."""
_PIECE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<url>[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>\\]+)"
    r"|(?P<mail>[^\s@<>\"'(),;:=\[\]{}\\/]+@[^\s@<>\"'(),;:=\[\]{}\\/]+)"
    r"|(?P<id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\b[0-9a-f]{16,}\b)"
    r"|(?P<span>\b\d+(?:\.\d+)?(?:ms|us|s|m|h|d|MB|GB|kB|%)(?!\w))"
    r"|(?P<word>\w+)"
)
_PREFIX = {"url": "url", "mail": "mail", "id": "id", "word": "x"}


class Scrubber:
    """``known``: words that stay, as they are written. ``persons``: words of people's names, which never stay.
    ``mask`` takes known secrets out of a text."""

    def __init__(
        self, key: bytes, known: Collection[str], persons: Collection[str], mask: Callable[[str], str]
    ) -> None:
        self._key = key
        self._known = known
        self._persons = {word.casefold() for word in persons}
        self._mask = mask

    def text(self, text: str) -> str:
        """Safe to be given away."""
        return _PIECE.sub(self._piece, self._mask(text))

    def value(self, value: object, depth: int = DEPTH_MAX) -> object:
        """The same for every text inside, keys included; numbers stay."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self.text(value)
            case Mapping() if depth:
                return {self.text(str(key)): self.value(inner, depth - 1) for key, inner in value.items()}
            case list() | tuple() | set() | frozenset() if depth:
                return [self.value(inner, depth - 1) for inner in value]
            case _:
                return self.text(repr(value))

    def pseudonym(self, kind: str, text: str) -> str:
        """``mail-1f0a93c2``: the same for the same text, however it is written."""
        return f"{kind}-{blake2s(text.casefold().encode(errors='replace'), key=self._key, digest_size=4).hexdigest()}"

    def _piece(self, found: re.Match[str]) -> str:
        kind, piece = str(found.lastgroup), found.group()
        if kind in ("time", "span"):
            return piece
        if kind == "word" and self._stays(piece):
            return piece
        return self.pseudonym(_PREFIX[kind], piece)

    def _stays(self, word: str) -> bool:
        if word.isdigit():
            return len(word) <= NUMBER_DIGITS_MAX
        return word in self._known and word.casefold() not in self._persons
