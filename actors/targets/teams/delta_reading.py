"""What all of Graph's deltas have in common: how far one reads, where a link leads, and when Graph has forgotten us."""

from collections.abc import Callable

from actors.domain.flow import Flow
from actors.domain.tidings import Failure
from actors.domain.verdicts import Cause, Faulted, Refused
from actors.targets.teams.wire import Answered
from actors.targets.teams.wire import Failure as Failed

PAGES_MAX = 20
"""Of one conversation; the next one goes on there."""
CURSOR_CHARS_MAX = 8_000
ID_CHARS_MAX = 100
FORGOTTEN = ("syncstatenotfound", "resyncrequired")

Ask = Callable[[str, str, tuple[str, ...]], Flow[Answered | Failed]]
"""(path below graph_url, operation, further buckets) -> what came of a GET."""


def forgotten(failure: Failure) -> bool:
    """410, or one of the codes for it, in whatever letters."""
    if isinstance(failure, Refused):
        return failure.cause is Cause.DESTINATION_GONE
    return isinstance(failure, Faulted) and any(code in failure.detail.casefold() for code in FORGOTTEN)


def below(base: str, link: str) -> str:
    """The rest of a link behind graph_url; empty where it leads elsewhere: our token goes nowhere else."""
    return link.removeprefix(base) if link.startswith(base) and len(link) <= CURSOR_CHARS_MAX else ""
