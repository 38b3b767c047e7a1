"""What a vendor's answer means, and whose fault a refusal is. Closed sets: every user matches all of them."""

from enum import Enum

import msgspec


class Whose(Enum):
    """Who can mend it."""

    OURS = "ours"
    THEIRS = "theirs"
    YOURS = "yours"


class Cause(Enum):
    """Why a delivery ended as a dead letter (or waits for a person): the root, not the symptom."""

    UNMATCHED_LEARNER = "unmatched_learner"
    DESTINATION_GONE = "destination_gone"
    DESTINATION_REFUSED = "destination_refused"
    MISSING_PERMISSION = "missing_permission"
    BAD_TEMPLATE = "bad_template"
    BAD_CONFIGURATION = "bad_configuration"
    PAYLOAD_REFUSED = "payload_refused"
    EXHAUSTED = "exhausted"
    VENDOR_OUTAGE = "vendor_outage"
    REVOKED = "revoked"
    EXPIRED = "expired"
    POISON = "poison"
    UNKNOWN_OUTCOME = "unknown_outcome"
    STATEMENT_GONE = "statement_gone"

    @property
    def whose(self) -> Whose:
        match self:
            case Cause.EXHAUSTED | Cause.VENDOR_OUTAGE | Cause.UNKNOWN_OUTCOME:
                return Whose.THEIRS
            case Cause.PAYLOAD_REFUSED | Cause.POISON:
                return Whose.OURS
            case (
                Cause.UNMATCHED_LEARNER
                | Cause.DESTINATION_GONE
                | Cause.DESTINATION_REFUSED
                | Cause.MISSING_PERMISSION
                | Cause.BAD_TEMPLATE
                | Cause.BAD_CONFIGURATION
                | Cause.REVOKED
                | Cause.EXPIRED
                | Cause.STATEMENT_GONE
            ):
                return Whose.YOURS


OF_THE_PLACE = frozenset({Cause.DESTINATION_GONE, Cause.DESTINATION_REFUSED, Cause.MISSING_PERMISSION})
"""Who knows one of these knows what to mend, whether or not it is known what was posted there before."""


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """Surely done. ``receipt`` is the vendor's proof: its ids as the vendor names them (``channel``, ``ts``)."""

    receipt: dict[str, str]


class Throttled(msgspec.Struct, frozen=True, tag="throttled"):
    """Surely not done: the vendor asked us to slow down. Costs no attempt.

    ``retry_after`` is the header as the vendor sent it (seconds or an HTTP date) or None;
    ``whole_lane`` tells whether every destination must wait or only this one.
    """

    retry_after: str | None = None
    whole_lane: bool = True
    detail: str = "the vendor asked us to slow down"


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable"):
    """Surely not done: the vendor (or the way to it) is down. Costs no attempt."""

    detail: str
    retry_after: str | None = None


class Faulted(msgspec.Struct, frozen=True, tag="faulted"):
    """Surely not done, worth another try, and the attempt is spent (an odd answer, a passing refusal)."""

    detail: str


class Doubtful(msgspec.Struct, frozen=True, tag="doubtful"):
    """It may or may not have happened."""

    detail: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Surely not done and never will be as it stands."""

    cause: Cause
    detail: str


class Revoked(msgspec.Struct, frozen=True, tag="revoked"):
    """Surely not done: our credentials died. The lane is suspended, the delivery waits."""

    detail: str


Verdict = Delivered | Throttled | Unavailable | Faulted | Doubtful | Refused | Revoked


class Deferred(msgspec.Struct, frozen=True, tag="deferred"):
    """Surely not done, and by our own choice: others go first, or we stop. No verdict, because no vendor gave it:
    nothing is learnt of the vendor, and it costs no attempt."""

    wait_s: float
    detail: str


class Absent(msgspec.Struct, frozen=True, tag="absent"):
    """The probe looked and the effect is not there (yet)."""

    detail: str = "not found at the vendor"


class Repeatable(msgspec.Struct, frozen=True, tag="repeatable"):
    """No need to look: the vendor itself collapses a repeat (a chainId, a PUT)."""

    detail: str


class Unprobeable(msgspec.Struct, frozen=True, tag="unprobeable"):
    """The vendor gives no way to find out (or not to us); the route's ``doubtful`` policy decides. ``cause``: why a
    person is asked."""

    detail: str
    cause: Cause = Cause.UNKNOWN_OUTCOME


def unlooked(refused: "Refused") -> Unprobeable:
    """What a refusal to let us look amounts to: a place that is gone or closed to us is the operator's to mend, and
    what was posted there before is known to nobody."""
    if refused.cause in OF_THE_PLACE:
        return Unprobeable(f"{refused.detail}; whether it was posted before cannot be seen", refused.cause)
    return Unprobeable(refused.detail)


Confirmation = Delivered | Absent | Repeatable | Unprobeable | Throttled | Unavailable | Revoked


class Matched(msgspec.Struct, frozen=True, tag="matched"):
    """The vendor's user for a learner; ``address`` is where a post to them goes (a DM channel, a user id), ``person``
    the vendor's id of who it is, empty where it has none."""

    address: str
    person: str = ""


class Unmatched(msgspec.Struct, frozen=True, tag="unmatched"):
    """The vendor knows no such person."""

    detail: str


Match = Matched | Unmatched | Throttled | Unavailable | Faulted | Refused | Revoked
