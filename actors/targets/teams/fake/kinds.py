"""Kinds of faults: which there are, whom each concerns, what it needs to know, and what strikes after the request.

What each does is told in the package's docstring.
"""

import math

import msgspec

from actors.domain.flow import Response
from actors.ports import Answer, Fault
from actors.targets.teams.fake.replies import STATUS_OF, page

BATCH = "$batch"
ROSTER = frozenset({"teams.post", "members.add", "members.post", "members.patch", "members.delete", "members.remove"})
WRITING = frozenset({"channelMessages.post", "sendActivityNotification"}) | ROSTER
READING = frozenset({"channelMessages.list", "channelMessages.delta"})
SIGNING_IN = frozenset({"token", "openid-configuration", "authorize", "adminconsent", "keys"})

NUMBERED = frozenset(
    {"status", "status_after_commit", "slow", "late_commit", "rate_limited_date", "rate_limited_rearm"}
)
AFTERWARDS = frozenset(
    {"reset_after_commit", "truncated_after_commit", "status_after_commit", "error_after_commit", "slow"}
)
INSIDE = frozenset({"batch_inner_throttled", "batch_lost_inner", "batch_failed_dependency"})
"""They strike a request in a bundle, by its own operation or by ``$batch``."""
STRIKES = (
    NUMBERED
    | AFTERWARDS
    | INSIDE
    | {
        "html",
        "rate_limited",
        "error",
        "revoked",
        "token_expired",
        "claims_challenge",
        "forbidden_read",
        "not_installed",
        "one_refused",
        "reset_before_commit",
        "keepalive_closed",
        "batch_unsupported",
        "batch_outer_failed",
    }
)
SENDING = frozenset({"lost", "duplicate", "out_of_order", "bad_client_state"})
"""They strike what Graph sends by itself, and nothing that it is asked."""
FORGETTING = frozenset({"delta_forgotten"})
MAY_BE_NUMBERED = FORGETTING | {"out_of_order"}
ONLY_FOR = {
    "delta_forgotten": frozenset({"users.delta", "groups.delta"}),
    "one_refused": frozenset({"members.add"}),
    "forbidden_read": READING,
    "not_installed": frozenset({"sendActivityNotification"}),
    "late_commit": WRITING | {BATCH},
    "batch_unsupported": frozenset({BATCH}),
    "batch_outer_failed": frozenset({BATCH}),
}
"""Kinds that concern some operations only."""
NOT_FOR = {"token_expired": SIGNING_IN, "claims_challenge": SIGNING_IN, "error_after_commit": SIGNING_IN}

RESET = Answer(response=Response(status=0), reset=True)


def concerns(kind: str, operation: str) -> bool:
    """Whether a kind can strike requests of this operation."""
    return (
        kind not in SENDING and operation in ONLY_FOR.get(kind, {operation}) and operation not in NOT_FOR.get(kind, ())
    )


def only_rosters(kind: str) -> bool:
    """Whether it strikes requests about members and nothing else: who sends messages never meets it."""
    return ONLY_FOR.get(kind, WRITING) <= ROSTER


def check(fault: Fault) -> None:
    """Raises ValueError for a value that is not what the kind needs."""
    if fault.kind == "error" and not fault.value:
        raise ValueError("error needs the error's code as its value")
    if fault.kind == "error_after_commit" and status_of(fault.value) not in (500, 502, 504):
        raise ValueError("error_after_commit needs a code that leaves it open whether it was done, as its value")
    if fault.kind not in NUMBERED and not (fault.kind in MAY_BE_NUMBERED and fault.value):
        return
    try:
        number = float(fault.value)
    except ValueError:
        number = math.nan
    low, high = (200, 599) if fault.kind.startswith(("status", "delta")) else (0, 86_400)
    if not low <= number <= high:
        raise ValueError(f"{fault.kind} needs a number between {low} and {high} as its value, not {fault.value!r}")


def status_of(code: str, otherwise: int = 500) -> int:
    """The status that belongs to an error's code."""
    return STATUS_OF.get(code.casefold(), otherwise)


def after(fault: Fault, answer: Answer) -> Answer:
    """What strikes after the request was served as usual."""
    response = answer.response
    match fault.kind:
        case "reset_after_commit":
            return RESET
        case "truncated_after_commit":
            if not response.body:
                return RESET
            return Answer(response=msgspec.structs.replace(response, body=response.body[: len(response.body) // 2]))
        case "status_after_commit":
            return page(int(float(fault.value)))
        case "slow":
            return msgspec.structs.replace(answer, delay_s=answer.delay_s + float(fault.value))
        case "one_refused":
            return answer
        case "batch_outer_failed":
            return msgspec.structs.replace(answer, response=msgspec.structs.replace(response, status=424))
        case _:
            raise AssertionError(fault.kind)
