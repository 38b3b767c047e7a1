"""A tenant's rules as structs: ``[[routes]]`` and the tables in it.

As in ``model``, which hands them on: the docstrings are the configuration reference.
"""

from typing import Annotated, Literal

from msgspec import Meta

from config.durations import seconds
from config.texts import ChangeWord, Cron, NonEmpty, QuietHours, SourceName, TargetName, Timeout
from config.words import Words

ONE_AUDIENCE = (
    "an audience is exactly one of { channel = … }, { team = …, channel = … }, { learner = true } or "
    "{ course_channel = true }"
)


class Audience(Words, frozen=True, kw_only=True):
    """Who is told: a channel, a Teams channel (``team`` and ``channel``), the learner, or the course's channel.
    Without any of these it is the target itself, where that is one reader (another LRS, a webhook)."""

    channel: NonEmpty | None = None
    """The vendor's id of a channel."""
    team: NonEmpty | None = None
    """Teams: the id of the team the channel is in."""
    learner: bool = False
    """The learner alone: a direct message, or a Teams activity notification."""
    course_channel: bool = False
    """The channel that belongs to the course."""

    def __post_init__(self) -> None:
        if sum((self.channel is not None, self.learner, self.course_channel)) > 1:
            raise ValueError(ONE_AUDIENCE)
        if self.team is not None and self.channel is None:
            raise ValueError("an audience with team = … needs channel = … too")

    @property
    def is_target(self) -> bool:
        """Nobody in particular: whoever reads at the target."""
        return not (self.learner or self.course_channel or self.channel is not None)


class Filter(Words, frozen=True, kw_only=True):
    """Which statements a route is for: every key that is given must fit, by any of its values. A value that ends with
    ``*`` fits whatever begins like it."""

    verbs: Annotated[tuple[NonEmpty, ...], Meta(max_length=64)] = ()
    """IRIs of verbs: ``http://adlnet.gov/expapi/verbs/*``."""
    activities: Annotated[tuple[NonEmpty, ...], Meta(max_length=64)] = ()
    """IRIs of activities that are the statement's object."""
    activity_types: Annotated[tuple[NonEmpty, ...], Meta(max_length=64)] = ()
    """IRIs of types of such an activity, as the statement itself tells them."""
    sources: Annotated[tuple[SourceName, ...], Meta(max_length=64)] = ()
    """Sources that the statement came from."""

    def __post_init__(self) -> None:
        if not (self.verbs or self.activities or self.activity_types or self.sources):
            raise ValueError("a filter names at least one of verbs, activities, activity_types or sources")


class Digest(Words, frozen=True, kw_only=True):
    """``mode = { digest = CRON }``."""

    digest: Cron
    """When the digest is sent, in the tenant's time zone. A time that summer time skips is made up for at the next
    time there is, one that comes twice counts once; what falls into quiet hours is sent at their end."""


class Backoff(Words, frozen=True, kw_only=True):
    """How long to wait between tries: after the first ``first``, then twice as long each time, up to ``longest``; the
    wait itself is drawn by chance below that."""

    first: Timeout = "1s"
    """The most that is waited after the first try."""
    longest: Timeout = "5m"
    """The most that is ever waited."""

    def __post_init__(self) -> None:
        if seconds(self.longest) < seconds(self.first):
            raise ValueError(f"longest ({self.longest}) is shorter than first ({self.first})")


class Retry(Words, frozen=True, kw_only=True):
    """How long and how often a delivery is tried that did not succeed. ``attempts_max`` of the route counts too."""

    age_max: Timeout | None = "30d"
    """How long after acceptance it is still tried; then it is a dead letter. An unknown outcome is cleared up first."""
    faulted: Backoff = Backoff()
    """The vendor failed on this one request. Each try counts as an attempt."""
    unavailable: Backoff = Backoff(longest="15s")
    """The vendor is down or not to be reached. Costs no attempts."""
    throttled: Backoff = Backoff()
    """The vendor wants fewer requests and named no time; where it names one, that holds. Costs no attempts."""


class Route(Words, frozen=True, kw_only=True):
    """One rule: these changes, to that target, for this audience. The first that matches a destination wins."""

    name: NonEmpty
    """Unique in the tenant; deliveries and metrics carry it."""
    enabled: bool = True
    """A disabled route posts nothing; what it would have posted is kept and can be replayed."""
    when: Annotated[tuple[ChangeWord, ...], Meta(min_length=1, max_length=64)]
    """Kinds of change: ``enrolled``, ``unenrolled``, ``role_changed``, ``suspended``, ``resumed``, ``completed``
    (``activity_completed`` or ``course_completed``), ``completion_undone``, ``passed``, ``failed``, ``graded``,
    ``submitted``, ``assignment_posted``, ``due_soon``, ``user_created``, ``user_updated``; or ``statement``: every
    statement of the log, whatever it tells, for targets that take statements."""
    to: TargetName
    """Name of a target of this tenant."""
    audience: Audience = Audience()
    """Who is told: needed for Slack and Teams; targets that are one reader (``lrs``) take none."""
    filter: Filter | None = None
    """Only for what these statements tell; absent: for all."""
    mode: Literal["realtime"] | Digest = "realtime"
    """At once, or collected and sent as one post on a schedule: ``{ digest = "0 8 * * 1-5" }``."""
    quiet_hours: QuietHours | None = None
    """Hours without posts, in the tenant's time zone: ``"20:00-07:00"``. What falls into them is sent at their end."""
    changed: Literal["post", "update"] = "post"
    """When a grade or completion that was posted changes: make a new post, or rewrite the earlier one where the
    platform can (otherwise a new post)."""
    sla: Timeout | None = None
    """How soon a change should have arrived; what takes longer is counted."""
    sla_goal: Annotated[float, Meta(gt=0.0, lt=100.0)] = 99.0
    """Percent of the deliveries that must arrive within ``sla``."""
    doubtful: Literal["park", "resend"] = "park"
    """When nobody can tell whether a post was made: wait for a person, or accept a double."""
    template: NonEmpty | None = None
    """Name of a template; absent: the target's own for this kind of change."""
    pilot: NonEmpty | None = None
    """Name of a pilot: only its cohort is told, for everybody else it is rehearsed (``lmsyncctl pilot``)."""
    attempts_max: Annotated[int, Meta(ge=1, le=100)] = 8
    """After so many attempts a delivery is a dead letter."""
    retry: Retry = Retry()
    """How long, and at what distances, it is tried again."""
