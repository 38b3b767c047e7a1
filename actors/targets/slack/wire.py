"""What Slack's answers mean. Slack says almost everything with HTTP 200 and ``ok``; the error's name decides.

The table holds every documented error of the methods we call. A name it does not know is ``Faulted``: surely
not done (Slack says so with ``ok: false``), tried again, and dead when the attempts are spent.
"""

from collections.abc import Callable
from typing import assert_never

import msgspec

from actors.domain.answers import retry_after as retry_after_of
from actors.domain.answers import understood
from actors.domain.flow import Outcome, Response, decode_object
from actors.domain.verdicts import Cause, Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

Harmless = Throttled | Unavailable | Faulted | Refused | Revoked
Failure = Harmless | Doubtful

DETAIL_CHARS_MAX = 400


class Answered(msgspec.Struct, frozen=True):
    """``ok: true``. ``request_id`` is Slack's own id of the request, empty where it sent none."""

    fields: dict[str, object]
    request_id: str
    scopes: str

    def text(self, name: str, within: str = "") -> str:
        """A field, or a field of an object in it, as text; empty where it is missing or something else."""
        holder: object = self.fields.get(within) if within else self.fields
        value = holder.get(name) if isinstance(holder, dict) else None
        return value if isinstance(value, str) else ""


class Told(msgspec.Struct, frozen=True):
    """An error as Slack told it."""

    error: str
    detail: str
    retry_after: str | None


Meaning = Callable[[Told], Failure]


def _refused(cause: Cause, advice: str = "") -> Meaning:
    return lambda told: Refused(cause, _with(told.detail, advice))


def _revoked(advice: str) -> Meaning:
    return lambda told: Revoked(_with(told.detail, advice))


def _throttled(*, whole_lane: bool, advice: str) -> Meaning:
    return lambda told: Throttled(told.retry_after, whole_lane=whole_lane, detail=_with(told.detail, advice))


def _unavailable(advice: str) -> Meaning:
    return lambda told: Unavailable(_with(told.detail, advice), told.retry_after)


def _doubtful(advice: str) -> Meaning:
    return lambda told: Doubtful(_with(told.detail, advice))


def _faulted(advice: str) -> Meaning:
    return lambda told: Faulted(_with(told.detail, advice))


def _with(detail: str, advice: str) -> str:
    return f"{detail}: {advice}" if advice else detail


_GONE = Cause.DESTINATION_GONE
_CLOSED = Cause.DESTINATION_REFUSED
_DENIED = Cause.MISSING_PERMISSION
_PAYLOAD = Cause.PAYLOAD_REFUSED
_NOBODY = Cause.UNMATCHED_LEARNER

CREDENTIALS: dict[str, Meaning] = {
    "not_authed": _revoked("no token reached Slack"),
    "invalid_auth": _revoked("the token is not valid (or not from this address)"),
    "account_inactive": _revoked("the app was removed, or its workspace deleted"),
    "token_revoked": _revoked("the token was revoked"),
    "token_expired": _revoked("the token has expired"),
    "not_allowed_token_type": _revoked("this must be a bot token (xoxb-…)"),
    "org_login_required": _revoked("the workspace is moving to an Enterprise organisation"),
    "two_factor_setup_required": _revoked("the workspace demands two-factor authentication"),
    "team_access_not_granted": _revoked("the token has no access to this workspace"),
    "accesslimited": _revoked("the workspace does not let this network call it"),
}
"""The account is closed to us: the lane is suspended, its deliveries wait."""

PERMISSIONS: dict[str, Meaning] = {
    "missing_scope": _refused(_DENIED, "add the scope to the app and install it again"),
    "no_permission": _refused(_DENIED, "the app may not do this in this workspace"),
    "access_denied": _refused(_DENIED),
    "app_access_restricted": _refused(_DENIED, "an administrator restricts this app"),
    "enterprise_is_restricted": _refused(_DENIED, "not for an organisation's token: install the app in the workspace"),
    "metadata_must_be_sent_from_app": _refused(Cause.BAD_CONFIGURATION, "the token must be an app's bot token"),
    "team_not_found": _refused(Cause.BAD_CONFIGURATION),
}

PASSING: dict[str, Meaning] = {
    "ratelimited": _throttled(whole_lane=True, advice="too many requests in this workspace"),
    "rate_limited": _throttled(whole_lane=False, advice="too many messages in this channel"),
    "message_limit_exceeded": _throttled(whole_lane=True, advice="the workspace has sent too many messages"),
    "service_unavailable": _unavailable("Slack is down"),
    "team_added_to_org": _unavailable("the workspace is being moved to an Enterprise organisation"),
    "external_channel_migrating": _unavailable("the channel is being moved"),
    "streaming_state_conflict": _faulted("the post is being written by somebody else"),
    "request_timeout": _faulted("our request reached Slack incomplete"),
    "update_failed": _doubtful("Slack failed, perhaps after rewriting"),
    "internal_error": _doubtful("Slack failed, perhaps after posting"),
    "fatal_error": _doubtful("Slack failed, perhaps after posting"),
    "duplicate_message_not_found": _doubtful("Slack has seen this client_msg_id but cannot find its post"),
    "duplicate_channel_not_found": _doubtful("Slack has seen this client_msg_id but cannot find its channel"),
}

DESTINATIONS: dict[str, Meaning] = {
    "channel_not_found": _refused(_GONE, "there is no such channel, or the app cannot see it"),
    "is_archived": _refused(_GONE, "the channel is archived"),
    "thread_not_found": _refused(_GONE),
    "not_in_channel": _refused(_CLOSED, "invite the app to the channel"),
    "restricted_action": _refused(_CLOSED, "the workspace's settings forbid it"),
    "restricted_action_read_only_channel": _refused(_CLOSED, "the channel is read-only"),
    "restricted_action_thread_only_channel": _refused(_CLOSED, "the channel takes replies only"),
    "restricted_action_non_threadable_channel": _refused(_CLOSED, "the channel takes no replies"),
    "restricted_action_thread_locked": _refused(_CLOSED, "the thread is locked"),
    "messages_tab_disabled": _refused(_CLOSED, "turn on the Messages tab of the app's Home"),
    "cannot_reply_to_message": _refused(_CLOSED),
    "app_cannot_join_channel": _refused(_CLOSED),
    "channel_is_limited_access": _refused(_CLOSED),
    "slack_connect_canvas_sharing_blocked": _refused(_CLOSED),
    "slack_connect_file_link_sharing_blocked": _refused(_CLOSED),
    "slack_connect_lists_sharing_blocked": _refused(_CLOSED),
    "ekm_access_denied": _refused(_CLOSED, "administrators have suspended posting"),
    "method_not_supported_for_channel_type": _refused(_CLOSED),
    "users_not_found": _refused(_NOBODY, "nobody in this workspace has this address"),
    "user_not_found": _refused(_NOBODY),
    "user_disabled": _refused(_NOBODY, "the account is deactivated"),
    "user_not_visible": _refused(_NOBODY, "the app may not see this person"),
}

PAYLOADS: dict[str, Meaning] = {
    name: _refused(_PAYLOAD)
    for name in (
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_charset",
        "invalid_form_data",
        "invalid_post_type",
        "missing_post_type",
        "invalid_json",
        "json_not_object",
        "no_text",
        "msg_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "too_many_attachments",
        "invalid_attachments",
        "attachment_payload_limit_exceeded",
        "too_many_contact_cards",
        "missing_file_data",
        "invalid_metadata_filter_keys",
        "markdown_text_conflict",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "too_many_users",
        "not_enough_users",
        "users_list_not_supplied",
        "invalid_user_combination",
        "invalid_cursor",
        "invalid_limit",
        "invalid_ts_oldest",
        "invalid_ts_latest",
    )
}
"""What we sent is wrong: no other try will make it right."""

REVISIONS: dict[str, Meaning] = {
    "message_not_found": _refused(_GONE, "the post is gone"),
    "cant_update_message": _refused(_CLOSED, "the post is not one of this app's"),
    "edit_window_closed": _refused(_CLOSED, "the workspace allows no edits after so long"),
    "is_inactive": _refused(_GONE, "the channel is frozen, archived or deleted"),
    "block_mismatch": _refused(_PAYLOAD, "what the post is made of cannot be replaced"),
    "as_user_not_supported": _refused(_PAYLOAD),
    "cant_broadcast_message": _refused(_PAYLOAD),
    "no_dual_broadcast_content_update": _refused(_PAYLOAD),
}
"""What only chat.update says: the post stays as it is, surely, and a new one can be made instead."""
UNREVISABLE = frozenset(REVISIONS)
UNREACHABLE = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
"""The same where the post stands in another channel than the one that posts go to by now."""

ROSTERS: dict[str, Meaning] = {
    "paid_teams_only": _refused(_DENIED, "the workspace's plan has no user groups"),
    "plan_upgrade_required": _refused(_DENIED, "the workspace's plan has no user groups"),
    "permission_denied": _refused(_DENIED, "the workspace's settings let only administrators change user groups"),
    "no_such_subteam": _refused(_GONE, "there is no such user group"),
    "invalid_team": _refused(Cause.BAD_CONFIGURATION),
    "target_team_not_on_org": _refused(Cause.BAD_CONFIGURATION),
    "target_team_must_be_specified_in_org_context": _refused(Cause.BAD_CONFIGURATION),
    "limit_required": _faulted("the workspace is too large for one page"),
    "fetch_members_failed": _faulted("Slack could not read the members"),
    **{
        name: _refused(_CLOSED, "the name is taken, perhaps by what is archived, or by a channel we cannot see")
        for name in ("name_taken", "name_already_exists", "handle_already_exists")
    },
    **{
        name: _refused(_CLOSED)
        for name in (
            "cannot_create_channel",
            "subteam_max_users_exceeded",
            "too_many_members",
            "cant_kick_self",
            "cant_kick_from_general",
            "not_supported",
            "already_in_channel",
            "cant_invite",
            "cant_invite_self",
            "invitee_cant_see_channel",
            "no_external_invite_permission",
            "org_user_not_in_team",
            "ura_max_channels",
            "user_is_restricted",
        )
    },
    **{
        name: _refused(_PAYLOAD)
        for name in (
            "missing_argument",
            "no_user",
            "no_users_provided",
            "invalid_users",
            "failed_for_some_users",
            "invalid_types",
            "no_channel",
            "too_long",
            "invalid_name",
            "invalid_name_maxlength",
            "invalid_name_punctuation",
            "invalid_name_required",
            "invalid_name_specials",
            "missing_subteam_name",
            "name_too_long",
            "description_too_long",
            "bad_handle",
            "forbidden_handle",
        )
    },
}
"""Of channels, user groups and who is in them."""

ERRORS: dict[str, Meaning] = CREDENTIALS | PERMISSIONS | PASSING | DESTINATIONS | PAYLOADS | REVISIONS | ROSTERS


def understand(outcome: Outcome) -> Answered | Failure:
    """What came of one request, whatever it was."""
    return understood(outcome, _understand)


def told(outcome: Outcome) -> str:
    """The error's name as Slack told it; empty where it told none."""
    return _error(decode_object(outcome.body)) if isinstance(outcome, Response) else ""


def _error(fields: dict[str, object] | None) -> str:
    error = fields.get("error") if fields is not None and fields.get("ok") is False else None
    return error if isinstance(error, str) else ""


def _understand(response: Response) -> Answered | Failure:
    fields = decode_object(response.body)
    error = _error(fields)
    retry_after = retry_after_of(response)
    status = response.status
    if status == 429:
        limit = error if error in ("rate_limited", "message_limit_exceeded") else "ratelimited"
        return ERRORS[limit](Told(limit, "Slack: HTTP 429", retry_after))
    if status == 503:
        return Unavailable("Slack: HTTP 503", retry_after)
    if status >= 500:
        return Doubtful(f"Slack: HTTP {status}")
    if fields is not None and error:
        return ERRORS.get(error, _UNKNOWN)(Told(error, _detail(error, fields), retry_after))
    if status >= 300:
        return _foreign(response)
    if fields is None or fields.get("ok") is not True:
        return Doubtful(f"Slack: HTTP {status} with an answer that is not Slack's ({len(response.body)} bytes)")
    headers = response.headers
    return Answered(fields, headers.get("x-slack-req-id", ""), headers.get("x-oauth-scopes", ""))


_UNKNOWN = _faulted("an error we do not know")


def _foreign(response: Response) -> Failure:
    """A refusal that is not Slack's API speaking: a proxy, a firewall, a wrong ``api_url``."""
    match response.status:
        case 408:
            return Doubtful("HTTP 408: the request did not arrive in time, or something between us says so")
        case 413 | 414 | 431:
            return Refused(Cause.PAYLOAD_REFUSED, f"HTTP {response.status}: the request is too large")
        case status if status < 400:
            where = response.headers.get("location", "elsewhere")[:120]
            return Unavailable(f"HTTP {status}: api_url leads to {where}, not to Slack's API")
        case 404 | 405 | 407 as status:
            return Unavailable(f"HTTP {status}: what answers at api_url is not Slack's API")
        case status:
            return Faulted(f"HTTP {status} without an answer from Slack")


def _detail(error: str, fields: dict[str, object]) -> str:
    """The error's name and what Slack adds to it, bounded."""
    parts = [f"Slack: {error}"]
    parts += [f"{name} {fields[name]}" for name in ("needed", "provided") if isinstance(fields.get(name), str)]
    metadata = fields.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    if isinstance(messages, list):
        parts += [str(message) for message in messages[:5]]
    return "; ".join(parts)[:DETAIL_CHARS_MAX]


def harmless(failure: Failure) -> Harmless:
    """The failure of a request that has no effect: nothing to doubt, and only whoever asked has to wait."""
    match failure:
        case Doubtful(detail):
            return Unavailable(detail)
        case Throttled():
            return msgspec.structs.replace(failure, whole_lane=False)
        case Unavailable() | Faulted() | Refused() | Revoked():
            return failure
        case _:
            assert_never(failure)
