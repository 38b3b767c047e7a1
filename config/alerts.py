"""A tenant's ``[[alerts]]``: who is told, by itself, when something needs a person.

As in ``model``, which hands them on: the docstrings are the configuration reference.
"""

from typing import Annotated, Literal

from msgspec import Meta

from config.texts import NonEmpty, Period, TargetName
from config.words import Words

AlarmKind = Literal[
    "late",
    "dead_letters",
    "suspended",
    "outage",
    "backlog",
    "errors",
    "token",
    "source",
    "silent",
    "brake",
    "loss",
    "disk",
    "store",
    "actor",
]
"""What there are alarms about; ``docs/alerts.md`` tells of each when it begins and when it is over."""


class Alert(Words, frozen=True, kw_only=True):
    """Where alarms of this tenant are told: each once when it begins, again while it lasts, and when it is over."""

    to: TargetName
    """Name of a target of this tenant: Slack, Teams, a webhook or a Power Automate flow."""
    channel: NonEmpty | None = None
    """Slack and Teams: the channel. Webhooks and flows have none."""
    team: NonEmpty | None = None
    """Teams: the id of the team the channel is in."""
    about: Annotated[tuple[AlarmKind, ...], Meta(max_length=100)] = ()
    """Only of these; absent: of all."""
    daemon: bool = False
    """Also of what concerns no tenant but the daemon itself (``disk``, ``store``, ``actor``)."""
    repeat: Period = "1d"
    """How often it is told again while it lasts."""
