"""What stands after ``format``: a text with ``{home_page}``, ``{id}`` and fields of the same form in it.

In an IRI each is written as an IRI needs it (but for one that the text begins with), and one that is missing leaves no
IRI. In other texts what is missing is left out; where all is, there is nothing.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from actors.domain.mapping.frame import FRAME_WORDS, Frame
from actors.domain.mapping.values import text_of
from config.recall import remembered

FORMAT_CHARS_MAX = 1_000
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SAFE = re.compile(r"[A-Za-z0-9._~:@!$'()*,;=\-]*", re.ASCII)


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """``parts``: texts and names in turn, a text first."""

    parts: tuple[str, ...]
    iri: bool

    @property
    def names(self) -> tuple[str, ...]:
        return self.parts[1::2]

    @property
    def needs(self) -> frozenset[str]:
        """Fields that it names."""
        return frozenset(self.names) - frozenset(FRAME_WORDS)

    def render(self, record_id: str, frame: Frame, mapped: Mapping[str, object]) -> str | None:
        """Raises Unfit where a field is no text."""
        said = [self.parts[0]]
        something = not self.parts[1::2]
        for name, after in zip(self.parts[1::2], self.parts[2::2], strict=True):
            text = _word(name, record_id, frame) if name in FRAME_WORDS else _field(mapped.get(name))
            if text:
                something = True
            elif self.iri:
                return None
            said += [quoted(text) if self.iri and (len(said) > 1 or said[0]) else text, after]
        if not something:
            return None
        return "".join(said) if self.iri else " ".join("".join(said).split())


def format_of(text: str, *, iri: bool) -> Format:
    """Raises ValueError. ``{{`` and ``}}`` are braces."""
    if len(text) > FORMAT_CHARS_MAX:
        raise ValueError(f"a format has at most {FORMAT_CHARS_MAX:,} characters")
    parts = [""]
    place = 0
    for match in _PART.finditer(text):
        parts[-1] += text[place : match.start()]
        place = match.end()
        if match[0] in ("{{", "}}"):
            parts[-1] += match[0][0]
        elif match[1]:
            parts += [match[1].strip(), ""]
        else:
            raise ValueError("a brace is alone, or there is nothing in it; a brace itself is written twice")
    parts[-1] += text[place:]
    return Format(parts=tuple(parts), iri=iri)


def quoted(text: str) -> str:
    """As a segment of an IRI's path: what may stand there stays, letters of all scripts too."""
    if _SAFE.fullmatch(text):
        return text
    return _quoted(text)


@remembered("mapping_values", 4096)
def _quoted(text: str) -> str:
    return "".join(
        each if not each.isascii() and each.isalnum() else quote(each, safe="~:@!$'()*,;=", errors="replace")
        for each in text
    )


def _word(name: str, record_id: str, frame: Frame) -> str:
    if name == "id":
        return record_id
    if name == "home_page":
        return frame.home_page.rstrip("/")
    return str(getattr(frame, name))


def _field(value: object) -> str:
    return "" if value is None else text_of(value)
