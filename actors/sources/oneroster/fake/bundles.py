"""A school as a bundle of CSV files, as a student information system exports it."""

import csv
import io
import zipfile
from collections.abc import Mapping
from typing import Literal

from actors.domain.school import School
from actors.sources.oneroster.fake.told import Row, moment, rows
from actors.sources.oneroster.sheets import SHEETS

LEFT_OUT = frozenset({"roles", "categories"})


def bundle_of(school: School, version: Literal["1.1", "1.2"] = "1.1", since_s: float | None = None) -> dict[str, str]:
    """Files by name. With ``since_s`` a delta of what changed since then, which alone tells who is deleted; without, a
    bulk of all there is."""
    files: dict[str, str] = {}
    for sheet in SHEETS:
        if sheet.name not in LEFT_OUT:
            told = list(rows(school, sheet.name))
            kept = [row for row in told if _told(row, since_s)]
            if since_s is None:
                kept = [{**row, "status": "", "dateLastModified": ""} for row in kept]
            files[f"{sheet.name}.csv"] = _csv(list(_heading(told, sheet.columns)), kept)
    if version == "1.2":
        _split_roles(files, list(rows(school, "users")), since_s)
    how = "bulk" if since_s is None else "delta"
    said = {"manifest.version": "1.0", "oneroster.version": version}
    said |= {f"file.{name.removesuffix('.csv')}": how for name in sorted(files)}
    said |= {"file.demographics": "absent", "source.systemName": "Sandbox School"}
    files["manifest.csv"] = _csv(["propertyName", "value"], [{"propertyName": k, "value": v} for k, v in said.items()])
    return files


def zipped(files: Mapping[str, str | bytes], at: tuple[int, int, int, int, int, int] = (2026, 9, 1, 6, 0, 0)) -> bytes:
    """``at``: when each file was written, as a zip says it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as into:
        for name, text in files.items():
            into.writestr(zipfile.ZipInfo(name, at), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _told(row: Row, since_s: float | None) -> bool:
    return row["status"] == "active" if since_s is None else row["dateLastModified"] >= moment(since_s)


def _heading(told: list[Row], columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(told[0]) if told else columns


def _split_roles(files: dict[str, str], users: list[Row], since_s: float | None) -> None:
    """1.2: a person's roles stand in a file of their own."""
    blank = since_s is None
    roles, people = [], []
    for row in users:
        if not _told(row, since_s):
            continue
        told = {**row, "status": "", "dateLastModified": ""} if blank else row
        head = {name: told[name] for name in ("status", "dateLastModified")}
        roles.append(
            {
                "sourcedId": f"role-{row['sourcedId']}", **head, "userSourcedId": row["sourcedId"],
                "roleType": "primary", "role": row["role"], "beginDate": "", "endDate": "",
                "orgSourcedId": row["orgSourcedIds"],
            }
        )  # fmt: skip
        people.append(
            {name: cell for name, cell in told.items() if name not in ("role", "orgSourcedIds")}
            | {"userMasterIdentifier": f"master-{row['sourcedId']}", "primaryOrgSourcedId": row["orgSourcedIds"]}
        )
    files["users.csv"] = _csv(list(people[0]) if people else ["sourcedId", "givenName", "familyName"], people)
    files["roles.csv"] = _csv(list(roles[0]) if roles else ["userSourcedId", "role"], roles)


def _csv(columns: list[str], told: list[Row]) -> str:
    held = io.StringIO()
    writer = csv.DictWriter(held, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(told)
    return held.getvalue()
