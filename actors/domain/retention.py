"""How long what is settled is kept, as times. (What is told too late to be news: ``routing.too_old``.)"""

from collections.abc import Iterable, Mapping

import msgspec

from config.durations import seconds
from config.model import Retention

DAY_US = 86_400_000_000
KEPT_MIN_US = 30 * DAY_US
UNDO_KEPT_US = 90 * DAY_US
"""How long a mapping that was brought into force can be taken back."""
"""Figures about deliveries (propagation, late ones, what held a lane back) are kept at least so long."""
SLACK_US = 2 * DAY_US
"""Effects are remembered so much longer than the horizon: clocks of senders run fast, and days are coarse."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's periods, in microseconds."""

    tenant: str
    statements_us: int
    deliveries_us: int
    dead_letters_us: int
    horizon_us: int
    documents_us: int | None = None
    """None: for ever."""
    records_us: int = 400 * DAY_US


def rules(tenant: str, words: Retention) -> Rules:
    """The periods of ``[retention]``."""
    return Rules(
        tenant=tenant,
        statements_us=_us(words.statements),
        deliveries_us=_us(words.deliveries),
        dead_letters_us=_us(words.dead_letters),
        horizon_us=_us(words.effect_horizon),
        documents_us=None if words.documents is None else _us(words.documents),
        records_us=_us(words.records),
    )


class Cutoffs(msgspec.Struct, frozen=True, kw_only=True):
    """What ended before these times may go. Microseconds since the epoch."""

    tenant: str
    statements_us: int
    deliveries_us: int
    dead_letters_us: int
    figures_us: int
    horizon_us: int
    now_us: int
    documents_us: int = 0
    records_us: int = 0
    undos_us: int = 0


def cutoffs(kept: Rules, now_us: int) -> Cutoffs:
    return Cutoffs(
        tenant=kept.tenant,
        statements_us=now_us - kept.statements_us,
        deliveries_us=now_us - kept.deliveries_us,
        dead_letters_us=now_us - kept.dead_letters_us,
        figures_us=now_us - max(kept.deliveries_us, KEPT_MIN_US),
        horizon_us=now_us - kept.horizon_us,
        now_us=now_us,
        documents_us=0 if kept.documents_us is None else now_us - kept.documents_us,
        records_us=now_us - kept.records_us,
        undos_us=now_us - UNDO_KEPT_US,
    )


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run of retention has come: in which of its chores, and after which row there. Empty: at the start."""

    chore: str = ""
    after: tuple[int | str | bytes, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One short piece of that work: how many rows left, by what they are, and where it goes on (None: it is over)."""

    removed: dict[str, int] = {}
    next: Mark | None = None


def longest_horizon_us(horizons_us: Mapping[str, int], seen: Iterable[str]) -> int:
    """How long effects are remembered: they are kept by hash, so nobody can tell whose they are, and the longest
    horizon counts. A tenant that was ``seen`` once and is not configured now may come back: it counts by default."""
    away = (_us(Retention().effect_horizon) for name in seen if name not in horizons_us)
    return max([*horizons_us.values(), *away], default=_us(Retention().effect_horizon))


def _us(text: str) -> int:
    return round(seconds(text) * 1e6)
