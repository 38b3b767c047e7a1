"""A gateway with a log in memory, one tenant ``acme`` and its clients, driven through httpx or over a socket."""

import base64
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import httpx
import msgspec
from audit_double import RememberedAudit
from memory_documents import MemoryDocuments
from memory_feed import MemoryFeed

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.definitions import defined, merged
from actors.domain.xapi.keys import target
from actors.domain.xapi.matching import CHAIN_MAX, Told, matches
from actors.ports import Appended, Attached, LoggedStatement, Provenance, StatementConflict, StoreUnavailable
from actors.sources.xapi.settings import Credential, XapiSettings
from config.model import Connection, Gateway, PersonRow, Secret, Tenant
from daemon.gateway.app import GatewayApp, GatewayPorts, build_app
from daemon.gateway.credentials import doors
from daemon.gateway.ports import RequestSpan, StatementPage, StatementQuery, nobody_harvests
from daemon.gateway.seal import Seal

NOW_US = 1_800_000_000_000_000
VERSION = {"X-Experience-API-Version": "1.0.3"}
STATEMENTS = "/t/acme/xapi/statements"
SEAL = Seal(b"k" * 32)


class ManualClock:
    def __init__(self) -> None:
        self.time_us = NOW_US

    def now_us(self) -> int:
        return self.time_us


class CountingDice:
    def __init__(self) -> None:
        self._count = 0

    def random(self) -> float:
        return 0.5

    def token(self) -> str:
        self._count += 1
        return f"{self._count:032x}"


class MemoryLog:
    """``Statements``, ``StatementReads``, ``ActivityReads`` and ``Attachments``; every filter works. ``broken`` makes
    it unavailable."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[LoggedStatement, bytes]] = {}
        self.attached: dict[tuple[str, int], list[Attached]] = {}
        self.contents: dict[tuple[str, int], bytes] = {}
        self.defined: dict[tuple[str, str], bytes] = {}
        self.voids: dict[tuple[str, str], str] = {}
        """Which statement is voided by the one of this tenant and id."""
        self.seq = NOW_US
        self.broken = False
        self.gate: Callable[[], Any] | None = None

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the disk is full", retry_after_s=7)

    async def append(self, batch: Sequence[NewStatement], provenance: Provenance) -> Appended:
        if self.gate is not None:
            await self.gate()
        self._check()
        fresh = []
        for new in batch:
            known = self.rows.get((provenance.tenant, new.id))
            if known is None:
                fresh.append(new)
            elif new.given_id and known[1] != new.digest:
                raise StatementConflict(new.id)
        for new in fresh:
            self.seq += 1
            if provenance.defines:
                self._define(provenance.tenant, new)
            row = LoggedStatement(
                seq=self.seq,
                id=new.id,
                body=new.body,
                stored_us=self.seq,
                timestamp=new.timestamp,
                source=provenance.source,
                correlation_id=provenance.correlation_id,
                traceparent=provenance.traceparent,
                version=provenance.version,
                authority=provenance.authority,
                voided=False,
            )
            self.rows[provenance.tenant, new.id] = (row, new.digest)
            self._attach(provenance.tenant, new)
            if new.voids is not None:
                self.voids[provenance.tenant, new.id] = new.voids
                self._void(provenance.tenant, new.voids)
            elif new.id in [voided for (tenant, _), voided in self.voids.items() if tenant == provenance.tenant]:
                self._void(provenance.tenant, new.id)
        return Appended(
            ids=tuple(new.id for new in batch),
            fresh=len(fresh),
            collapsed=len(batch) - len(fresh),
            last_seq=self.seq if fresh else 0,
        )

    def _define(self, tenant: str, new: NewStatement) -> None:
        for activity, definition in defined(new.body):
            if (both := merged(self.defined.get((tenant, activity)), definition)) is not None:
                self.defined[tenant, activity] = both

    async def definitions(self, tenant: str, ids: Iterable[str]) -> dict[str, bytes]:
        self._check()
        return {one: self.defined[tenant, one] for one in ids if (tenant, one) in self.defined}

    def _void(self, tenant: str, name: str) -> None:
        """Unless it has not come, or is a voider itself."""
        if (tenant, name) in self.rows and (tenant, name) not in self.voids:
            row, digest = self.rows[tenant, name]
            self.rows[tenant, name] = (msgspec.structs.replace(row, voided=True), digest)

    def _attach(self, tenant: str, new: NewStatement) -> None:
        for one in new.enclosed:
            content = int(one.sha2, 16)
            self.contents[tenant, content] = one.content
            self.attached.setdefault((tenant, self.seq), []).append(
                Attached(
                    seq=self.seq,
                    content=content,
                    sha2=one.sha2,
                    content_type=one.content_type,
                    bytes=len(one.content),
                )
            )

    async def after(self, tenant: str, seq: int, limit: int) -> list[LoggedStatement]:
        return [row for (owner, _), (row, _) in self.rows.items() if owner == tenant and row.seq > seq][:limit]

    async def get(self, tenant: str, statement_id: str) -> LoggedStatement | None:
        self._check()
        found = self.rows.get((tenant, statement_id))
        return found[0] if found else None

    async def page(self, tenant: str, query: StatementQuery) -> StatementPage:
        self._check()
        rows = [
            row for (owner, _), (row, _) in self.rows.items() if owner == tenant and self._wanted(tenant, row, query)
        ]
        rows.sort(key=lambda row: row.seq, reverse=not query.ascending)
        more_from = rows[query.limit - 1].seq if len(rows) > query.limit else None
        return StatementPage(rows=rows[: query.limit], more_from=more_from)

    def _wanted(self, tenant: str, row: LoggedStatement, query: StatementQuery) -> bool:
        return (
            not row.voided
            and (query.since_us is None or row.stored_us > query.since_us)
            and (query.until_us is None or row.stored_us <= query.until_us)
            and (query.after_seq is None or row.seq > query.after_seq)
            and (query.before_seq is None or row.seq < query.before_seq)
            and query.authority in (None, row.authority)
            and (query.wanted.anything or matches(self._chain(tenant, row, query.authority), query.wanted))
        )

    def _chain(self, tenant: str, row: LoggedStatement, authority: bytes | None) -> Iterator[Told]:
        for _ in range(CHAIN_MAX):
            statement = msgspec.json.decode(row.body)
            yield statement, msgspec.json.decode(row.authority) if row.authority else None
            found = self.rows.get((tenant, target(statement) or ""))
            if found is None or authority not in (None, found[0].authority):
                return
            row = found[0]

    async def consistent_through_us(self, tenant: str) -> int:
        self._check()
        return self.seq

    async def attachments_of(self, tenant: str, seqs: Sequence[int]) -> list[Attached]:
        self._check()
        return [one for seq in seqs for one in self.attached.get((tenant, seq), ())]

    async def content(self, tenant: str, attached: Attached) -> AsyncIterator[bytes]:
        self._check()
        yield self.contents[tenant, attached.content]


class Span(AbstractContextManager["Span"]):
    traceparent = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"

    def __init__(self, world: "World", method: str, template: str) -> None:
        self.status = 0
        self.said: dict[str, Any] = {"method": method, "template": template}
        world.spans.append(self)

    def set(self, **attributes: str | int | float | bool) -> None:
        self.said.update(attributes)

    def __exit__(self, *_error: object) -> None:
        self.said["status"] = self.status


class World:
    """The gateway and everything it was heard to say. Secrets are the credential's key, backwards."""

    def __init__(self, **words: Any) -> None:
        self.log = MemoryLog()
        self.clock = ManualClock()
        self.documents = MemoryDocuments(self.clock.now_us)
        self.feed = MemoryFeed()
        self.people: dict[str, tuple[PersonRow, ...]] = {}
        self.counts: list[tuple[str, str, int, str]] = []
        self.audit = RememberedAudit()
        self.hints: list[str] = []
        self.troubles: list[tuple[str, BaseException | None, dict[str, object]]] = []
        self.spans: list[Span] = []
        self.ill: list[str] = []
        self.uses: list[tuple[str, str, bool]] = []
        self.doors = doors([tenant("acme"), tenant("globex")])
        self.gateway = Gateway(**{"listen": ("127.0.0.1:0",), "body_bytes_max": 200_000, **words})
        self.harvesters = nobody_harvests
        self.ports = GatewayPorts(
            statements=self.log,
            reads=self.log,
            attachments=self.log,
            activities=self.log,
            documents=self.documents,
            feed=self.feed,
            people=lambda name: self.people.get(name, ()),
            doors=lambda: self.doors,
            reveal=reveal,
            seal=lambda: SEAL,
            used=lambda account, former: self.uses.append((account.tenant, account.name, former)),
            clock=self.clock,
            dice=CountingDice(),
            arrived=self.hints.append,
            healthy=self._nothing,
            ready=self._ill,
            metrics_page=lambda _: ("text/plain; version=0.0.4; charset=utf-8", "lmsyncd_up 1\n"),
            request_span=self._span,
            counted=lambda name, tenant, n, reason="": self.counts.append((name, tenant, n, reason)),
            trouble=self._trouble,
            audit=self.audit,
            harvesters=lambda tenant, source: self.harvesters(tenant, source),  # a test may put its own
        )

    def app(self) -> GatewayApp:
        return build_app(self.ports, self.gateway)

    def client(self, key: str | None = "moodle", **headers: str) -> httpx.AsyncClient:
        """As this client; None: without credential."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app().public),
            base_url="http://lms-sync.example.edu",
            headers={**VERSION, **(basic(key) if key is not None else {}), **headers},
        )

    def reasons(self) -> list[str]:
        return [reason for name, _, _, reason in self.counts if name == "statements_refused"]

    def _span(self, method: str, template: str, _headers: Any, /) -> AbstractContextManager[RequestSpan]:
        return Span(self, method, template)

    def _trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        self.troubles.append((name, error, fields))

    async def _nothing(self) -> Sequence[str]:
        return ()

    async def _ill(self) -> Sequence[str]:
        return self.ill


def reveal(secret: Secret) -> str:
    return (secret.env or "")[::-1]


def basic(key: str, secret: str | None = None) -> dict[str, str]:
    pair = f"{key}:{key[::-1] if secret is None else secret}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def tenant(name: str) -> Tenant:
    """Its clients are named after what they may do; those of globex have other secrets than acme's of one name."""

    def client(key: str, *scopes: Any) -> Credential:
        secret = key if name == "acme" else f"{key}@{name}"
        return Credential(key=key, secret=Secret(env=secret), scopes=scopes)

    clients = (
        client("moodle", "statements/write", "statements/read/mine"),
        client("player", "statements/write", "statements/read/mine"),
        client("writer", "statements/write"),
        client("reader", "statements/read"),
        client("auditor", "all/read"),
        client("boss", "all"),
        client("profiler", "profile", "state"),
        client("author", "define", "statements/write"),
    )
    settings = XapiSettings(credentials=clients)
    return Tenant(
        name=name,
        timezone="UTC",
        locale="en",
        sources={"campus": Connection(name="campus", kind="xapi", settings=settings)},
        xapi_fallback_version="2.0.0" if name == "globex" else "1.0.3",
    )
