"""Rows about tokens and permissions, each with what people have to read of it."""

from daemon.control import views as v

AT = 1_800_000_000_000_000

TOKENS = (
    (
        v.TokenRow(
            connection="acme/slack", platform="slack", speaker="bot", state="connected", usable=True, account="Sandbox",
            by="oidc:ada", since_us=AT, obtained_us=AT, expires_us=AT, renews_us=AT, renewable=True, version=3,
            excess=("channels:manage",),
        ),
        ("acme/slack", "bot", "connected", "Sandbox", "oidc:ada", "2027-01-15", "needs no channels:manage"),
    ),
    (
        v.TokenRow(
            connection="acme/teams", platform="teams", speaker="person", state="lost", usable=False, asked_us=AT,
            lacking=("ChannelMessage.Send",), why="Entra: invalid_grant: connect the account again",
        ),
        ("lost", "invalid_grant", "lacks ChannelMessage.Send", "an answer to a renewal is not known"),
    ),
    (
        v.TokenRow(connection="acme/old", platform="slack", speaker="bot", state="configured", usable=True),
        ("acme/old", "configured", "configuration", "never"),
    ),
    (
        v.ScopeRow(
            connection="acme/slack", speaker="bot", scope="chat:write", verdict="lacking", why="needed for posting",
            features=("posting",),
        ),
        ("chat:write", "lacking", "needed for posting"),
    ),
    (
        v.ScopeRow(connection="acme/slack", speaker="bot", scope="channels:manage", verdict="excess", why="granted"),
        ("channels:manage", "excess"),
    ),
)  # fmt: skip
