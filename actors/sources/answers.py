"""What an answer that tells nothing means for a reading, and what a person should do about it.

HTTP means the same everywhere. What differs stands in ``Remedies``, vendor by vendor; and what a vendor says with a 200
is its own wire's to understand.
"""

from typing import Literal

import msgspec

from actors.domain.answers import leads_to, retry_after, said
from actors.domain.flow import Outcome, Response
from actors.domain.harvest import Halted

THROTTLED_WORDS = b"rate limit"


class Remedies(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, in one vendor's words, behind what was answered: to a 401, to a 403, to a 404. ``address`` is the
    setting that says where it is."""

    unknown: str
    forbidden: str
    missing: str
    address: str
    unknown_is: Literal["revoked", "refused"] = "revoked"
    """Whether a 401 speaks of our credentials: then the source is suspended until others are there."""


def throttles(response: Response) -> bool:
    """Whether it asks for less. Canvas said so with a 403 and words, whichever of its services was asked; it says 429
    today. Any other 403 is a permission."""
    words = response.status == 403 and THROTTLED_WORDS in response.body[:2_000].lower()
    return words or response.status == 429


def halted(outcome: Outcome, asked: str, remedies: Remedies, words: str | None = None) -> Halted:
    """Why the reading ends. ``asked`` is what was asked for; ``words`` is what was said, where that has a form of the
    vendor's own."""
    if not isinstance(outcome, Response):
        return Halted(why="unavailable", detail=f"{asked}: {outcome.detail}")
    words = said(outcome) if words is None else words
    detail = f"{asked}: HTTP {outcome.status}" + (f" {words}" if words else "")
    match outcome.status:
        case 403 | 429 if throttles(outcome):
            return Halted(why="throttled", detail=detail, retry_after=retry_after(outcome))
        case 401:
            return Halted(why=remedies.unknown_is, detail=f"{detail}: {remedies.unknown}")
        case 403:
            return Halted(why="refused", detail=f"{detail}: {remedies.forbidden}")
        case 404 | 405 | 410:
            return Halted(why="refused", detail=f"{detail}: {remedies.missing}")
        case status if 300 <= status < 400:
            where = leads_to(outcome)  # often a page to sign in, for a while
            return Halted(why="faulted", detail=f"{detail}: {remedies.address} leads to {where}: write where it is now")
        case 408 | 425:
            return Halted(why="unavailable", detail=detail)
        case status if status >= 500:
            return Halted(why="unavailable", detail=detail, retry_after=retry_after(outcome))
        case _:
            return Halted(why="faulted", detail=detail)
