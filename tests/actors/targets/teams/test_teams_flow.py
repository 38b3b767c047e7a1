"""The conversations with Teams, driven by hand."""

import uuid
from urllib.parse import unquote

import msgspec
import pytest
from teams_stage import (
    APP,
    CHANNEL,
    ID,
    NOW_US,
    PLACE,
    TEAM,
    USER,
    Talk,
    Wording,
    build,
    change,
    fields,
    parcel,
    replies,
)

from actors.domain.changes import Course
from actors.domain.flow import NotSent, Response
from actors.domain.verdicts import (
    Cause,
    Delivered,
    Doubtful,
    Faulted,
    Matched,
    Refused,
    Repeatable,
    Revoked,
    Throttled,
    Unavailable,
    Unmatched,
)
from actors.domain.wording import Catalogue, TemplateFault, default_templates
from actors.targets.teams.marks import chain_of

COURSE = Course(id="https://moodle.example.edu/course/view.php?id=7", name="Analytical Engines", code="AE-101")


# ── posting ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_post_carries_its_ids() -> None:
    talk, target = Talk(), build()
    verdict = talk.run(target.deliver(parcel()))
    assert isinstance(verdict, Delivered)
    (request,) = talk.requests
    assert request.url == f"http://s/graph/v1.0/teams/{TEAM}/channels/{CHANNEL}/messages"
    assert request.headers["x-correlation-id"] == f"c-{ID}"
    assert uuid.UUID(request.headers["client-request-id"])
    assert request.headers["authorization"] == "Bearer sandbox-user"
    assert "sandbox-user" not in repr(request)
    assert set(request.draws) == {f"team:{TEAM}", f"channel:{PLACE}", "posts"}
    assert (request.draws,) == target.costs(PLACE, to_learner=False, known=True)
    body = msgspec.json.decode(request.body)
    assert body["attachments"][0]["id"] == "0190a0b0-c0d0-e0f0-0102-030405060708"
    assert verdict.receipt.keys() == {
        *("team", "channel", "message_id", "web_url", "said", "request_id", "client_request_id")
    }
    assert verdict.receipt["client_request_id"] == request.headers["client-request-id"]
    (effect,) = talk.fake.journal
    assert (effect.destination, effect.delivery_id, effect.correlation_id) == (PLACE, ID, f"c-{ID}")


def test_every_attempt_has_its_own_request_id() -> None:
    talk, target = Talk(), build()
    talk.run(target.deliver(parcel()))
    talk.run(target.deliver(parcel(attempt=2)))
    talk.run(target.deliver(parcel(now_us=NOW_US + 1)))
    talk.run(target.deliver(parcel()))
    ids = [request.headers["client-request-id"] for request in talk.requests]
    assert len(set(ids)) == 3
    assert ids[0] == ids[3], "flows are pure: the same parcel asks the same"


def test_the_body_is_the_preview() -> None:
    talk, target = Talk(), build()
    talk.run(target.deliver(parcel()))
    assert msgspec.json.decode(talk.requests[0].body) == target.preview(parcel())


def test_the_wording_that_ships_reads_well_in_teams() -> None:
    target = build(Catalogue({"cheer": "{{ link(url, course) }}!"}, default_templates()))
    engines = msgspec.structs.replace(COURSE, name="Engines *2* [new]")
    told = change(engines)
    card = msgspec.json.decode(target.preview(parcel(change=told))["attachments"][0]["content"])  # type: ignore[index]
    assert card["body"][0]["text"] == "Ada completed Engines \\*2\\* \\[new\\]"
    assert card["actions"][0]["url"] == COURSE.id
    cheer = msgspec.json.decode(
        target.preview(parcel(change=told, template="cheer"))["attachments"][0]["content"]  # type: ignore[index]
    )
    assert cheer["body"][1]["text"] == f"[Engines \\*2\\* \\[new\\]]({COURSE.id})!"
    notice = target.preview(parcel(USER, change=told, locale="de"))
    assert notice["topic"]["value"] == "Ada hat Engines *2* [new] abgeschlossen"  # type: ignore[index]
    assert len(Talk().run(target.deliver(parcel(change=told))).receipt) == 7  # type: ignore[union-attr]


def test_a_template_that_fails_is_named() -> None:
    target = build(Wording(error=TemplateFault("graded", 3, "unknown word")))
    for each in (parcel(), parcel(USER)):
        verdict = replies()(target.deliver(each))
        assert isinstance(verdict, Refused)
        assert verdict.cause is Cause.BAD_TEMPLATE
        assert "graded, line 3" in verdict.detail


def test_a_success_without_proof_is_doubtful() -> None:
    assert isinstance(replies(Response(status=201, body=b'{"id":""}'))(build().deliver(parcel())), Doubtful)


def test_a_fixed_token_that_is_not_taken_suspends_at_once() -> None:
    talk = Talk()
    talk.fault("revoked", times=0)
    assert isinstance(talk.run(build().deliver(parcel())), Revoked)
    assert len(talk.requests) == 1


# ── notifying ────────────────────────────────────────────────────────────────────────────────────────


def test_a_notification_carries_its_chain() -> None:
    talk = Talk()
    verdict = talk.run(build().deliver(parcel(USER)))
    assert isinstance(verdict, Delivered)
    assert talk.operations == ["token", "sendActivityNotification"]
    request = talk.requests[-1]
    body = msgspec.json.decode(request.body)
    assert body["chainId"] == chain_of(ID)
    assert 0 < body["chainId"] < 2**63
    assert body["teamsAppId"] == APP
    assert body["activityType"] == "systemDefault"
    assert body["templateParameters"] == [{"name": "systemDefaultText", "value": "Well done"}]
    assert body["previewText"] == {"content": "Ada completed AE-101"}
    assert "https://moodle.example.edu/course/view.php?id=7&lang=en" in unquote(body["topic"]["webUrl"])
    assert request.draws == ("activity",)
    assert verdict.receipt["chain_id"] == str(chain_of(ID))
    (effect,) = talk.fake.journal
    assert (effect.destination, effect.delivery_id, effect.id) == (USER, ID, str(chain_of(ID)))


def test_a_repeat_takes_the_earlier_ones_place() -> None:
    talk, target = Talk(), build()
    talk.fault("reset_after_commit", operation="sendActivityNotification")
    assert isinstance(talk.run(target.deliver(parcel(USER))), Doubtful)
    assert isinstance(replies()(target.confirm(parcel(USER))), Repeatable)
    assert isinstance(talk.run(target.deliver(parcel(USER, attempt=2))), Delivered)
    assert len(talk.fake.journal) == 1
    assert len(talk.fake.replaced) == 1


def test_a_revision_takes_the_place_of_what_it_revises() -> None:
    talk, target = Talk(), build()
    first = talk.run(target.deliver(parcel(USER)))
    assert isinstance(first, Delivered)
    second = talk.run(target.deliver(parcel(USER, "e" * 32, revises=first.receipt)))
    third = talk.run(target.deliver(parcel(USER, "f" * 32, revises=getattr(second, "receipt", None))))
    assert isinstance(third, Delivered)
    assert third.receipt["chain_id"] == first.receipt["chain_id"] == str(chain_of(ID))
    assert {effect.id for effect in talk.fake.journal} == {str(chain_of(ID))}
    assert [effect.delivery_id for effect in talk.fake.journal] == [ID, "e" * 32, "f" * 32]


@pytest.mark.parametrize("told", ["", "0", "-5", "x", str(2**63), "9" * 40, "١٢"])
def test_a_receipt_without_a_chain_has_nothing_to_be_replaced(told: str) -> None:
    body = build().preview(parcel(USER, revises={"chain_id": told}))
    assert body["chainId"] == chain_of(ID)
    assert build().preview(parcel(USER, revises={"message_id": "7"}))["chainId"] == chain_of(ID)


def test_a_channels_post_is_made_anew_rather_than_rewritten() -> None:
    talk, target = Talk(), build()
    first = talk.run(target.deliver(parcel()))
    assert isinstance(first, Delivered)
    second = talk.run(target.deliver(parcel(delivery_id="e" * 32, revises=first.receipt)))
    assert isinstance(second, Delivered)
    assert second.receipt["message_id"] != first.receipt["message_id"]
    assert talk.operations == ["channelMessages.post"] * 2


@pytest.mark.parametrize(
    ("kind", "value", "cause"),
    [
        ("not_installed", "", Cause.DESTINATION_REFUSED),
        ("error", "Conflict", Cause.BAD_CONFIGURATION),
        ("error", "NotFound", Cause.DESTINATION_GONE),
        ("error", "Authorization_RequestDenied", Cause.MISSING_PERMISSION),
    ],
)
def test_a_learner_who_cannot_be_notified(kind: str, value: str, cause: Cause) -> None:
    talk = Talk()
    talk.fault(kind, value=value, operation="sendActivityNotification")
    verdict = talk.run(build().deliver(parcel(USER)))
    assert isinstance(verdict, Refused)
    assert verdict.cause is cause


def test_the_token_is_kept_for_the_next_one() -> None:
    talk, target = Talk(), build()
    for _ in range(3):
        talk.run(target.deliver(parcel(USER)))
    assert talk.operations.count("token") == 1


# ── people ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_is_found_by_sign_in_name_or_by_mail() -> None:
    talk, target = Talk(), build()
    by_name = talk.run(target.find("ada@example.edu"))
    assert talk.operations == ["token", "users.get"]
    by_mail = talk.run(target.find("ada@example.org"))
    assert talk.operations[2:] == ["users.get", "users.list"]
    assert isinstance(by_name, Matched)
    assert isinstance(by_mail, Matched)
    assert by_name != by_mail
    assert isinstance(talk.run(target.find("nobody@example.edu")), Unmatched)
    assert all(request.headers["x-correlation-id"] for request in talk.requests if request.operation != "token")


@pytest.mark.parametrize(
    "email",
    [
        "o'brien@example.org",
        "a+b&c=d@example.org",
        "x' or mail ne '@example.org",
        "../me@example.org",
        "#?@example.org",
    ],
)
def test_addresses_are_quoted(email: str) -> None:
    talk = Talk()
    assert isinstance(talk.run(build().find(email)), Matched)
    assert talk.operations == ["token", "users.get", "users.list"]
    assert "'" + email.replace("'", "''") + "'" in unquote(talk.requests[-1].url)


@pytest.mark.parametrize("email", ["", "ada", "x" * 400 + "@example.edu"])
def test_what_is_no_address_is_not_asked_for(email: str) -> None:
    assert isinstance(replies()(build().find(email)), Unmatched)


def _answers(*bodies: object) -> tuple[Response, ...]:
    token = Response(status=200, body=b'{"access_token":"t","expires_in":3599}')
    missing = Response(status=404, body=b'{"error":{"code":"Request_ResourceNotFound"}}')
    return token, missing, *(Response(status=200, body=msgspec.json.encode(body)) for body in bodies)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"value": [{"id": "a"}, {"id": "b"}]}, Unmatched),
        ({"value": [{"id": "a"}, {"id": "a"}]}, Matched),
        ({"value": [{"id": 7}]}, Unmatched),
        ({"value": {}}, Faulted),
    ],
)
def test_odd_lists_of_people(found: object, kind: type) -> None:
    assert isinstance(replies(*_answers(found))(build().find("ada@example.org")), kind)


def test_looking_up_without_an_app_is_a_matter_of_configuration() -> None:
    verdict = replies()(build(client_secret=None).find("ada@example.edu"))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.BAD_CONFIGURATION


def test_a_lookup_that_fails_has_no_effect_to_doubt() -> None:
    talk = Talk()
    talk.fault("html", operation="users.get")
    assert isinstance(talk.run(build().find("ada@example.edu")), Unavailable)
    talk.fault("rate_limited", operation="users.get", value="9")
    verdict = talk.run(build().find("ada@example.edu"))
    assert isinstance(verdict, Throttled)
    assert not verdict.whole_lane


# ── hello ────────────────────────────────────────────────────────────────────────────────────────────


def test_hello_says_for_whom_we_speak() -> None:
    both = Talk().run(build().hello())
    assert isinstance(both, Delivered)
    assert both.receipt["user"] == "poster@example.edu"
    assert both.receipt["client_id"] == "sandbox"
    person = Talk().run(build(client_secret=None).hello())
    assert isinstance(person, Delivered)
    assert "client_id" not in person.receipt
    app = Talk().run(build(delegated_token=None).hello())
    assert isinstance(app, Delivered)
    assert "user" not in app.receipt


def test_hello_with_bad_credentials() -> None:
    talk = Talk()
    talk.fault("error", operation="token", value="invalid_client")
    assert isinstance(talk.run(build().hello()), Revoked)
    assert isinstance(replies(NotSent("down"))(build().hello()), Unavailable)


def test_graph_answers_what_was_posted() -> None:
    talk = Talk()
    verdict = talk.run(build().deliver(parcel()))
    assert isinstance(verdict, Delivered)
    talk.now_s += 5.0
    shown = fields(talk.call("GET", f"teams/{TEAM}/channels/{CHANNEL}/messages"))
    (message,) = shown["value"]  # type: ignore[misc]
    assert message["id"] == verdict.receipt["message_id"]
    assert message["webUrl"] == verdict.receipt["web_url"]
