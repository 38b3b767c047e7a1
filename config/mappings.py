"""An operator's own mapping tables: ``mappings/KIND/vN.toml`` for a kind, and for one source, where they win,
``mappings/TENANT/SOURCE/vN.toml``. Files and TOML are known here; what a table may say is handed in.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from config.document import Document, open_document
from config.files import reason
from config.model import Connection, MappingFile
from config.problems import Problem, advice, shown
from config.walk import Finding

SSO = "sso"
"""The kind of what people's claims are mapped by; a source of that name has its folder for itself."""
VERSIONS_MAX = 1_000
"""In one folder."""
_VERSION = re.compile(r"v([1-9][0-9]{0,5})\.toml", re.ASCII)

Documents = Mapping[int, Document]


class Examined(NamedTuple):
    """All versions that a source has, those that ship included, and what is wrong with the operator's."""

    versions: frozenset[int]
    findings: Mapping[int, list[Finding]]


Examine = Callable[[str, Mapping[int, Mapping[str, object]]], Examined]
"""(kind of source, the operator's parsed tables by version) → what there is and what is wrong."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in ``mappings``: tables for kinds; where those for one source are."""

    directory: Path
    kinds: dict[str, dict[int, Document]] = {}


def read_shelf(
    directory: Path, kinds: Iterable[str], tenants: Iterable[str], examine: Examine | None
) -> tuple[Shelf, list[Problem]]:
    """Tables for kinds of source, and what is wrong: also folders that are of no kind and no tenant. No directory, no
    tables."""
    known = sorted({*kinds, SSO})
    names = sorted(tenants)
    found: dict[str, dict[int, Document]] = {}
    problems: list[Problem] = []
    for folder in _folders(directory, problems):
        if folder.name in known:
            documents, wrong = _versions(folder)
            problems += wrong
            found[folder.name] = documents
            if examine is not None and documents:
                problems += _said(documents, examine(folder.name, _trees(documents)).findings)
        elif folder.name not in names:
            message = f"{shown(folder.name)} is neither a kind of source nor a tenant"
            hint = advice(folder.name, [*known, *names], "kind or tenant")
            problems.append(Problem(file=folder, message=message, suggestion=hint))
    return Shelf(directory=directory, kinds=found), problems


def read_mappings(
    shelf: Shelf, tenant: str, sources: Mapping[str, Connection], kinds: Iterable[str], examine: Examine | None
) -> tuple[dict[str, dict[int, MappingFile]], list[Problem]]:
    """The operator's tables of each source of a tenant, those of its kind included, and what is wrong with them."""
    mappings: dict[str, dict[int, MappingFile]] = {}
    problems: list[Problem] = []
    own = {folder.name: folder for folder in _folders(shelf.directory / tenant, problems)}
    for name, folder in own.items():
        if name not in sources:
            message = f"{tenant} has no source {shown(name)}"
            problems.append(Problem(file=folder, message=message, suggestion=advice(name, sources, "source")))
    for name, connection in sources.items():
        documents, wrong = _versions(own[name]) if name in own else ({}, [])
        problems += wrong
        both = {**shelf.kinds.get(connection.kind, {}), **documents}
        if examine is not None:
            examined = examine(connection.kind, _trees(both))
            problems += _said(both, examined.findings)
            problems += _wished(shelf, tenant, connection, examined)
        if both:
            mappings[name] = {
                version: MappingFile(file=document.file, tree=document.tree) for version, document in both.items()
            }
    if tenant not in set(kinds):
        problems += _stray(shelf.directory / tenant)
    return mappings, problems


def _wished(shelf: Shelf, tenant: str, connection: Connection, examined: Examined) -> Iterable[Problem]:
    wished = getattr(connection.settings, "mapping", None)
    if isinstance(wished, int) and wished not in examined.versions and wished not in examined.findings:
        file = shelf.directory.parent / "tenants.d" / f"{tenant}.toml"
        there = ", ".join(str(version) for version in sorted(examined.versions)) or "none"
        message = f"there is no version {wished} of the mapping of {connection.kind}"
        key = "sso.mapping" if connection.kind == SSO else f"sources.{connection.name}.mapping"
        yield Problem(file=file, key=key, message=message, suggestion=f"there is: {there}")


def _folders(directory: Path, problems: list[Problem]) -> list[Path]:
    try:
        return sorted(entry for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(Problem(file=directory, message=reason(error), topic="file"))
        return []


def _versions(folder: Path) -> tuple[dict[int, Document], list[Problem]]:
    documents: dict[int, Document] = {}
    problems: list[Problem] = []
    try:
        files = sorted(entry for entry in folder.iterdir() if entry.suffix == ".toml" and entry.name[0] != ".")
    except OSError as error:
        return {}, [Problem(file=folder, message=reason(error), topic="file")]
    if len(files) > VERSIONS_MAX:
        return {}, [Problem(file=folder, message=f"there are more than {VERSIONS_MAX:,} tables")]
    for file in files:
        version = _VERSION.fullmatch(file.name)
        if version is None:
            problems.append(Problem(file=file, message="a mapping table is called after its version: v2.toml"))
            continue
        document = open_document(file)
        if isinstance(document, Problem):
            problems.append(document)
        else:
            documents[int(version[1])] = document
    return documents, problems


def _stray(folder: Path) -> Iterable[Problem]:
    """Tables beside a tenant's folders instead of in one of them."""
    if folder.is_dir():
        for file in sorted(folder.glob("*.toml")):
            hint = f"{folder.name}/SOURCE/{file.name}"
            yield Problem(file=file, message="a tenant's tables lie in a folder of their source", suggestion=hint)


def _trees(documents: Documents) -> dict[int, Mapping[str, object]]:
    return {version: document.tree for version, document in documents.items()}


def _said(documents: Documents, findings: Mapping[int, list[Finding]]) -> Iterable[Problem]:
    for version, document in documents.items():
        yield from document.problems(findings.get(version, []))
