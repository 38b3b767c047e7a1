"""Permissions: what features want of them, what is lacking, what is too much."""

import msgspec
import pytest

from actors.domain.scopes import Feature, Judged, Need, features_of, judge, needed
from actors.targets.slack import scopes as slack
from actors.targets.teams import scopes as teams
from config.model import Audience, Roster, RosterInto, Route

CHANNEL = Route(name="a", when=("completed",), to="chat", audience=Audience(channel="C0123456789"))
LEARNER = Route(name="b", when=("graded",), to="chat", audience=Audience(learner=True))


def names(needs: tuple[Need, ...]) -> set[str]:
    return {need.scope for need in needs}


def test_features_come_from_the_routes_to_the_target() -> None:
    assert features_of([CHANNEL], "chat", hears=False) == {Feature.POSTING, Feature.PROBING}
    assert features_of([LEARNER], "chat", hears=False, installs=True) == {
        Feature.DIRECT,
        Feature.LOOKUP,
        Feature.PROBING_DIRECT,
        Feature.INSTALLING,
    }
    assert features_of([CHANNEL, LEARNER], "other", hears=True) == {Feature.EVENTS}
    assert features_of([], "chat", hears=False) == frozenset()


def test_rosters_want_no_more_than_they_do() -> None:
    plain = Roster(name="classes", source="sis", to="chat", into=RosterInto(team="{course.code}"), owners=())
    owned = msgspec.structs.replace(plain, owners=("instructor",), create=True)
    assert features_of([], "chat", hears=False, rosters=[plain]) == {Feature.ROSTERS, Feature.LOOKUP}
    assert features_of([], "other", hears=False, rosters=[plain]) == frozenset()
    wanted = features_of([], "chat", hears=False, rosters=[owned])
    assert wanted == {Feature.ROSTERS, Feature.LOOKUP, Feature.ROSTER_OWNERS, Feature.ROSTER_CREATION}
    assert names(teams.needed(wanted - {Feature.ROSTER_OWNERS}, "app")) == {
        "TeamMember.ReadWriteNonOwnerRole.All",
        "TeamMember.Read.All",
        "GroupMember.Read.All",
        "TeamSettings.Read.All",
        "Team.Create",
        "User.ReadBasic.All",
    }
    assert names(teams.needed(wanted, "app")) == {
        "TeamMember.ReadWrite.All",
        "GroupMember.Read.All",
        "TeamSettings.Read.All",
        "Team.Create",
        "User.ReadBasic.All",
    }


def test_a_channel_alone_needs_neither_people_nor_direct_messages() -> None:
    wanted = features_of([CHANNEL], "chat", hears=False)
    assert names(slack.needed(wanted)) == {"chat:write", "channels:history", "groups:history"}
    assert names(teams.needed(wanted, "app")) == set()
    assert names(teams.needed(wanted, "person")) == {
        "ChannelMessage.Send",
        "ChannelMessage.Read.All",
        "User.Read",
        "offline_access",
    }


def test_learners_alone_need_no_channel() -> None:
    wanted = features_of([LEARNER], "chat", hears=False, installs=True)
    assert names(slack.needed(wanted)) == {"chat:write", "im:write", "users:read", "users:read.email", "im:history"}
    assert names(teams.needed(wanted, "person")) == set()
    assert names(teams.needed(wanted, "app")) == {
        "TeamsActivity.Send",
        "User.ReadBasic.All",
        "TeamsAppInstallation.ReadWriteSelfForUser.All",
    }


def test_a_manifest_asks_for_a_permission_of_its_own_only_where_others_install_it() -> None:
    """Installing an app that asks for resource-specific consent needs the right to consent for others."""
    alone = features_of([LEARNER], "chat", hears=False)
    assert names(teams.needed(alone, "level")) == {"TeamsActivity.Send.User"}
    assert names(teams.needed(alone, "app")) == {"User.ReadBasic.All"}
    assert teams.tolerated(alone, "app") == {"TeamsActivity.Send"}
    installed = alone | {Feature.INSTALLING}
    assert teams.needed(installed, "level") == ()
    assert teams.tolerated(installed, "app") == frozenset()


def test_hearing_of_people_makes_the_narrow_lookup_needless() -> None:
    wanted = features_of([LEARNER], "chat", hears=True)
    assert "User.Read.All" in names(teams.needed(wanted, "app"))
    assert "User.ReadBasic.All" not in names(teams.needed(wanted, "app"))


def test_what_is_granted_is_judged() -> None:
    needs = slack.needed({Feature.POSTING})
    assert judge(needs, {"chat:write"}) == Judged((), ())
    assert judge(needs, set()) == Judged(("chat:write",), ())
    assert judge(needs, {"chat:write", "files:write", "admin"}) == Judged((), ("admin", "files:write"))
    assert judge((), {"openid"}, teams.ALWAYS) == Judged((), ())


def test_a_wider_permission_lacks_nothing_and_is_too_much() -> None:
    needs = teams.needed({Feature.LOOKUP}, "app")
    assert judge(needs, {"Directory.Read.All"}) == Judged((), ("Directory.Read.All",))


@pytest.mark.parametrize("table", [slack.NEEDS, teams.NEEDS])
def test_the_tables_hold_together(table: tuple[Need, ...]) -> None:
    rows = [(need.scope, need.speaker) for need in table]
    assert len(rows) == len(set(rows))
    for need in table:
        assert need.features
        assert need.why[0].islower() or need.why.startswith("Socket Mode")
        assert not need.why.endswith(".")
        assert need.scope not in need.wider
    wanted = {speaker: needed(table, tuple(Feature), speaker) for _, speaker in rows}
    assert sum(map(len, wanted.values())) == len(table)
