"""When learners are reminded of work that is due."""

from typing import Annotated

from msgspec import Meta

from config.durations import seconds
from config.texts import QuietHours, Timeout
from config.words import Words

LONGEST_S = 60 * 86_400.0


class DueSoon(Words, frozen=True, kw_only=True):
    """Reminders of assignments that a source tells, for learners who have not handed them in. They are made where a
    route asks for ``due_soon``."""

    before: Annotated[tuple[Timeout, ...], Meta(min_length=1, max_length=5)] = ("24h",)
    """How long before: one reminder each."""
    quiet_hours: QuietHours | None = "21:00-07:00"
    """By the learner's own clock. A reminder that would fall into them comes before they begin."""

    def __post_init__(self) -> None:
        leads_s = [seconds(lead) for lead in self.before]
        if len(set(leads_s)) < len(leads_s):
            raise ValueError("before: each duration once")
        if max(leads_s) > LONGEST_S:
            raise ValueError("before: at most 60d")

    @property
    def leads_s(self) -> tuple[int, ...]:
        """Longest first."""
        return tuple(sorted((round(seconds(lead)) for lead in self.before), reverse=True))
