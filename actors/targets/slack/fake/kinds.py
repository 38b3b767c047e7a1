"""Kinds of faults: which there are, which methods each concerns, and what it needs to know.

What each does is told in the package's docstring.
"""

import math

from actors.ports import Fault

POSTING = frozenset({"chat.postMessage", "chat.update", "chat.delete"})
READING = frozenset({"conversations.history", "conversations.replies"})
LOOKING = frozenset({"conversations.info"})
INVITING = frozenset({"conversations.invite", "conversations.kick", "conversations.setTopic"})
GROUPING = frozenset({"usergroups.users.update", "usergroups.enable", "usergroups.disable"})
MAKING = frozenset({"conversations.create", "usergroups.create"})
SIGNING_IN = frozenset({"oauth.v2.access", "oauth.v2.exchange"})
"""Methods that are asked without a token."""

NUMBERED = frozenset(
    {"status", "status_after_commit", "slow", "trickle", "late_commit", "rate_limited_date", "rate_limited_rearm"}
)
STRIKES = NUMBERED | {
    "html",
    "rate_limited",
    "error",
    "revoked",
    "archived",
    "kicked",
    "deleted",
    "hangup",
    "keepalive_closed",
    "reset_before_commit",
    "reset_after_commit",
    "truncated_after_commit",
    "error_after_commit",
}
ENDING = frozenset({"token_expired"})
"""They end tokens: only those that were given out can end."""
SENDING = frozenset({"lost", "duplicate", "out_of_order", "bad_signature", "stale"})
"""They strike what Slack sends by itself, and nothing that it is asked."""
SWITCHES = frozenset({"duplicate_client_msg_id", "history_limited"})
CONCERNS = {
    "archived": POSTING | LOOKING | INVITING,
    "kicked": POSTING | READING | INVITING,
    "deleted": POSTING | READING | LOOKING | INVITING | {"conversations.members"},
    "late_commit": POSTING | INVITING | GROUPING | MAKING,
}
"""Kinds that concern some methods only."""
NOT_FOR = {"token_expired": SIGNING_IN, "revoked": SIGNING_IN}


def concerns(kind: str, method: str) -> bool:
    """Whether a kind can strike requests to this method."""
    return kind not in SENDING and method in CONCERNS.get(kind, (method,)) and method not in NOT_FOR.get(kind, ())


def check(fault: Fault) -> None:
    """Raises ValueError for a value that is not what the kind needs."""
    if fault.kind == "error" and not fault.value:
        raise ValueError("error needs the error's name as its value")
    if fault.kind not in NUMBERED and not (fault.kind == "out_of_order" and fault.value):
        return
    try:
        number = float(fault.value)
    except ValueError:
        number = math.nan
    low, high = (200, 599) if fault.kind.startswith("status") else (0, 86_400)
    if not low <= number <= high:
        raise ValueError(f"{fault.kind} needs a number between {low} and {high} as its value, not {fault.value!r}")
