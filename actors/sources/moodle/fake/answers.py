"""What each function of the fake Moodle says of the school. Shapes, spellings and what is left out are those of 4.3."""

from collections.abc import Mapping
from html import escape

from actors.domain.school import Class, Mark, Membership, Pupil, School, Work

Form = Mapping[str, str]
Fields = dict[str, object]

FUNCTIONS = (
    "core_webservice_get_site_info",
    "core_user_get_users",
    "core_user_get_users_by_field",
    "core_course_get_courses",
    "core_course_get_courses_by_field",
    "core_course_get_contents",
    "core_enrol_get_enrolled_users",
    "core_completion_get_course_completion_status",
    "core_completion_get_activities_completion_status",
    "gradereport_user_get_grade_items",
    "mod_assign_get_assignments",
    "mod_assign_get_submissions",
)
ROLES = {"student": "student", "teacher": "editingteacher", "ta": "teacher", "observer": "guest", "designer": "manager"}
SUSPENDED = frozenset({"inactive", "completed", "invited"})
"""States of a membership that Moodle would show as a suspended one."""


class Trouble(Exception):
    """An error: its code, or the table in which a record is missing."""

    def __init__(self, code: str = "", *, table: str = "") -> None:
        super().__init__(code or table)
        self.code = code
        self.table = table


class Answers:
    def __init__(self, school: School) -> None:
        self._school = school

    def say(self, name: str, form: Form, site: str, functions: list[str]) -> object:
        """Raises Trouble."""
        match name:
            case "core_webservice_get_site_info":
                return self._site(site, functions)
            case "core_user_get_users":
                return {"users": [_user(each) for each in self._people()], "warnings": []}
            case "core_user_get_users_by_field":
                wanted = set(_list(form, "values"))
                return [_user(each) for each in self._people() if str(each.id) in wanted]
            case "core_course_get_courses":
                wanted = set(_list(form, "options[ids]"))
                shown = [_course(each) for each in self._courses() if not wanted or str(each.id) in wanted]
                return shown if wanted else [FRONT_PAGE, *shown]
            case "core_course_get_courses_by_field":
                wanted = set(form["value"].split(",")) if form.get("field") == "ids" else set()
                shown = [_course(each) for each in self._courses() if not wanted or str(each.id) in wanted]
                return {"courses": shown, "warnings": []}
            case "core_course_get_contents":
                return self._contents(self._course(form.get("courseid", "")))
            case "core_enrol_get_enrolled_users":
                return self._enrolled(self._course(form.get("courseid", "")), form)
            case "gradereport_user_get_grade_items":
                return self._grades(self._course(form.get("courseid", "")))
            case "mod_assign_get_assignments":
                return self._assignments(form)
            case "mod_assign_get_submissions":
                return self._submissions(form)
            case "core_completion_get_activities_completion_status":
                return self._statuses(self._course(form.get("courseid", "")), form)
            case "core_completion_get_course_completion_status":
                return self._completion(self._course(form.get("courseid", "")), form)
            case _:
                raise Trouble(table="external_functions")

    def _site(self, site: str, functions: list[str]) -> Fields:
        return {
            "sitename": "Sandbox Moodle",
            "username": "lmsyncd",
            "userid": 2,
            "siteurl": site,
            "functions": [{"name": each, "version": "2023100900"} for each in functions],
            "release": "4.3 (Build: 20231009)",
            "version": "2023100900",
        }

    # ── the school ───────────────────────────────────────────────────────────────────────────────

    def _people(self) -> list[Pupil]:
        return [each for each in self._school.people.values() if not each.deleted]

    def _courses(self) -> list[Class]:
        return [each for each in self._school.courses.values() if not each.deleted]

    def _course(self, number: str) -> Class:
        found = self._school.courses.get(int(number)) if number.isdigit() else None
        if found is None or found.deleted:
            raise Trouble(table="course")
        return found

    def _inside(self, course: Class) -> dict[int, list[Membership]]:
        """By user. Somebody in two groups of a course is in it once."""
        found: dict[int, list[Membership]] = {}
        for each in self._school.memberships.values():
            if each.course == course.id and each.state != "deleted" and not self._school.people[each.user].deleted:
                found.setdefault(each.user, []).append(each)
        return dict(sorted(found.items()))

    def _learners(self, course: Class) -> list[int]:
        """Whose completion is kept, and who is graded."""
        return [
            user
            for user, held in self._inside(course).items()
            if any(each.role == "student" and each.state not in SUSPENDED for each in held)
        ]

    def _works(self, course: Class) -> list[Work]:
        return [each for each in self._school.works.values() if each.course == course.id]

    # ── who sits where ───────────────────────────────────────────────────────────────────────────

    def _enrolled(self, course: Class, form: Form) -> list[Fields]:
        names, values = _list(form, "options", "name"), _list(form, "options", "value")
        options = dict(zip(names, values, strict=True))
        found = []
        for user, held in self._inside(course).items():
            if options.get("onlyactive") == "1" and all(each.state in SUSPENDED for each in held):
                continue
            person = _user(self._school.people[user])
            for name in ("suspended", "auth", "confirmed", "lang", "timezone", "theme", "mailformat"):
                person.pop(name, None)
            names_of = sorted({ROLES.get(each.role, each.role) for each in held})
            roles = [{"roleid": 3, "name": "", "shortname": each, "sortorder": 0} for each in names_of]
            access = {"lastcourseaccess": self._access(user, course)}
            found.append(person | access | {"roles": roles, "enrolledcourses": []})
        start, limit = int(options.get("limitfrom", 0)), int(options.get("limitnumber", 0))
        return found[start : start + limit] if limit else found[start:]

    def _access(self, user: int, course: Class) -> int:
        """Moodle writes down when somebody was there; here they are there when they do something."""
        times = [0.0]
        for work in self._works(course):
            mark = self._school.marks.get((work.id, user))
            times += [mark.submitted_s or 0.0, mark.complete_s or 0.0] if mark is not None else []
        finish = self._school.finishes.get((course.id, user))
        return int(max([*times, finish.at_s if finish is not None else 0.0]))

    # ── work ─────────────────────────────────────────────────────────────────────────────────────

    def _contents(self, course: Class) -> list[Fields]:
        modules = [
            {"id": each.id, "name": escape(each.name, quote=False), "modname": "assign", "visible": int(each.published)}
            for each in self._works(course)
        ]
        return [{"id": course.id, "name": "General", "visible": 1, "section": 0, "modules": modules}]

    def _assignments(self, form: Form) -> Fields:
        """Of courses that the token's user is not in only where that is asked for: else nothing, with a warning."""
        shown: list[Fields] = []
        warnings: list[Fields] = []
        for number in _list(form, "courseids"):
            course = self._school.courses.get(int(number))
            if course is None or course.deleted or form.get("includenotenrolledcourses") != "1":
                warnings.append({"item": "course", "itemid": int(number), "warningcode": "2", "message": "No access"})
                continue
            shown.append({"id": course.id, "assignments": [_assignment(each) for each in self._works(course)]})
        return {"courses": shown, "warnings": warnings}

    def _submissions(self, form: Form) -> Fields:
        since_s = int(form.get("since", "0"))
        found = []
        for number in _list(form, "assignmentids"):
            given = [
                {
                    "id": work_id * 1_000 + user,
                    "userid": user,
                    "attemptnumber": max(mark.attempt - 1, 0),
                    "timecreated": int(mark.submitted_s),
                    "timemodified": int(mark.submitted_s),
                    "status": "submitted",
                    "groupid": 0,
                }
                for (work_id, user), mark in self._school.marks.items()
                if str(work_id) == number and mark.submitted_s is not None and mark.submitted_s >= since_s
            ]
            found.append({"assignmentid": int(number), "submissions": given})
        return {"assignments": found, "warnings": []}

    # ── results ──────────────────────────────────────────────────────────────────────────────────

    def _grades(self, course: Class) -> Fields:
        shown = []
        for user in self._learners(course):
            items = [_item(each, self._school.marks.get((each.id, user))) for each in self._works(course)]
            shown.append(
                {"courseid": course.id, "userid": user, "maxdepth": 2, "gradeitems": [*items, _total(course, items)]}
            )
        return {"usergrades": shown, "warnings": []}

    def _statuses(self, course: Class, form: Form) -> Fields:
        user = self._tracked(course, form)
        statuses = []
        for work in self._works(course):
            mark = self._school.marks.get((work.id, user))
            done_s = mark.complete_s if mark is not None else None
            statuses.append(
                {
                    "cmid": work.id,
                    "modname": "assign",
                    "instance": work.id,
                    "state": int(done_s is not None),
                    "timecompleted": int(done_s or 0),
                    "tracking": 2,
                    "overrideby": None,
                }
            )
        return {"statuses": statuses, "warnings": []}

    def _completion(self, course: Class, form: Form) -> Fields:
        finish = self._school.finishes.get((course.id, self._tracked(course, form)))
        done = finish is not None and finish.complete
        at_s = int(finish.at_s) if finish is not None and done else None
        criterion = {"type": 4, "title": "Activity completion", "complete": done, "timecompleted": at_s}
        return {"completionstatus": {"completed": done, "aggregation": 1, "completions": [criterion]}, "warnings": []}

    def _tracked(self, course: Class, form: Form) -> int:
        user = int(form["userid"]) if form.get("userid", "").isdigit() else 0
        if user not in self._school.people:
            raise Trouble("invaliduser")
        if user not in self._learners(course):
            raise Trouble("usernotenroled")
        return user


FRONT_PAGE: Fields = {"id": 1, "shortname": "home", "fullname": "Sandbox Moodle", "format": "site", "visible": 1}


def _user(person: Pupil) -> Fields:
    """Optional fields that are empty are left out."""
    optional = {"idnumber": person.sis_id, "department": person.org_unit}
    return {
        "id": person.id,
        "username": person.username,
        "firstname": person.given,
        "lastname": person.family,
        "fullname": person.name,
        "email": person.email,
        "firstaccess": 0,
        "lastaccess": 0,
        "auth": "manual",
        "suspended": person.suspended,
        "confirmed": True,
        "lang": person.locale.lower().replace("-", "_") or "en",
        "theme": "",
        "timezone": person.timezone or "99",
        "mailformat": 1,
    } | {name: value for name, value in optional.items() if value}


def _course(course: Class) -> Fields:
    name = escape(course.name, quote=False)
    return {
        "id": course.id,
        "shortname": course.code,
        "fullname": name,
        "displayname": name,
        "idnumber": course.sis_id,
        "summary": "",
        "format": "topics",
        "startdate": int(course.start_s),
        "enddate": int(course.end_s),
        "visible": 1,
        "timemodified": int(course.at_s),
        "enablecompletion": 1,
    }


def _assignment(work: Work) -> Fields:
    return {
        "id": work.id,
        "cmid": work.id,
        "course": work.course,
        "name": escape(work.name, quote=False),
        "duedate": int(work.due_s or 0),
        "allowsubmissionsfromdate": 0,
        "grade": work.points,
        "timemodified": int(work.at_s),
        "cutoffdate": 0,
        "teamsubmission": 0,
    }


def _item(work: Work, mark: Mark | None) -> Fields:
    points = mark.points if mark is not None else None
    return {
        "id": work.id + 50_000,
        "itemname": escape(work.name, quote=False),
        "itemtype": "mod",
        "itemmodule": "assign",
        "iteminstance": work.id,
        "itemnumber": 0,
        "cmid": work.id,
        "graderaw": points,
        "gradedategraded": int(mark.graded_s or 0) or None if mark is not None else None,
        "gradehiddenbydate": False,
        "gradeishidden": mark is not None and not mark.posted,
        "grademin": 0,
        "grademax": work.points,
        "feedback": "",
    }


def _total(course: Class, items: list[Fields]) -> Fields:
    """The sum of what there is, hidden or not, as whoever may see hidden grades is shown it."""
    points = [(raw, top) for each in items if isinstance(raw := each["graderaw"], int | float)
              and isinstance(top := each["grademax"], int | float)]  # fmt: skip
    dates = [date for each in items if isinstance(date := each["gradedategraded"], int)]
    return {
        "id": course.id + 90_000,
        "itemname": None,
        "itemtype": "course",
        "itemmodule": None,
        "iteminstance": course.id,
        "itemnumber": None,
        "graderaw": sum(raw for raw, _ in points) if points else None,
        "gradedategraded": max(dates, default=None),
        "gradehiddenbydate": False,
        "gradeishidden": False,
        "grademin": 0,
        "grademax": sum(top for _, top in points) if points else 0,
        "feedback": "",
    }


def _list(form: Form, name: str, field: str = "") -> list[str]:
    """A list as PHP nests it."""
    found = []
    for place in range(10_000):
        value = form.get(f"{name}[{place}]" + (f"[{field}]" if field else ""))
        if value is None:
            break
        found.append(value)
    return found
