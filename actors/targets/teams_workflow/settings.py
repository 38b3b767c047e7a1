"""What an operator writes of a Power Automate flow."""

import msgspec

from actors.domain.limits import check_limits
from actors.domain.outbox import Rate
from config.model import Secret, Words

LIMITS_PER_S = {"posts_per_s": 1.0}
"""What ``limits = { … }`` may override, with the defaults. Teams takes up to four posts a second of a webhook; the
connector that a flow posts with takes about one."""


class WorkflowSettings(Words, frozen=True, kw_only=True):
    """One Teams channel or chat, through a Power Automate flow that begins with "When a Teams webhook request is
    received". Routes to it have no audience. Power Automate only queues what it is sent, and nobody can ask it what
    became of that: a receipt says so."""

    url: Secret
    """The address that the trigger shows; whoever has it may post."""
    allow_insecure: bool = False
    """Post to http:// addresses beyond this machine too."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Posts a second: posts_per_s."""

    def __post_init__(self) -> None:
        check_limits(self.limits, LIMITS_PER_S, "posts")

    @property
    def rate(self) -> Rate:
        """The terms of the one bucket there is."""
        return Rate(per_s=self.limits.get("posts_per_s", LIMITS_PER_S["posts_per_s"]))
