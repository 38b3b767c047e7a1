"""What rosters want of a Slack app, and nothing beyond: channels and user groups apart."""

import msgspec
import pytest

from actors.domain.registering import Site
from actors.domain.scopes import features_of
from actors.targets.slack.manifest import registration
from actors.targets.slack.scopes import EVENTS, events, needed
from config.model import Roster, RosterInto

CHANNELS = Roster(name="a", source="sis", to="chat", into=RosterInto(channel="c-{course.code}"), create=True)
GROUPS = Roster(name="b", source="sis", to="chat", into=RosterInto(usergroup="{course.code}"))
PEOPLE = {"users:read", "users:read.email"}


@pytest.mark.parametrize(
    ("rules", "scopes", "more"),
    [
        (
            [CHANNELS],
            {"channels:read", "groups:read", "channels:manage", "groups:write"},
            {"member_joined_channel"},
        ),
        ([GROUPS], {"usergroups:read", "usergroups:write"}, {"subteam_members_changed", "subteam_updated"}),
        ([], set(), set()),
    ],
)
def test_each_kind_of_roster_asks_for_its_own(rules: list[Roster], scopes: set[str], more: set[str]) -> None:
    features = features_of([], "chat", hears=False, rosters=rules)
    assert {need.scope for need in needed(features)} == (scopes | PEOPLE if rules else set())
    assert set(events(features)) == {*EVENTS, *more}
    assert list(events(features)) == sorted(events(features))


def test_the_manifest_asks_for_it_and_says_what_it_does_with_it() -> None:
    site = Site(public_url="https://lms.example.edu", tenant="acme", target="chat")
    features = features_of([], "chat", hears=True, rosters=[CHANNELS, GROUPS])
    manifest = msgspec.json.decode(registration(features, site, "lmsyncd").content)
    assert {"channels:manage", "usergroups:write"} <= set(manifest["oauth_config"]["scopes"]["bot"])
    assert "subteam_members_changed" in manifest["settings"]["event_subscriptions"]["bot_events"]
    assert "invites who belongs in" in manifest["display_information"]["long_description"]
    plain = msgspec.json.decode(registration(features_of([], "chat", hears=True), site, "lmsyncd").content)
    assert "invites" not in plain["display_information"]["long_description"]
    assert not {"channels:manage", "usergroups:write"} & set(plain["oauth_config"]["scopes"]["bot"])
