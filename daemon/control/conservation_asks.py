"""What is asked about the conservation of what was accepted. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Role, Word

Days = Annotated[int, Meta(ge=1, le=400)]


class ConservationList(Ask, frozen=True, kw_only=True, tag="conservation.list"):
    """What became of what was accepted, by day and source, the newest first. ``tenant`` empty: of all. ``open``: only
    days of which something may move on yet, or that do not add up."""

    tenant: Word = ""
    days: Days = 14
    open: bool = False

    role = Role.VIEWER


class ConservationVerify(Ask, frozen=True, kw_only=True, tag="conservation.verify"):
    """Count everything anew: does it add up, and is the chain as it was written?"""

    role = Role.OPERATOR
