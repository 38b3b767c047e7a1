"""What an operator writes of a Moodle that is read."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.domain.limits import check_limits, terms
from actors.domain.outbox import Rate
from config.model import Secret, Words
from config.polling import Polling
from config.texts import Url

LIMITS_PER_S = {"requests_per_s": 10.0}
"""What ``limits = { … }`` may override, with the defaults: Moodle has no limit of its own, but learners wait too."""

Part = Literal["assignments", "submissions", "grades", "completions"]


class Plugin(Words, frozen=True, kw_only=True):
    """How Moodle's xAPI plugin (logstore_xapi) is set up, if it sends to the LRS here: what it names people by."""

    actor: Literal["id", "username", "email"] = "id"
    """`id` is its default; `username`: "Identify users by username" is on; `email`: "Send by e-mail" is on. People are
    told of under their ids here: the other name is kept as theirs too, so that both are one person."""
    account_homepage: Url | None = None
    """Its "Account homepage", if it is set; it counts with usernames only."""

    def __post_init__(self) -> None:
        if self.account_homepage is not None and self.actor != "username":
            raise ValueError('account_homepage counts with usernames only: set actor = "username" too')


class MoodleSettings(Polling, frozen=True, kw_only=True):
    """A Moodle (4.0 or later), read by its web services over REST."""

    base_url: Url
    """Where it is: ``https://moodle.example.edu``, without ``/webservice/…``."""
    wwwroot: Url | None = None
    """What it calls itself (``$CFG->wwwroot``), where that is not ``base_url``: people and activities are named by
    it, as its xAPI plugin does."""
    token: Secret
    """The token of the web service user."""
    read: tuple[Part, ...] = ("assignments", "submissions", "grades", "completions")
    """What is read beside people, courses and enrolments."""
    course_grades: bool = False
    """Whether the running total of a course is a grade too. It changes with every piece of work that is graded."""
    courses: tuple[Annotated[int, Meta(ge=2)], ...] = ()
    """Only these courses, by the number in ``course/view.php?id=N``; none: all."""
    people: Literal["all", "enrolled"] = "all"
    """Whether everybody with an account is read, or only who is enrolled somewhere."""
    plugin: Plugin = Plugin()
    """How the xAPI plugin names people."""
    page: Annotated[int, Meta(ge=10, le=5000)] = 500
    """So many enrolled people are asked for in one request."""
    answer_bytes_max: Annotated[int, Meta(ge=65_536, le=512 * 1024 * 1024)] = 128 * 1024 * 1024
    """How long one answer may be: Moodle tells everybody with an account, or all grades of a course, in one."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second: requests_per_s. There is never more than one at a time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for address in (self.base_url, self.wwwroot or ""):
            if "?" in address or "#" in address:
                raise ValueError("base_url and wwwroot are http(s) addresses without query")
        if self.base_url.rstrip("/").endswith("/server.php"):
            raise ValueError("base_url is where Moodle is: leave /webservice/rest/server.php out")
        if "submissions" in self.read and "assignments" not in self.read:
            raise ValueError('read: "submissions" are those of "assignments", which is missing')
        check_limits(self.limits, LIMITS_PER_S)

    @property
    def server_url(self) -> str:
        return self.base_url.rstrip("/") + "/webservice/rest/server.php"

    @property
    def home_page(self) -> str:
        """What people and activities are named by, without a slash at its end, as in ``$CFG->wwwroot``."""
        return (self.wwwroot or self.base_url).rstrip("/")

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return terms(self.limits, LIMITS_PER_S, "requests_per_s")
