"""What only a connector knows of a route: whether its target has such a place at all. Asked at ``check``, so that an
audience nobody can be reached by is a problem of the file and not of every delivery.
"""

from collections.abc import Iterator
from pathlib import Path

from actors import targets
from actors.domain.changes import Course, CourseCompleted
from actors.domain.people import Learner
from actors.domain.verdicts import Cause, Refused
from actors.domain.wording import Catalogue, default_templates
from config.locate import line_of, locate
from config.model import Configuration, Secret, Tenant
from config.problems import Problem

SAMPLE = CourseCompleted(
    learner=Learner(key="mbox:somebody@example.org", email="somebody@example.org"),
    at="2026-01-01T00:00:00Z",
    course=Course(id="urn:lmsyncd:check"),
)


def misplaced(root: Path, configuration: Configuration) -> list[Problem]:
    """Routes whose audience their target can never reach. Which course has a channel is not asked: courses come."""
    wording = Catalogue({}, default_templates())
    return [problem for tenant in configuration.tenants.values() for problem in _of(root, tenant, wording)]


def _of(root: Path, tenant: Tenant, wording: Catalogue) -> Iterator[Problem]:
    kinds = targets.discover()
    file = root.absolute() / "tenants.d" / f"{tenant.name}.toml"
    for number, route in enumerate(tenant.routes):
        if route.audience.course_channel:
            continue
        connection = tenant.targets[route.to]
        target = kinds[connection.kind].build(connection.settings, _unrevealed, wording)
        placed = target.place(route.audience, SAMPLE)
        if isinstance(placed, Refused) and placed.cause is Cause.BAD_CONFIGURATION:
            line = line_of(locate(file.read_text("utf-8")), ("routes", number, "audience"))
            yield Problem(file=file, line=line, key=f"routes[{number}].audience", message=placed.detail)


def _unrevealed(secret: Secret) -> str:
    """Placing needs no secret."""
    raise RuntimeError(f"{secret.where} was asked for while checking")
