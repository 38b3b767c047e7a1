"""Looking for an earlier post: what is found, what is absent, and when nobody can tell."""

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from teams_stage import (
    CHANNEL,
    ID,
    NOW_US,
    TEAM,
    Talk,
    build,
    parcel,
    post,
    replies,
)

from actors.domain.flow import Response
from actors.domain.verdicts import (
    Absent,
    Delivered,
    Unavailable,
    Unprobeable,
)
from actors.kernel.converse import REQUESTS_MAX
from actors.ports import Fault
from actors.targets.teams.marks import mark_of
from actors.targets.teams.seek import PAGE_ROWS, PAGES_MAX


def test_a_post_is_found_on_the_last_page() -> None:
    talk = Talk(step_s=0.5)
    talk.fake.limited = False
    sent = talk.run(build().deliver(parcel()))
    for number in range(260):
        talk.call("POST", f"teams/{TEAM}/channels/{CHANNEL}/messages", **post(f"noise {number}"))
    late = talk.run(build().deliver(parcel(delivery_id="f" * 32)))
    assert isinstance(sent, Delivered)
    assert isinstance(late, Delivered)
    talk.now_s += 2.0
    talk.requests.clear()
    found = talk.run(build().confirm(parcel(delivery_id="f" * 32)))
    assert isinstance(found, Delivered)
    assert found.receipt["message_id"] == late.receipt["message_id"]
    assert talk.operations == ["channelMessages.delta"] * 6
    assert isinstance(talk.run(build().confirm(parcel(delivery_id="e" * 32))), Absent)


def test_only_posts_since_the_attempt_are_read() -> None:
    talk = Talk()
    talk.run(build().deliver(parcel()))
    talk.now_s += 10.0
    hour_later = parcel(sent_us=NOW_US + 3_600_000_000)
    assert isinstance(talk.run(build().confirm(hour_later)), Absent)
    query = parse_qs(urlsplit(talk.requests[-1].url).query)
    assert query["$filter"] == ["lastModifiedDateTime gt 2026-09-21T15:12:20.000Z"]


def test_too_many_posts_are_not_absence() -> None:
    talk = Talk(step_s=0.5)
    talk.fake.limited = False
    for number in range(PAGES_MAX * PAGE_ROWS + 1):
        talk.call("POST", f"teams/{TEAM}/channels/{CHANNEL}/messages", **post(f"noise {number}"))
    talk.now_s += 5.0
    verdict = talk.run(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert len(talk.requests) < REQUESTS_MAX, "a conversation that is too long is cut off"


def test_a_new_post_shows_up_a_little_later() -> None:
    talk = Talk(step_s=0.1)
    talk.run(build().deliver(parcel()))
    assert isinstance(talk.run(build().confirm(parcel())), Absent)
    talk.now_s += 2.0
    assert isinstance(talk.run(build().confirm(parcel())), Delivered)


def test_a_post_is_recognised_by_its_card_if_graph_gives_the_attachment_another_id() -> None:
    mark = mark_of(ID)
    message = {"id": "17", "attachments": [{"id": "other", "content": f'{{"id": "lmsyncd-{mark}"}}'}]}
    body = msgspec.json.encode({"value": [{"id": "16", "attachments": None}, message]})
    found = replies(Response(status=200, body=body))(build().confirm(parcel()))
    assert isinstance(found, Delivered)
    assert found.receipt["message_id"] == "17"


def test_where_reading_is_forbidden_nobody_can_tell() -> None:
    talk = Talk()
    talk.fault("forbidden_read")
    verdict = talk.run(build().confirm(parcel()))
    assert isinstance(verdict, Unprobeable)
    assert "ChannelMessage.Read.All" in verdict.detail


def test_a_next_page_elsewhere_does_not_get_our_token() -> None:
    first = {"value": [], "@odata.nextLink": "https://evil.example/v1.0/x?$skiptoken=abc"}
    flow = build().confirm(parcel())
    next(flow)
    request = flow.send(Response(status=200, body=msgspec.json.encode(first)))
    assert request.url == f"http://s/graph/v1.0/teams/{TEAM}/channels/{CHANNEL}/messages/delta?$skiptoken=abc"


def test_nothing_can_have_landed_before_the_first_attempt() -> None:
    assert isinstance(replies()(build().confirm(parcel(sent_us=None))), Absent)


def without_delta(value: str) -> Talk:
    talk = Talk(step_s=0.5)
    talk.fake.limited = False
    talk.fake.fault(Fault(kind="status", operation="channelMessages.delta", value=value, times=0))
    return talk


@pytest.mark.parametrize("value", ["400", "404", "501"])
def test_where_graph_knows_no_delta_the_list_is_read(value: str) -> None:
    talk = without_delta(value)
    sent = talk.run(build().deliver(parcel()))
    assert isinstance(sent, Delivered)
    for number in range(60):
        talk.call("POST", f"teams/{TEAM}/channels/{CHANNEL}/messages", **post(f"noise {number}"))
    talk.now_s += 2.0
    found = talk.run(build().confirm(parcel()))
    if value == "501":  # a server's failure is no answer to the question whether it knows delta
        assert isinstance(found, Unavailable)
        return
    assert isinstance(found, Delivered)
    assert found.receipt["message_id"] == sent.receipt["message_id"]
    assert talk.operations[-2:] == ["channelMessages.list"] * 2


def test_the_list_is_read_back_to_the_attempt_and_no_further() -> None:
    talk = without_delta("404")
    for number in range(260):
        talk.call("POST", f"teams/{TEAM}/channels/{CHANNEL}/messages", **post(f"noise {number}"))
    talk.now_s += 200.0
    talk.requests.clear()
    late = parcel(sent_us=round(talk.now_s * 1e6))
    assert isinstance(talk.run(build().confirm(late)), Absent)
    assert talk.operations == ["channelMessages.delta", "channelMessages.list"]
