"""What is wrong with a configuration, and how it is said: to people (plain text, by file) and to programs (JSON lines).

A problem never holds a secret: whoever writes one shows a value only through ``shown``.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Literal

import msgspec

from config.numbers import number_of

SCHEMA_VERSION = 1
SHOWN_CHARS_MAX = 40
LISTED_WORDS_MAX = 24

Severity = Literal["error", "warning"]
Topic = Literal["file", "syntax", "words", "secret", "unsupported"]

_TOKEN = re.compile(r"(?i)xox[a-z]-|xapp-|eyj[a-z0-9]|-----begin|(?=\S*\d)[a-z0-9+/=]{32,}\Z")
_TOKEN_LIKE = re.compile(r"(?i)(?=\S*\d)(?=\S*[a-z])[\w.~+/=-]{20,}\Z")


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing to put right. ``line`` counts from 1; 0 where the file has no lines or is not there at all.
    ``key`` is dotted (``routes[2].when[0]``), empty where the whole file is meant. ``topic`` lets a caller tell a
    missing secret (the machine is not ready) from wrong words (the file is not right)."""

    file: Path
    line: int = 0
    key: str = ""
    message: str
    suggestion: str = ""
    severity: Severity = "error"
    topic: Topic = "words"


class BadConfiguration(Exception):
    """The configuration cannot be used; ``problems`` has all there is to say, warnings included."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(f"the configuration has {tally(self.problems)}")


def dotted(path: Sequence[str | int]) -> str:
    """``("routes", 2, "when", 0)`` is ``routes[2].when[0]``. Keys that need quotes in TOML are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = re.fullmatch(r"[A-Za-z0-9_-]{1,80}", step)
            text += ("." if text else "") + (step if plain else shown(step, quote='"'))
    return text


def is_token(value: str) -> bool:
    """Whether this is, as good as certainly, a secret itself and not the name of one."""
    return _TOKEN.match(value) is not None


def shown(value: str, quote: str = "'") -> str:
    """A value fit for a message: quoted, on one line and cut, and not at all if it may be a secret somebody put in
    the wrong place."""
    if is_token(value) or _TOKEN_LIKE.match(value):
        return "(not shown: it looks like a secret)"
    cut = value if len(value) <= SHOWN_CHARS_MAX else value[:SHOWN_CHARS_MAX] + "…"
    return quote + "".join(char if char.isprintable() else "?" for char in cut) + quote


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``did you mean 'token'?``, or nothing where nothing is close."""
    known = {candidate.casefold(): candidate for candidate in sorted(words, reverse=True)}
    close = get_close_matches(word[:80].casefold(), known, n=1, cutoff=0.6)
    return f"did you mean {known[close[0]]!r}?" if close else ""


def advice(word: str, words: Iterable[str], what: str) -> str:
    """The nearest word, else all there are, else that there are none."""
    known = sorted(words)
    if not known:
        return f"there is no {what}"
    listed = ", ".join(known[:LISTED_WORDS_MAX]) + (", …" if len(known) > LISTED_WORDS_MAX else "")
    return did_you_mean(word, known) or f"one of: {listed}"


def tally(problems: Iterable[Problem]) -> str:
    """``2 errors, 1 warning``."""
    severities = [problem.severity for problem in problems]
    counts = [(severities.count(severity), f"{severity}s") for severity in ("error", "warning")]
    said = [number_of(count, words) for count, words in counts if count]
    return ", ".join(said) or "no problems"


def in_a_line(problem: Problem) -> str:
    """``/etc/lmsyncd/tenants.d/acme.toml:7: timezone: …``: for a log, where one line is all there is."""
    line = f":{problem.line}" if problem.line else ""
    key = f"{problem.key}: " if problem.key else ""
    return f"{_name(problem.file)}{line}: {key}{problem.message}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file and line, each said once."""
    return sorted(set(problems))


def render(problems: Iterable[Problem], root: Path | None = None) -> str:
    """For people: grouped by file, one problem a line and its suggestion below. Paths below ``root`` are shortened."""
    ordered = in_order(problems)
    lines: list[str] = []
    for file, group in groupby(ordered, key=lambda problem: problem.file):
        lines.append(_short(file, root))
        for problem in group:
            place = f"line {problem.line}: " if problem.line else ""
            key = f"{problem.key}: " if problem.key else ""
            mark = "warning: " if problem.severity == "warning" else ""
            lines.append(f"  {place}{mark}{key}{problem.message}")
            if problem.suggestion:
                lines.append(f"      {problem.suggestion}")
    lines.append(tally(ordered))
    return "\n".join(lines) + "\n"


def json_lines(problems: Iterable[Problem]) -> str:
    """For programs: a JSON object a line, with a schema version."""
    encoder = msgspec.json.Encoder(enc_hook=_name)
    return "".join(
        encoder.encode({"schema": SCHEMA_VERSION} | msgspec.structs.asdict(problem)).decode() + "\n"
        for problem in in_order(problems)
    )


def _short(file: Path, root: Path | None) -> str:
    if root is not None and file.is_relative_to(root) and file != root:
        return _name(file.relative_to(root))
    return _name(file)


def _name(file: Path) -> str:
    """A path as text; bytes in it that are not UTF-8 become question marks."""
    return str(file).encode(errors="replace").decode()
