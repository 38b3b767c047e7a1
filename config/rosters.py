"""A tenant's roster rules as structs: ``[[rosters]]``, ``[review]`` and ``[[conflicts]]``, and the tables in them.

As in ``model``, which hands them on: the docstrings are the configuration reference.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.texts import Cron, Duration, NonEmpty, SourceName, TargetName
from config.words import Words

RoleWord = Literal["learner", "instructor", "assistant", "designer", "observer", "mentor", "administrator"]
ConflictField = Literal["email", "role", "name", "dates", "status"]
PLACEHOLDERS = frozenset(
    {
        "course.id",
        "course.code",
        "course.name",
        "course.external_id",
        "course.org_unit",
        "section",
        "user.org_unit",
        "user.cohort",
    }
)
"""What names of places may be made of."""
_BRACED = re.compile(r"\{([^{}]*)\}")
ONE_PLACE = "a roster goes into exactly one of { channel = … }, { usergroup = … } or { team = … }"


def placeholders(text: str) -> tuple[str, ...]:
    """Those that a name is made of, in order. Raises ValueError for one that there is not, and for a stray brace."""
    found = tuple(_BRACED.findall(text))
    for each in found:
        if each not in PLACEHOLDERS:
            raise ValueError(f"there is no {{{each}}}: a name may have {', '.join(sorted(PLACEHOLDERS))}")
    if set(_BRACED.sub("", text)) & {"{", "}"}:
        raise ValueError("a brace without its other half")
    return found


class CourseMatch(Words, frozen=True, kw_only=True):
    """Which enrolments a roster rule is for: every key that is given must fit. A value that ends with ``*`` fits
    whatever begins like it."""

    course: NonEmpty | None = None
    """The code of a course, its id in the SIS or its id in the source."""
    org_unit: NonEmpty | None = None
    """The course's organisational unit (school, faculty, sub-account)."""
    section: NonEmpty | None = None
    """The section that somebody is in."""
    cohort: NonEmpty | None = None
    """The learner's cohort (``attributes.cohort`` of the user, as a mapping table tells it)."""

    def __post_init__(self) -> None:
        if self.course is None and self.org_unit is None and self.section is None and self.cohort is None:
            raise ValueError("match names at least one of course, org_unit, section or cohort")


class RosterInto(Words, frozen=True, kw_only=True):
    """What is kept in step: a channel, a user group or a team, by its id, or by a name with placeholders, of which one
    is made for each course, section, unit or cohort: ``{course.code}``, ``{course.name}``, ``{course.id}``,
    ``{course.external_id}``, ``{course.org_unit}``, ``{section}``, ``{user.org_unit}``, ``{user.cohort}``."""

    channel: NonEmpty | None = None
    """A Slack channel's members."""
    usergroup: NonEmpty | None = None
    """A Slack user group's members; the name is its handle."""
    team: NonEmpty | None = None
    """A team's members and owners."""

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.channel, self.usergroup, self.team)) != 1:
            raise ValueError(ONE_PLACE)
        placeholders(self.name)

    @property
    def kind(self) -> Literal["channel", "usergroup", "team"]:
        return "channel" if self.channel is not None else "usergroup" if self.usergroup is not None else "team"

    @property
    def name(self) -> str:
        """Id or name, as written."""
        return self.channel or self.usergroup or self.team or ""


class Brake(Words, frozen=True, kw_only=True):
    """How much one run may remove before it stops and asks a person: of one place more than ``percent_max`` of its
    members *and* more than a handful, or more than ``count_max`` people; of all of a rule's places together, more than
    ``total_percent_max`` or ``total_count_max``."""

    percent_max: Annotated[int, Meta(ge=0, le=100)] = 20
    """Share of a place's members."""
    count_max: Annotated[int, Meta(ge=0)] = 50
    """Number of a place's members."""
    total_percent_max: Annotated[int, Meta(ge=0, le=100)] = 10
    """Share of the members of all places of this rule."""
    total_count_max: Annotated[int, Meta(ge=0)] = 500
    """Number of the members of all places of this rule."""


class Roster(Words, frozen=True, kw_only=True):
    """A roster rule: keep channels, user groups or teams in step with a source's enrolments."""

    name: NonEmpty
    """Unique among the tenant's rosters."""
    source: SourceName = msgspec.field(name="from")
    """Name of a source that has enrolments."""
    to: TargetName
    """Name of a target of this tenant."""
    into: RosterInto
    """What is kept in step."""
    match: CourseMatch | None = None
    """Only these; absent: all courses that are going on."""
    create: bool = False
    """Whether what does not exist yet is created."""
    private: bool = True
    """Whether what is created is private."""
    topic: str = ""
    """Topic (or description) of what is created, with the same placeholders."""
    schedule: Cron | None = None
    """When all of it is compared with what the vendor has, in the tenant's time zone. Changes of enrolments are carried
    out at once all the same."""
    members: Annotated[tuple[RoleWord, ...], Meta(min_length=1)] = (
        "learner",
        "instructor",
        "assistant",
        "designer",
    )
    """Roles that belong in."""
    owners: tuple[RoleWord, ...] = ("instructor",)
    """Roles that own it, where the platform has owners."""
    suspended: Literal["remove", "keep"] = "remove"
    """Whose enrolment or account is suspended."""
    completed: Literal["remove", "keep"] = "keep"
    """Who has completed the course."""
    invited: Literal["wait", "add"] = "wait"
    """Who has not accepted an invitation to the course yet."""
    early: Duration = "0s"
    """How long before an enrolment (or else its course) begins people are let in."""
    late: Duration = "0s"
    """How long after its end they may stay."""
    exclude: Annotated[tuple[NonEmpty, ...], Meta(max_length=1000)] = ()
    """People who are left out: e-mail addresses, user names or ids in the source; ``*`` stands for any letters."""
    strangers: Literal["review", "keep", "remove"] = "review"
    """Members who never were enrolled, added by somebody at the platform: ask, leave them, or take them out."""
    missing: Literal["restore", "review"] = "restore"
    """Enrolled members whom somebody took out at the platform: put them back, or ask. Who left by themselves is put
    back once."""
    brake: Brake = Brake()
    """When it stops and asks."""

    def __post_init__(self) -> None:
        placeholders(self.topic)
        if not set(self.owners) <= set(self.members):
            raise ValueError("owners are among the roles of members")


class Review(Words, frozen=True, kw_only=True):
    """Who decides where systems disagree, and where they are told."""

    to: TargetName
    """Name of a target of this tenant: Slack, or Teams."""
    channel: NonEmpty
    """The channel where cards for decisions are posted."""
    team: NonEmpty | None = None
    """Teams: the id of the team the channel is in."""
    reviewers: Annotated[tuple[NonEmpty, ...], Meta(max_length=100)] = ()
    """E-mail addresses of those whose word counts when they press a button in Slack. Pages ask for a sign-in with the
    role ``approver`` instead."""


class ConflictRule(Words, frozen=True, kw_only=True):
    """``[[conflicts]]``: who is believed where sources tell different things of one person or enrolment."""

    field: ConflictField
    """What they disagree about."""
    sources: Annotated[tuple[SourceName, ...], Meta(max_length=100)] = ()
    """Only between these; absent: between any."""
    policy: Literal["source", "latest", "review"] = "review"
    """The one that is named is believed; whoever told it last (what is no identifier only: not ``email``); or a person
    is asked."""
    source: SourceName | None = None
    """With ``policy = "source"``: the source of truth."""

    def __post_init__(self) -> None:
        if (self.policy == "source") != (self.source is not None):
            raise ValueError('policy = "source" names its source = …, and no other policy does')
        if self.policy == "latest" and self.field == "email":
            raise ValueError("an address is an identifier: the last to tell it is not believed for that alone")
