"""The manifest of a Slack app with exactly the scopes that a tenant's features need (api.slack.com/apps, "From a
manifest"). Pure, and the same to the byte for the same configuration.

Where the internet reaches us over https, people connect the workspace by signing in, Slack posts events to us, and
tokens rotate. Elsewhere the app is installed on Slack's own page, and Slack is listened to over a connection that we
open (Socket Mode).
"""

from collections.abc import Collection

import msgspec

from actors.domain.registering import Registration, Site
from actors.domain.scopes import Feature
from actors.targets.slack.scopes import BOT, LEVEL, events, needed

NAME_CHARS_MAX = 35
VERSION = 2
COLOUR = "#2f4858"
SHORT = "Tells learners and channels what happens in the learning management system."
LONG = (
    "lmsyncd tells channels and learners what happens in the learning management system: completed courses, grades, "
    "new assignments, work that is due. It posts where it was invited to and to the learners concerned, looks learners "
    "up by their e-mail addresses, and reads back nothing but channels it has posted to, to see whether a post of its "
    "own arrived. It answers no messages."
)
ROSTERS = (
    " It keeps the members of channels and user groups as they are enrolled: it invites who belongs in, and takes out "
    "who does no more."
)


def registration(features: Collection[Feature], site: Site, name: str) -> Registration:
    """The manifest for these features. ``name`` is how the app is called in Slack."""
    needs = needed(features, BOT)
    hears = Feature.EVENTS in features
    keeps = not {Feature.ROSTERS, Feature.ROSTER_GROUPS}.isdisjoint(features)
    shown = name[:NAME_CHARS_MAX]
    settings: dict[str, object] = {
        "interactivity": {"is_enabled": False},
        "org_deploy_enabled": False,
        "socket_mode_enabled": hears and not site.reachable,
        "token_rotation_enabled": site.reachable,
    }
    if hears:
        where = {"request_url": site.events} if site.reachable else {}
        settings["event_subscriptions"] = {**where, "bot_events": list(events(features))}
        settings["interactivity"] = {"is_enabled": True, **where}
    oauth: dict[str, object] = {"scopes": {"bot": [need.scope for need in needs]}}
    if site.reachable:
        oauth["redirect_urls"] = [site.callback]
    manifest = {
        "_metadata": {"major_version": VERSION, "minor_version": 1},
        "display_information": {
            "name": shown,
            "description": SHORT,
            "long_description": LONG + (ROSTERS if keeps else ""),
            "background_color": COLOUR,
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": shown, "always_online": True},
        },
        "oauth_config": oauth,
        "settings": settings,
    }
    ordered = msgspec.json.encode(manifest, order="sorted")
    level = needed(features, LEVEL) if hears and not site.reachable else ()
    return Registration(
        file=f"slack-{site.tenant}-{site.target}.json",
        media_type="application/json",
        content=msgspec.json.format(ordered, indent=2) + b"\n",
        needs=(*needs, *level),
        notes=_left_to_do(site, hears),
    )


def _left_to_do(site: Site, hears: bool) -> list[str]:
    where = f"targets.{site.target}"
    first = "https://api.slack.com/apps: Create New App, From a manifest; choose the workspace and paste this"
    if site.reachable:
        notes = [
            first,
            f"put Basic Information's Client ID and Client Secret into {where}: client_id, client_secret",
            f"connect the workspace: {site.public_url.rstrip('/')}/t/{site.tenant}/connect",
        ]
        if hears:
            notes[2:2] = [
                f"put its Signing Secret into {where}: signing_secret",
                "reload, then Event Subscriptions: Retry, so that Slack sees that the address answers",
            ]
        return notes
    notes = [
        first,
        f"Install App; put the Bot User OAuth Token into {where}: token",
        "gateway.public_url is not set (or not https): nobody can connect by signing in, and tokens do not rotate",
    ]
    if hears:
        notes.append(
            f"Basic Information, App-Level Tokens: make one with connections:write, put it into {where}: app_token"
        )
    return notes
