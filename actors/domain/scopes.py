"""What a vendor's permissions are for: each is needed by some features, and what no enabled feature needs is excess.

A connector keeps one table of ``Need``; everything that speaks of permissions (manifests, the pages on registering,
``token scopes``) is made of it, so that what is asked for and what is used cannot drift apart. Pure.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import msgspec

from config.model import Review, Roster, Route, Tenant

Wanting = Roster | Review
"""What is wanted of a target beside routes: rosters, and cards for reviewers."""


class Feature(StrEnum):
    """What a tenant may want of a chat platform."""

    POSTING = "posting"
    """Posts to channels."""
    DIRECT = "direct"
    """Direct messages, or notifications, to learners."""
    LOOKUP = "lookup"
    """Finding learners by their e-mail addresses."""
    PROBING = "probing"
    """Reading a channel back after a doubtful outcome, to see whether the post is there."""
    PROBING_DIRECT = "probing_direct"
    """The same of direct messages."""
    INSTALLING = "installing"
    """Installing the app for a learner before the first notification."""
    EVENTS = "events"
    """Hearing of people and channels that change, from the vendor or by asking."""
    ROSTERS = "rosters"
    """Keeping members of channels and teams in step."""
    ROSTER_GROUPS = "roster_groups"
    """Keeping members of user groups in step."""
    ROSTER_OWNERS = "roster_owners"
    """Making members owners, and owners members, where the platform has owners."""
    ROSTER_CREATION = "roster_creation"
    """Creating the channels, groups and teams that are missing."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One permission. ``speaker``: whose token carries it (``bot``, ``app``, ``person``; ``level``: Slack's app-level
    token). ``why`` completes "needed for …". ``wider``: permissions that include it, so that whoever has one of them
    lacks nothing (but has more than is needed)."""

    scope: str
    speaker: str
    why: str
    features: frozenset[Feature]
    wider: frozenset[str] = frozenset()


class Judged(msgspec.Struct, frozen=True):
    """What was granted, beside what is needed; all sorted. ``lacking`` would stop a feature; ``excess`` is granted
    and of no use to any."""

    lacking: tuple[str, ...]
    excess: tuple[str, ...]


def features_of(
    routes: Iterable[Route], target: str, *, hears: bool, installs: bool = False, rosters: Iterable[Wanting] = ()
) -> frozenset[Feature]:
    """What the tenant's routes, rosters and cards here use. ``hears``: whether what the vendor tells of people
    and channels is wanted; ``installs``: whether the app is installed for learners by us."""
    found: set[Feature] = set()
    for route in routes:
        if route.to != target:
            continue
        if route.audience.learner:
            found |= {Feature.DIRECT, Feature.LOOKUP, Feature.PROBING_DIRECT}
            found |= {Feature.INSTALLING} if installs else set()
        elif not route.audience.is_target:
            found |= {Feature.POSTING, Feature.PROBING}
    for roster in rosters:
        if isinstance(roster, Review):
            found |= _reviewing(roster) if roster.to == target else set()
        elif roster.to == target:
            found |= {Feature.ROSTER_GROUPS if roster.into.kind == "usergroup" else Feature.ROSTERS, Feature.LOOKUP}
            found |= {Feature.ROSTER_OWNERS} if roster.into.kind == "team" and roster.owners else set()
            found |= {Feature.ROSTER_CREATION} if roster.create else set()
    return frozenset(found | ({Feature.EVENTS} if hears else set()))


def kept(tenant: Tenant) -> tuple[Wanting, ...]:
    """All that a tenant wants of its targets beside routes."""
    return (*tenant.rosters, *(() if tenant.review is None else (tenant.review,)))


def _reviewing(review: Review) -> set[Feature]:
    """Cards are posts; whoever presses a button is looked up."""
    return {Feature.POSTING, Feature.PROBING} | ({Feature.LOOKUP} if review.reviewers else set())


def needed(table: Iterable[Need], features: Collection[Feature], speaker: str) -> tuple[Need, ...]:
    """The rows of a table that some of the features want of this speaker, in the table's order."""
    return tuple(need for need in table if need.speaker == speaker and not need.features.isdisjoint(features))


def judge(needs: Collection[Need], granted: Collection[str], always: Collection[str] = ()) -> Judged:
    """``granted`` against ``needs``. ``always``: what a vendor grants without being asked, never excess. A permission
    that is granted in place of a narrower one is not lacking, but is excess: the narrower one would do."""
    have = frozenset(granted)
    wanted: Mapping[str, Need] = {need.scope: need for need in needs}
    lacking = sorted(name for name, need in wanted.items() if name not in have and have.isdisjoint(need.wider))
    return Judged(tuple(lacking), tuple(sorted(have - wanted.keys() - frozenset(always))))
