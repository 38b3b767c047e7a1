"""The systems that tell of the simulated school: one tenant each, with its source, its vendors, what it can say and
how it can fail."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

import msgspec
import world
from joserfc.jwk import RSAKey
from world import SETTINGS

from actors.domain.school import School
from actors.ports import Fake, Fault
from actors.ports.striking import NUMBERED, STRIKES
from actors.sources.canvas.fake import TOKEN as CANVAS_TOKEN
from actors.sources.lti.fake import FakeLti
from actors.sources.oneroster.settings import OneRosterSettings
from actors.targets import discover
from config.model import Audience, Connection, DueSoon, Route, Tenant
from tests.simulation.office import WAYS

ALL = frozenset(
    {
        "enrolled", "unenrolled", "role_changed", "suspended", "resumed", "course_completed", "completion_undone",
        "submitted", "graded", "assignment_posted", "user_created", "user_updated",
    }
)  # fmt: skip
LATE = frozenset({"late_commit"})
"""Concerns what has an effect; reading has none."""
VALUES = {"status": "503", "status_after_commit": "502", "slow": "3", "rate_limited": "7"}


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. ``tells``: of what; ``lacks``: what must not happen at its school, which it cannot
    say; ``vague``: what is not judged; ``operations``: what it is asked, by name; ``errors``: values of its fault
    ``error``; ``ways``: how bundles come to an inbox, where it has one."""

    kind: str
    settings: Mapping[str, object]
    tells: frozenset[str]
    operations: tuple[str, ...]
    lacks: frozenset[str] = frozenset()
    vague: frozenset[str] = frozenset()
    errors: tuple[str, ...] = ()
    reminds: bool = False
    ways: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        if self.ways:
            return self.ways
        return tuple(sorted(STRIKES - LATE | ({"error"} if self.errors else set())))


SYSTEMS: dict[str, System] = {
    "toy": System(
        kind="toy",
        settings={
            "base_url": "http://toy.test/toy",
            "token": {"env": "toy"},
            "calling": {"env": "toy-calling"},
            "mapping": 1,
        },
        tells=ALL,
        operations=("users", "courses", "enrolments", "works", "submissions", "grades", "completions", "changes"),
        reminds=True,
    ),
    "canvas": System(
        kind="canvas",
        settings={
            "base_url": "http://canvas.test/canvas",
            "token": {"env": "canvas"},
            "live_events": {"jwks_url": "http://canvas.test/canvas/live-events/jwks"},
        },
        tells=ALL - {"user_updated"},
        vague=frozenset({"user_updated"}),  # an event names nobody's address, and a reading does
        operations=("users", "courses", "enrolments", "assignments", "submissions", "completions"),
        errors=("throttled_403", "cut", "forbidden"),
        lacks=frozenset({"nameless", "account"}),
        reminds=True,
    ),
    "moodle": System(
        kind="moodle",
        settings={"base_url": "http://moodle.test/moodle", "token": {"env": "moodle"}},
        tells=ALL,
        operations=(
            "core_webservice_get_site_info",
            "core_user_get_users",
            "core_course_get_courses",
            "core_enrol_get_enrolled_users",
            "core_completion_get_course_completion_status",
            "core_completion_get_activities_completion_status",
            "gradereport_user_get_grade_items",
            "mod_assign_get_assignments",
            "mod_assign_get_submissions",
        ),
        errors=("sitemaintenance", "xml", "maintenance", "cut", "null", "nopermissions"),
        lacks=frozenset({"nameless", "completed", "invited", "section"}),
        reminds=True,
    ),
    "oneroster": System(
        kind="oneroster",
        settings={
            "base_url": "http://oneroster.test/oneroster/ims/oneroster",
            "token_url": "http://oneroster.test/oneroster/token",
            "client_id": "sandbox",
            "client_secret": {"env": "source-secret"},
            "grades": True,
        },
        tells=ALL - {"submitted", "course_completed", "completion_undone"},
        operations=("token", "courses", "classes", "users", "enrollments", "lineItems", "results"),
        errors=("server_busy",),
        lacks=frozenset({"nameless", "state"}),
    ),
    "zip": System(
        kind="oneroster",
        settings={
            "url": "http://zip.test/oneroster/export.zip",
            "username": "sandbox",
            "password": {"env": "source-secret"},
        },
        tells=ALL - {"submitted", "course_completed", "completion_undone"},
        operations=("export",),
        errors=("server_busy",),
        lacks=frozenset({"nameless", "state"}),
    ),
    "inbox": System(
        kind="oneroster",
        settings={"every": "1m", "every_max": "2m"},
        tells=ALL - {"submitted", "course_completed", "completion_undone"},
        operations=(),
        lacks=frozenset({"nameless", "state"}),
        ways=WAYS,
    ),
    "lti": System(
        kind="lti",
        settings={
            "issuer": "https://lms.example.edu/",
            "client_id": "sandbox",
            "token_url": "http://lti.test/lti/token",
            "private_key": {"env": "lti"},
            "key_id": "k1",
            "contexts": [
                {
                    "course": str(course),
                    "memberships_url": f"http://lti.test/lti/courses/{course}/members",
                    "lineitems_url": f"http://lti.test/lti/courses/{course}/line_items",
                }
                for course in (113, 124, 135)
            ],
        },
        tells=ALL - {"submitted", "course_completed", "completion_undone", "user_created", "user_updated"},
        vague=frozenset({"user_created", "user_updated"}),  # it knows the members of courses and nobody else
        operations=("token", "members", "line_items", "results"),
        errors=("no",),
        lacks=frozenset({"nameless", "completed", "invited", "section"}),
    ),
}
WORDS = (*sorted(ALL), "due_soon")


def fakes(names: tuple[str, ...], school: School) -> dict[tuple[str, str], Fake]:
    """All vendors: the system itself as ``source``, whoever is told as ``webhook``."""
    found: dict[tuple[str, str], Fake] = {}
    for name in names:
        kind = SYSTEMS[name].kind
        made = world.kinds()[kind].fake
        assert made is not None
        found[name, f"source {kind}"] = FakeLti(school) if kind == "lti" else made(school)
        found[name, "webhook"] = discover()["webhook"].fake()
    return found


def inbox_of(folder: Path, name: str) -> Path:
    return folder / f"inbox of {name}"


def connected(name: str, folder: Path) -> dict[str, Connection]:
    """The one source that a tenant has."""
    system = SYSTEMS[name]
    settings = {"every": "5m", "every_max": "10m", **system.settings}
    if not system.ways:
        return world.source(system.kind, **settings)
    decoded = OneRosterSettings(inbox=inbox_of(folder, name), **settings)  # type: ignore[arg-type]  # as it is read
    return {"campus": Connection(name="campus", kind=system.kind, settings=decoded)}


def tenant_of(name: str, folder: Path) -> Tenant:
    """The tenant of one system: everything it can tell goes to a webhook."""
    system = SYSTEMS[name]
    given = {**SETTINGS["webhook"], "url": f"http://{name}.test/webhook/school"}
    hook = Connection(name="webhook", kind="webhook", settings=msgspec.convert(given, discover()["webhook"].settings))
    return Tenant(
        name=name,
        timezone="Europe/Berlin",
        locale="en-GB",
        targets={"webhook": hook},
        routes=(
            Route(
                name="all",
                when=WORDS if system.reminds else WORDS[:-1],
                to="webhook",
                audience=Audience(),
                doubtful="resend",  # the receiver knows each by its id
                attempts_max=100,
            ),
        ),
        sources=connected(name, folder),
        due_soon=DueSoon(quiet_hours=None),
    )


def fault_of(name: str, kind: str, operation: str, dice: Random, times: int = 1) -> Fault:
    """One that the fake of this system takes."""
    errors = SYSTEMS[name].errors
    value = dice.choice(errors) if kind == "error" else VALUES.get(kind, "")
    assert value or kind not in NUMBERED
    return Fault(kind=kind, vendor="source", operation=operation, value=value, times=times)


@cache
def secrets() -> dict[str, str]:
    """What the tenants' settings name."""
    key = RSAKey.generate_key(2048, private=True)
    return {"canvas": CANVAS_TOKEN, "lti": key.as_pem(private=True).decode()}
