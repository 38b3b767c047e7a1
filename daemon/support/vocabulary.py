"""The words that lmsyncd itself uses: in its names and in its texts, comments and descriptions left out.

What is written for show (samples, imitated vendors, examples of commands) is left out too: people are called by name
there. A word with a capital stays out unless lmsyncd has it in small letters as well: cities and names are such.
"""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

WORD = re.compile(r"\w+")
PACKAGES = ("actors", "config", "daemon")
FOR_SHOW = frozenset({"cli", "demo", "sandbox", "fake", "school", "examples", "starter", "templates"})
"""Modules and folders whose names begin so are passed over."""
_EXPLAINING = re.compile(r'"""[\s\S]*?"""|#[^\n]*')
_NAMELIKE = re.compile(r"[A-Z][a-z]+")


def words_of_program(rest: Callable[[], None]) -> frozenset[str]:
    """Reads every module's source. ``rest`` is called after each."""
    found: set[str] = set()
    for package in PACKAGES:
        for source in _sources(files(package)):
            found |= words_of(source.read_text(encoding="utf-8"))
            rest()
    return frozenset(word for word in found if not _NAMELIKE.fullmatch(word) or word.lower() in found)


def words_of(source: str) -> set[str]:
    """Names and texts of one module, without what only explains it."""
    return set(WORD.findall(_EXPLAINING.sub(" ", source)))


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for each in folder.iterdir():
        if any(each.name.startswith(name) for name in FOR_SHOW):
            continue
        if each.is_dir() and each.name != "__pycache__":
            yield from _sources(each)
        elif each.name.endswith(".py"):
            yield each
