"""The mapping tables of a source, by version: those that ship with its kind, and the operator's over them."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from actors.domain.mapping import Mapped, compile_tables
from config.mappings import Examined
from config.model import MappingFile
from config.walk import Finding

_VERSION = re.compile(r"v([1-9][0-9]{0,5})\.toml", re.ASCII)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """Of one source. ``files``: where the operator's are; those that ship have none."""

    kind: str
    mapped: Mapping[int, Mapped]
    files: Mapping[int, Path] = {}

    @property
    def newest(self) -> int:
        """0 where there is none."""
        return max(self.mapped, default=0)

    def in_force(self, decided: int, wished: int | None = None) -> int:
        """The version that records are mapped by: what the store says (0: nothing yet), else what the configuration
        wishes, else the newest."""
        return decided or wished or self.newest

    def get(self, version: int) -> Mapped:
        """Raises LookupError, with what there is."""
        found = self.mapped.get(version)
        if found is None:
            there = ", ".join(f"v{each}" for each in sorted(self.mapped)) or "none"
            raise LookupError(f"there is no version {version} of this mapping (there is: {there})")
        return found


@cache
def shipped(kind: str) -> Mapping[int, Mapping[str, object]]:
    """Parsed tables that ship with a kind of source, by version; none where the kind has none."""
    return lying_in(resources.files("actors.sources") / kind / "mappings")


def lying_in(folder: Traversable) -> dict[int, Mapping[str, object]]:
    """Parsed tables of a folder, by version."""
    trees: dict[int, Mapping[str, object]] = {}
    if folder.is_dir():
        for entry in folder.iterdir():
            if (version := _VERSION.fullmatch(entry.name)) is not None:
                trees[int(version[1])] = tomllib.loads(entry.read_text("utf-8"))
    return trees


def tables(kind: str, own: Mapping[int, MappingFile]) -> Tables:
    """The tables of a source whose operator has ``own`` ones (which have been examined: what is wrong is left out)."""
    if not own:
        return _of_kind(kind)
    mapped, _ = compile_tables({**shipped(kind), **{version: each.tree for version, each in own.items()}})
    return Tables(kind=kind, mapped=mapped, files={version: each.file for version, each in own.items()})


@cache
def _of_kind(kind: str) -> Tables:
    mapped, _ = compile_tables(shipped(kind))
    return Tables(kind=kind, mapped=mapped)


def examine(kind: str, own: Mapping[int, Mapping[str, object]]) -> Examined:
    """For reading a configuration: every version that a source of this kind would have, and what is wrong with the
    operator's tables. One that hides a table that ships is warned of."""
    if not own:
        return Examined(frozenset(_of_kind(kind).mapped), {})
    return examined(kind, shipped(kind), own)


def examined(kind: str, ours: Mapping[int, Mapping[str, object]], own: Mapping[int, Mapping[str, object]]) -> Examined:
    """Of tables that ship and an operator's."""
    mapped, wrong = compile_tables({**ours, **own})
    findings = {version: list(wrong.get(version, [])) for version in own}
    free = max(max(ours, default=0), 99) + 1
    for version in ours.keys() & own.keys():
        message = f"this hides version {version} that ships with {kind}"
        hint = f"number your own tables from {free} on, with extends = {version}"
        findings[version].append(Finding(("version",), message, hint, "warning"))
    return Examined(frozenset(mapped), findings)
