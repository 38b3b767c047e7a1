"""Districts of any size, as student information systems export them: bundles of OneRoster 1.1, written row by row.

Enrolments stand in the order of classes; a class's people are those of its school, and one in twenty teaches.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from actors.sources.oneroster.fake.told import ORG, TERM

LARGE = (4_441, 1_470, 31_045)
"""People, classes, enrolments: a district of twenty schools."""
WHEN = "2026-09-01T06:00:00.000Z"
COURSES, CLASSES_A_SCHOOL = 91, 70


def guid(kind: str, number: int) -> str:
    """Ids as exporters make them."""
    digits = hashlib.blake2b(f"{kind} {number}".encode(), digest_size=16).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def district(folder: Path, people: int, classes: int, enrolments: int) -> Path:
    """A bulk bundle in this folder, which is made."""
    folder.mkdir(parents=True)
    _write(folder, "orgs", "name type identifier parentSourcedId", [(ORG, "Hillside", "school", "1000", "")])
    _write(
        folder,
        "academicSessions",
        "title type startDate endDate parentSourcedId schoolYear",
        [(TERM, "Full Year", "term", "2026-08-15", "2027-06-10", "", "2027")],
    )
    _write(
        folder,
        "courses",
        "schoolYearSourcedId title courseCode grades orgSourcedId subjects",
        ((guid("course", n), TERM, f"Course {n}", f"C{n:05}", "09", ORG, "") for n in range(COURSES)),
    )
    _write(
        folder,
        "classes",
        "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds subjects periods",
        (_class(n) for n in range(classes)),
    )
    _write(
        folder,
        "users",
        "enabledUser orgSourcedIds role username userIds givenName familyName middleName identifier email sms phone "
        "agentSourcedIds grades password",
        (_person(n) for n in range(people)),
    )
    _write(
        folder,
        "enrollments",
        "classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
        (_enrolment(n, n * classes // enrolments, people, classes) for n in range(enrolments)),
    )
    said = [f"file.{path.stem},bulk" for path in sorted(folder.iterdir())]
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1", *said, "file.demographics,absent"]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _class(n: int) -> tuple[str, ...]:
    course = n % COURSES
    code = f"C{course:05}-{n}"
    return (guid("class", n), f"Class {n}", "09", guid("course", course), code, "scheduled", "", ORG, TERM, "", "")


def _person(n: int) -> tuple[str, ...]:
    names = (f"Given{n}", f"Family{n}", "", str(910_000_000 + n), address(n))
    return (guid("user", n), "true", ORG, _role(n), f"given{n}.family{n}", "", *names, "", "", "", "09", "")


def _enrolment(n: int, where: int, people: int, classes: int) -> tuple[str, ...]:
    schools = max(1, classes // CLASSES_A_SCHOOL)
    school, size = where * schools // classes, people // schools
    who = school * size + n * 7 % size
    days = ("2026-08-15", "2027-06-10")
    return (guid("enrolment", n), guid("class", where), ORG, guid("user", who), _role(who), "", *days)


def address(person: int) -> str:
    """Of the n-th of them."""
    return f"given{person}.family{person}@example.edu"


def _role(person: int) -> str:
    return "student" if person % 20 else "teacher"


def _write(folder: Path, name: str, columns: str, rows: Iterable[Sequence[str]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("sourcedId", "status", "dateLastModified", *columns.split()))
        writer.writerows((row[0], "active", WHEN, *row[1:]) for row in rows)
