"""``[targets.NAME] kind = "teams"``."""

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from actors.domain.limits import check_limits
from actors.domain.outbox import Rate
from config.durations import seconds
from config.model import Secret, Words
from config.texts import Duration, Url

TEAM_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
CHANNEL_ID = re.compile(r"19:[A-Za-z0-9_.\-]{1,200}@thread\.(?:tacv2|skype)", re.ASCII)
_DIRECTORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII)
_FOR_EVERYBODY = frozenset({"common", "organizations", "consumers"})

LIMITS_PER_S = {
    "team_per_s": 4.0,  # requests of one app on one team, published
    "channel_per_s": 4.0,  # and on one channel
    "post_per_s": 50.0,  # POST channel message, per app and directory, published
    "activity_per_s": 5.0,  # sendActivityNotification, per app and directory, published
    "read_per_s": 20.0,  # GET channel message, per app and directory, published
    "install_per_s": 15.0,  # installing an app and asking for it, per app and directory, half of what is published
    "lookup_per_s": 50.0,  # GET user costs 2 units; the smallest directory grants 3,500 in 10 s
    "member_read_per_s": 60.0,  # GET team members, per app and directory, published
    "member_write_per_s": 30.0,  # changing members, per app and directory, published
    "create_per_s": 10.0,  # POST teams, per app and directory, published
    "directory_per_s": 5.0,  # pages of people, and questions about groups: 3,500 units in 10 s for the smallest
    "survey_per_s": 2.0,  # how people and channels stand, far below what is published
    "token_per_s": 2.0,  # tokens are kept for an hour; Entra calls more a loop
}
"""What ``limits = { … }`` may override, with the defaults."""

SURVEY_S_MIN = 60.0
GRAPH_HOSTS = frozenset(
    {"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
)


class CourseChannel(Words, frozen=True, kw_only=True):
    """A channel by the ids of its team and of itself."""

    team: str
    """The id of the team."""
    channel: str
    """The id of the channel, 19:…@thread.tacv2."""


class ClientCertificate(Words, frozen=True, kw_only=True):
    """The app's certificate instead of a secret."""

    certificate: Secret
    """PEM: the certificate as uploaded to the app registration."""
    key: Secret
    """PEM: its private RSA key, without a passphrase."""


class TeamsSettings(Words, frozen=True, kw_only=True):
    """One Microsoft 365 directory, through an app registration.

    The app notifies learners and looks them up; posts to channels need a person's token, because Microsoft Graph
    lets no app post there by itself.
    """

    directory: str
    """The Entra directory (tenant): its id or a domain of it."""
    client_id: str
    """The app registration's application (client) id."""
    client_secret: Secret | None = None
    """The app's secret; or give client_certificate."""
    client_certificate: ClientCertificate | None = None
    """The app's certificate and key."""
    delegated_token: Secret | None = None
    """A person's access token with ChannelMessage.Send (and ChannelMessage.Read.All to look posts up)."""
    delegated_refresh_token: Secret | None = None
    """A person's refresh token for the same, instead of an access token: lasts 90 days instead of an hour."""
    connect: bool = False
    """A person connects the account for channels by signing in (``/t/TENANT/connect/TARGET``), instead of
    delegated_token or delegated_refresh_token."""
    teams_app_id: str = ""
    """The id of the Teams app that notifies. Needed for learners who have several apps of this registration."""
    catalog_app_id: str = ""
    """The id that the organisation's app catalogue gave the Teams app when it was uploaded. With it, the app is
    installed for each learner before their first notification; without it, an app setup policy has to."""
    activity_type: str = "systemDefault"
    """The type of activity in the Teams app's manifest; its text parameter is named after ``activity_parameter``.
    ``kind``: a type for each kind of change (``graded``), as ``lmsyncctl manifest teams`` declares them."""
    activity_parameter: str = "systemDefaultText"
    """The parameter of the activity's template that takes the text. (With ``kind`` it is always ``text``.)"""
    app_page: str = "home"
    """The tab of the Teams app that a notification opens."""
    app_home: Url = ""
    """What that tab shows: a page of your LMS that Teams may frame. Only for ``lmsyncctl manifest teams``."""
    graph_url: str = "https://graph.microsoft.com/v1.0/"
    """Where Microsoft Graph is; national clouds have their own."""
    login_url: str = "https://login.microsoftonline.com/"
    """Where Entra is."""
    team_owner: str = ""
    """The account that owns teams which rosters create for courses without an instructor: its object id, or its sign-in
    name where that is its address, too. It is left alone in every team."""
    team_template: Literal["standard", "educationClass"] = "standard"
    """What teams that rosters create are made of. ``educationClass`` needs Teams for Education."""
    course_channels: dict[str, CourseChannel] = msgspec.field(default_factory=dict)
    """Course (its code, SIS id or activity IRI) to channel, for audiences with ``course_channel = true``."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)
    """Requests a second, over the published limits: team_per_s (each team, all its channels together),
    channel_per_s (each channel), post_per_s (all channels), activity_per_s, install_per_s, read_per_s, lookup_per_s,
    member_read_per_s, member_write_per_s, create_per_s and directory_per_s (rosters), token_per_s."""
    batch: bool = True
    """Send what is ready at the same moment as one call ($batch), each part with an outcome of its own."""
    survey: Duration = "30m"
    """How often Graph is asked what changed about people, and how the channels that are posted to stand, beside what it
    tells by itself."""
    subscribe: bool = True
    """Have Graph tell of changes at once, where ``gateway.public_url`` is an https address."""
    settle: str = "2s"
    """After a doubtful outcome, wait this long before looking whether the post is there."""
    late_landing: str = "20s"
    """A post not there this long after a doubtful outcome is taken as never made."""

    def __post_init__(self) -> None:
        self._check_addresses()
        self._check_credentials()
        for course, where in self.course_channels.items():
            if not (TEAM_ID.fullmatch(where.team) and CHANNEL_ID.fullmatch(where.channel)):
                raise ValueError(
                    f"course_channels: {course!r} needs the ids of a team (a GUID) and of a channel (19:…@thread.tacv2)"
                )
        if seconds(self.survey) < SURVEY_S_MIN:
            raise ValueError(f"survey is not shorter than {SURVEY_S_MIN:g} seconds")
        check_limits(self.limits, LIMITS_PER_S)
        if seconds(self.late_landing) < seconds(self.settle):
            raise ValueError("late_landing is not shorter than settle")

    def _check_addresses(self) -> None:
        for name in ("graph_url", "login_url"):
            url = getattr(self, name)
            if not url.startswith(("https://", "http://")) or "?" in url or "#" in url:
                raise ValueError(f"{name} is an http(s) address without query, like {_DEFAULTS[name]}")
        if not _DIRECTORY.fullmatch(self.directory) or self.directory.casefold() in _FOR_EVERYBODY:
            raise ValueError("directory is the id (a GUID) or a domain of one Entra directory, not common")
        if not self.client_id.strip():
            raise ValueError("client_id is the application (client) id of the app registration")
        if self.teams_app_id and not TEAM_ID.fullmatch(self.teams_app_id):
            raise ValueError("teams_app_id is a GUID: the id in the Teams app's manifest")
        if self.catalog_app_id and not TEAM_ID.fullmatch(self.catalog_app_id):
            raise ValueError("catalog_app_id is a GUID: the id in the organisation's app catalogue")
        if self.team_owner and not (TEAM_ID.fullmatch(self.team_owner) or "@" in self.team_owner):
            raise ValueError("team_owner is somebody's sign-in name, or the object id (a GUID)")
        if self.app_home and not self.app_home.startswith("https://"):
            raise ValueError("app_home is an https address: Teams frames nothing else")

    def _check_credentials(self) -> None:
        if self.client_secret is not None and self.client_certificate is not None:
            raise ValueError("client_secret or client_certificate, not both")
        if self.delegated_token is not None and self.delegated_refresh_token is not None:
            raise ValueError("delegated_token or delegated_refresh_token, not both")
        if self.connect and not (self.delegated_token is None and self.delegated_refresh_token is None):
            raise ValueError(
                "with connect = true a person signs in: leave out delegated_token, delegated_refresh_token"
            )
        if self.connect and not self.has_app:
            raise ValueError("connect = true needs client_secret or client_certificate: the app proves itself, too")
        if not (self.has_app or self.has_person):
            raise ValueError(
                "no credentials: learners need client_secret or client_certificate, "
                "channels need delegated_token or delegated_refresh_token"
            )

    @property
    def has_app(self) -> bool:
        """Whether we can speak for the app: notify learners, look them up."""
        return self.client_secret is not None or self.client_certificate is not None

    @property
    def has_person(self) -> bool:
        """Whether we can speak for a person: post to channels."""
        return self.connect or self.delegated_token is not None or self.delegated_refresh_token is not None

    def activity_of(self, kind: str) -> tuple[str, str]:
        """The type of activity that tells of a change of this kind, and the parameter that takes the text."""
        return (kind, "text") if self.activity_type == "kind" else (self.activity_type, self.activity_parameter)

    @property
    def graph(self) -> str:
        """``graph_url`` with exactly one slash at its end."""
        return self.graph_url.rstrip("/") + "/"

    @property
    def authority(self) -> str:
        """Where this directory's tokens come from, without a slash at its end."""
        return f"{self.login_url.rstrip('/')}/{self.directory}"

    @property
    def resource(self) -> str:
        """What tokens are asked for: the Graph of this cloud, whatever proxy leads there."""
        host = urlsplit(self.graph_url).hostname or ""
        return f"https://{host if host in GRAPH_HOSTS else 'graph.microsoft.com'}"

    def rate(self, limit: str, burst: float = 1.0) -> Rate:
        """The terms of one of the named limits."""
        return Rate(per_s=self.limits.get(limit, LIMITS_PER_S[limit]), burst=burst)


_DEFAULTS = {"graph_url": "https://graph.microsoft.com/v1.0/", "login_url": "https://login.microsoftonline.com/"}
