"""The configuration as structs: ``lmsyncd.toml`` is a ``Daemon``, each ``tenants.d/NAME.toml`` a ``Tenant``.

The docstrings of structs and fields are the source of the configuration reference. Durations are text with a unit
(``"30s"``, ``"5m"``, ``"2h"``, ``"1d"``); paths are relative to the file that names them.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.alerts import Alert as Alert
from config.auditing import AuditWords as AuditWords
from config.backups import BackupWords as BackupWords
from config.due import DueSoon as DueSoon
from config.identity import Identity as Identity
from config.networks import networks
from config.outward import Allowed
from config.piloting import PilotWords as PilotWords
from config.referred import Secret as Secret
from config.rosters import Brake as Brake
from config.rosters import ConflictRule as ConflictRule
from config.rosters import CourseMatch as CourseMatch
from config.rosters import Review as Review
from config.rosters import Roster as Roster
from config.rosters import RosterInto as RosterInto
from config.routes import Audience as Audience
from config.routes import Backoff as Backoff
from config.routes import Digest as Digest
from config.routes import Filter as Filter
from config.routes import Retry as Retry
from config.routes import Route as Route
from config.sso import SignOn, Sso
from config.texts import (
    ListenAddress,
    Locale,
    NonEmpty,
    Period,
    ReadableFile,
    Timeout,
    TimeZone,
    Url,
)
from config.vaulting import VaultWords
from config.words import Words as Words


class Tls(Words, frozen=True, kw_only=True):
    """Certificate and key of the gateway; with ``client_ca``, only clients it has signed may connect."""

    certificate: ReadableFile
    """PEM: the certificate and whatever stands between it and its root."""
    key: ReadableFile
    """PEM, without a passphrase."""
    client_ca: ReadableFile | None = None
    """PEM: who must have signed a client's certificate. A gate, not an identity: credentials are needed still."""


class Gateway(Words, frozen=True, kw_only=True):
    """Where LMSs reach us."""

    listen: Annotated[tuple[ListenAddress, ...], Meta(max_length=16)] = ("127.0.0.1:8480",)
    """Addresses to listen on."""
    tls: Tls | None = None
    """Absent: plain HTTP, for a reverse proxy on the same machine."""
    proxies: Annotated[tuple[NonEmpty, ...], Meta(max_length=64)] = ()
    """Addresses and networks of your reverse proxies: where one of these connects, its ``X-Forwarded-For`` says who
    calls. It must write that header itself, over or behind what it was sent. Absent: who calls is who connects."""
    public_url: Url = ""
    """How the world calls this gateway: part of the links we hand out."""
    admin_listen: Annotated[tuple[ListenAddress, ...], Meta(max_length=16)] = ()
    """Where ``/metrics`` moves to, if it should not be on the same address; ``/healthz`` and ``/readyz`` answer on
    both."""
    body_bytes_max: Annotated[int, Meta(ge=1024, le=1024 * 1024 * 1024)] = 16 * 1024 * 1024
    """The longest body that is read; longer ones are refused (413)."""
    header_timeout: Timeout = "10s"
    """How long a client may take to send its headers."""
    body_timeout: Timeout = "30s"
    """How long a client may take to send a body."""

    def __post_init__(self) -> None:
        try:
            networks(self.proxies)
        except ValueError as error:
            raise ValueError(f"proxies: {error}") from None


class Network(Words, frozen=True, kw_only=True):
    """How we reach the world."""

    proxy: Url | None = None
    """An HTTP proxy for every outgoing connection."""
    no_proxy: Annotated[tuple[NonEmpty, ...], Meta(max_length=256)] = ()
    """Hosts, ``.domains`` and addresses that are reached without it."""
    ca_file: ReadableFile | None = None
    """PEM: a private certificate authority, trusted beside the system's."""
    private_targets: Annotated[tuple[NonEmpty, ...], Meta(max_length=256)] = ()
    """Addresses that are not of the public internet and that webhooks may lead to all the same: networks
    (``10.20.0.0/16``), addresses (``127.0.0.1``), names (``hooks.internal``) and ``.domains``, each with ``:port`` if
    only that port is meant. A name allows what it leads to if that is private, but never a link-local address."""

    def __post_init__(self) -> None:
        Allowed(self.private_targets)


class StoreWords(Words, frozen=True, kw_only=True):
    """Where the database lives: relative to $STATE_DIRECTORY, else to DIR/state."""

    path: Path = Path("lmsyncd.db")
    """The database; one process at a time holds its lock."""


class Control(Words, frozen=True, kw_only=True):
    """The operators' socket and which system groups may do what. root and the daemon's own user are admin."""

    socket: Path = Path("/run/lmsyncd/control.sock")
    """A Unix socket; an activated systemd socket is used instead where there is one."""
    viewers: tuple[NonEmpty, ...] = ()
    """Groups that may look."""
    operators: tuple[NonEmpty, ...] = ("lms-operators",)
    """Groups that may also pause, resume, replay and discard."""
    approvers: tuple[NonEmpty, ...] = ()
    """Groups that may also decide what is put before a person, and read the audit."""
    admins: tuple[NonEmpty, ...] = ()
    """Groups that may do everything."""


class Telemetry(Words, frozen=True, kw_only=True):
    """Where traces, metrics and logs go; no endpoint, no export."""

    otlp_endpoint: Url | None = None
    """An OpenTelemetry collector: ``http://127.0.0.1:4318`` for http, ``…:4317`` for grpc."""
    otlp_protocol: Literal["http", "grpc"] = "http"
    """How the collector is spoken to."""
    otlp_headers: dict[str, Secret] = msgspec.field(default_factory=dict)
    """Headers the collector asks for, by name."""
    otlp_signals: tuple[Literal["traces", "metrics", "logs"], ...] = ("traces", "metrics", "logs")
    """What the collector is sent."""
    otlp_metrics_every: Timeout = "30s"
    """How often it is sent the metrics."""
    service_name: NonEmpty = "lmsyncd"
    """``service.name`` of all that is sent."""
    sample: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0
    """Share of the traces that are kept, where the caller has not already decided."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""


class Daemon(Words, frozen=True, kw_only=True):
    """``lmsyncd.toml``: the process as a whole. Every table may be left out, and so may the file."""

    gateway: Gateway = Gateway()
    network: Network = Network()
    store: StoreWords = StoreWords()
    control: Control = Control()
    audit: AuditWords = AuditWords()
    vault: VaultWords = VaultWords()
    backup: BackupWords = BackupWords()
    telemetry: Telemetry = Telemetry()
    sso: SignOn = SignOn()


class People(Words, frozen=True, kw_only=True):
    """A CSV of who is who: home_page,account,email,display_name,locale,timezone,org_unit."""

    file: ReadableFile
    """UTF-8, with a header line; ``home_page`` and ``account`` name a learner as the LMS does."""


class Retention(Words, frozen=True, kw_only=True):
    """How long what is settled is kept. Nothing is removed in any other way, and what is removed is counted."""

    statements: Period = "400d"
    """Statements of the log: what can be read back from the LRS, and replayed."""
    deliveries: Period = "90d"
    """Deliveries that are delivered, superseded or cancelled, with their history."""
    dead_letters: Period = "400d"
    """Deliveries that are dead, or parked until somebody decides."""
    documents: Period | None = None
    """Documents of State and of profiles, since they were last changed; absent: for ever."""
    records: Period = "400d"
    """What sources told of things that they do not have any more. What they have is kept."""
    effect_horizon: Period = "400d"
    """What has been posted, remembered as a hash and a day so that nothing is posted again; an older replay is refused.
    Not shorter than ``statements`` or ``deliveries``."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A source or a target: its kind, and its settings as decoded by the connector of that kind."""

    name: str
    kind: str
    settings: msgspec.Struct


class TenantWords(Words, frozen=True, kw_only=True):
    """``tenants.d/NAME.toml``: a school or an organisation, with its sources, targets and rules."""

    timezone: TimeZone = "UTC"
    """IANA name: dates and schedules are in it."""
    locale: Locale = "en"
    """Language, or language and region: how dates and numbers are written."""
    people: People | None = None
    """Who is who, until a source tells."""
    sources: Annotated[dict[str, dict[str, object]], Meta(max_length=100)] = msgspec.field(default_factory=dict)
    """``[sources.NAME]``, each with its ``kind``: where events come from."""
    targets: Annotated[dict[str, dict[str, object]], Meta(max_length=100)] = msgspec.field(default_factory=dict)
    """``[targets.NAME]``, each with its ``kind``: where they go."""
    routes: Annotated[tuple[Route, ...], Meta(max_length=1000)] = ()
    """``[[routes]]``: the first that matches a destination wins."""
    rosters: Annotated[tuple[Roster, ...], Meta(max_length=1000)] = ()
    """``[[rosters]]``: memberships kept in step."""
    alerts: Annotated[tuple[Alert, ...], Meta(max_length=100)] = ()
    """``[[alerts]]``: who is told when something needs a person."""
    review: Review | None = None
    """Who decides where systems disagree; absent: operators and approvers do, by ``lmsyncctl conflict``."""
    conflicts: Annotated[tuple[ConflictRule, ...], Meta(max_length=100)] = ()
    """``[[conflicts]]``: the first that fits counts; where none does, a person is asked."""
    retention: Retention = Retention()
    """How long what is settled is kept."""
    identity: Identity = Identity()
    """Who may be taken for one person."""
    due_soon: DueSoon = DueSoon()
    """When learners are reminded of work that is due."""
    pilot: PilotWords = PilotWords()
    """When a pilot counts as good enough."""
    sso: Sso | None = None
    """How people sign in; absent: nobody does."""
    xapi_fallback_version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    """For statements that do not say which version of xAPI they follow."""


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the people file."""

    home_page: str
    account: str
    email: str = ""
    display_name: str = ""
    locale: str = ""
    timezone: str = ""
    org_unit: str = ""


class MappingFile(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping table of an operator's: ``tree`` is the parsed file."""

    file: Path
    tree: dict[str, object]


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
    alerts: tuple[Alert, ...] = ()
    review: Review | None = None
    conflicts: tuple[ConflictRule, ...] = ()
    templates: dict[str, str] = {}
    mappings: dict[str, dict[int, MappingFile]] = {}
    """The operator's own tables, by source and version; those that ship are not among them."""
    retention: Retention = Retention()
    identity: Identity = Identity()
    due_soon: DueSoon = DueSoon()
    pilot: PilotWords = PilotWords()
    sso: Sso | None = None
    sso_tables: dict[int, MappingFile] = {}
    """The operator's own tables for what sign-on tells, by version."""
    xapi_fallback_version: str = "1.0.3"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole: ``root`` is DIR, ``state`` the directory of the database."""

    root: Path
    daemon: Daemon
    tenants: dict[str, Tenant]
    state: Path
