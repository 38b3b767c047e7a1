"""What the store and an operator's settings say of a source, as ``domain.cadence`` wants to hear it (pure)."""

from collections.abc import Sequence

from actors.domain.cadence import Pace, Standing, failed_us
from actors.domain.harvest import Mode, Order, Part
from actors.domain.xapi.moments import instant_us, spelt
from actors.messages import Sync
from actors.ports import Reading
from actors.ports.records import Past, SourceState
from config.durations import seconds
from config.polling import Polling

GOOD = frozenset({"finished", "braked"})
"""Readings that were read to their end."""


def pace_of(polling: Polling | None, zone: str, spread: float) -> Pace:
    """The operator's words as numbers."""
    polling = polling or Polling()
    return Pace(
        every_us=round(seconds(polling.every) * 1e6),
        every_max_us=round(seconds(polling.every_max) * 1e6),
        full=polling.full,
        zone=zone,
        spread=spread,
    )


def standing_of(state: SourceState, readings: Sequence[Reading], since_us: int, born_us: int) -> Standing:
    """How the source stands, by its last readings, newest first. One that died with its process, or was broken off,
    is begun again at once, and so is one that failed before whoever reads it now was there: a restart or a reload
    may have brought the cure."""
    newest = readings[0] if readings else None
    failures = 0
    for each in readings:
        if each.how in GOOD:
            break
        failures += each.how not in ("", "stopped")
    broken = newest is not None and (
        newest.how in ("", "stopped") or (newest.how not in GOOD and (newest.ended_us or 0) < born_us)
    )
    return Standing(
        since_us=since_us,
        ended_us=None if newest is None or broken else newest.ended_us,
        failures=0 if broken else failures,
        mend=newest is not None and newest.how == "refused",
        whole_us=state.full_us,
        first=state.first_us is None,
        resume=newest.mode if broken and newest is not None and newest.mode != "backfill" else None,
        unchanged=state.unchanged,
        throttled_us=state.throttled_us,
        took_us=0
        if newest is None or newest.mode != "delta"
        else (newest.ended_us or newest.began_us) - newest.began_us,
    )


def past_us(state: SourceState, standing: Standing, readings: Sequence[Reading], dice: float) -> int | None:
    """When the past that somebody asked for is read, if it is its turn; None: it is not. After failures of its own the
    distance grows. While the source fails, or a reading that was broken off is to be made again, that comes first."""
    if state.past is None or standing.failures or standing.resume is not None:
        return None
    asked_us = state.past.asked_us
    failed = [each for each in readings if each.mode == "backfill" and each.how not in ("", "stopped")]
    failed = [each for each in failed if each.began_us >= asked_us]
    wait_us = failed_us(len(failed), mend=False, dice=dice) if failed else 0
    return max(standing.throttled_us, asked_us, (failed[0].ended_us or 0) + wait_us if failed else 0)


def _took_us(reading: Reading) -> int:
    return max(0, (reading.ended_us or 0) - reading.began_us)


def order_of(state: SourceState, mode: Mode, asked: Sync | Past | None, now_us: int, shut: frozenset[Part]) -> Order:
    since, until = (asked.since, _until(asked)) if isinstance(asked, Past) else ("", "")
    return Order(
        mode=mode,
        cursor=state.cursor,
        now_us=now_us,
        since=since,
        until=until,
        shut=shut,
        braked=bool(state.braked),
    )


def _until(past: Past) -> str:
    """What happens after it was asked for is news, and no part of a past that nobody is told of."""
    until_us = instant_us(past.until) if past.until else None
    if past.announce or (until_us is not None and until_us <= past.asked_us):
        return past.until
    return spelt(past.asked_us)
