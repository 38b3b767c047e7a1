"""The sandbox's channels and user groups: who can be let in, what is refused, what shows when, and who is told."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from slack_stage import NOW_S, Talk

from actors.domain.flow import Request
from actors.ports.adjusting import Unclear
from actors.targets.slack.fake.rooms import BOT_USER

CHANNEL = "C0123456789"
BACK = "https://lms.example.edu/callback"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def happen(talk: Talk, **what: Any) -> Any:
    return talk.fake.happen(msgspec.json.encode(what), talk.now_s)


def person(talk: Talk, name: str) -> str:
    return str(talk.call("users.lookupByEmail", email=f"{name}@example.edu")["user"]["id"])


def members(talk: Talk, channel: str = CHANNEL) -> set[str]:
    return set(talk.call("conversations.members", channel=channel)["members"])


def group(talk: Talk, handle: str = "course-101") -> str:
    return str(talk.call("usergroups.create", name=handle, handle=handle)["usergroup"]["id"])


def groups(talk: Talk, **more: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = talk.call("usergroups.list", **more)["usergroups"]
    return found


def test_one_who_cannot_be_invited_keeps_all_out_unless_forced() -> None:
    talk = Talk()
    ada, grace = person(talk, "ada"), person(talk, "grace")
    happen(talk, do="change_person", person=grace, deactivated=True)
    given = {"channel": CHANNEL, "users": f"{ada},{grace},U0404040404"}
    refused = talk.call("conversations.invite", **given)
    assert (refused["ok"], refused["error"]) == (False, "cant_invite")
    assert [each["error"] for each in refused["errors"]] == ["cant_invite", "user_not_found"]
    assert members(talk) == {BOT_USER}
    done = talk.call("conversations.invite", **given, force=True)
    assert done["ok"]
    assert [each["user"] for each in done["errors"]] == [grace, "U0404040404"]
    assert members(talk) == {BOT_USER, ada}
    again = talk.call("conversations.invite", channel=CHANNEL, users=ada, force=True)
    assert (again["ok"], again["error"]) == (False, "already_in_channel")
    assert [effect.operation for effect in talk.fake.journal] == ["conversations.invite"]


def test_no_more_than_a_hundred_at_once() -> None:
    users = [f"U{n:09d}".replace("404", "414") for n in range(101)]
    assert Talk().call("conversations.invite", channel=CHANNEL, users=",".join(users))["error"] == "invalid_arguments"
    assert Talk().call("conversations.invite", channel=CHANNEL, users=",".join(users[:100]))["ok"]


def test_guests_are_let_into_few_places() -> None:
    talk = Talk()
    single, multi = person(talk, "single"), person(talk, "multi")
    happen(talk, do="change_person", person=single, guest="single")
    happen(talk, do="change_person", person=multi, guest="multi")
    shown = talk.call("users.info", user=single)["user"]
    assert (shown["is_restricted"], shown["is_ultra_restricted"]) == (True, True)
    assert talk.call("conversations.invite", channel=CHANNEL, users=multi)["error"] == "user_is_restricted"
    assert talk.call("conversations.invite", channel=CHANNEL, users=single)["ok"]
    other = talk.call("conversations.invite", channel="C0999999999", users=single)
    assert other["error"] == "ura_max_channels"


def test_who_is_taken_out_and_who_is_not() -> None:
    talk = Talk()
    ada = person(talk, "ada")
    talk.call("conversations.invite", channel=CHANNEL, users=ada)
    assert talk.call("conversations.kick", channel=CHANNEL, user=BOT_USER)["error"] == "cant_kick_self"
    assert talk.call("conversations.kick", channel=CHANNEL, user="U0404040404")["error"] == "user_not_found"
    assert talk.call("conversations.kick", channel=CHANNEL, user=ada)["ok"]
    assert talk.call("conversations.kick", channel=CHANNEL, user=ada)["error"] == "not_in_channel"
    happen(talk, do="rename_channel", channel=CHANNEL, name="general")
    assert talk.call("conversations.kick", channel=CHANNEL, user=ada)["error"] == "cant_kick_from_general"
    happen(talk, do="remove_bot", channel=CHANNEL)
    assert talk.call("conversations.invite", channel=CHANNEL, users=ada)["error"] == "not_in_channel"
    assert members(talk) == set(), "the app is one of the members, and was put out"
    happen(talk, do="archive_channel", channel=CHANNEL)
    assert talk.call("conversations.invite", channel=CHANNEL, users=ada)["error"] == "is_archived"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("--", "invalid_name_punctuation"),
        ("Course", "invalid_name_specials"),
        ("a b", "invalid_name_specials"),
    ],
)
def test_names_of_channels(name: str, error: str) -> None:
    assert Talk().call("conversations.create", name=name)["error"] == error
    assert Talk().call("usergroups.create", name=name or "x", handle=name or "-")["error"] == "bad_handle"


def test_a_name_is_taken_once_by_channels_and_groups_alike() -> None:
    talk = Talk()
    made = talk.call("conversations.create", name="course-101", is_private=True)["channel"]
    assert (made["name"], made["is_private"], made["creator"], made["created"]) == (
        "course-101",
        True,
        BOT_USER,
        int(NOW_S),
    )
    assert talk.call("conversations.create", name="course-101")["error"] == "name_taken"
    assert talk.call("usergroups.create", name="x", handle="course-101")["error"] == "handle_already_exists"
    group(talk, "course-102")
    assert talk.call("conversations.create", name="course-102")["error"] == "name_taken"
    assert talk.call("usergroups.create", name="course-102", handle="y")["error"] == "name_already_exists"
    happen(talk, do="archive_channel", channel=made["id"])
    assert talk.call("conversations.create", name="course-101")["error"] == "name_taken"
    happen(talk, do="delete_channel", channel=made["id"])
    assert talk.call("conversations.create", name="course-101")["ok"]


def test_channels_are_listed_by_kind_and_page() -> None:
    talk = Talk()
    public, private = (
        talk.call("conversations.create", name=f"c-{n}", is_private=bool(n))["channel"]["id"] for n in range(2)
    )

    def listed(**more: object) -> list[str]:
        return sorted(each["id"] for each in talk.call("conversations.list", **more)["channels"])

    both = "public_channel,private_channel"
    assert listed() == [public]
    assert listed(types="private_channel") == [private]
    assert listed(types=both) == sorted([public, private])
    page = talk.call("conversations.list", types=both, limit=1)
    rest = talk.call("conversations.list", types=both, limit=1, cursor=page["response_metadata"]["next_cursor"])
    assert {page["channels"][0]["id"], rest["channels"][0]["id"]} == {public, private}
    assert rest["response_metadata"]["next_cursor"] == ""
    happen(talk, do="archive_channel", channel=public)
    assert listed(exclude_archived=True) == []
    happen(talk, do="remove_bot", channel=private)
    assert listed(types="private_channel") == []
    assert talk.call("conversations.members", channel=private)["error"] == "channel_not_found"
    assert talk.call("conversations.list", types="secret")["error"] == "invalid_types"
    for method in ("conversations.list", "conversations.members"):
        assert talk.call(method, channel=CHANNEL, cursor="bm9uZQ==")["error"] == "invalid_cursor"
        assert talk.call(method, channel=CHANNEL, limit=5_000)["error"] == "invalid_limit"


def test_a_group_takes_everybody_or_nobody() -> None:
    talk = Talk()
    ada, grace, made = person(talk, "ada"), person(talk, "grace"), group(talk)

    def replaced(users: str) -> Any:
        return talk.call("usergroups.users.update", usergroup=made, users=users)

    assert replaced(f"{ada},{grace}")["usergroup"]["users"] == [ada, grace]
    assert replaced("")["error"] == "no_users_provided"
    assert replaced(f"{ada},U0404040404")["error"] == "invalid_users"
    happen(talk, do="change_person", person=grace, deactivated=True)
    assert replaced(f"{ada},{grace}")["error"] == "failed_for_some_users"
    assert talk.call("usergroups.users.list", usergroup=made)["users"] == [ada, grace]
    assert replaced(ada)["ok"]
    assert groups(talk, include_users=True, include_count=True)[0]["user_count"] == "1"
    assert talk.call("usergroups.users.list", usergroup="S0000000000")["error"] == "no_such_subteam"


def test_a_disabled_group_is_hidden_and_takes_members_or_not_as_it_is_set_up() -> None:
    talk = Talk()
    ada, made = person(talk, "ada"), group(talk)
    assert talk.call("usergroups.disable", usergroup=made)["usergroup"]["date_delete"] > 0
    assert groups(talk) == []
    (shown,) = groups(talk, include_disabled=True)
    assert shown["deleted_by"] == BOT_USER
    assert talk.call("usergroups.users.update", usergroup=made, users=ada)["error"] == "no_such_subteam"
    assert talk.call("usergroups.users.list", usergroup=made)["error"] == "no_such_subteam"
    talk.fake.adjust(b'{"disabled_groups_change": true}', talk.now_s)
    changed = talk.call("usergroups.users.update", usergroup=made, users=ada)["usergroup"]
    assert changed["date_delete"] > 0
    assert talk.call("usergroups.enable", usergroup=made)["usergroup"]["date_delete"] == 0
    operations = [effect.operation for effect in talk.fake.journal]
    assert operations == [
        "usergroups.create",
        "usergroups.disable",
        "usergroups.users.update",
        "usergroups.enable",
    ]


def test_members_show_up_late_and_go_late() -> None:
    talk = Talk()
    ada = person(talk, "ada")
    talk.fake.adjust(b'{"members_late_s": 20}', talk.now_s)
    talk.call("conversations.invite", channel=CHANNEL, users=ada)
    assert members(talk) == {BOT_USER}
    assert talk.call("conversations.invite", channel=CHANNEL, users=ada)["error"] == "already_in_channel"
    talk.now_s += 20
    assert members(talk) == {BOT_USER, ada}
    talk.call("conversations.kick", channel=CHANNEL, user=ada)
    assert members(talk) == {BOT_USER, ada}
    talk.now_s += 21
    assert members(talk) == {BOT_USER}


def test_what_happens_by_hand() -> None:
    talk = Talk()
    made = group(talk)
    assert happen(talk, do="join_channel", channel=CHANNEL, people=["ada@example.edu", "U012345678"]) == [
        {"changed": 2}
    ]
    assert members(talk) == {BOT_USER, person(talk, "ada"), "U012345678"}
    assert happen(talk, do="leave_channel", channel=CHANNEL, people=["U012345678", "U999999999"]) == [{"changed": 1}]
    happen(talk, do="change_group", group="course-101", add=["ada@example.edu", "U012345678"])
    happen(talk, do="change_group", group=made, remove=["U012345678"], disabled=True)
    (shown,) = groups(talk, include_disabled=True, include_users=True)
    assert shown["users"] == [person(talk, "ada")]
    assert shown["deleted_by"] not in (None, BOT_USER)
    for wrong in (
        {"do": "change_group", "group": "nothing"},
        {"do": "join_channel", "channel": "C0404040404", "people": ["U012345678"]},
        {"do": "join_channel", "channel": CHANNEL, "people": ["nobody@example.edu"]},
    ):
        with pytest.raises(Unclear):
            happen(talk, **wrong)


def test_everybody_who_was_put_there_is_listed_with_the_app() -> None:
    talk = Talk()
    happen(talk, do="people", people=[f"l{n}@example.edu" for n in range(5)])
    page = talk.call("users.list", limit=4)
    rest = talk.call("users.list", limit=4, cursor=page["response_metadata"]["next_cursor"])
    everybody = page["members"] + rest["members"]
    assert len(everybody) == 6
    assert [each["id"] for each in everybody if each["is_bot"]] == [BOT_USER]
    assert sum("email" in each["profile"] for each in everybody) == 5


@pytest.mark.parametrize(
    ("method", "scope", "given"),
    [
        ("conversations.create", "groups:write", {"name": "x", "is_private": True}),
        ("conversations.create", "channels:manage", {"name": "x"}),
        ("conversations.invite", "channels:manage", {"channel": CHANNEL, "users": "U012345678"}),
        ("conversations.kick", "groups:write", {"channel": "G012345678", "user": "U012345678"}),
        ("conversations.members", "channels:read", {"channel": CHANNEL}),
        ("usergroups.list", "usergroups:read", {}),
        ("usergroups.users.update", "usergroups:write", {"usergroup": "S012345678", "users": "U012345678"}),
    ],
)
def test_each_method_demands_its_scope(method: str, scope: str, given: dict[str, object]) -> None:
    talk = Talk()
    refused = talk.call(method, {"authorization": f"Bearer {token(talk, 'chat:write')}"}, **given)
    assert (refused["error"], refused["needed"]) == ("missing_scope", scope)


def test_addresses_are_shown_to_whom_they_are_granted() -> None:
    talk = Talk()
    ada = person(talk, "ada")
    for scopes, seen in (("users:read", False), ("users:read,users:read.email", True)):
        bearer = {"authorization": f"Bearer {token(talk, scopes)}"}
        people = [talk.call("users.info", bearer, user=ada)["user"], *talk.call("users.list", bearer)["members"]]
        assert ["email" in each["profile"] for each in people if each["id"] == ada] == [seen, seen]


def token(talk: Talk, scopes: str) -> str:
    """One that may do no more than these."""
    holder = {"client_id": "sandbox", "client_secret": "sandbox"}
    asked = urlencode(holder | {"scope": scopes, "redirect_uri": BACK, "decision": "allow"}).encode()
    page = Request(method="POST", url="/slack/oauth/v2/authorize", operation="", headers=FORM, body=asked)
    location = talk.fake.handle(page, talk.now_s).response.headers["location"]
    code = parse_qs(urlsplit(location).query)["code"][0]
    return str(talk.call("oauth.v2.access", code=code, redirect_uri=BACK, **holder)["access_token"])


def test_whoever_listens_is_told_who_came_and_went_and_by_whom() -> None:
    talk = Talk()
    told: list[dict[str, Any]] = []
    talk.fake._feed.tell = lambda event, team, now_s: told.append(event)  # type: ignore[method-assign]
    ada, made = person(talk, "ada"), group(talk)
    talk.call("conversations.invite", channel=CHANNEL, users=ada)
    talk.call("conversations.kick", channel=CHANNEL, user=ada)
    happen(talk, do="join_channel", channel=CHANNEL, people=[ada])
    talk.call("usergroups.users.update", usergroup=made, users=ada)
    talk.call("usergroups.users.update", usergroup=made, users=ada)  # nothing new
    talk.call("usergroups.disable", usergroup=made)
    assert [(each["type"], each.get("inviter")) for each in told] == [
        ("member_joined_channel", BOT_USER),
        ("member_left_channel", None),
        ("member_joined_channel", None),
        ("subteam_members_changed", None),
        ("subteam_updated", None),
    ]
    assert told[3]["added_users"] == [ada]
