"""The error table is complete, and every answer has one meaning."""

import msgspec
import pytest

from actors.domain.flow import Lost, NotSent, Response
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.targets.slack.wire import ERRORS, UNREVISABLE, Answered, harmless, told, understand

COMMON = """\
not_authed invalid_auth account_inactive token_revoked token_expired missing_scope no_permission
not_allowed_token_type org_login_required two_factor_setup_required team_added_to_org team_access_not_granted
ekm_access_denied access_denied accesslimited enterprise_is_restricted invalid_arguments invalid_arg_name
invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type request_timeout ratelimited
service_unavailable internal_error fatal_error"""

POST_MESSAGE = """\
channel_not_found not_in_channel is_archived no_text invalid_blocks invalid_blocks_format
msg_blocks_too_long too_many_attachments attachment_payload_limit_exceeded markdown_text_conflict
invalid_metadata_format invalid_metadata_schema metadata_too_large metadata_must_be_sent_from_app
message_limit_exceeded rate_limited restricted_action restricted_action_read_only_channel
restricted_action_thread_only_channel restricted_action_non_threadable_channel restricted_action_thread_locked
messages_tab_disabled team_not_found app_access_restricted cannot_reply_to_message duplicate_channel_not_found
duplicate_message_not_found msg_too_long slack_connect_canvas_sharing_blocked slack_connect_lists_sharing_blocked
too_many_contact_cards missing_file_data"""

UPDATE = """\
as_user_not_supported block_mismatch cant_broadcast_message cant_update_message channel_not_found edit_window_closed
external_channel_migrating invalid_attachments invalid_blocks invalid_metadata_format invalid_metadata_schema
is_inactive markdown_text_conflict message_not_found metadata_must_be_sent_from_app metadata_too_large msg_too_long
no_dual_broadcast_content_update no_text slack_connect_file_link_sharing_blocked team_not_found too_many_attachments
update_failed invalid_blocks_format streaming_state_conflict"""

OTHERS = """\
user_not_found user_disabled user_not_visible too_many_users users_not_found invalid_ts_oldest
invalid_ts_latest thread_not_found invalid_cursor app_cannot_join_channel channel_is_limited_access
invalid_metadata_filter_keys not_enough_users users_list_not_supplied invalid_user_combination
method_not_supported_for_channel_type"""

ROSTERS = """\
already_in_channel cant_invite cant_invite_self invitee_cant_see_channel is_archived org_user_not_in_team
no_external_invite_permission no_user not_in_channel ura_max_channels user_is_restricted user_not_found
cant_kick_from_general cant_kick_self not_supported restricted_action cannot_create_channel invalid_name
invalid_name_maxlength invalid_name_punctuation invalid_name_required invalid_name_specials missing_argument name_taken
no_channel fetch_members_failed invalid_limit invalid_types too_long too_many_members plan_upgrade_required invalid_team
bad_handle description_too_long forbidden_handle handle_already_exists missing_subteam_name name_already_exists
name_too_long paid_teams_only permission_denied target_team_not_on_org target_team_must_be_specified_in_org_context
no_such_subteam invalid_users failed_for_some_users no_users_provided subteam_max_users_exceeded limit_required"""


def says(error: str, status: int = 200, headers: dict[str, str] | None = None, **more: object) -> object:
    body = msgspec.json.encode({"ok": False, "error": error, **more})
    return understand(Response(status=status, headers=headers or {}, body=body))


@pytest.mark.parametrize(
    "error", [*COMMON.split(), *POST_MESSAGE.split(), *UPDATE.split(), *OTHERS.split(), *ROSTERS.split()]
)
def test_every_documented_error_is_in_the_table(error: str) -> None:
    assert error in ERRORS
    verdict = says(error)
    assert not isinstance(verdict, Answered)
    assert error in verdict.detail


def test_what_makes_a_new_post_instead_is_surely_not_done() -> None:
    assert set(UPDATE.split()) >= UNREVISABLE
    assert not UNREVISABLE & set(COMMON.split() + POST_MESSAGE.split())
    assert all(isinstance(says(error), Refused) for error in UNREVISABLE)


def test_an_error_is_told_by_its_name_or_not_at_all() -> None:
    assert told(Response(status=200, body=b'{"ok":false,"error":"message_not_found"}')) == "message_not_found"
    for outcome in (
        Lost("x"),
        NotSent("x"),
        Response(status=200, body=b'{"ok":true,"error":"x"}'),
        Response(status=200, body=b'{"ok":false,"error":7}'),
        Response(status=200, body=b"<html>"),
    ):
        assert told(outcome) == ""


def test_an_unknown_error_spends_an_attempt() -> None:
    verdict = says("brand_new_error")
    assert isinstance(verdict, Faulted)
    assert "brand_new_error" in verdict.detail


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "duplicate_message_not_found", "update_failed"])
def test_what_may_have_happened_is_doubtful(error: str) -> None:
    assert isinstance(says(error), Doubtful)


@pytest.mark.parametrize(
    "error", ["invalid_auth", "token_revoked", "account_inactive", "token_expired", "not_authed", "org_login_required"]
)
def test_dead_credentials_bury_nothing(error: str) -> None:
    assert isinstance(says(error), Revoked)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("channel_not_found", Cause.DESTINATION_GONE),
        ("is_archived", Cause.DESTINATION_GONE),
        ("not_in_channel", Cause.DESTINATION_REFUSED),
        ("restricted_action_read_only_channel", Cause.DESTINATION_REFUSED),
        ("invalid_blocks", Cause.PAYLOAD_REFUSED),
        ("metadata_too_large", Cause.PAYLOAD_REFUSED),
        ("user_disabled", Cause.UNMATCHED_LEARNER),
        ("team_not_found", Cause.BAD_CONFIGURATION),
    ],
)
def test_refusals_have_their_cause(error: str, cause: Cause) -> None:
    verdict = says(error)
    assert isinstance(verdict, Refused)
    assert verdict.cause is cause


def test_a_missing_scope_is_named() -> None:
    verdict = says("missing_scope", needed="chat:write", provided="users:read")
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.MISSING_PERMISSION
    assert "needed chat:write" in verdict.detail
    assert "provided users:read" in verdict.detail


def test_what_is_wrong_with_blocks_is_told_and_bounded() -> None:
    verdict = says("invalid_blocks", response_metadata={"messages": ["[ERROR] too long " + "x" * 900] * 9})
    assert isinstance(verdict, Refused)
    assert "[ERROR] too long" in verdict.detail
    assert len(verdict.detail) <= 400


@pytest.mark.parametrize(
    ("body", "whole_lane"),
    [
        (b'{"ok":false,"error":"ratelimited"}', True),
        (b'{"ok":false,"error":"rate_limited"}', False),
        (b'{"ok":false,"error":"message_limit_exceeded"}', True),
        (b"<html>slow down</html>", True),
    ],
)
@pytest.mark.parametrize("after", ["30", "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_429_in_all_its_forms(body: bytes, whole_lane: bool, after: str | None) -> None:
    headers = {} if after is None else {"retry-after": after}
    verdict = understand(Response(status=429, headers=headers, body=body))
    assert isinstance(verdict, Throttled)
    assert (verdict.retry_after, verdict.whole_lane) == (after, whole_lane)


def test_throttled_without_429() -> None:
    verdict = says("ratelimited", headers={"retry-after": "9"})
    assert isinstance(verdict, Throttled)
    assert verdict.retry_after == "9"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Unavailable),
        (404, Unavailable),
        (407, Unavailable),
        (403, Faulted),
        (408, Doubtful),
        (500, Doubtful),
        (502, Doubtful),
        (503, Unavailable),
        (504, Doubtful),
        (520, Doubtful),
        (200, Doubtful),
        (204, Doubtful),
    ],
)
def test_pages_that_are_not_slack_speaking(status: int, kind: type) -> None:
    assert isinstance(understand(Response(status=status, body=b"<html></html>")), kind)


def test_too_large_is_ours() -> None:
    verdict = understand(Response(status=413, body=b""))
    assert isinstance(verdict, Refused)
    assert verdict.cause is Cause.PAYLOAD_REFUSED


@pytest.mark.parametrize("body", [b'{"ok":true,"ts":"1', b"[]", b"{}", b'{"ok":"yes"}', b'{"ok":false}', b""])
def test_half_an_answer_is_doubtful(body: bytes) -> None:
    assert isinstance(understand(Response(status=200, body=body)), Doubtful)


def test_a_known_error_counts_under_any_refusing_status() -> None:
    assert isinstance(says("invalid_auth", status=401), Revoked)


def test_the_network() -> None:
    assert isinstance(understand(NotSent("no route")), Unavailable)
    assert isinstance(understand(Lost("reset")), Doubtful)


def test_reading_doubts_nothing_and_holds_nobody_else() -> None:
    assert harmless(Doubtful("x")) == Unavailable("x")
    assert harmless(Throttled("3")) == Throttled("3", whole_lane=False)
    assert harmless(Faulted("x")) == Faulted("x")
