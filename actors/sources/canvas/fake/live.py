"""What happened at a school, as Live Events: signed as Instructure signs them, with a key that the sandbox makes."""

from functools import cache

import msgspec
from joserfc import jws
from joserfc.jwk import RSAKey

from actors.domain.school import Happening, School
from actors.domain.xapi.moments import spelt
from actors.sources.canvas.fake.objects import TYPES, Fields, when
from actors.sources.canvas.records import SHARD

SHARD_NO = 7
KEY_BITS = 2_048


@cache
def signing_key(kid: str = "sandbox-1") -> RSAKey:
    """Made when it is first needed; the same one until the process ends."""
    return RSAKey.generate_key(KEY_BITS, {"kid": kid, "use": "sig"})


def everywhere(number: int) -> str:
    """An id as most events have it: global."""
    return str(SHARD_NO * SHARD + number)


class LiveFeed:
    """The subscription of one school."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._sent = 0

    def jwks(self) -> Fields:
        return {"keys": [signing_key().as_dict(private=False)]}

    def skip(self) -> None:
        """What happened so far was before the subscription."""
        self._sent = len(self._school.happened)

    def deliveries(self) -> list[bytes]:
        """Bodies of the requests that are due: one event each."""
        fresh, self._sent = self._school.happened[self._sent :], len(self._school.happened)
        return [sign(event) for happening in fresh for event in self.events(happening)]

    def events(self, happening: Happening) -> list[Fields]:
        """What Canvas says of it."""
        school, key, at_s = self._school, happening.key, happening.at_s
        suffix = "created" if happening.new else "updated"
        match happening.what, key:
            case "people", int(number):
                person = school.people[number]
                body: Fields = {
                    "user_id": everywhere(number),
                    "name": person.name,
                    "short_name": person.name,
                    "user_login": person.username,
                    "user_sis_id": person.sis_id,
                    "workflow_state": "deleted" if person.deleted else "registered",
                    "updated_at": when(at_s),
                }
                return [self._event(f"user_{suffix}", body, at_s)]
            case "courses", int(number):
                course = school.courses[number]
                body = {"course_id": everywhere(number), "name": course.name, "workflow_state": "available"}
                return [self._event(f"course_{suffix}", body, at_s)]
            case "memberships", int(number):
                member = school.memberships[number]
                body = {
                    "enrollment_id": everywhere(number),
                    "user_id": everywhere(member.user),
                    "user_name": school.people[member.user].name,
                    "course_id": everywhere(member.course),
                    "course_section_id": everywhere(member.section or member.course + 10_000),
                    "type": TYPES[member.role],
                    "workflow_state": member.state,
                    "updated_at": when(at_s),
                }
                return [self._event(f"enrollment_{suffix}", body, at_s, course=member.course)]
            case "works", int(number):
                work = school.works[number]
                body = {
                    "assignment_id": everywhere(number),
                    "context_id": everywhere(work.course),
                    "context_type": "Course",
                    "title": work.name,
                    "due_at": when(work.due_s),
                    "points_possible": work.points,
                    "workflow_state": "published" if work.published else "unpublished",
                    "updated_at": when(at_s),
                }
                return [self._event(f"assignment_{suffix}", body, at_s, course=work.course)]
            case "marks", (int(), int()):
                return self._of_mark(key, happening)
            case "finishes", (int(where), int(who)):
                done = school.finishes[(where, who)]
                body = {
                    "course": {"id": str(where), "name": school.courses[where].name},
                    "progress": {"completed_at": when(at_s) if done.complete else None, "requirement_count": 3},
                    "user": {"id": str(who), "name": school.people[who].name, "email": school.people[who].email},
                }
                return [
                    self._event("course_completed" if done.complete else "course_progress", body, at_s, course=where)
                ]
            case _:
                return []

    def _of_mark(self, key: object, happening: Happening) -> list[Fields]:
        """Marks are changed in place: what they were when it happened shows by the time alone."""
        mark = self._school.marks[key]  # type: ignore[index]  # as School notes it
        work, at_s = self._school.works[mark.work], happening.at_s
        ids: Fields = {"assignment_id": everywhere(mark.work), "user_id": everywhere(mark.user)}
        found = []
        if mark.submitted_s == at_s and (happening.new or mark.attempt > 1):
            body = ids | {"submitted_at": when(at_s), "attempt": mark.attempt, "workflow_state": "submitted"}
            name = "submission_created" if mark.attempt == 1 else "submission_updated"
            found.append(self._event(name, body, at_s, course=work.course))
        if mark.graded_s == at_s and not happening.new:
            body = ids | {
                "student_id": everywhere(mark.user),
                "submission_id": everywhere(mark.work * 100_000 + mark.user),
                "score": mark.points,
                "grade": None if mark.points is None else f"{mark.points:g}",
                "points_possible": work.points,
                "grader_id": None,
                "grading_complete": True,
                "muted": not mark.posted,
            }
            found.append(self._event("grade_change", body, at_s, course=work.course))
        return found

    def _event(self, name: str, body: Fields, at_s: float, course: int | None = None) -> Fields:
        metadata: Fields = {
            "event_name": name,
            "event_time": spelt(round(at_s * 1e6))[:23] + "Z",
            "producer": "canvas",
            "root_account_id": everywhere(1),
            "request_id": f"request-{name}-{round(at_s)}",
            "url": "https://canvas.example.edu/api/v1/things?access_token=canvas-leaked-token",
        }
        if course is not None:
            metadata |= {"context_type": "Course", "context_id": everywhere(course)}
        return {"metadata": metadata, "body": body}


def sign(claims: object, *, kid: str = "sandbox-1", algorithm: str = "RS256", key: RSAKey | None = None) -> bytes:
    """A delivery: the compact JWS that is the body of the request."""
    header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key or signing_key(), [algorithm]).encode()
