"""Slack's limits as Slack publishes them: four tiers by the minute, and methods with terms of their own."""

from actors.domain.capacity import Quota
from actors.targets.slack.settings import SlackSettings

TIER_1, TIER_2 = "tier 1: 1 a minute", "tier 2: 20 a minute"
TIER_3, TIER_4 = "tier 3: 50 a minute", "tier 4: 100 a minute"
CHANNEL = "special: about 1 a second and channel"
WORKSPACE = "special: several hundred a minute and workspace"
LIMITED = "1 a minute, for apps outside of the Marketplace"
POST = ("chat.postMessage",)

TIERS = {
    "apps.connections.open": TIER_1,
    "auth.test": "special: hundreds a minute",
    "chat.update": TIER_3,
    "conversations.create": TIER_2,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.invite": TIER_3,
    "conversations.kick": TIER_3,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.setTopic": TIER_2,
    "usergroups.create": TIER_2,
    "usergroups.disable": TIER_2,
    "usergroups.enable": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "usergroups.users.update": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "users.lookupByEmail": TIER_3,
}


def quota(settings: SlackSettings, bucket: str) -> Quota:
    """Of ``channel:ID``, ``workspace``, ``method:NAME`` and ``roster:NAME``."""
    if bucket.startswith("channel:"):
        return Quota(CHANNEL, POST)
    if bucket == "workspace":
        return Quota(WORKSPACE, POST)
    method = bucket.partition(":")[2]
    limited = settings.limited and method == "conversations.history"
    return Quota(LIMITED if limited else TIERS[method], (method,))
