"""The package of a Teams app (manifest and icons in a zip) that lets an app registration notify learners, with exactly
the permissions that a tenant's features need. Pure, and the same to the byte for the same configuration.

The app has one tab, because Teams opens nothing else from a notification, and a type of activity for each kind of
change, so that learners may mute one and keep the others. It has no bot and asks for no resource-specific permission
where lmsyncd installs it itself (``scopes`` says why).
"""

import io
import uuid
import zipfile
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec

from actors.domain.registering import Registration, Site, Unregistrable
from actors.domain.scopes import Feature
from actors.targets.teams.icons import color_icon, outline_icon
from actors.targets.teams.scopes import APP, LEVEL, PERSON, needed
from actors.targets.teams.settings import TEAM_ID, TeamsSettings

SCHEMA_VERSION = "1.23"
SCHEMA = f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA_VERSION}/MicrosoftTeams.schema.json"
ACCENT = "#2F4858"
NAME_CHARS_MAX, FULL_CHARS_MAX, DEVELOPER_CHARS_MAX = 30, 100, 32
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zips know no earlier time, and this one shall not tell when it was made."""
APP_IDS = uuid.UUID("3b0c7c7e-93a0-5a53-9f0a-0f6f5a6c1d20")
"""Our namespace of UUIDv5, for the app id that is proposed."""

ACTIVITIES = {
    "enrolled": "Somebody was enrolled in a course",
    "unenrolled": "Somebody left a course",
    "role_changed": "Somebody has another role in a course",
    "suspended": "Somebody's enrolment was suspended",
    "resumed": "Somebody's enrolment was resumed",
    "activity_completed": "An activity was completed",
    "course_completed": "A course was completed",
    "completion_undone": "A completion was taken back",
    "passed": "Something was passed",
    "failed": "Something was failed",
    "graded": "There is a new grade",
    "submitted": "Work was handed in",
    "assignment_posted": "There is a new assignment",
    "due_soon": "Work is due soon",
    "user_created": "Somebody is new here",
    "user_updated": "Somebody's details have changed",
    "digest": "What happened, collected",
}
"""Types of activity, with what Teams' settings call them. Each has one parameter, ``text``."""
SHORT = "Notifies you of what happens in your courses."
FULL = (
    "lmsyncd notifies you of what happens in the learning management system: grades, completed courses, new "
    "assignments and work that is due. It reads none of your messages and answers none."
)


def registration(settings: TeamsSettings, features: Collection[Feature], site: Site, name: str) -> Registration:
    """The package. Raises Unregistrable naming every setting that is missing."""
    _complete(settings, site)
    manifest = msgspec.json.format(msgspec.json.encode(_manifest(settings, features, name)), indent=2) + b"\n"
    return Registration(
        file=f"teams-{site.tenant}-{site.target}.zip",
        media_type="application/zip",
        content=_zipped({"manifest.json": manifest, "color.png": color_icon(), "outline.png": outline_icon()}),
        needs=tuple(need for speaker in (APP, PERSON, LEVEL) for need in needed(features, speaker)),
        notes=_left_to_do(settings, site),
    )


def _complete(settings: TeamsSettings, site: Site) -> None:
    missing = []
    where = f"targets.{site.target}"
    if not TEAM_ID.fullmatch(settings.client_id):
        missing.append(f"{where}: client_id is the application (client) id of an app registration in Entra, a GUID")
    if not settings.teams_app_id:
        proposed = uuid.uuid5(APP_IDS, f"{settings.directory}|{settings.client_id}")
        missing.append(f'{where}: teams_app_id = "{proposed}" (or another GUID that no app has)')
    if not settings.app_home:
        missing.append(f"{where}: app_home = the https page of your LMS that the app's tab shows")
    if missing:
        raise Unregistrable("; ".join(missing))


def _manifest(settings: TeamsSettings, features: Collection[Feature], name: str) -> dict[str, object]:
    website = f"https://{_host(settings.app_home)}/"
    types = dict(ACTIVITIES)
    own = settings.activity_type
    if own not in ("systemDefault", "kind"):
        types[own] = "What happens in your courses"
    parameters = dict.fromkeys(ACTIVITIES, "text") | ({own: settings.activity_parameter} if own in types else {})
    manifest: dict[str, object] = {
        "$schema": SCHEMA,
        "manifestVersion": SCHEMA_VERSION,
        "version": "1.0.0",
        "id": settings.teams_app_id.lower(),
        "developer": {
            "name": name[:DEVELOPER_CHARS_MAX],
            "websiteUrl": website,
            "privacyUrl": website,
            "termsOfUseUrl": website,
        },
        "name": {"short": name[:NAME_CHARS_MAX], "full": name[:FULL_CHARS_MAX]},
        "description": {"short": SHORT, "full": FULL},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": ACCENT,
        "staticTabs": [
            {
                "entityId": settings.app_page,
                "name": name[:NAME_CHARS_MAX],
                "contentUrl": settings.app_home,
                "websiteUrl": settings.app_home,
                "scopes": ["personal"],
            }
        ],
        "validDomains": [_host(settings.app_home)],
        "webApplicationInfo": {"id": settings.client_id.lower(), "resource": f"api://{settings.client_id.lower()}"},
        "defaultInstallScope": "personal",
        "showLoadingIndicator": False,
        "activities": {
            "activityTypes": [
                {"type": each, "description": said, "templateText": f"{{{parameters[each]}}}"}
                for each, said in types.items()
            ]
        },
    }
    level = needed(features, LEVEL)
    if level:
        asked = [{"name": need.scope, "type": "Application"} for need in level]
        manifest["authorization"] = {"permissions": {"resourceSpecific": asked}}
    return manifest


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            package.writestr(entry, content)
    return buffer.getvalue()


def _left_to_do(settings: TeamsSettings, site: Site) -> list[str]:
    where = f"targets.{site.target}"
    notes = ["Teams admin centre, Teams apps, Manage apps: Upload new app, and this file"]
    if settings.catalog_app_id:
        notes.append("lmsyncd installs it for each learner before their first notification")
    else:
        notes.append(
            f"put the app's ID from its page there into {where}: catalog_app_id; or install it by a setup policy"
        )
    if settings.activity_type == "systemDefault":
        notes.append(f'{where}: activity_type = "kind" tells each kind of change by a type of its own')
    notes.append("app registration in Entra, API permissions: those listed, then Grant admin consent")
    return notes
