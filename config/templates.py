"""An operator's own templates: ``templates/NAME.j2`` for every platform, ``templates/PLATFORM/NAME.j2`` for one."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from config.files import Unreadable, read_text, reason
from config.problems import Problem, advice, shown

SUFFIX = ".j2"
TEMPLATE_BYTES_MAX = 64 * 1024
TEMPLATES_MAX = 500
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", re.ASCII)
_SYNTAX = SandboxedEnvironment(autoescape=True)


def read_templates(directory: Path, platforms: Iterable[str]) -> tuple[dict[str, str], list[Problem]]:
    """Template texts by name (``NAME``, ``PLATFORM/NAME``) and what is wrong with them. No directory, no templates."""
    templates: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        for count, file in enumerate(_files(directory)):
            if count == TEMPLATES_MAX:
                problems.append(Problem(file=directory, message=f"there are more than {TEMPLATES_MAX} templates"))
                break
            name = str(file.relative_to(directory)).removesuffix(SUFFIX)
            text = _read(file, name, set(platforms))
            if isinstance(text, Problem):
                problems.append(text)
            else:
                templates[name] = text
    except OSError as error:
        problems.append(Problem(file=directory, message=reason(error), topic="file"))
    return templates, problems


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        return
    for entry in sorted(directory.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from (file for file in sorted(entry.iterdir()) if file.suffix == SUFFIX)
        elif entry.suffix == SUFFIX:
            yield entry


def _read(file: Path, name: str, platforms: set[str]) -> str | Problem:
    platform, slash, own_name = name.rpartition("/")
    if slash and platform not in platforms:
        message = f"{shown(platform)} is no kind of target"
        return Problem(file=file, message=message, suggestion=advice(platform, platforms, "kind of target"))
    if _NAME.fullmatch(own_name) is None:
        return Problem(file=file, message="the name of a template has letters, digits, dots, hyphens and underscores")
    try:
        text = read_text(file, TEMPLATE_BYTES_MAX)
        _SYNTAX.parse(text)
    except Unreadable as error:
        return Problem(file=file, message=str(error), topic="file")
    except TemplateSyntaxError as error:
        return Problem(
            file=file,
            line=error.lineno,
            message=f"this is no template: {(error.message or '').rstrip('.')}",
            topic="syntax",
        )
    except RecursionError:
        return Problem(file=file, message="this is nested too deeply", topic="syntax")
    return text
