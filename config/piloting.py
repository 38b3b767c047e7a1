"""When a pilot counts as good enough.

As in ``model``, which hands it on: the docstrings are the configuration reference.
"""

from typing import Annotated

from msgspec import Meta

from config.words import Words

Percent = Annotated[float, Meta(ge=0.0, le=100.0)]


class PilotWords(Words, frozen=True, kw_only=True):
    """``[pilot]``: by what ``lmsyncctl pilot status`` judges. More than a share makes it red, more than half of it
    amber; ``promote`` refuses on red."""

    events_min: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """So many deliveries of the cohort must have ended before it can be green."""
    people_min: Annotated[int, Meta(ge=1, le=10_000)] = 5
    """And so many people must have been told something."""
    error_percent_max: Percent = 2.0
    """Deliveries that ended dead or parked."""
    mismatch_percent_max: Percent = 1.0
    """Deliveries that met nobody, no place or a faulty template, or may have been posted twice; and rehearsals that
    could not have been sent."""
    late_percent_max: Percent = 1.0
    """Deliveries that took longer than their route's ``sla``."""
    limit_percent_max: Percent = 80.0
    """How much of a vendor's limit everybody together may need in the busiest hour before it is amber; above 100 it is
    red."""
