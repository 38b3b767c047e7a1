"""What is read of people, channels and user groups, whatever Slack answers."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from slack_rosters import AT, CHANNEL, DOWN, GROUP, RATIONED, fine, play, rostering, wanted, wrong

from actors.domain.flow import Lost, Request, Response
from actors.domain.rosters.model import Actual, Member
from actors.domain.verdicts import Cause, Faulted, Refused, Throttled, Unavailable
from actors.ports.rostering import Account, Found, Gone, LookedUp, Page
from actors.targets.slack.rostering_orders import is_id, name_of


def question(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def user(id_: str, email: str = "", **more: Any) -> dict[str, Any]:
    return {"id": id_, "profile": {"email": email, "real_name": f"Name of {id_}"}} | more


def on(cursor: str) -> dict[str, Any]:
    return {"response_metadata": {"next_cursor": cursor}}


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_of_a_thousand_and_where_the_next_one_is() -> None:
    page, (asked,) = play(rostering().people(""), fine(members=[user("U1", "Ada@Example.edu")], **on("abc=")))
    assert question(asked) == {"limit": "1000"}
    assert page == Page(accounts=(Account(id="U1", emails=("ada@example.edu",), name="Name of U1"),), after="1000:abc=")
    page, (asked,) = play(rostering().people("1000:abc="), fine(members=[], **on("")))
    assert question(asked) == {"limit": "1000", "cursor": "abc="}
    assert page == Page(accounts=())


@pytest.mark.parametrize("refusal", [wrong("limit_required"), Response(status=500), Lost("too long")])
def test_where_a_thousand_are_too_many_pages_are_small_from_then_on(refusal: Any) -> None:
    page, asked = play(rostering().people(""), refusal, fine(members=[user("U1")], **on("c")))
    assert [question(each)["limit"] for each in asked] == ["1000", "200"]
    assert isinstance(page, Page)
    assert page.after == "200:c"
    _, (asked_next,) = play(rostering().people(page.after), fine(members=[]))
    assert question(asked_next) == {"limit": "200", "cursor": "c"}


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (DOWN, Unavailable),
        (RATIONED, Throttled),
        (wrong("invalid_cursor"), Faulted),
        (wrong("missing_scope"), Refused),
        (fine(), Faulted),
        (fine(members="x"), Faulted),
        (fine(members=[user("U1")], **on("c")), Faulted),  # the page that was asked for, again
    ],
)
def test_a_page_that_is_none(answer: Any, meaning: type) -> None:
    page, _ = play(rostering().people("1000:c"), answer)
    assert isinstance(page, meaning)


@pytest.mark.parametrize(
    ("scopes", "told"), [("users:read,users:read.email", True), ("", True), ("users:read, chat:write", False)]
)
def test_people_without_addresses_are_nobody_to_conclude_from(scopes: str, told: bool) -> None:
    headers = {"x-oauth-scopes": scopes} if scopes else {}
    answer = Response(status=200, headers=headers, body=msgspec.json.encode(fine(members=[user("U1")])))
    page, _ = play(rostering().people(""), answer)
    assert isinstance(page, Page) is told
    if not isinstance(page, Page):
        assert isinstance(page, Refused)
        assert page.cause is Cause.MISSING_PERMISSION
        assert "users:read.email" in page.detail


def test_who_is_gone_who_is_a_guest_and_who_is_nobody() -> None:
    members = [
        user("U1", deleted=True),
        user("U2", is_restricted=True),
        user("U3", is_ultra_restricted=True),
        user("U4", is_stranger=True),
        user("U5", is_bot=True),
        user("USLACKBOT"),
        {"id": "U6", "real_name": "Six"},
        {"id": 7},
        "U8",
    ]
    page, _ = play(rostering().people(""), fine(members=members))
    assert isinstance(page, Page)
    told = {each.id: each for each in page.accounts}
    assert set(told) == {"U1", "U2", "U3", "U4", "U5", "USLACKBOT", "U6"}
    assert [each.id for each in page.accounts if not each.active] == ["U1"]
    assert [each.id for each in page.accounts if each.limited] == ["U2", "U3", "U4"]
    assert [each.id for each in page.accounts if each.bot] == ["U5", "USLACKBOT"]
    assert told["U6"].name == "Six"


def test_looking_up_goes_as_far_as_slack_lets_us() -> None:
    looked, asked = play(
        rostering().look_up(["a@example.edu", "b@example.edu", "c@example.edu", "d@example.edu"]),
        fine(user=user("U1", "other@example.edu")),
        wrong("users_not_found"),
        RATIONED,
    )
    assert len(asked) == 3
    account = Account(id="U1", emails=("a@example.edu", "other@example.edu"), name="Name of U1")
    assert looked == LookedUp(found={"a@example.edu": account}, absent=("b@example.edu",))
    looked, _ = play(rostering().look_up(["a@example.edu"]), RATIONED)
    assert isinstance(looked, Throttled)
    looked, _ = play(rostering().look_up(["a@example.edu"]), fine())
    assert isinstance(looked, Faulted)


def test_whose_ids_are() -> None:
    whose, _ = play(rostering().who(["U1", "U2", "U3", "U4"]), fine(user=user("U1")), wrong("user_not_found"), RATIONED)
    assert whose == {"U1": Account(id="U1", name="Name of U1"), "U2": Account(id="U2", active=False)}
    whose, _ = play(rostering().who(["U1", "U2"]), fine(user=user("U1")), wrong("missing_scope"))
    assert isinstance(whose, Refused)
    whose, _ = play(rostering().who(["U1"]), DOWN)
    assert isinstance(whose, Unavailable)


# ── places ───────────────────────────────────────────────────────────────────────────────────────────


def channel(id_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "is_archived": False, "is_member": True} | more


def test_channels_are_read_until_all_names_are_found() -> None:
    first = fine(channels=[channel("C1AAAAAAAA", "a"), channel("C2AAAAAAAA", "x")], **on("2"))
    second = fine(channels=[channel("C3AAAAAAAA", "b", is_archived=True)], **on("3"))
    found, asked = play(rostering().find("channel", ["a", "b"]), first, second)
    assert found == {
        "a": (Found(place="C1AAAAAAAA", name="a"),),
        "b": (Found(place="C3AAAAAAAA", name="b", closed="archived"),),
    }
    assert [question(each).get("cursor") for each in asked] == [None, "2"]
    assert question(asked[0]) | {"cursor": ""} == {
        "limit": "999",
        "types": "public_channel,private_channel",
        "exclude_archived": "false",
        "cursor": "",
    }
    found, _ = play(rostering().find("channel", ["a", "c"]), first, fine(channels=[]))
    assert found == {"a": (Found(place="C1AAAAAAAA", name="a"),), "c": ()}


def test_absence_is_told_by_the_last_page_alone() -> None:
    first = fine(channels=[], **on("2"))
    for answer, meaning in ((DOWN, Unavailable), (RATIONED, Throttled), (wrong("invalid_cursor"), Refused)):
        found, _ = play(rostering().find("channel", ["a"]), first, answer)
        assert isinstance(found, meaning)


def test_a_channel_by_its_id_and_one_that_we_are_not_in() -> None:
    outside = fine(channel=channel(CHANNEL, "a", is_member=False))
    found, (asked,) = play(rostering().find("channel", [CHANNEL]), outside)
    assert asked.operation == "conversations.info"
    assert found == {CHANNEL: (Found(place=CHANNEL, name="a", closed="the app is not in it: /invite it"),)}
    found, _ = play(rostering().find("channel", [CHANNEL]), wrong("channel_not_found"))
    assert found == {CHANNEL: ()}
    found, _ = play(rostering().find("channel", [CHANNEL]), wrong("missing_scope"))
    assert isinstance(found, Refused)


def test_members_of_several_channels_as_far_as_slack_lets_us() -> None:
    other, third = "C2222222222", "C3333333333"
    read, asked = play(
        rostering().members("channel", [CHANNEL, other, third]),
        fine(members=["U1", "U2"], **on("p2")),
        fine(members=["U2", "U3"], **on("")),
        wrong("channel_not_found"),
        RATIONED,
    )
    assert [question(each)["channel"] for each in asked] == [CHANNEL, CHANNEL, other, third]
    assert isinstance(read, dict)
    assert read[CHANNEL] == Actual(place=CHANNEL, members=(Member(id="U1"), Member(id="U2"), Member(id="U3")))
    assert isinstance(read[other], Gone)
    assert third not in read


@pytest.mark.parametrize(
    "answer", [DOWN, RATIONED, Lost("x"), wrong("invalid_cursor"), wrong("fetch_members_failed"), fine(members=7)]
)
def test_a_page_that_fails_makes_a_part(answer: Any) -> None:
    read, _ = play(rostering().members("channel", [CHANNEL]), fine(members=["U1"], **on("p2")), answer)
    assert read == {CHANNEL: Actual(place=CHANNEL, members=(Member(id="U1"),), whole=False)}
    read, _ = play(rostering().members("channel", [CHANNEL]), answer)
    assert not isinstance(read, dict)


def test_nothing_else_is_read_once_slack_does_not_let_us_go_on() -> None:
    page = fine(members=["U1"], **on("p2"))
    read, asked = play(rostering().members("channel", [CHANNEL, "C2222222222"]), page, RATIONED)
    assert len(asked) == 2
    assert isinstance(read, dict)
    assert list(read) == [CHANNEL]


def test_a_channel_that_is_on_two_pages_is_one() -> None:
    shown = channel("C1AAAAAAAA", "a")
    found, _ = play(rostering().find("channel", ["a", "b"]), fine(channels=[shown], **on("2")), fine(channels=[shown]))
    assert found == {"a": (Found(place="C1AAAAAAAA", name="a"),), "b": ()}


def test_pages_that_do_not_go_on_are_a_part() -> None:
    page = fine(members=["U1"], **on("same"))
    read, _ = play(rostering().members("channel", [CHANNEL]), page, page)
    assert read == {CHANNEL: Actual(place=CHANNEL, members=(Member(id="U1"),), whole=False)}


# ── user groups ──────────────────────────────────────────────────────────────────────────────────────


def group(id_: str, *users: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "handle": "course-101", "date_delete": 0, "users": list(users), "user_count": len(users)} | more


def test_all_groups_in_one_call() -> None:
    other = "S2222222222"
    answer = fine(usergroups=[group(GROUP, "U1", "U2", user_count="2"), group(other, handle="b")])
    read, (asked,) = play(rostering().members("usergroup", [GROUP, other, "S3333333333"]), answer)
    assert question(asked) == {"include_disabled": "true", "include_users": "true", "include_count": "true"}
    assert isinstance(read, dict)
    assert read[GROUP] == Actual(place=GROUP, members=(Member(id="U1"), Member(id="U2")))
    assert read[other] == Actual(place=other)
    assert isinstance(read["S3333333333"], Gone)
    found, _ = play(rostering().find("usergroup", ["course-101", other, "c"]), answer)
    assert found == {
        "course-101": (Found(place=GROUP, name="course-101"),),
        other: (Found(place=other, name="b"),),
        "c": (),
    }


@pytest.mark.parametrize("more", [{"user_count": 3}, {"user_count": "3"}, {"users": None}])
def test_a_group_that_is_shown_in_part_is_asked_for_alone(more: dict[str, Any]) -> None:
    answer = fine(usergroups=[group(GROUP, "U1", **more)])
    read, asked = play(rostering().members("usergroup", [GROUP]), answer, fine(users=["U1", "U2"]))
    assert [each.operation for each in asked] == ["usergroups.list", "usergroups.users.list"]
    assert read == {GROUP: Actual(place=GROUP, members=(Member(id="U1"), Member(id="U2")))}
    read, _ = play(rostering().members("usergroup", [GROUP]), answer, DOWN)
    assert isinstance(read, Unavailable)
    read, _ = play(rostering().members("usergroup", [GROUP]), answer, wrong("no_such_subteam"))
    assert isinstance(read, dict)
    assert isinstance(read[GROUP], Gone)


def test_a_group_that_we_disabled_is_empty_and_one_that_somebody_did_is_closed() -> None:
    ours, theirs = (group(GROUP, "U1", date_delete=9, deleted_by=by) for by in ("U0", "U9"))
    reading = rostering()
    read, asked = play(reading.members("usergroup", [GROUP]), fine(usergroups=[ours]), fine(user_id="U0"))
    assert [each.operation for each in asked] == ["usergroups.list", "auth.test"]
    assert read == {GROUP: Actual(place=GROUP)}
    read, _ = play(reading.members("usergroup", [GROUP]), fine(usergroups=[theirs]))  # who we are is remembered
    assert read == {GROUP: Gone(why="somebody disabled the user group", archived=True)}
    read, _ = play(rostering().members("usergroup", [GROUP]), fine(usergroups=[ours]), DOWN)
    assert isinstance(read, Unavailable)


# ── orders and names ─────────────────────────────────────────────────────────────────────────────────


def test_names_as_slack_takes_them() -> None:
    assert name_of("C-MATH 101: Größe & Maß") == "c-math-101-grosse-mass"
    assert name_of("Æsthetics/§7.1") == "æsthetics-7-1"
    assert name_of("課程 7") == "課程-7"
    assert name_of("x" * 200) == "x" * 80
    assert name_of("--a__b--") == "a__b"
    assert name_of("!?") != name_of("?!"), "what has no letters is told apart all the same"
    assert is_id("channel", CHANNEL)
    assert is_id("usergroup", GROUP)
    assert not is_id("usergroup", CHANNEL)
    assert not is_id("team", CHANNEL)


def test_whoever_owns_a_course_is_a_member_like_others() -> None:
    given = wanted("channel", add=("U1", "U2"), add_owners=("U3", "U1"), remove=("U9",))
    orders = rostering().orders(given, plan="p", first_n=3, roster="r", unit="u", at=AT)
    assert [(each.deed, each.members, each.n) for each in orders] == [
        ("add", ("U3", "U1", "U2"), 3),
        ("remove", ("U9",), 4),
    ]
    assert {each.destination for each in orders} == {"roster:r|u"}
    promoted = wanted("channel", promote=(Member(id="U1"),), demote=(Member(id="U2"),))
    assert rostering().orders(promoted, plan="p", first_n=0, roster="r", unit="u", at=AT) == ()


def test_a_group_is_replaced_by_who_is_to_be_in_it_or_disabled() -> None:
    def deeds(**more: Any) -> list[tuple[str, tuple[str, ...]]]:
        orders = rostering().orders(wanted("usergroup", **more), plan="p", first_n=0, roster="r", unit="u", at=AT)
        return [(each.deed, each.members) for each in orders]

    assert deeds(add=("U1",), now=("U2",), then=("U1", "U2")) == [("replace", ("U1", "U2"))]
    assert deeds(remove=("U2",), now=("U2",), then=()) == [("disable", ())]
    assert deeds(now=("U1",), then=("U1",)) == []
    (one,) = rostering().orders(
        wanted("usergroup", add=("U1",), now=("U2",), then=("U1",)), plan="p", first_n=0, roster="r", unit="u", at=AT
    )
    assert one.inside == ("U2",)


# ── the archive ──────────────────────────────────────────────────────────────────────────────────────


def listed(**archived: bool) -> list[dict[str, Any]]:
    return [{"id": id_, "name": id_.lower(), "is_archived": is_so} for id_, is_so in archived.items()]


def test_few_channels_are_looked_at_one_by_one_and_those_that_are_gone_are_left_out() -> None:
    found, asked = play(
        rostering().closing("channel", ["C1", "C2"], 2),
        fine(channel=listed(C1=True)[0]),
        wrong("channel_not_found"),
    )
    assert found == {"C1": True}
    assert [each.operation for each in asked] == ["conversations.info"] * 2
    found, asked = play(rostering().closing("channel", ["C1", "C2"], 1), fine(channel=listed(C1=False)[0]))
    assert found == {"C1": False}


def test_many_are_looked_for_in_the_list_for_as_many_calls_as_there_are_to_spare() -> None:
    first, last = fine(channels=listed(C1=True, C9=True), **on("n")), fine(channels=listed(C2=False, C3=True))
    three = ["C1", "C2", "C3"]
    found, asked = play(rostering().closing("channel", three, 9), first, last)
    assert found == {"C1": True, "C2": False, "C3": True}
    assert question(asked[1])["cursor"] == "n"
    found, _ = play(rostering().closing("channel", three, 1), first)
    assert found == {"C1": True}, "the others were not got to"
    found, _ = play(rostering().closing("channel", three, 9), first, RATIONED)
    assert isinstance(found, Throttled)
