"""A configuration in a temporary directory, with toy connectors: what the loader sees, without knowing real ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from config.load import examine
from config.model import Configuration, Secret, Words
from config.problems import Problem
from config.tenant import Vocabulary
from config.texts import Duration

ROUTE_WORDS = frozenset({"completed", "passed", "graded", "enrolled", "due_soon"})


class PushClient(Words, frozen=True, kw_only=True):
    """Who may push."""

    key: str
    secret: Secret
    scopes: tuple[Literal["read", "write"], ...] = ("write",)


class PushSettings(Words, frozen=True, kw_only=True):
    """Statements are pushed."""

    dedupe: bool = True
    credentials: tuple[PushClient, ...] = ()


class ChatSettings(Words, frozen=True, kw_only=True):
    """A vendor."""

    token: Secret
    api_url: str = "https://chat.example.org/api/"
    settle: Duration = "2s"
    limits: dict[str, float] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.limits.get("per_s", 1.0) <= 0:
            raise ValueError("limits: per_s is above 0")


VOCABULARY = Vocabulary({"push": PushSettings}, {"chat": ChatSettings}, ROUTE_WORDS)

GOOD_TENANT = """\
timezone = "Europe/Berlin"
locale = "de-DE"

[sources.campus]
kind = "push"
credentials = [{ key = "moodle", secret = { env = "LRS" } }]

[targets.chat]
kind = "chat"
token = { env = "TOKEN" }

[[routes]]
name = "completions"
when = ["completed", "passed"]
to = "chat"
audience = { channel = "C1" }
"""
ENVIRON = {"LRS": "lrs-value", "TOKEN": "token-value"}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files below ``root``; ``{ROOT}`` is not expanded: paths in them are relative anyway."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def look(
    root: Path, environ: Mapping[str, str] = ENVIRON, vocabulary: Vocabulary = VOCABULARY
) -> tuple[Configuration | None, list[Problem]]:
    return examine(root, vocabulary, environ)


def told(problems: list[Problem], root: Path) -> list[tuple[object, ...]]:
    """What a test compares: place, key, message and suggestion; the severity only where it is a warning."""
    return [
        (
            str(problem.file.relative_to(root)),
            problem.line,
            problem.key,
            problem.message.replace(f"{root}/", ""),
            problem.suggestion,
        )
        + (("warning",) if problem.severity == "warning" else ())
        for problem in problems
    ]
