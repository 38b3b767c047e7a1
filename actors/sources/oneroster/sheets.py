"""The CSV files of a bundle: their names, their columns, and what the manifest says of them. No I/O.

Read leniently (any order and case of columns, unknown ones, cells missing at a row's end that are empty), but never
guessed at: a bundle that is not OneRoster is refused before a row of it is taken.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from actors.domain.canonical import EntityName, Flaw
from actors.domain.harvest import Record
from actors.sources.oneroster.bodies import NEVER_KEPT, Body

How = Literal["bulk", "delta", "absent"]
MANIFEST = "manifest"
CELL_CHARS_MAX = 200
VERSIONS = ("1.0", "1.1", "1.2")


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file. ``needs``: columns without which it is not that file. ``entity``: what its rows are, None where
    they are only laid beside others."""

    name: str
    needs: tuple[str, ...]
    columns: tuple[str, ...]
    entity: EntityName | None = None


def _columns(text: str) -> tuple[str, ...]:
    return ("sourcedId", "status", "dateLastModified", *text.split())


SHEETS: tuple[Sheet, ...] = (
    Sheet(name="orgs", needs=("sourcedId", "name"), columns=_columns("name type identifier parentSourcedId")),
    Sheet(
        name="academicSessions",
        needs=("sourcedId", "title"),
        columns=_columns("title type startDate endDate parentSourcedId schoolYear"),
    ),
    Sheet(
        name="courses",
        needs=("sourcedId", "title"),
        columns=_columns("schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes"),
    ),
    Sheet(
        name="roles",
        needs=("userSourcedId", "role"),
        columns=_columns("userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId"),
    ),
    Sheet(name="categories", needs=("sourcedId", "title"), columns=_columns("title weight")),
    Sheet(
        name="classes",
        needs=("sourcedId", "title", "schoolSourcedId"),
        columns=_columns(
            "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds subjects "
            "subjectCodes periods"
        ),
        entity="course",
    ),
    Sheet(
        name="users",
        needs=("sourcedId", "givenName", "familyName"),
        columns=_columns(
            "enabledUser orgSourcedIds role username userIds givenName familyName middleName identifier email sms "
            "phone agentSourcedIds grades password userMasterIdentifier resourceSourcedIds preferredGivenName "
            "preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns"
        ),
        entity="user",
    ),
    Sheet(
        name="enrollments",
        needs=("sourcedId", "classSourcedId", "userSourcedId", "role"),
        columns=_columns("classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate"),
        entity="enrolment",
    ),
    Sheet(
        name="lineItems",
        needs=("sourcedId", "title", "classSourcedId"),
        columns=_columns(
            "title description assignDate dueDate classSourcedId categorySourcedId gradingPeriodSourcedId "
            "academicSessionSourcedId resultValueMin resultValueMax scoreScaleSourcedId schoolSourcedId"
        ),
        entity="assignment",
    ),
    Sheet(
        name="results",
        needs=("sourcedId", "lineItemSourcedId", "studentSourcedId"),
        columns=_columns(
            "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment textScore classSourcedId "
            "scoreScaleSourcedId inProgress incomplete late missing"
        ),
        entity="grade",
    ),
)
"""In the order in which they are read: what is referred to comes first. ``demographics`` is never read."""

STANDS_IN = {"classCode", "role", "classSourcedId"}
"""Where these are empty, what is joined from another file counts."""
FOREIGN = {
    "school", "section", "student", "teacher", "studentenrollment", "teacherroster", "relationships", "userflags",
}  # fmt: skip
"""Files of Microsoft's School Data Sync, which is something else."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``files``: how each file that it names comes, by its name in lower case."""

    version: str
    files: Mapping[str, How]


class Unfit(Exception):
    """This is no OneRoster bundle. The text is for operators."""


def manifest_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Manifest:
    """Raises Unfit."""
    names = [column.strip().casefold() for column in columns]
    if names[:2] != ["propertyname", "value"]:
        raise Unfit("manifest.csv does not begin with propertyName,value")
    said = {row[0].strip().casefold(): row[1].strip() for row in rows if len(row) >= 2}
    version = said.get("oneroster.version", "").removeprefix("v")
    if version and not version.startswith(VERSIONS):
        raise Unfit(f"manifest.csv says OneRoster {version[:20]}: {', '.join(VERSIONS)} are read")
    files: dict[str, How] = {}
    for name, value in said.items():
        if not name.startswith("file."):
            continue
        match value.casefold():
            case "bulk" | "delta" | "absent" as how:
                files[name.removeprefix("file.")] = how
            case _:
                raise Unfit(f"manifest.csv says {name} is {value[:20]!r}: bulk, delta or absent")
    return Manifest(version=version, files=files)


def found(names: Sequence[str]) -> dict[str, str]:
    """The files there are, by the name of their sheet (``manifest`` too). Raises Unfit."""
    known = {sheet.name.casefold(): sheet.name for sheet in SHEETS} | {MANIFEST: MANIFEST}
    there: dict[str, str] = {}
    for name in names:
        stem = name.casefold().removesuffix(".csv")
        if stem not in known:
            continue
        if known[stem] in there:
            raise Unfit(f"{there[known[stem]]} and {name} are one file twice")
        there[known[stem]] = name
    if set(there) <= {MANIFEST}:
        foreign = [name for name in names if name.casefold().removesuffix(".csv") in FOREIGN]
        hint = " (it looks like School Data Sync, which is another format)" if foreign else ""
        raise Unfit(f"none of its files is one of OneRoster's{hint}")
    return there


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a file as they are kept: known ones in OneRoster's spelling, others as they are, empty: not."""

    columns: tuple[str, ...]
    place: int
    """Where the id stands."""


def header_of(sheet: Sheet, file: str, columns: Sequence[str], others: Sequence[str] = ()) -> Header:
    """Raises Unfit. ``others``: the files beside it, for the hint."""
    spelt = {name.casefold(): name for name in (*sheet.columns, *sheet.needs)}
    kept = tuple(spelt.get(column.casefold().replace(" ", "").replace("_", ""), column) for column in columns)
    twice = sorted({column for column in kept if column and kept.count(column) > 1})
    if twice:
        raise Unfit(f"{file} has the column {twice[0]!r} twice")
    missing = [name for name in sheet.needs if name not in kept]
    if missing:
        foreign = any(name.casefold().removesuffix(".csv") in FOREIGN for name in others) or sheet.name == "enrollments"
        hint = " (a School Data Sync file has none: that is another format)" if foreign else ""
        raise Unfit(f"{file} has no column {', '.join(missing)}: this is not OneRoster{hint}")
    kept = tuple("" if column in NEVER_KEPT else column for column in kept)
    return Header(columns=kept, place=kept.index(sheet.needs[0]))


def body_of(header: Header, row: Sequence[str]) -> Body | None:
    """Cells by their columns, without the empty ones; None for a row that has too few or too many cells."""
    columns = header.columns
    if len(row) != len(columns) and (len(row) < len(columns) or any(cell.strip() for cell in row[len(columns) :])):
        return None
    return {column: cell for column, raw in zip(columns, row, strict=False) if (cell := raw.strip()) and column}


def emptied(header: Header, body: Body) -> Body:
    """The cells of a row that say nothing, said out loud: of a row that is told in part only, what it does not say
    stands. Not those that something else may stand in for."""
    return {name: None for name in header.columns if name and name not in body and name not in STANDS_IN}


def ragged(sheet: Sheet, header: Header, row: Sequence[str], line: int, file: str) -> Record:
    """A row that cannot be read as what it is meant to be, as a record in quarantine."""
    assert sheet.entity is not None  # noqa: S101 - what is only laid beside others has no records
    name = row[header.place].strip() if len(row) > header.place else ""
    cells = [cell[:CELL_CHARS_MAX] for cell in row[: len(header.columns) + 10]]
    flaw = Flaw(
        rule="cells",
        path=f"{file}, about line {line}",
        value=msgspec.json.encode(len(row)).decode(),
        suggestion=f"there are {len(header.columns)} columns and {len(row)} cells here: quote commas and newlines",
    )
    return Record(entity=sheet.entity, id=name or f"line {line}", form="csv", body={"cells": cells}, flaws=(flaw,))


def nameless(sheet: Sheet, body: Body, line: int, file: str) -> Record:
    """A row without its id."""
    assert sheet.entity is not None  # noqa: S101 - what is only laid beside others has no records
    flaw = Flaw(rule="required", path="sourcedId", value="null", suggestion=f"{file}, line {line}: a row needs its id")
    return Record(entity=sheet.entity, id=f"line {line}", form="csv", body=body, flaws=(flaw,))
