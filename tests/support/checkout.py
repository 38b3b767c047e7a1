"""The checkout that the tests stand in: its files, as a fresh clone has them."""

from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOMS = ("actors", "config", "daemon", "docs", "systemd", "tests", ".ci")
PACKAGES = ("actors", "config", "daemon")
MADE = {"__pycache__", ".git"}
"""What tools make; in a second work tree ``.git`` is a file."""
DATA = {".jsonl", ".csv", ".lock", ".zip"}
"""Suffixes of what nobody writes by hand."""


def files(*rooms: str, suffix: str = "") -> Iterator[Path]:
    """Every file below ``rooms`` (default: all of the project, and its top), without what tools make."""
    if not rooms:
        yield from (path for path in sorted(TOP.iterdir()) if is_ours(path) and path.name.endswith(suffix))
    for room in rooms or ROOMS:
        for path in sorted((TOP / room).rglob(f"*{suffix}")):
            if is_ours(path):
                yield path


def is_ours(path: Path) -> bool:
    """A file that tools did not make."""
    return path.is_file() and not MADE & set(path.parts) and not path.name.endswith(".pyc")


def written(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


def told(path: Path) -> str:
    """A path as one would name it to a colleague."""
    return str(path.relative_to(TOP))
