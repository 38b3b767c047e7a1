"""What Moodle tells, as records: which fields of an answer belong to what, and what is left out.

Left out is what changes with every click (last access), what is large and says nothing (summaries, pictures), and what
is nobody's business here (preferences, feedback). A time of 0 means that there is none. What activities are called in
statements is what Moodle's xAPI plugin calls them, so that both tell of one thing.
"""

from collections.abc import Mapping

from actors.domain.harvest import Record
from actors.sources.moodle.settings import MoodleSettings
from actors.sources.moodle.wire import number

_USER_WITHOUT = frozenset(
    {
        "calendartype", "description", "descriptionformat", "enrolledcourses", "firstaccess", "groups", "interests",
        "lastaccess", "lastcourseaccess", "mailformat", "preferences", "profileimageurl", "profileimageurlsmall",
        "roles", "theme", "url",
    }
)  # fmt: skip
_COURSE_FIELDS = (
    "id", "shortname", "fullname", "displayname", "idnumber", "categoryid", "categoryname", "format", "visible",
    "startdate", "enddate", "timecreated", "timemodified", "enablecompletion", "lang", "customfields",
)  # fmt: skip
_ASSIGN_FIELDS = (
    "id", "cmid", "course", "name", "duedate", "cutoffdate", "allowsubmissionsfromdate", "grade", "timemodified",
    "teamsubmission",
)  # fmt: skip
_ITEM_FIELDS = ("id", "itemname", "itemtype", "itemmodule", "iteminstance", "cmid", "idnumber", "scaleid")
_GRADE_FIELDS = ("gradehiddenbydate", "gradeishidden", "gradedategraded", "gradedatesubmitted")
_TIMES = frozenset(
    {
        "startdate", "enddate", "timecreated", "timemodified", "duedate", "cutoffdate", "allowsubmissionsfromdate",
        "gradedategraded", "gradedatesubmitted", "timecompleted",
    }
)  # fmt: skip
SERVER_ZONE = "99"
"""The time zone of a user who has none of their own."""
LOCALES = {
    "en_us": "en-US", "en_gb": "en-GB", "pt_br": "pt-BR", "zh_cn": "zh-Hans-CN", "zh_tw": "zh-Hant-TW",
    "fr_ca": "fr-CA", "es_mx": "es-MX", "sr_lt": "sr-Latn", "sr_cr": "sr-Cyrl",
}  # fmt: skip
"""Language packs that are named for a place or a script; of others what follows the language is a tone of voice
(``de_du``, ``en_kids``)."""
STAFF = frozenset({"manager", "coursecreator", "editingteacher", "teacher"})
"""Short names of Moodle's own roles that complete nothing."""


def _only(given: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: given[name] for name in names if _says(name, given.get(name))}


def _says(name: str, value: object) -> bool:
    return value is not None and not (name in _TIMES and number(value) == 0)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def user(given: Mapping[str, object], settings: MoodleSettings, *, form: str) -> Record:
    """``form``: ``user`` as the user functions tell, ``member`` as a course's listing does, which tells less."""
    body = {name: value for name, value in given.items() if name not in _USER_WITHOUT and _says(name, value)}
    if body.get("timezone") == SERVER_ZONE:
        del body["timezone"]
    language = given.get("lang")
    if isinstance(language, str) and language:
        body["locale"] = LOCALES.get(language, language.partition("_")[0])
    account = _account(given, settings)
    if account:
        body["account"] = account
    return Record(entity="user", id=str(number(given.get("id"))), form=form, body=body, partial=form == "member")


def _account(given: Mapping[str, object], settings: MoodleSettings) -> str:
    """Another name of theirs in statements, ``HOMEPAGE|NAME``, where the plugin uses usernames. A username that looks
    like an id would be somebody else's, so it is none."""
    username = given.get("username")
    if settings.plugin.actor != "username" or not isinstance(username, str) or not username:
        return ""
    page = settings.plugin.account_homepage or settings.home_page
    if page.rstrip("/") == settings.home_page and username.isdigit():
        return ""
    return f"{page}|{username}"


def face(given: Mapping[str, object]) -> int:
    """Of what a course's listing tells of somebody: whether they should be looked at again."""
    return hash(tuple(str(given.get(name, "")) for name in ("username", "fullname", "email", "idnumber", "department")))


def roles(given: object) -> tuple[str, ...]:
    """The short names of somebody's roles in a course, in order; none for who has none."""
    listed = given if isinstance(given, list) else []
    names = {each["shortname"] for each in listed if isinstance(each, dict) and isinstance(each.get("shortname"), str)}
    return tuple(sorted(names))


# ── courses and what is in them ──────────────────────────────────────────────────────────────────────


def course(given: Mapping[str, object], *, named: bool) -> Record:
    """Where the token is shown it only later, it may have been there before. ``named``: in the settings."""
    made_s = number(given.get("timecreated"))
    return Record(
        entity="course",
        id=str(number(given.get("id"))),
        form="course",
        body=_only(given, _COURSE_FIELDS),
        made_us=made_s * 1_000_000 if made_s or named else None,
    )


def enrolment(course_id: int, user_id: int, held: tuple[str, ...], *, suspended: bool) -> Record:
    """Moodle shows no enrolments, only who sits in a course: that is one."""
    body: dict[str, object] = {"courseid": course_id, "userid": user_id, "suspended": suspended}
    if held:
        body["roles"] = list(held)
    scope = str(course_id)
    return Record(entity="enrolment", id=f"{course_id}:{user_id}", form="member", body=body, scope=scope)


def module_iri(home_page: str, name: str, cmid: int) -> str:
    return f"{home_page}/mod/{name}/view.php?id={cmid}"


def assignment(given: Mapping[str, object], home_page: str, *, visible: bool) -> Record:
    """As ``mod_assign_get_assignments`` tells. It is known by its course module, as in addresses."""
    cmid = number(given.get("cmid"))
    body = _only(given, _ASSIGN_FIELDS) | {
        "modname": "assign",
        "iri": module_iri(home_page, "assign", cmid),
        "visible": visible,
    }
    return Record(entity="assignment", id=str(cmid), form="assign", body=body, scope=str(number(given.get("course"))))


def graded_work(item: Mapping[str, object], course_id: int, home_page: str, *, visible: bool) -> Record:
    """What a grade item is of, where that is no assignment of Moodle's own kind: a quiz, a lesson."""
    cmid, module = number(item.get("cmid")), str(item.get("itemmodule"))
    body: dict[str, object] = {
        "cmid": cmid,
        "course": course_id,
        "name": item.get("itemname"),
        "grade": item.get("grademax"),
        "modname": module,
        "iri": module_iri(home_page, module, cmid),
        "visible": visible,
    }
    return Record(entity="assignment", id=str(cmid), form="item", body=body, scope=str(course_id))


def submission(given: Mapping[str, object], cmid: int, course_id: int) -> Record:
    user_id = number(given.get("userid"))
    body: dict[str, object] = {
        "userid": user_id,
        "cmid": cmid,
        "status": given.get("status"),
        "attempt": number(given.get("attemptnumber")) + 1,
    }
    if given.get("status") == "submitted" and number(given.get("timemodified")):
        body["submitted"] = number(given.get("timemodified"))
    scope = str(course_id)
    return Record(entity="submission", id=f"{user_id}:cm:{cmid}", form="submission", body=body, scope=scope)


# ── results ──────────────────────────────────────────────────────────────────────────────────────────


def is_hidden(item: Mapping[str, object]) -> bool:
    return bool(item.get("gradeishidden")) or bool(item.get("gradehiddenbydate"))


def grade(item: Mapping[str, object], course_id: int, user_id: int, *, veiled: bool) -> Record:
    """One result. Without a score it is none (any more). ``veiled``: a course total which one could tell a hidden
    grade from."""
    told = item.get("graderaw") is not None
    body = _only(item, _ITEM_FIELDS + _GRADE_FIELDS) | {"courseid": course_id, "userid": user_id}
    if told:
        body |= _only(item, ("graderaw", "grademin", "grademax"))
    if veiled:
        body["containshidden"] = True
    name = f"{user_id}:item:{number(item.get('id'))}"
    return Record(entity="grade", id=name, form="item", body=body, scope=str(course_id), gone=not told)


def activity_completion(
    status: Mapping[str, object], course_id: int, user_id: int, home_page: str, name: str
) -> Record:
    cmid, module = number(status.get("cmid")), str(status.get("modname"))
    body = _only(status, ("cmid", "modname", "state", "timecompleted", "overrideby")) | {
        "courseid": course_id,
        "userid": user_id,
        "complete": number(status.get("state")) > 0,
        "iri": module_iri(home_page, module, cmid),
    }
    if name:
        body["name"] = name
    return Record(entity="completion", id=f"{user_id}:cm:{cmid}", form="activity", body=body, scope=str(course_id))


def course_completion(status: Mapping[str, object], course_id: int, user_id: int) -> Record:
    """Moodle tells no time of it: the last criterion's is meant."""
    complete = status.get("completed") is True
    body: dict[str, object] = {"courseid": course_id, "userid": user_id, "complete": complete}
    criteria = status.get("completions")
    times = [number(each.get("timecompleted")) for each in criteria if isinstance(each, dict)] if isinstance(
        criteria, list) else []  # fmt: skip
    if complete and max(times, default=0):
        body["timecompleted"] = max(times)
    name = f"{user_id}:course:{course_id}"
    return Record(entity="completion", id=name, form="course", body=body, scope=str(course_id))
