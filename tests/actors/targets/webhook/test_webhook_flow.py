"""A message on its way: what each answer means, what is never shown, and hello."""

import pytest
from webhook_stage import STATEMENT, Talk, answered, build, graded, parcel, stored

from actors.domain.flow import Lost, NotSent, Outcome, Response
from actors.domain.outbox import Place
from actors.domain.verdicts import (
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
    Verdict,
)
from actors.targets.webhook.settings import WebhookSettings
from config.model import Audience, Secret

HIDDEN = "https://hooks.r.test/T0/B0/the-secret-part"


def said(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )


def verdict(outcome: Outcome, **settings: object) -> Verdict:
    secrets = {"URL": HIDDEN, "KEY": "key-of-the-receiver"}
    return answered(build(secrets, **settings).deliver(parcel()), outcome)


def test_any_2xx_is_delivered_whatever_it_says() -> None:
    assert verdict(said(204)) == Delivered({"endpoint": "r.test", "status": "204"})
    told = verdict(said(202, b"<html>thanks</html>", content_type="text/html", x_request_id="r-77"))
    assert told == Delivered({"endpoint": "r.test", "status": "202", "request_id": "r-77"})


@pytest.mark.parametrize("status", [400, 406, 411, 413, 414, 415, 422, 431])
def test_a_message_that_is_not_taken_is_a_dead_letter(status: int) -> None:
    refused = verdict(said(status, b'{"detail": "no such\\nfield"}'))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.PAYLOAD_REFUSED
    assert f"HTTP {status}, no such field: " in refused.detail
    assert ("is the secret the same there?" in refused.detail) is (status == 400)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "our signature"), (403, "our signature"), (410, "no more messages")]
)
def test_who_does_not_want_us_suspends_the_lane(status: int, words: str) -> None:
    revoked = verdict(said(status))
    assert isinstance(revoked, Revoked)
    assert words in revoked.detail


@pytest.mark.parametrize("status", [404, 405, 501])
def test_where_nobody_is_the_lane_waits(status: int) -> None:
    assert isinstance(verdict(said(status)), Unavailable)


def test_times_that_are_named_are_kept() -> None:
    assert verdict(said(429, retry_after="7")) == Throttled("7", detail="webhook: HTTP 429: it asks us to slow down")
    assert verdict(said(503, retry_after="8")) == Unavailable("webhook: HTTP 503", "8")
    assert verdict(said(425)) == Unavailable("webhook: HTTP 425", None)


@pytest.mark.parametrize("status", [408, 500, 502, 504, 599])
def test_doubt_is_doubt_and_may_be_repeated(status: int) -> None:
    target = build()
    assert isinstance(answered(target.deliver(parcel()), said(status)), Doubtful)
    assert isinstance(answered(target.deliver(parcel()), Lost("reset")), Doubtful)
    assert isinstance(answered(target.confirm(parcel())), Repeatable)


@pytest.mark.parametrize("status", [402, 409, 418, 451])
def test_other_refusals_are_tried_again(status: int) -> None:
    assert isinstance(verdict(said(status)), Faulted)


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://new.example.edu:8443/hooks?token=abc", "to https://new.example.edu:8443"),
        ("https://user:pass@new.example.edu/", "to https://new.example.edu"),
        ("/moved?token=abc", "elsewhere"),
        ("https://[bad", "elsewhere"),
        ("", "elsewhere"),
    ],
)
def test_a_redirect_is_not_followed_and_its_path_is_not_told(location: str, where: str) -> None:
    told = verdict(said(308, location=location))
    assert told == Unavailable(f"webhook: HTTP 308: redirects are not followed; url leads {where}")


def test_an_address_that_is_a_secret_is_shown_nowhere() -> None:
    settings = {"url": {"env": "URL"}, "headers": {"X-Key": {"env": "KEY"}, "X-Plain": "plain"}}
    target = build({"URL": HIDDEN, "KEY": "key-of-the-receiver"}, **settings)
    request = next(target.deliver(parcel()))
    assert request.url == HIDDEN
    assert request.headers["x-key"] == "key-of-the-receiver"
    assert request.headers["x-plain"] == "plain"
    for shown in (repr(request), repr(target.deliver)):
        assert "the-secret-part" not in shown
        assert "key-of-the-receiver" not in shown
    echoed = f'{{"error": "cannot post to {HIDDEN} with key-of-the-receiver"}}'.encode()
    refused = verdict(said(422, echoed), **settings)
    assert isinstance(refused, Refused)
    assert "cannot post to *** with ***" in refused.detail
    assert verdict(said(200), **settings) == Delivered({"endpoint": "hooks.r.test", "status": "200"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hooks.r.test/x", "a URL begins with"),
        ("http://hooks.r.test/x", "https, unless"),
        ("https://u:p@hooks.r.test/x", "no user name"),
    ],
)
def test_a_secret_that_is_no_address_suspends(text: str, why: str) -> None:
    revoked = answered(build({"URL": text}, url={"env": "URL"}).deliver(parcel()))
    assert isinstance(revoked, Revoked)
    assert why in revoked.detail
    assert "hooks.r.test" not in revoked.detail


def test_a_header_that_http_cannot_carry_suspends() -> None:
    revoked = answered(build({"KEY": "two\nlines"}, headers={"X-Key": {"env": "KEY"}}).deliver(parcel()))
    assert revoked == Revoked("headers: what the secret of X-Key holds is no header's value")


def test_what_is_too_long_is_a_dead_letter() -> None:
    long = parcel(statement=b'{"id":"s1","x":"' + b"x" * 2_000 + b'"}')
    refused = answered(build(body_bytes_max=1024).deliver(long))
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.PAYLOAD_REFUSED
    assert "body_bytes_max = 1024" in refused.detail


def test_a_statement_without_its_text_is_no_message_but_a_change_is() -> None:
    refused = answered(build().deliver(parcel(stored(), statement=b"")))
    assert isinstance(refused, Refused)
    request = next(build().deliver(parcel(graded(), statement=b"")))
    assert b'"statement":null' in request.body


def test_it_is_one_reader_in_lines_by_learner() -> None:
    target = build()
    place = target.place(Audience(), graded("ada"))
    assert isinstance(place, Place)
    assert place == target.place(Audience(), graded("ada"))
    lines = {target.place(Audience(), graded(f"p{n}")) for n in range(500)}
    assert 40 < len(lines) <= 64
    assert isinstance(target.place(Audience(channel="C1"), graded()), Refused)
    assert isinstance(answered(target.find("ada@example.edu")), Unmatched)


def test_the_trail_goes_out_with_it() -> None:
    request = next(build().deliver(parcel()))
    assert request.headers["x-correlation-id"] == "c-d-1"
    assert request.headers["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert "traceparent" not in next(build().deliver(parcel(traceparent=""))).headers
    assert request.headers["content-type"] == "application/json"
    assert STATEMENT in request.body


# ── hello ────────────────────────────────────────────────────────────────────────────────────────────


def test_hello_is_signed_by_the_receivers_clock_and_leaves_no_trace() -> None:
    for form in ("plain", "cloudevents"):
        talk = Talk()
        talk.now_s += 86_400 * 400
        assert talk.run(build(format=form).hello()) == Delivered({"endpoint": "r.test", "status": "204"})
        assert [request.operation for request in talk.requests] == ["endpoint.options", "message.post"]
        assert talk.fake.journal == []


def test_hello_with_the_wrong_secret_is_told() -> None:
    assert isinstance(Talk().run(build(secret={"env": "OTHER"}).hello()), Revoked)


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([NotSent("no route to host")], Unavailable),
        ([Lost("reset"), Lost("reset")], Unavailable),
        ([Lost("reset"), said(401, date="Mon, 21 Sep 2026 14:13:20 GMT"), said(204)], Delivered),
        ([said(204)], Delivered),
        ([said(403)], Revoked),
        ([said(404)], Unavailable),
        ([said(404, date="Mon, 21 Sep 2026 14:13:20 GMT"), said(204)], Delivered),
        ([said(204, date="Mon, 21 Sep 2026 14:13:20 GMT"), said(500)], Unavailable),
        ([said(204, date="Mon, 21 Sep 2026 14:13:20 GMT"), Lost("reset")], Unavailable),
        ([said(204, date="Mon, 21 Sep 2026 14:13:20 GMT"), said(400)], Refused),
        ([said(204, date="Mon, 21 Sep 2026 14:13:20 GMT"), said(410)], Revoked),
        ([said(204, date="yesterday")], Delivered),
    ],
)
def test_hello_means_what_was_answered(outcomes: list[Outcome], kind: type[Verdict]) -> None:
    assert isinstance(answered(build().hello(), *outcomes), kind)


def test_hello_without_a_date_says_what_it_does_not_know() -> None:
    told = answered(build().hello(), said(204))
    assert isinstance(told, Delivered)
    assert told.receipt["signature"] == "not tried: its answers have no Date"


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"url": "http://r.example.edu/"}, "url: https"),
        ({"headers": {"Webhook-Id": "x"}}, "Webhook-Id is set by us"),
        ({"headers": {"Content-Type": "x"}}, "Content-Type is set by us"),
        ({"headers": {"X Key": "x"}}, "no name of a header"),
        ({"headers": {"X-Key": "a", "x-key": "b"}}, "is given twice"),
        ({"headers": {"X-Key": "two\nlines"}}, "one line of ASCII"),
        ({"headers": {f"X-{n}": "x" for n in range(21)}}, "at most 20"),
        ({"limits": {"posts_per_s": 1.0}}, "unknown 'posts_per_s'"),
        ({"limits": {"messages_per_s": 0.0}}, "above 0"),
    ],
)
def test_what_cannot_be_is_refused(words: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        WebhookSettings(**{"url": "https://r.test/", "secret": Secret(env="S")} | words)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8490/webhook/x", "http://localhost/x", "http://[::1]:1/x"])
def test_on_this_machine_plain_http_will_do(url: str) -> None:
    assert WebhookSettings(url=url, secret=Secret(env="S")).url == url


def test_limits_slow_it_down() -> None:
    rate = build(limits={"messages_per_s": 0.5}).rate("messages")
    assert (rate.per_s, rate.burst) == (0.5, 1.0)
    assert build().costs("learners-00", to_learner=False, known=True) == (("messages",),)
