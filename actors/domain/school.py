"""A small school that exists in memory: what the fakes of LMSs tell of. One school, told by each in its own way.

Tests and rehearsals change it (``enrol``, ``grade``, …) and see what the daemon makes of that. Every change has a time,
``now_s`` in seconds since the epoch, and stands in ``happened`` in order, so that fakes can answer *since when*.
"""

import msgspec


class Pupil(msgspec.Struct, kw_only=True):
    """Somebody with an account. ``at_s``: when it was last changed, also below."""

    id: int
    given: str
    family: str
    email: str
    username: str
    sis_id: str = ""
    locale: str = ""
    timezone: str = ""
    org_unit: str = ""
    suspended: bool = False
    deleted: bool = False
    at_s: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


class Class(msgspec.Struct, kw_only=True):
    """A course."""

    id: int
    name: str
    code: str
    sis_id: str = ""
    start_s: float = 0.0
    end_s: float = 0.0
    deleted: bool = False
    at_s: float = 0.0


class Membership(msgspec.Struct, kw_only=True):
    """``role``: student, teacher, ta, observer, designer. ``state``: active, invited, inactive, completed, deleted."""

    id: int
    user: int
    course: int
    section: int = 0
    role: str = "student"
    state: str = "active"
    at_s: float = 0.0


class Work(msgspec.Struct, kw_only=True):
    """An assignment."""

    id: int
    course: int
    name: str
    due_s: float | None = None
    points: float = 100.0
    published: bool = True
    at_s: float = 0.0


class Mark(msgspec.Struct, kw_only=True):
    """What one learner did with one assignment. ``posted`` False: hidden from the learner."""

    work: int
    user: int
    submitted_s: float | None = None
    attempt: int = 0
    points: float | None = None
    graded_s: float | None = None
    posted: bool = True
    complete_s: float | None = None
    at_s: float = 0.0


class Finish(msgspec.Struct, kw_only=True):
    """A learner's completion of a whole course."""

    user: int
    course: int
    at_s: float
    complete: bool = True


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, for fakes that push: ``what`` is the name of the list in ``School``, ``key`` its key there."""

    at_s: float
    what: str
    key: object
    new: bool


class School:
    """Nobody is there at first; ``sample`` makes one with people and courses."""

    def __init__(self) -> None:
        self.people: dict[int, Pupil] = {}
        self.courses: dict[int, Class] = {}
        self.memberships: dict[int, Membership] = {}
        self.works: dict[int, Work] = {}
        self.marks: dict[tuple[int, int], Mark] = {}
        self.finishes: dict[tuple[int, int], Finish] = {}
        self.happened: list[Happening] = []
        self._next = 100

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _note(self, now_s: float, what: str, key: object, *, new: bool = False) -> None:
        self.happened.append(Happening(at_s=now_s, what=what, key=key, new=new))

    def add_person(self, given: str, family: str, now_s: float, *, email: str = "", username: str = "") -> Pupil:
        """Username and address are made of the names unless given."""
        number = self._id()
        user = f"{given}.{family}".casefold().replace(" ", "-")
        person = Pupil(
            id=number,
            given=given,
            family=family,
            email=email or f"{user}@example.edu",
            username=username or user,
            sis_id=f"S{number}",
            at_s=now_s,
        )
        self.people[number] = person
        self._note(now_s, "people", number, new=True)
        return person

    def change_course(self, course: Class, now_s: float, **changes: object) -> None:
        for field, value in changes.items():
            setattr(course, field, value)
        course.at_s = now_s
        self._note(now_s, "courses", course.id)

    def change_person(self, person: Pupil, now_s: float, **changes: object) -> None:
        """A new name, address, state …"""
        for field, value in changes.items():
            setattr(person, field, value)
        person.at_s = now_s
        self._note(now_s, "people", person.id)

    def add_course(self, name: str, code: str, now_s: float) -> Class:
        number = self._id()
        course = Class(id=number, name=name, code=code, sis_id=f"C{number}", at_s=now_s)
        self.courses[number] = course
        self._note(now_s, "courses", number, new=True)
        return course

    def enrol(
        self, person: Pupil, course: Class, now_s: float, *, role: str = "student", section: int = 0
    ) -> Membership:
        number = self._id()
        member = Membership(id=number, user=person.id, course=course.id, section=section, role=role, at_s=now_s)
        self.memberships[number] = member
        self._note(now_s, "memberships", number, new=True)
        return member

    def change_membership(self, member: Membership, now_s: float, **changes: object) -> None:
        """Its role or its state: ``deleted`` is how one leaves."""
        for field, value in changes.items():
            setattr(member, field, value)
        member.at_s = now_s
        self._note(now_s, "memberships", member.id)

    def assign(
        self, course: Class, name: str, now_s: float, *, due_s: float | None = None, points: float = 100
    ) -> Work:
        number = self._id()
        work = Work(id=number, course=course.id, name=name, due_s=due_s, points=points, at_s=now_s)
        self.works[number] = work
        self._note(now_s, "works", number, new=True)
        return work

    def change_work(self, work: Work, now_s: float, **changes: object) -> None:
        for field, value in changes.items():
            setattr(work, field, value)
        work.at_s = now_s
        self._note(now_s, "works", work.id)

    def mark_of(self, work: Work, person: Pupil) -> Mark:
        return self.marks.setdefault((work.id, person.id), Mark(work=work.id, user=person.id))

    def submit(self, work: Work, person: Pupil, now_s: float) -> Mark:
        mark = self.mark_of(work, person)
        mark.submitted_s, mark.attempt, mark.at_s = now_s, mark.attempt + 1, now_s
        self._note(now_s, "marks", (work.id, person.id), new=mark.attempt == 1)
        return mark

    def grade(self, work: Work, person: Pupil, points: float | None, now_s: float, *, posted: bool = True) -> Mark:
        mark = self.mark_of(work, person)
        mark.points, mark.graded_s, mark.posted, mark.at_s = points, now_s, posted, now_s
        self._note(now_s, "marks", (work.id, person.id))
        return mark

    def complete(self, work: Work, person: Pupil, now_s: float) -> Mark:
        """One activity."""
        mark = self.mark_of(work, person)
        mark.complete_s, mark.at_s = now_s, now_s
        self._note(now_s, "marks", (work.id, person.id))
        return mark

    def finish(self, course: Class, person: Pupil, now_s: float, *, complete: bool = True) -> Finish:
        """The whole course; ``complete`` False takes it back."""
        key = (course.id, person.id)
        known = self.finishes.get(key)
        done = Finish(user=person.id, course=course.id, at_s=now_s, complete=complete)
        self.finishes[key] = done
        self._note(now_s, "finishes", key, new=known is None)
        return done


NAMES = (
    ("Ada", "Lovelace"), ("Grace", "Hopper"), ("Émilie", "du Châtelet"), ("Chien-Shiung", "Wu"), ("Mary", "Jackson"),
    ("Ida", "Noddack"), ("Sofja", "Kowalewskaja"), ("Jocelyn", "Bell"), ("Hedy", "Lamarr"), ("Katherine", "Johnson"),
    ("Lise", "Meitner"), ("Emmy", "Noether"),
)  # fmt: skip


def sample(now_s: float) -> School:
    """A dozen people, three courses, work that is due and graded: what the sandbox's LMSs begin with."""
    school = School()
    people = [
        school.add_person(given, family, now_s, email=f"person{number}@example.edu")
        for number, (given, family) in enumerate(NAMES, 1)
    ]
    for name, code in (("Introduction to Computing", "CS101"), ("Größe & Messung", "PH110"), ("Rhetoric", "RH200")):
        course = school.add_course(name, code, now_s)
        school.enrol(people[-1], course, now_s, role="teacher")
        for learner in people[:8]:
            school.enrol(learner, course, now_s)
        essay = school.assign(course, f"{code}: first paper", now_s, due_s=now_s + 7 * 86_400)
        school.submit(essay, people[0], now_s)
        school.grade(essay, people[0], 87.5, now_s)
    return school
