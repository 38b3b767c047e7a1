"""What of a Moodle could not be read, and what was read whole after that: so that nobody is told of what was there
before. Said at the end of a reading, when all of it is on disk.
"""

from actors.domain.canonical import EntityName
from actors.domain.harvest import OF_COURSE, Opened, Part, Shut, parts_of
from actors.sources.moodle.memory import Run, Steps

KINDS: dict[str, tuple[EntityName, ...]] = {
    "assignments": ("assignment",),
    "submissions": ("submission",),
    "grades": ("grade", "assignment"),
    "completions": ("completion",),
}
"""By the word of ``read``: quizzes are told by their grades."""


def refused(run: Run, course_id: int, *words: str) -> None:
    """These words of ``read`` are not shown of a course, or without any the whole course is not."""
    kinds = [kind for word in words for kind in KINDS[word]] if words else OF_COURSE
    run.refused.update(parts_of(str(course_id), kinds))


def is_shut(run: Run, course_id: int, word: str) -> bool:
    """Whether this was never read whole, so that all of it is to be."""
    return any(run.order.is_shut(kind, str(course_id)) for kind in KINDS[word])


def told(run: Run) -> Steps:
    """What is shut, and what was read whole."""
    if run.order.mode == "backfill":
        return
    shut = set(run.refused)
    if run.full:
        shut.update((kind, "") for kind in OF_COURSE if kind not in _read(run))
        if run.settings.people != "all":
            shut.add(("user", ""))
    if shut:
        yield Shut(parts=tuple(sorted(shut)))
    opened: set[Part] = {part for course_id in run.rosters for part in parts_of(str(course_id), _read(run))}
    if run.broad:
        opened.update((kind, "") for kind in _read(run))
    if run.people_told:
        opened.add(("user", ""))
    if opened := (opened & run.order.shut) - shut:
        yield Opened(parts=tuple(sorted(opened)))


def _read(run: Run) -> tuple[EntityName, ...]:
    """What is read of a course."""
    kinds = {"enrolment", *(kind for word in run.settings.read for kind in KINDS[word])}
    return tuple(kind for kind in OF_COURSE if kind in kinds)
