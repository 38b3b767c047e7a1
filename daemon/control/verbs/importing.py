"""``import``: lines of a file to statements of a tenant, as many as are right; what is wrong with the others is told.

The same intake reads them as what clients send. What is very large is taken in by itself, so that the daemon never
holds more than ``ENCLOSED_BYTES`` and one statement's attachments.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby

import msgspec
import trio

from actors.domain.xapi.documents import Shelf
from actors.domain.xapi.faults import Fault
from actors.domain.xapi.faults import Refusal as Broken
from actors.domain.xapi.history import Told, contents_of, read_told, unwrapped
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.patterns import IRI, UUID, Version
from actors.domain.xapi.rules import IDENTIFIERS, agent_faults
from actors.ports import Provenance
from actors.ports.records import Batch
from config.model import Tenant
from daemon.control import marks
from daemon.control.exits import Exit
from daemon.control.marks import DocumentMark, VoidedMark
from daemon.control.office import Asking, done
from daemon.control.owning import ImportedRow, ImportFaultRow
from daemon.control.owning_asks import Line
from daemon.control.protocol import Done, ImportLines, ImportPart, Refusal
from daemon.store.importing import BroughtDocument

ENCLOSED_BYTES = 16 * 1024 * 1024
_IDENTIFYING = ("objectType", *IDENTIFIERS)
_iri = re.compile(IRI)
_uuid = re.compile(UUID)
_encode = msgspec.json.Encoder().encode
CONFLICT = "is stored already with different content, which stays"


class _Read(msgspec.Struct, frozen=True):
    """A line that was understood: a statement (read already, or waiting for its attachments) or a mark."""

    at: int
    told: Told | None = None
    waiting: bytes = b""
    voided: str = ""
    document: BroughtDocument | None = None


async def part(request: ImportPart, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    sha2 = bytes.fromhex(request.sha2)
    await asking.office.store.imports.stage(tenant.name, sha2, request.part, request.bytes, asking.now_us)
    return done()


async def lines(request: ImportLines, asking: Asking) -> Done:
    tenant = asking.tenant(request.tenant)
    if request.source not in tenant.sources:
        known = ", ".join(sorted(tenant.sources)) or "none"
        raise Refusal(
            Exit.NOTHING, f"{tenant.name} has no source {request.source!r}", advice=f"its sources are: {known}"
        )
    await _Import(request, tenant, asking).run()
    return done()


class _Import:
    """The lines of one request."""

    def __init__(self, request: ImportLines, tenant: Tenant, asking: Asking) -> None:
        self._request = request
        self._tenant = tenant.name
        self._fallback: Version = "2.0.0" if tenant.xapi_fallback_version == "2.0.0" else "1.0.3"
        self._asking = asking
        self._imports = asking.office.store.imports
        self._told: list[tuple[int, Told]] = []
        self._voided: list[str] = []
        self._used: list[bytes] = []
        self._enclosed_bytes = 0
        self._documents: list[BroughtDocument] = []
        self._refused = self._fresh = self._known = self._fresh_documents = 0

    async def run(self) -> None:
        texts = [(line.at, await self._text(line)) for line in self._request.lines]
        for read in await trio.to_thread.run_sync(lambda: list(self._sorted(texts))):
            if isinstance(read, ImportFaultRow):
                await self._refuse(read)
            elif read.voided:
                self._voided.append(read.voided)
            elif read.document is not None:
                self._documents.append(read.document)
                self._enclosed_bytes += len(read.document.body)
                await self._flush_if_full()
            elif read.told is not None:
                self._take(read.at, read.told)
            else:
                await self._with_contents(read)
        await self._flush()
        if self._fresh and not self._request.dry_run:
            self._asking.office.switchboard.arrived(self._tenant)
        await self._asking.emit(
            ImportedRow(
                fresh=self._fresh,
                known=self._known,
                refused=self._refused,
                documents=self._fresh_documents,
                dry_run=self._request.dry_run,
            )
        )

    async def _text(self, line: Line) -> bytes:
        """Empty where what was staged is not there any more."""
        if not line.staged:
            return line.text.encode()
        self._used.append(bytes.fromhex(line.staged))
        return await self._imports.staged(self._tenant, self._used[-1]) or b""

    # ── on a thread of its own ───────────────────────────────────────────────────────────────────────

    def _sorted(self, texts: list[tuple[int, bytes]]) -> Iterator[_Read | ImportFaultRow]:
        for at, text in texts:
            try:
                if text.startswith(marks.PREFIX):
                    yield from self._mark(at, text)
                    continue
                statement, voided = unwrapped(text)
                if b'"attachments"' in statement:
                    yield _Read(at, waiting=statement)
                else:
                    yield _Read(at, told=self._read(statement, {}))
                if voided:
                    yield _Read(at, voided=_id(statement))
            except Broken as broken:
                yield ImportFaultRow(at=at, id=_id(text), rule=str(broken))

    def _mark(self, at: int, text: bytes) -> Iterator[_Read | ImportFaultRow]:
        try:
            match marks.read(text):
                case VoidedMark(id=voided) if _uuid.fullmatch(voided):
                    yield _Read(at, voided=voided)
                case DocumentMark() as document:
                    yield _Read(at, document=_document(document, self._fallback))
                case _:
                    return
        except msgspec.DecodeError as error:
            yield ImportFaultRow(at=at, rule=f"this mark is not understood: {error}")

    def _read(self, statement: bytes, contents: Mapping[str, bytes]) -> Told:
        return read_told(
            statement,
            tenant=self._tenant,
            source=self._request.source,
            fallback=self._fallback,
            contents=contents,
        )

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────

    async def _with_contents(self, read: _Read) -> None:
        contents = {}
        for sha2 in sorted(contents_of(read.waiting)):
            content = await self._imports.staged(self._tenant, bytes.fromhex(sha2))
            if content is not None:
                contents[sha2] = content
        try:
            told = await trio.to_thread.run_sync(lambda: self._read(read.waiting, contents))
        except Broken as broken:
            await self._refuse(ImportFaultRow(at=read.at, id=_id(read.waiting), rule=str(broken)))
            return
        self._used += [bytes.fromhex(sha2) for sha2 in contents]
        self._take(read.at, told)
        self._enclosed_bytes += sum(map(len, contents.values()))
        await self._flush_if_full()

    async def _flush_if_full(self) -> None:
        if self._enclosed_bytes >= ENCLOSED_BYTES:
            await self._flush()

    def _take(self, at: int, told: Told) -> None:
        self._told.append((at, told))

    async def _flush(self) -> None:
        """What has been read so far is stored, all in one transaction."""
        batches = [
            Batch(statements=tuple(told.new for _, told in together), provenance=self._provenance(*sender))
            for sender, together in groupby(self._told, key=lambda one: (one[1].version, one[1].authority))
        ]
        imported = await self._imports.bring_in(
            self._tenant, batches, self._voided, self._documents, self._used, dry_run=self._request.dry_run
        )
        places = {told.new.id: at for at, told in self._told}
        for name in imported.conflicts:
            await self._refuse(ImportFaultRow(at=places[name], id=name, rule=CONFLICT))
        self._fresh += imported.fresh
        self._known += imported.known
        self._fresh_documents += imported.documents
        self._told, self._voided, self._documents, self._used, self._enclosed_bytes = [], [], [], [], 0

    def _provenance(self, version: Version, authority: bytes) -> Provenance:
        return Provenance(
            tenant=self._tenant,
            source=self._request.source,
            correlation_id=self._request.run or "import",
            traceparent="",
            version=version,
            authority=authority or self._own_authority(),
            defines=True,
            quiet=not self._request.announce,
        )

    def _own_authority(self) -> bytes:
        """Of statements that name none."""
        account = {"homePage": f"urn:lmsyncd:{self._tenant}:{self._request.source}", "name": "import"}
        return json.dumps({"objectType": "Agent", "account": account}, separators=(",", ":")).encode()

    async def _refuse(self, fault: ImportFaultRow) -> None:
        self._refused += 1
        await self._asking.emit(fault)


def _document(mark: DocumentMark, version: Version) -> BroughtDocument:
    """Raises Broken."""
    faults = []
    agent = agent_json = ""
    if (mark.resource != "agent_profile") != bool(mark.activity_id and _iri.search(mark.activity_id)):
        faults.append(Fault("activityId", "must be an IRI, of what is about an activity"))
    if (mark.resource != "activity_profile") != (mark.agent is not None):
        faults.append(Fault("agent", "must be there, of what is about an agent"))
    elif mark.agent is not None:
        faults += list(agent_faults(mark.agent, version))[:5]
        if not faults:
            agent = agent_key(mark.agent) or ""
            agent_json = _encode({name: mark.agent[name] for name in _IDENTIFYING if name in mark.agent}).decode()
    if mark.registration and not _uuid.fullmatch(mark.registration):
        faults.append(Fault("registration", "must be a UUID"))
    if not mark.id or (mark.registration and mark.resource != "state"):
        faults.append(Fault("id", "must be there; only State knows registrations"))
    if faults:
        raise Broken(tuple(faults))
    shelf = Shelf(
        kind=mark.resource,
        activity=mark.activity_id,
        agent=agent,
        agent_json=agent_json.encode(),
        registration=mark.registration.lower(),
    )
    return BroughtDocument(
        shelf=shelf, id=mark.id, content_type=mark.content_type, body=mark.content, updated_us=mark.updated_us
    )


class _Named(msgspec.Struct):
    id: str = ""


def _id(statement: bytes) -> str:
    """What it calls itself, if that can be read."""
    try:
        return msgspec.json.decode(statement, type=_Named).id.lower()[:64]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
