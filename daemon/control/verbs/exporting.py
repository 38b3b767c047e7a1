"""``export``: a tenant's data, page by page, as lines for a file. What the lines are, ``marks`` says.

A page is read in a few short jobs, and written to the asker as it is made: the daemon holds a page of statements at
most, or a piece of an attachment.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec
import trio

from actors.domain.erasing import Eraser, Fate
from actors.domain.xapi.documents import Shelf
from actors.domain.xapi.moments import spelt
from actors.ports import Attached, LoggedStatement
from config.model import Tenant
from daemon.control import marks
from daemon.control.exits import Exit
from daemon.control.marks import AnyMark, AttachmentMark, DocumentMark, ExportMark, VoidedMark
from daemon.control.office import Asking, done
from daemon.control.owning import BegunRow, ExportedRow
from daemon.control.owning_asks import PART_BYTES, Where
from daemon.control.persons import one_person, tenant_of
from daemon.control.protocol import Done, ExportBegin, ExportPage, Refusal
from daemon.gateway.lrs.formats import outward
from daemon.store.exporting import Made

ROW_BYTES = 512 * 1024
ALONE = 1 << 62
"""With each of them, because those that declared the same before may be somebody else's."""
_encode = msgspec.json.Encoder().encode


class Canonical(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A statement with what became of it: a line of ``export json``. ``received`` is the time stored, ``quiet``
    whether it came by an import that announced it to nobody."""

    statement: msgspec.Raw
    received: str
    source: str
    correlation_id: str
    traceparent: str
    version: str
    voided: bool
    quiet: bool = False
    routed: Made | None = None


async def begin(request: ExportBegin, asking: Asking) -> Done:
    tenant = await tenant_of(request.tenant, asking)
    through_us = await asking.office.store.exports.newest(tenant.name)
    if request.until_us is not None:
        through_us = min(through_us, request.until_us)
    await whose(request.persons, tenant, asking)
    head = ExportMark(
        format=request.format,
        tenant=tenant.name,
        through=spelt(through_us),
        through_us=through_us,
        since=spelt(request.since_us) if request.since_us else "",
        since_us=request.since_us,
        learner=request.persons,
    )
    await asking.emit(BegunRow(through_us=through_us, first=marks.line(head).decode()))
    return done()


async def page(request: ExportPage, asking: Asking) -> Done:
    tenant = await tenant_of(request.tenant, asking)
    person = await whose(request.persons, tenant, asking)
    sheet = Sheet(asking)
    following: Where | None
    match request.where.part:
        case "statements":
            following = await _statements(request, tenant.name, person, sheet, asking)
        case "documents":
            following = await _documents(request, tenant.name, person, sheet, asking)
    await sheet.end(following)
    return done()


class Sheet:
    """A page as it is filled; whatever is full leaves at once."""

    def __init__(self, asking: Asking) -> None:
        self._emit = asking.emit
        self._lines: list[msgspec.Raw] = []
        self._bytes = 0
        self.statements = self.attachments = self.documents = 0

    async def write(self, line: bytes) -> None:
        """One line. It may have been sent with line breaks between its parts; a file of lines cannot keep those."""
        if b"\n" in line or b"\r" in line:
            line = line.replace(b"\n", b" ").replace(b"\r", b" ")
        self._lines.append(msgspec.Raw(line))
        self._bytes += len(line)
        if self._bytes >= ROW_BYTES:
            await self._emit(ExportedRow(lines=tuple(self._lines)))
            self._lines, self._bytes = [], 0

    async def mark(self, mark: AnyMark) -> None:
        await self.write(marks.line(mark))

    async def end(self, following: Where | None) -> None:
        await self._emit(
            ExportedRow(
                lines=tuple(self._lines),
                statements=self.statements,
                attachments=self.attachments,
                documents=self.documents,
                page=True,
                next=following,
            )
        )


async def _statements(request: ExportPage, tenant: str, person: Eraser | None, sheet: Sheet, asking: Asking) -> Where:
    exports = asking.office.store.exports
    after = _number(request.where.after, request.since_us)
    found = await exports.page(tenant, after, request.through_us)
    if not found:
        return Where(part="documents")
    last = found[-1].seq
    if person is not None:
        found = await trio.to_thread.run_sync(_of_person, person, found)
    seqs = [statement.seq for statement in found]
    contents: dict[int, list[Attached]] = {}
    since = request.since_us if person is None else ALONE
    for one in await exports.first_declared(tenant, seqs, since):
        contents.setdefault(one.seq, []).append(one)
    made = await exports.made(seqs) if request.format == "json" else {}
    for statement in found:
        for one in contents.get(statement.seq, ()):
            await _attachment(tenant, one, sheet, asking)
        if request.format == "json":
            await sheet.write(_canonical(statement, made.get(statement.seq)))
        else:
            await sheet.write(outward(statement))
            if statement.voided:
                await sheet.mark(VoidedMark(id=statement.id))
        sheet.statements += 1
    return Where(after=str(last))


async def whose(persons: Sequence[str], tenant: Tenant, asking: Asking) -> Eraser | None:
    """Who knows that person's statements; None for everybody's. Raises Refusal."""
    return Eraser(await one_person(persons, tenant, asking), "") if persons else None


def _of_person(person: Eraser, found: Sequence[LoggedStatement]) -> list[LoggedStatement]:
    return [
        one for one in found if person.may_concern(one.body) and person.fate(msgspec.json.decode(one.body)) is Fate.GOES
    ]


def _is_theirs(person: Eraser, shelf: Shelf) -> bool:
    return bool(shelf.agent) and person.person.is_named(msgspec.json.decode(shelf.agent_json))


async def _documents(
    request: ExportPage, tenant: str, person: Eraser | None, sheet: Sheet, asking: Asking
) -> Where | None:
    """As they are now: a document has no history."""
    found = await asking.office.store.exports.documents(tenant, _address(request.where.after), request.since_us)
    for kept in found:
        if kept.document is not None and (person is None or _is_theirs(person, kept.shelf)):
            shelf = kept.shelf
            await sheet.mark(
                DocumentMark(
                    resource=shelf.kind,
                    id=kept.id,
                    activity_id=shelf.activity,
                    agent=msgspec.json.decode(shelf.agent_json) if shelf.agent else None,
                    registration=shelf.registration,
                    content_type=kept.document.content_type,
                    updated_us=kept.document.updated_us,
                    content=kept.document.body,
                )
            )
            sheet.documents += 1
    return Where(part="documents", after=_encode(found[-1].address).decode()) if found else None


def _canonical(statement: LoggedStatement, made: Made | None) -> bytes:
    return _encode(
        Canonical(
            statement=msgspec.Raw(outward(statement)),
            received=spelt(statement.stored_us),
            source=statement.source,
            correlation_id=statement.correlation_id,
            traceparent=statement.traceparent,
            version=statement.version,
            voided=statement.voided,
            quiet=statement.quiet,
            routed=made,
        )
    )


async def _attachment(tenant: str, one: Attached, sheet: Sheet, asking: Asking) -> None:
    parts = max(1, -(-one.bytes // PART_BYTES))
    number = 0
    async for part in _parts(asking.office.store.attachments.content(tenant, one)):
        await sheet.mark(
            AttachmentMark(
                sha2=one.sha2, content_type=one.content_type, size=one.bytes, part=number, parts=parts, data=part
            )
        )
        number += 1
    sheet.attachments += 1


async def _parts(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, cut into parts of one size; one empty part where there are none."""
    rest = bytearray()
    begun = False
    async for block in blocks:
        rest += block
        while len(rest) >= PART_BYTES:
            yield bytes(rest[:PART_BYTES])
            begun = True
            del rest[:PART_BYTES]
    if rest or not begun:
        yield bytes(rest)


def _address(text: str) -> tuple[str, ...]:
    """Of the document after which to go on."""
    if not text:
        return ()
    try:
        return msgspec.json.decode(text, type=tuple[str, str, str, str, str])
    except msgspec.DecodeError:
        raise Refusal(Exit.USAGE, f"{text[:60]!r} is no place to go on at", where="where") from None


def _number(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()):
        raise Refusal(Exit.USAGE, f"{text!r} is no place to go on at", where="where")
    return int(text)
