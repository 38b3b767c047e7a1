"""What is asked about dead letters. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Ids, Limit, Seconds, Word


class DlqList(Ask, frozen=True, kw_only=True, tag="dlq.list"):
    """``summary``: only how many, by cause. ``unrouted``: instead, statements that no enabled route took, of this
    tenant or of ALL."""

    lane: Word = ""
    cause: Word = ""
    whose: Word = ""
    since_s: Seconds | None = None
    summary: bool = False
    unrouted: Word = ""
    limit: Limit = 50


class DlqShow(Ask, frozen=True, kw_only=True, tag="dlq.show"):
    delivery: Word


class DlqPlan(Ask, frozen=True, kw_only=True, tag="dlq.plan"):
    """What a replay would do. ``unrouted``: of statements of this tenant that no enabled route took."""

    deliveries: Ids = ()
    everything: bool = False
    lane: Word = ""
    cause: Word = ""
    whose: Word = ""
    since_s: Seconds | None = None
    accept_double: bool = False
    unrouted: Word = ""


class Letters(Change, frozen=True, kw_only=True):
    """Some by id, or with ``everything`` all of them; ``lane``, ``cause``, ``whose`` and ``since_s`` narrow either."""

    deliveries: Ids = ()
    everything: bool = False
    lane: Word = ""
    cause: Word = ""
    whose: Word = ""
    since_s: Seconds | None = None


class DlqReplay(Letters, frozen=True, kw_only=True, tag="dlq.replay"):
    """``plan``: the hash of a plan, instead of everything else."""

    accept_double: bool = False
    unrouted: Word = ""
    plan: Word = ""


class DlqDiscard(Letters, frozen=True, kw_only=True, tag="dlq.discard"):
    pass


class DlqAnnotate(Change, frozen=True, kw_only=True, tag="dlq.annotate"):
    delivery: Word
    text: Annotated[str, Meta(min_length=1, max_length=1_000)]
