"""A delivery of which an attempt was made, for whoever decides what becomes of it."""

from actors.domain.changes import CourseCompleted
from actors.domain.outbox import Delivery, State
from actors.domain.people import Learner
from config.model import Audience

NOW_US = 1_800_000_000_000_000
S = 1_000_000


def delivery(
    *,
    attempts: int = 1,
    attempts_max: int = 8,
    doubtful: str = "park",
    doubt_us: int | None = NOW_US,
    crashes: int = 0,
) -> Delivery:
    return Delivery(
        seq=1,
        id="d1",
        tenant="acme",
        target="slack",
        route="completions",
        destination="C1",
        audience=Audience(channel="C1"),
        change=CourseCompleted(learner=Learner(key="account:https://lms.example.edu|7"), at="2027-01-01T00:00:00Z"),
        statement_id="s1",
        correlation_id="c1",
        traceparent="",
        template=None,
        doubtful=doubtful,
        attempts_max=attempts_max,
        attempts=attempts,
        state=State.UNKNOWN,
        accepted_us=NOW_US - 50 * S,
        due_us=NOW_US,
        sent_us=NOW_US - 10 * S,
        crashes=crashes,
        doubt_us=doubt_us,
    )
