"""A delivery to play with: ``a_delivery(attempts=3)``."""

import msgspec

from actors.domain.changes import CourseCompleted
from actors.domain.outbox import Delivery, State
from actors.domain.people import Learner
from config.model import Audience

NOW_US = 1_800_000_000_000_000


def a_delivery(**changes: object) -> Delivery:
    """Claimed for its first attempt, accepted 50 s before ``NOW_US``."""
    plain = Delivery(
        seq=1,
        id="d" * 32,
        tenant="acme",
        target="slack",
        route="completions",
        destination="C0123456789",
        audience=Audience(channel="C0123456789"),
        change=CourseCompleted(learner=Learner(key="account:https://lms.example.edu|7"), at="2027-01-01T00:00:00Z"),
        statement_id="6d7a1c9e-0d3c-4a39-9f57-3c3b6a2d1f10",
        correlation_id="correlation-7",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        template=None,
        doubtful="park",
        attempts_max=8,
        attempts=1,
        state=State.CLAIMED,
        accepted_us=NOW_US - 50_000_000,
        due_us=NOW_US,
        sent_us=NOW_US,
        doubt_us=None,
    )
    return msgspec.structs.replace(plain, **changes)
