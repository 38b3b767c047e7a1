"""How the directory and the app in it are set up: what operators change. Times are seconds."""

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]


class Terms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    token_life_s: Seconds = 3599.0
    refresh_life_s: Seconds = 7_776_000.0
    code_life_s: Seconds = 600.0
    clock_skew_s: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)] = 0.0
    """How far Entra's clock is ahead."""
    redirect_urls: list[str] = []
    """Where browsers may be sent back to, exactly; none: anywhere."""
    certificates: list[str] = []
    """PEM. With any, assertions are verified against them and live ten minutes at most; with none, any well-formed
    one is taken."""
    single_use_assertions: bool = False
    """Whether an assertion that has served is refused; Microsoft's own client uses each for as long as it lives."""
    app_permissions: list[str] | None = None
    """What the app may do by itself (``User.Read.All``); null: everything."""
    require_consent: bool = False
    """Whether an administrator has to consent before the app may do anything by itself."""
    require_install: bool = False
    """Whether learners need the Teams app before they can be notified."""
    delta_life_s: Seconds = 604_800.0
    signing_key: str = "sandbox-entra-1"
    """The name of the key that Entra signs with; another name is another key, and the former is known no more."""
    validation_tokens: bool = False
    """Whether notifications carry signed validationTokens."""
    open_directory: bool = True
    """Whether every address at the sandbox's domains is somebody's; else only who was hired is there."""
    members_late_s: Seconds = 1.0
    """How long who was added is not shown yet, and who was removed still is."""
    teams_late_s: Seconds = 3.0
    """How long Teams does not know a new team."""
    groups_late_s: Seconds = 1.0
    """How long the directory does not show a new team's group."""
    team_members_max: Annotated[int, msgspec.Meta(ge=1)] = 25_000
    team_owners_max: Annotated[int, msgspec.Meta(ge=1)] = 100
