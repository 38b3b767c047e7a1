"""The brake: whether a run would take out more people than it may without asking a person (pure).

A place is judged by itself, and all places of a rule together: a source that lost its mind loses a little everywhere.
"""

from collections.abc import Sequence

import msgspec

from config.rosters import Brake

FEW = 5
"""So many may leave a place whatever share of it they are: small courses change as a whole."""
EMPTIED_MIN = 5
"""So many members have a place that is not emptied without a word."""


class Toll(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do to one place: ``leaving`` of ``inside``; ``seats``: how many belong in."""

    unit: str
    leaving: int
    inside: int
    seats: int


def held(brake: Brake, toll: Toll) -> str:
    """Why this place is not touched without a person's word; empty: it may be."""
    leaving, inside = toll.leaving, toll.inside
    if not leaving:
        return ""
    if toll.seats == 0 and inside >= EMPTIED_MIN and brake.percent_max < 100:
        return f"nobody would be left of {inside}: the roster is empty"
    if leaving > brake.count_max:
        return f"{leaving} of {inside} would be taken out, more than count_max = {brake.count_max}"
    if leaving > FEW and leaving * 100 > brake.percent_max * inside:
        return f"{leaving} of {inside} would be taken out, more than percent_max = {brake.percent_max}"
    return ""


def held_together(brake: Brake, tolls: Sequence[Toll]) -> str:
    """Why none of these places is touched; empty: they may be."""
    leaving, inside = sum(toll.leaving for toll in tolls), sum(toll.inside for toll in tolls)
    if len(tolls) < 2 or leaving <= FEW:
        return ""
    places = f"{leaving} of {inside} in {len(tolls)} places would be taken out"
    if leaving > brake.total_count_max:
        return f"{places}, more than total_count_max = {brake.total_count_max}"
    if leaving * 100 > brake.total_percent_max * inside:
        return f"{places}, more than total_percent_max = {brake.total_percent_max}"
    return ""
