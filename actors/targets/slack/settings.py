"""``[targets.NAME] kind = "slack"``."""

import re
from typing import Literal

import msgspec

from actors.domain.limits import check_limits
from actors.domain.outbox import Rate
from config.durations import seconds
from config.model import Secret, Words
from config.texts import Duration

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}", re.ASCII)
"""Public and private channels and direct messages; ids, never names: a channel may be renamed."""

LIMITS_PER_S = {
    "channel_per_s": 1.0,  # "about one message a second and channel", published
    "workspace_per_s": 5.0,  # "several hundred a minute and workspace", published; the low end
    "lookup_per_s": 0.8,  # users.lookupByEmail, tier 3: 50 a minute, kept just below
    "open_per_s": 0.8,  # conversations.open, tier 3
    "update_per_s": 0.8,  # chat.update, tier 3
    "history_per_s": 0.8,  # conversations.history, tier 3
    "hello_per_s": 8.0,  # auth.test, hundreds a minute; a new life asks before it posts
    "info_per_s": 0.8,  # conversations.info, tier 3
    "connect_per_s": 0.01,  # apps.connections.open, tier 1: one a minute, and seldom needed
    "members_per_s": 1.6,  # conversations.members, tier 4: 100 a minute, kept just below
    "who_per_s": 1.6,  # users.info, tier 4
    "invite_per_s": 0.8,  # conversations.invite, tier 3
    "kick_per_s": 0.8,  # conversations.kick, tier 3
    "people_per_s": 0.32,  # users.list, tier 2: 20 a minute, kept just below
    "channels_per_s": 0.32,  # conversations.list, tier 2
    "create_per_s": 0.32,  # conversations.create and conversations.setTopic, tier 2 each
    "groups_per_s": 0.32,  # usergroups.…, tier 2 each
}
"""What ``limits = { … }`` may override, with the defaults."""
SURVEY_S_MIN = 60.0
HISTORY_LIMITED_PER_S = 0.016
"""One a minute, kept just below."""


class SlackSettings(Words, frozen=True, kw_only=True):
    """One Slack workspace, through an app's bot token."""

    token: Secret | None = None
    """The bot token (xoxb-…). Beside client_id and client_secret: the one to begin with, exchanged once for tokens that
    rotate."""
    client_id: str = ""
    """The app's client id: somebody connects the workspace by signing in (``/t/TENANT/connect/TARGET``)."""
    client_secret: Secret | None = None
    """The app's client secret."""
    pkce: bool = False
    """Whether the app is set up with PKCE. Slack then takes it for one that can keep no secret."""
    api_url: str = "https://slack.com/api/"
    """Where the Web API is; GovSlack is https://slack-gov.com/api/."""
    course_channels: dict[str, str] = msgspec.field(default_factory=dict)
    """Course (its code, SIS id or activity IRI) to channel id, for audiences with ``course_channel = true``."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second, over the published limits: channel_per_s, workspace_per_s, lookup_per_s, open_per_s,
    update_per_s, history_per_s, hello_per_s, info_per_s, connect_per_s; and for rosters members_per_s, who_per_s,
    invite_per_s, kick_per_s, people_per_s, channels_per_s, create_per_s, groups_per_s."""
    history: Literal["tier3", "limited"] = "tier3"
    """How Slack lets the app read a channel back, to see whether a doubtful post is there. ``limited``: 15 posts once a
    minute, for apps that are distributed commercially outside of the Marketplace (since May 2025); then it is looked
    for once, after ``late_landing``, and only as far as six such calls show."""
    settle: str = "2s"
    """After a doubtful outcome, wait this long before looking whether the post is there."""
    late_landing: str = "20s"
    """A post not there this long after a doubtful outcome is taken as never made."""
    link_names: bool = False
    """Turn @names and #channels in the text into links (and notify those named)."""
    unfurl: bool = False
    """Let Slack show previews of links."""
    signing_secret: Secret | None = None
    """The app's signing secret: what Slack posts to ``/t/TENANT/events/TARGET`` is checked against it. Absent: nothing
    that is posted there is taken."""
    signing_secret_former: Secret | None = None
    """While the signing secret is being changed: the one before."""
    app_token: Secret | None = None
    """The app's own token (xapp-…, scope connections:write): Slack tells over a connection that we open (Socket Mode),
    where the internet cannot reach us."""
    team_id: str = ""
    """The workspace's id (T0123456789). Absent: that of the token, as Slack says; what is told for another one is
    refused."""
    app_id: str = ""
    """The app's id (A0123456789): what is told for another one is refused."""
    survey: Duration = "1h"
    """How often Slack is asked how the channels that are posted to stand, beside what it tells by itself."""

    def __post_init__(self) -> None:
        if not self.api_url.startswith(("https://", "http://")) or "?" in self.api_url or "#" in self.api_url:
            raise ValueError("api_url is an http(s) address without query, like https://slack.com/api/")
        for course, channel in self.course_channels.items():
            if not CHANNEL_ID.fullmatch(channel):
                raise ValueError(f"course_channels: {course!r} names {channel!r}, which is no channel id (C0123456789)")
        self._check_credentials()
        self._check_ears()
        check_limits(self.limits, LIMITS_PER_S)
        if seconds(self.late_landing) < seconds(self.settle):
            raise ValueError("late_landing is not shorter than settle")

    def _check_credentials(self) -> None:
        if bool(self.client_id) != (self.client_secret is not None):
            raise ValueError("client_id and client_secret belong together")
        if self.token is None and not self.client_id:
            raise ValueError("no credentials: give token, or client_id and client_secret")

    def _check_ears(self) -> None:
        if self.signing_secret_former is not None and self.signing_secret is None:
            raise ValueError("signing_secret_former stands beside signing_secret")
        for name, value, letters in (("team_id", self.team_id, "TE"), ("app_id", self.app_id, "A")):
            if value and not re.fullmatch(f"[{letters}][A-Z0-9]{{6,20}}", value):
                raise ValueError(f"{name}: {value!r} is no id as Slack has them ({letters[0]}0123456789)")
        if seconds(self.survey) < SURVEY_S_MIN:
            raise ValueError(f"survey is not shorter than {SURVEY_S_MIN:g} seconds")

    @property
    def base_url(self) -> str:
        """``api_url`` with exactly one slash at its end."""
        return self.api_url.rstrip("/") + "/"

    @property
    def authorize_url(self) -> str:
        """Where people install the app: beside the Web API."""
        return self.base_url.removesuffix("api/") + "oauth/v2/authorize"

    @property
    def limited(self) -> bool:
        return self.history == "limited"

    def rate(self, limit: str, burst: float = 1.0) -> Rate:
        """The terms of one of the named limits."""
        scarce = self.limited and limit == "history_per_s"
        published = HISTORY_LIMITED_PER_S if scarce else LIMITS_PER_S[limit]
        return Rate(per_s=self.limits.get(limit, published), burst=burst)
