"""What a student information system says of the things of a school, in OneRoster's words: plain rows, which the service
and the bundles dress in their own ways. Whatever is hidden from learners it does not know.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from actors.domain.school import Mark, Membership, School

ORG, TERM = "school-1", "term-1"
NEVER = "2199-01-01"
ROLES = {"student": "student", "teacher": "teacher", "ta": "aide", "observer": "guardian", "designer": "administrator"}
Row = dict[str, str]


def moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()


def rows(school: School, sheet: str) -> Iterator[Row]:
    """The rows of one CSV file, or the objects of one collection, in no order."""
    match sheet:
        case "orgs":
            yield {**_row(ORG, 0.0, gone=False), "name": "Sandbox School", "type": "school", "identifier": "1000"}
        case "academicSessions":
            yield _row(
                TERM, 0.0, gone=False, title="2026-2027", type="term", startDate="2026-08-01", endDate="2027-07-31",
                schoolYear="2027",
            )  # fmt: skip
        case "courses":
            for course in school.courses.values():
                yield _row(
                    f"course-{course.id}", course.at_s, gone=course.deleted, title=course.name, courseCode=course.code,
                    orgSourcedId=ORG,
                )  # fmt: skip
        case "classes":
            for course in school.courses.values():
                yield _row(
                    str(course.id), course.at_s, gone=course.deleted, title=course.name, classCode=course.code,
                    classType="scheduled", courseSourcedId=f"course-{course.id}", schoolSourcedId=ORG,
                    termSourcedIds=TERM,
                )  # fmt: skip
        case "users":
            yield from _users(school)
        case "enrollments":
            for member in school.memberships.values():
                yield _enrolment(member)
        case "lineItems":
            for work in school.works.values():
                if work.published:
                    yield _row(
                        str(work.id), work.at_s, gone=False, title=work.name, assignDate=day(work.at_s),
                        dueDate="" if work.due_s is None else day(work.due_s), classSourcedId=str(work.course),
                        resultValueMin="0", resultValueMax=f"{work.points:g}",
                    )  # fmt: skip
        case "results":
            for mark in school.marks.values():
                if mark.submitted_s is not None or (mark.points is not None and mark.posted):
                    yield _result(mark)
        case _:
            return


def _row(name: str, at_s: float, *, gone: bool, **cells: str) -> Row:
    status = "tobedeleted" if gone else "active"
    return {"sourcedId": name, "status": status, "dateLastModified": moment(at_s), **cells}


def _users(school: School) -> Iterator[Row]:
    roles = {member.user: member.role for member in school.memberships.values()}
    for person in school.people.values():
        yield _row(
            str(person.id), person.at_s, gone=person.deleted, enabledUser="false" if person.suspended else "true",
            orgSourcedIds=ORG, role=ROLES[roles.get(person.id, "student")], username=person.username,
            givenName=person.given, familyName=person.family, identifier=person.sis_id, email=person.email,
        )  # fmt: skip


def _enrolment(member: Membership) -> Row:
    """A state is told by dates: who has left ended that day, who is invited begins some day."""
    over = member.state in ("inactive", "completed")
    return _row(
        str(member.id), member.at_s, gone=member.state == "deleted", classSourcedId=str(member.course),
        schoolSourcedId=ORG, userSourcedId=str(member.user), role=ROLES[member.role],
        primary="true" if member.role == "teacher" else "false",
        beginDate=NEVER if member.state == "invited" else "", endDate=day(member.at_s) if over else "",
    )  # fmt: skip


def _result(mark: Mark) -> Row:
    graded = mark.points is not None and mark.posted
    at_s = (mark.graded_s if graded else mark.submitted_s) or mark.at_s
    return _row(
        f"{mark.work}-{mark.user}", mark.at_s, gone=False, lineItemSourcedId=str(mark.work),
        studentSourcedId=str(mark.user), scoreStatus="fully graded" if graded else "submitted",
        score=f"{mark.points:g}" if graded else "", scoreDate=day(at_s),
    )  # fmt: skip
