"""The configuration as structs: ``lmsyncd.toml`` is a ``Daemon``, each ``tenants.d/NAME.toml`` a ``Tenant``.

Docstrings and field comments are the source of the configuration reference. Durations are text with a unit
(``"30s"``, ``"5m"``, ``"2h"``, ``"1d"``); paths are relative to the file that names them.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: an unknown key is a mistake, never ignored."""


class Secret(Words, frozen=True, kw_only=True):
    """A secret by reference: exactly one of a systemd credential's name, a file, or (development) a variable."""

    credential: str | None = None
    file: Path | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.credential, self.file, self.env)) != 1:
            raise ValueError("a secret is exactly one of { credential = … }, { file = … } or { env = … }")

    def __repr__(self) -> str:
        return "***"

    @property
    def where(self) -> str:
        """Where the value comes from, for messages: never the value."""
        if self.credential is not None:
            return f"credential {self.credential!r}"
        return f"file {self.file}" if self.file is not None else f"environment variable {self.env}"


class Tls(Words, frozen=True, kw_only=True):
    """Certificate and key of the gateway; with ``client_ca``, only clients it has signed may connect."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class Gateway(Words, frozen=True, kw_only=True):
    """Where LMSs reach us."""

    listen: tuple[str, ...] = ("127.0.0.1:8480",)
    tls: Tls | None = None
    public_url: str = ""
    admin_listen: tuple[str, ...] = ()
    body_bytes_max: Annotated[int, Meta(ge=1024)] = 16 * 1024 * 1024
    header_timeout: str = "10s"
    body_timeout: str = "30s"


class Network(Words, frozen=True, kw_only=True):
    """How we reach the world."""

    proxy: str | None = None
    no_proxy: tuple[str, ...] = ()
    ca_file: Path | None = None


class StoreWords(Words, frozen=True, kw_only=True):
    """Where the database lives: relative to $STATE_DIRECTORY, else to DIR/state."""

    path: Path = Path("lmsyncd.db")


class Control(Words, frozen=True, kw_only=True):
    """The operators' socket and which system groups may do what. root and the daemon's own user are admin."""

    socket: Path = Path("/run/lmsyncd/control.sock")
    viewers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ("lms-operators",)
    admins: tuple[str, ...] = ()


class Telemetry(Words, frozen=True, kw_only=True):
    """Where traces go; no endpoint, no export."""

    otlp_endpoint: str | None = None
    otlp_protocol: Literal["http", "grpc"] = "http"
    otlp_headers: dict[str, Secret] = {}
    service_name: str = "lmsyncd"
    sample: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Daemon(Words, frozen=True, kw_only=True):
    """``lmsyncd.toml``."""

    gateway: Gateway = Gateway()
    network: Network = Network()
    store: StoreWords = StoreWords()
    control: Control = Control()
    telemetry: Telemetry = Telemetry()


class Audience(Words, frozen=True, kw_only=True):
    """Who is told: a channel, a Teams channel (``team`` and ``channel``), the learner, or the course's channel."""

    channel: str | None = None
    team: str | None = None
    learner: bool = False
    course_channel: bool = False

    def __post_init__(self) -> None:
        if sum((self.channel is not None, self.learner, self.course_channel)) != 1:
            raise ValueError(
                "an audience is exactly one of { channel = … }, { team = …, channel = … }, "
                "{ learner = true } or { course_channel = true }"
            )
        if self.team is not None and self.channel is None:
            raise ValueError("an audience with team = … needs channel = … too")


class Digest(Words, frozen=True, kw_only=True):
    """``mode = { digest = CRON }``."""

    digest: str


class Route(Words, frozen=True, kw_only=True):
    """One rule: these changes, to that target, for this audience. The first that matches a destination wins."""

    name: str
    when: tuple[str, ...]
    to: str
    audience: Audience
    mode: Literal["realtime"] | Digest = "realtime"
    sla: str | None = None
    quiet_hours: str | None = None
    doubtful: Literal["park", "resend"] = "park"
    template: str | None = None
    pilot: str | None = None
    attempts_max: Annotated[int, Meta(ge=1, le=100)] = 8


class People(Words, frozen=True, kw_only=True):
    """A CSV of who is who: home_page,account,email,display_name,locale,timezone,org_unit."""

    file: Path


class CourseMatch(Words, frozen=True, kw_only=True):
    course: str


class RosterInto(Words, frozen=True, kw_only=True):
    channel: str | None = None
    usergroup: str | None = None
    team: str | None = None


class Brake(Words, frozen=True, kw_only=True):
    percent_max: int = 20
    count_max: int = 50


class Roster(Words, frozen=True, kw_only=True):
    """A roster rule: keep a channel, user group or team in step with a source's enrolments."""

    name: str
    source: str = msgspec.field(name="from")
    to: str
    into: RosterInto
    match: CourseMatch | None = None
    create: bool = False
    schedule: str | None = None
    brake: Brake = Brake()


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A source or a target: its kind, and its settings as decoded by the connector of that kind."""

    name: str
    kind: str
    settings: msgspec.Struct


class TenantWords(Words, frozen=True, kw_only=True):
    """``tenants.d/NAME.toml`` as written; sources and targets still undecoded tables."""

    timezone: str = "UTC"
    locale: str = "en"
    people: People | None = None
    sources: dict[str, dict[str, object]] = {}
    targets: dict[str, dict[str, object]] = {}
    routes: tuple[Route, ...] = ()
    rosters: tuple[Roster, ...] = ()
    xapi_fallback_version: Literal["1.0.3", "2.0.0"] = "1.0.3"


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the people file."""

    home_page: str
    account: str
    email: str = ""
    display_name: str = ""
    locale: str = ""
    timezone: str = ""
    org_unit: str = ""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant, everything decoded and read. Equal structs mean nothing changed (reload compares them)."""

    name: str
    timezone: str
    locale: str
    people: tuple[PersonRow, ...] = ()
    sources: dict[str, Connection] = {}
    targets: dict[str, Connection] = {}
    routes: tuple[Route, ...] = ()
    rosters: tuple[Roster, ...] = ()
    templates: dict[str, str] = {}
    xapi_fallback_version: str = "1.0.3"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole: ``root`` is DIR, ``state`` the directory of the database."""

    root: Path
    daemon: Daemon
    tenants: dict[str, Tenant]
    state: Path


