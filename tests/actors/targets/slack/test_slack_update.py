"""Rewriting an earlier post, and posting anew where that cannot be: never two posts, whatever gets lost on the way."""

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from slack_stage import Talk, Wording, build, parcel, replies

from actors.domain.flow import Lost, NotSent, Response
from actors.domain.outbox import Parcel, Rate
from actors.domain.verdicts import (
    Absent,
    Cause,
    Confirmation,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unprobeable,
    Verdict,
)
from actors.ports import Composed
from actors.targets.slack.flow import SlackTarget
from actors.targets.slack.wire import UNREVISABLE

CHANNEL = "C0123456789"
OLD = {"channel": CHANNEL, "ts": "1789999000.000100"}


def failed(error: str) -> dict[str, object]:
    return {"ok": False, "error": error}


POSTED = {"ok": True, "channel": CHANNEL, "ts": "1790000002.000000"}


def revision(earlier: dict[str, str] | None = None, **more: object) -> Parcel:
    return parcel(delivery_id="d-2", revises=earlier or OLD, **more)


class Desk:
    """A channel in which d-1 stands, to be rewritten by d-2."""

    def __init__(self) -> None:
        self.talk = Talk()
        first = self.talk.run(build().deliver(parcel()))
        assert isinstance(first, Delivered)
        self.receipt = first.receipt
        self.parcel = revision(self.receipt)

    def run(self, verb: str) -> Verdict | Confirmation:
        return self.talk.run(getattr(build(), verb)(self.parcel))

    def posts(self) -> list[str]:
        """The delivery ids that stand in the channel, newest first."""
        page = self.talk.call("conversations.history", channel=CHANNEL, include_all_metadata=True)
        return [message["metadata"]["event_payload"]["delivery_id"] for message in page["messages"]]

    def effects(self) -> list[tuple[str, str]]:
        return [(effect.operation, effect.delivery_id) for effect in self.talk.fake.journal]


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ── rewriting ────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_rewriting_carries() -> None:
    request = next(build(link_names=True).deliver(revision()))
    body = msgspec.json.decode(request.body)
    assert (request.operation, request.draws) == ("chat.update", ("method:chat.update",))
    assert request.url == "http://s/slack/api/chat.update"
    assert body.keys() == {"channel", "ts", "text", "blocks", "metadata", "link_names"}
    assert (body["channel"], body["ts"], body["link_names"]) == (CHANNEL, OLD["ts"], True)
    assert body["metadata"]["event_payload"] == {"delivery_id": "d-2", "correlation_id": "c-d-2"}
    assert body == msgspec.json.decode(msgspec.json.encode(build(link_names=True).preview(revision())))


def test_rewriting_has_a_limit_of_its_own() -> None:
    assert build().rate("method:chat.update") == Rate(per_s=0.8)
    assert build(limits={"update_per_s": 3}).rate("method:chat.update") == Rate(per_s=3.0)


def test_the_post_says_the_new_and_is_known_by_the_new_delivery(desk: Desk) -> None:
    changed = build(Wording(Composed(title="Mended", text="85 instead of 80")))
    verdict = desk.talk.run(changed.deliver(desk.parcel))
    assert isinstance(verdict, Delivered)
    assert {name: value for name, value in verdict.receipt.items() if name not in ("request_id", "said")} == {
        "channel": CHANNEL,
        "ts": desk.receipt["ts"],
        "updated": "1",
    }
    (message,) = desk.talk.call("conversations.history", channel=CHANNEL)["messages"]
    assert message["text"] == "Mended\n85 instead of 80"
    assert desk.posts() == ["d-2"]
    assert desk.effects() == [("chat.postMessage", "d-1"), ("chat.update", "d-2")]
    third = desk.talk.run(build().deliver(parcel(delivery_id="d-3", revises=verdict.receipt)))
    assert isinstance(third, Delivered)
    assert desk.posts() == ["d-3"], "a receipt of a rewriting can be rewritten again"


@pytest.mark.parametrize("earlier", [{}, {"channel": CHANNEL}, {"ts": OLD["ts"]}, {"channel": "C1", "ts": "today"}])
def test_a_receipt_that_names_no_post_makes_a_new_one(earlier: dict[str, str]) -> None:
    assert next(build().deliver(parcel(revises=earlier))).operation == "chat.postMessage"
    request = next(build().confirm(parcel(revises=earlier)))
    assert "oldest=1789999940" in request.url, "and only a new one is looked for"


# ── where it cannot be rewritten ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", sorted(UNREVISABLE))
def test_what_cannot_be_rewritten_is_posted_anew_in_the_same_conversation(error: str) -> None:
    verdict = replies(failed(error), POSTED)(build().deliver(revision()))
    assert isinstance(verdict, Delivered)
    assert verdict.receipt == {"channel": CHANNEL, "ts": "1790000002.000000"}


def test_a_deleted_post_is_posted_anew(desk: Desk) -> None:
    desk.talk.call("chat.delete", channel=CHANNEL, ts=desk.receipt["ts"])
    verdict = desk.run("deliver")
    assert isinstance(verdict, Delivered)
    assert "updated" not in verdict.receipt
    assert desk.posts() == ["d-2"]
    found = desk.run("confirm")
    assert isinstance(found, Delivered)
    assert found.receipt["ts"] == verdict.receipt["ts"]


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Lost("reset"), Doubtful),
        (Response(status=502), Doubtful),
        (failed("internal_error"), Doubtful),
        (failed("update_failed"), Doubtful),
        (Response(status=500, body=b'{"ok":false,"error":"message_not_found"}'), Doubtful),
        (Response(status=200, body=b'{"ok":tr'), Doubtful),
        (NotSent("no route"), Unavailable),
        (Response(status=503, body=b'{"ok":false,"error":"message_not_found"}'), Unavailable),
        (failed("external_channel_migrating"), Unavailable),
        (Response(status=429, headers={"retry-after": "9"}), Throttled),
        (failed("streaming_state_conflict"), Faulted),
        (failed("brand_new_error"), Faulted),
        (failed("token_revoked"), Revoked),
        (failed("msg_too_long"), Refused),
        (failed("channel_not_found"), Refused),
    ],
)
def test_whatever_else_comes_of_it_posts_nothing(outcome: object, kind: type) -> None:
    assert isinstance(replies(outcome)(build().deliver(revision())), kind)


def test_a_post_in_a_channel_that_is_not_used_any_more() -> None:
    elsewhere = {"channel": "D0987654321", "ts": OLD["ts"]}
    for error in ("channel_not_found", "is_archived", "not_in_channel"):
        assert isinstance(replies(failed(error), POSTED)(build().deliver(revision(elsewhere))), Delivered)
        refused = replies(failed(error))(build().deliver(revision()))
        assert isinstance(refused, Refused)
        assert refused.cause in (Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED)
    gone = replies(failed("channel_not_found"), {"ok": True, "messages": []})(build().confirm(revision(elsewhere)))
    assert isinstance(gone, Absent)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_post_itself_is_looked_at_by_its_time() -> None:
    request = next(build().confirm(revision()))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    assert asked == {
        "channel": CHANNEL,
        "oldest": OLD["ts"],
        "latest": OLD["ts"],
        "inclusive": "true",
        "include_all_metadata": "true",
        "limit": "1",
    }
    assert request.draws == ("method:conversations.history",)


def test_a_lost_answer_to_a_rewriting_is_found(desk: Desk) -> None:
    desk.talk.fault("reset_after_commit", operation="chat.update")
    assert isinstance(desk.run("deliver"), Doubtful)
    found = desk.run("confirm")
    assert isinstance(found, Delivered)
    assert (found.receipt["ts"], found.receipt["updated"]) == (desk.receipt["ts"], "1")


def test_a_lost_rewriting_is_absent_not_repeatable(desk: Desk) -> None:
    desk.talk.fault("reset_before_commit", operation="chat.update")
    assert isinstance(desk.run("deliver"), Doubtful)
    assert isinstance(desk.run("confirm"), Absent), "it may still land, and must not set back a newer one"
    assert isinstance(desk.run("deliver"), Delivered)
    assert desk.posts() == ["d-2"]


def test_a_lost_answer_to_the_post_instead_is_found_though_the_old_post_stands(desk: Desk) -> None:
    desk.talk.fault("error", operation="chat.update", value="edit_window_closed")
    desk.talk.fault("reset_after_commit", operation="chat.postMessage")
    assert isinstance(desk.run("deliver"), Doubtful)
    found = desk.run("confirm")
    assert isinstance(found, Delivered)
    assert "updated" not in found.receipt
    assert desk.posts() == ["d-2", "d-1"]


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Lost("reset"), Unavailable),
        (Response(status=429), Throttled),
        (failed("token_revoked"), Revoked),
        (failed("missing_scope"), Unprobeable),
        (failed("channel_not_found"), Unprobeable),
    ],
)
def test_a_look_that_fails_proves_nothing(outcome: object, kind: type) -> None:
    assert isinstance(replies(outcome)(build().confirm(revision())), kind)


def test_another_post_of_that_time_is_not_ours() -> None:
    strange = {
        "ts": "1.000000",
        "metadata": {"event_type": "lmsyncd_delivery", "event_payload": {"delivery_id": "d-2"}},
    }
    empty = {"ok": True, "messages": []}
    assert isinstance(replies({"ok": True, "messages": [strange, "x"]}, empty)(build().confirm(revision())), Absent)
    assert isinstance(replies({"ok": True}, empty)(build().confirm(revision())), Absent)


# ── whatever gets lost ───────────────────────────────────────────────────────────────────────────────

FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["chat.update", "chat.postMessage", "conversations.history"]),
        st.sampled_from(
            [
                ("reset_before_commit", ""),
                ("reset_after_commit", ""),
                ("truncated_after_commit", ""),
                ("error_after_commit", "internal_error"),
                ("status_after_commit", "504"),
                ("status", "500"),
                ("late_commit", "3"),
                ("late_commit", "15"),
                ("error", "message_not_found"),
                ("error", "cant_update_message"),
                ("error", "internal_error"),
                ("rate_limited", "1"),
            ]
        ),
        st.integers(0, 2),
    ),
    max_size=6,
)


def carry(talk: Talk, target: SlackTarget, plain: Parcel) -> bool:
    """A courier in small: send, and look before sending again; absence counts once nothing can land any more."""
    sent_us = doubt_us = None
    for _ in range(40):
        now_us = int(talk.now_s * 1e6)
        if doubt_us is None:
            sent_us = sent_us or now_us
            verdict = talk.run(target.deliver(msgspec.structs.replace(plain, sent_us=sent_us)))
            if isinstance(verdict, Delivered | Refused):
                return isinstance(verdict, Delivered)
            doubt_us = int(talk.now_s * 1e6) if isinstance(verdict, Doubtful) else None
            sent_us = sent_us if doubt_us else None
        else:
            found = talk.run(target.confirm(msgspec.structs.replace(plain, sent_us=sent_us, doubt_us=doubt_us)))
            assert not isinstance(found, Repeatable | Unprobeable)
            if isinstance(found, Delivered):
                return True
            if isinstance(found, Absent) and now_us >= doubt_us + target.late_landing_s * 1e6:
                sent_us = doubt_us = None
        talk.now_s += 2.0
    return False


@settings(deadline=None, max_examples=examples(50))
@given(FAULTS, st.booleans())
def test_no_sequence_of_losses_makes_two_posts(faults: list[tuple[str, tuple[str, str], int]], deleted: bool) -> None:
    desk = Desk()
    if deleted:
        desk.talk.call("chat.delete", channel=CHANNEL, ts=desk.receipt["ts"])
    for operation, (kind, value), skip in faults:
        if operation != "conversations.history" or kind != "error" or value == "internal_error":
            desk.talk.fault(kind, operation=operation, value=value, skip=skip)
    delivered = carry(desk.talk, build(), desk.parcel)
    desk.talk.now_s += 100.0
    desk.talk.fake.settle(desk.talk.now_s)
    desk.talk.fake.clear_faults()
    new = [operation for operation, delivery_id in desk.effects() if delivery_id == "d-2"]
    assert desk.posts().count("d-2") == (1 if delivered else 0)
    assert new.count("chat.postMessage") <= 1
    assert new.count("chat.update") <= 1, "nor is a post rewritten twice"
    assert len(new) == (1 if delivered else 0)
