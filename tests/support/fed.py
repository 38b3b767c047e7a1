"""The feed of a ``House``, and what its router would write."""

from collections.abc import Collection
from typing import Any

from housekeeping import House, at, drive

from actors.domain.changes import AnyChange, UserCreated
from actors.domain.people import Learner
from actors.ports import Routed
from daemon.gateway.ports_feed import FeedPage, Place
from daemon.store.feed import SqlFeed


def created(learner: str) -> UserCreated:
    return UserCreated(learner=Learner(key=learner), at="2026-11-23T10:00:00Z")


def poll(house: House, after: Place | None, kinds: Collection[str] = (), limit: int = 500) -> FeedPage:
    page: FeedPage = drive(SqlFeed(house.direct).changes("acme", after, kinds, limit))  # type: ignore[arg-type]
    return page


def routed(seq: int, day: float, change: AnyChange | None, **more: Any) -> Routed:
    return Routed(
        seq=seq,
        statement_id=f"{seq:032x}",
        correlation_id="c",
        traceparent="",
        accepted_us=seq,
        routed_us=at(day),
        change=change,
        reason=more.pop("reason", "" if change else "unknown_verb: x"),
        **more,
    )
