"""What every source that is polled has in common: when it is read, what its first reading means, and the brake."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from config.durations import seconds
from config.referred import Secret
from config.texts import Cron, Timeout
from config.words import Words


class Removals(Words, frozen=True, kw_only=True):
    """How much one reading may find gone before nothing is taken away and a person is asked (``lmsyncctl source sync
    SOURCE --accept-removals``). Both must be exceeded."""

    percent_max: Annotated[int, Meta(ge=0, le=100)] = 20
    """Share of what was there."""
    count_max: Annotated[int, Meta(ge=0)] = 50
    """Number."""


class Polling(Words, frozen=True, kw_only=True):
    """Base of the settings of sources that are read."""

    SELDOM: ClassVar[str] = "30m"
    """``every_max`` where it is absent and ``every`` is no longer."""

    every: Timeout = "5m"
    """How often it is asked what is new. While nothing is, it is asked more and more seldom."""
    every_max: Timeout = ""
    """The most seldom. Absent: 30m, or `every` where that is longer."""
    full: Cron | None = "0 3 * * *"
    """When everything is read, in the tenant's time zone: what was missed is found, and what is gone is noticed."""
    first_sync: Literal["quiet", "announce"] = "quiet"
    """What the first whole reading finds is how things stand, not news: it is kept and told to nobody. `announce`: it
    is told like all that comes later."""
    removals: Removals = Removals()
    """The brake."""
    hook_secret: Secret | None = None
    """``whsec_`` and 24 to 64 random bytes in base64: whoever posts a message signed with it (Standard Webhooks) to
    ``/t/TENANT/hooks/SOURCE`` has the source read soon. What the message says does not matter."""
    hook_secret_former: Secret | None = None
    """While it is being changed: the one before."""
    mapping: Annotated[int, Meta(ge=1)] | None = None
    """The version of the mapping table that a new source begins with; absent: the newest. What is in force
    afterwards is decided by ``lmsyncctl map activate``."""

    def __post_init__(self) -> None:
        if not self.every_max:
            msgspec.structs.force_setattr(self, "every_max", max(self.SELDOM, self.every, key=seconds))
        if self.hook_secret_former is not None and self.hook_secret is None:
            raise ValueError("hook_secret_former stands beside hook_secret")
        if seconds(self.every_max) < seconds(self.every):
            raise ValueError(f"every_max ({self.every_max}) is shorter than every ({self.every})")
