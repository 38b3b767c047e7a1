"""How the app is set up at Slack: what operators change. Times are seconds."""

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
APPS_MAX = 7


class App(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Another app that is installed beside ours, as each tenant has its own: it is told what happens, too."""

    events_url: str
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - the sandbox's public credential
    team: str = ""
    """The one team in which it is installed; empty: in all of them."""


class Terms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    rotation: bool = True
    """Whether new tokens end, and are refreshed."""
    token_life_s: Seconds = 43_200.0
    grace_s: Seconds = 60.0
    """How long a used refresh token still serves."""
    code_life_s: Seconds = 600.0
    redirect_urls: list[str] = []
    """Where browsers may be sent back to, or below; none: anywhere."""
    pkce: bool = True
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - the sandbox's public credential
    events_url: str = ""
    """Where events are posted; it has to answer a challenge before it is taken."""
    apps: Annotated[list[App], msgspec.Meta(max_length=APPS_MAX)] = []
    """Further apps, each told of events at an address of its own."""
    interactivity_url: str = ""
    """Where clicks are posted."""
    socket_mode: bool = False
    """Whether events wait for a socket; while one is open, they go over it anyway."""
    members_late_s: Seconds = 0.0
    """How long after somebody was let in, or taken out, it does not show yet."""
    disabled_groups_change: bool = False
    """Whether a disabled user group takes members (and stays disabled), or is not found."""


def addressed(terms: Terms) -> list[tuple[str, str]]:
    """Where events are posted, and what each is signed with."""
    ours = [(terms.events_url, terms.signing_secret)] if terms.events_url else []
    return [*ours, *((app.events_url, app.signing_secret) for app in terms.apps)]
