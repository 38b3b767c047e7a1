"""A believable Moodle that tells of a school: its web services below ``/moodle/`` (``answers`` is what each says).

The token is ``moodle-sandbox``. Errors are HTTP 200, as Moodle's are. Who was in a course when is when a learner did
something there.

Faults (``Fault.operation`` is a function's name, ``core_user_get_users``) as in ``ports.striking``, where ``revoked``
is Moodle's ``invalidtoken``, and

    error                 what ``value`` says, nothing done: Moodle's error code (``accessexception``,
                          ``invalidrecord``, ``sitemaintenance``, ``usernotenroled``, …), ``xml`` (the answer is no JSON
                          but XML), ``maintenance`` (a web page), ``cut`` (half a list), ``null``
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.school import School
from actors.ports import Effect
from actors.ports.striking import Striking, Struck
from actors.sources.moodle.fake.answers import FUNCTIONS, Answers, Trouble

MOUNT = "/moodle/"
SERVER = MOUNT + "webservice/rest/server.php"
TOKEN = "moodle-sandbox"  # noqa: S105 - the sandbox's public credential
MESSAGES = {
    "invalidtoken": ("moodle_exception", "Invalid token - token not found"),
    "accessexception": ("webservice_access_exception", "Access control exception"),
    "invalidparameter": ("invalid_parameter_exception", "Invalid parameter value detected"),
    "usernotenroled": ("moodle_exception", "User is not enrolled in this course"),
    "invaliduser": ("dml_missing_record_exception", "Invalid user"),
    "sitemaintenance": ("moodle_exception", "The site is undergoing maintenance and is currently not available"),
    "nocriteriaset": ("moodle_exception", "No completion criteria set for this course"),
    "cannotviewreport": ("moodle_exception", "Cannot view report"),
    "errorcoursecontextnotvalid": ("moodle_exception", "You cannot execute functions in the course context"),
    "nopermissions": ("required_capability_exception", "Sorry, but you do not currently have permissions to do that."),
}


class FakeMoodle(Struck):
    """One Moodle. ``functions`` are those of the external service: take some out to see what is said then.
    ``wwwroot`` is what it calls itself; empty: the address at which it was asked."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, school: School) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.functions = set(FUNCTIONS)
        self.wwwroot = ""
        self.answers = Answers(school)
        self._striking = Striking(self._regular, _name, frozenset(), error("invalidtoken"), error=error)

    def _regular(self, request: Request, now_s: float) -> Response:
        if urlsplit(request.url).path != SERVER:
            return Response(status=404, headers={"content-type": "text/html"}, body=b"<html>Not Found</html>")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        name = form.get("wsfunction", "")
        if form.get("wstoken") != TOKEN:
            return self._told(form, error("invalidtoken"))
        if name not in FUNCTIONS:
            return self._told(form, _record_error("external_functions"))
        if name not in self.functions:
            return self._told(form, error("accessexception"))
        host = request.headers.get("host", "")
        site = self.wwwroot or (f"http://{host}{MOUNT}".rstrip("/") if host else "")
        try:
            said = self.answers.say(name, form, site, sorted(self.functions))
        except Trouble as trouble:
            return self._told(form, _record_error(trouble.table) if trouble.table else error(trouble.code))
        return self._told(form, _json(said))

    def _told(self, form: Mapping[str, str], answer: Response) -> Response:
        """Whoever does not ask for JSON is answered in XML."""
        return answer if form.get("moodlewsrestformat") == "json" else error("xml")


def _name(request: Request) -> str:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("wsfunction", "")


def _json(value: object) -> Response:
    return Response(status=200, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))


def _record_error(table: str) -> Response:
    message = f"Can't find data record in database table {table}."
    told = {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord", "message": message}
    return _json(told)


def error(code: str) -> Response:
    """Moodle's error, or what else comes instead of an answer."""
    match code:
        case "xml":
            body = b'<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n</RESPONSE>\n'
            return Response(status=200, headers={"content-type": "application/xml; charset=utf-8"}, body=body)
        case "maintenance":
            body = b"<!DOCTYPE html><html><body>This site is undergoing maintenance</body></html>"
            return Response(status=200, headers={"content-type": "text/html"}, body=body)
        case "cut":
            return Response(status=200, headers={"content-type": "application/json"}, body=b'[{"id":3,"usern')
        case "null":
            return Response(status=200, headers={"content-type": "application/json"}, body=b"null")
        case "invalidrecord":
            return _record_error("course")
        case _:
            kind, message = MESSAGES.get(code, ("moodle_exception", code))
            return _json({"exception": kind, "errorcode": code, "message": message})
