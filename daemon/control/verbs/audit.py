"""``audit`` and ``whoami``: what was done and by whom, whether that is as it was written, and who is asking."""

import time
from functools import partial
from typing import Any

import msgspec
import trio

from actors.ports.audit import HOST
from config.numbers import number_of
from daemon.auditing import anchor as anchor_now
from daemon.backup.copying import Watch
from daemon.control.audited import AuditHeadRow, AuditRow, ChainRow, MisfitRow, ProvenRow, WhoRow
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import AuditAnchor, AuditExport, AuditList, AuditVerify, Done, Refusal
from daemon.control.roles import standing
from daemon.control.watching import watched
from daemon.store.audit_anchor import in_file, in_mark
from daemon.store.audit_asking import SPAN, Asked, Seen, chain, deeds
from daemon.store.audit_cutting import cut_to
from daemon.store.audit_proof import Anchor, Proof, prove_file
from daemon.store.audit_rows import Kept

_arguments: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
REST_EVERY_ROWS = 100


async def whoami(asking: Asking) -> Done:
    peer, control = asking.peer, asking.office.configuration().daemon.control
    found = await trio.to_thread.run_sync(standing, peer, control)
    await asking.emit(WhoRow(login=peer.login, uid=peer.uid, pid=peer.pid, role=found.role.name.lower(), why=found.why))
    return done()


async def listing(request: AuditList, asking: Asking) -> Done:
    """From the newest on, so many rows at a time, until there are as many as were asked for."""
    audit = asking.office.store.audit
    await audit.flush()
    asked = Asked(
        tenant=request.tenant or (HOST if request.host else None),
        who=request.who,
        what=request.what,
        object=request.object,
        result=request.result,
        correlation_id=request.correlation_id,
        since_us=request.since_us,
        until_us=request.until_us,
    )
    through, left = (await audit.head()).seq, request.limit
    while through > 0 and left > 0:
        after = max(0, through - SPAN)
        found = await audit.read(partial(deeds, asked=asked, after=after, through=through, limit=left))
        for each in found:
            await asking.emit(_row(each, running=(each.tenant, each.no) in audit.running))
        left -= len(found)
        through = after
    if left == request.limit:
        return done("nothing of that kind is on record", Exit.NOTHING)
    return done("" if left else f"the newest {request.limit}; --limit shows more")


def _row(each: Seen, *, running: bool) -> AuditRow:
    unknown = "running" if running else "unfinished"
    return AuditRow(
        seq=each.seq,
        tenant=each.tenant,
        no=each.no,
        at_us=each.at_us,
        who=each.who,
        place=each.place,
        what=each.what,
        object=each.object,
        arguments=_decoded(each.arguments),
        result=each.result or unknown,
        detail=each.detail,
        correlation_id=each.correlation_id,
        times=each.times,
        ended_us=each.ended_us,
    )


def _decoded(arguments: str) -> dict[str, Any]:
    try:
        return _arguments.decode(arguments)
    except msgspec.DecodeError:  # somebody edited it: audit verify tells
        return {"unreadable": arguments}


async def verify(request: AuditVerify, asking: Asking) -> Done:
    """On a snapshot of its own, in a thread that leaves half of the time to everybody else."""
    store, words = asking.office.store, asking.office.configuration().daemon.audit

    def prove(watch: Watch) -> tuple[Proof, str]:
        anchors: list[Anchor] = in_mark(store.path)
        trouble = ""
        if words.anchor is not None:
            try:
                anchors += in_file(words.anchor)
            except OSError as error:
                trouble = f"{words.anchor} cannot be read: {error.strerror or error}"
        return prove_file(store.path, anchors, rest=Rest(watch)), trouble

    proof, trouble = await watched(prove, asking, "rows")
    for row in told(proof):
        await asking.emit(row)
    if not proof.whole:
        return done(first_of(proof), Exit.FAILURE)
    return done(trouble, Exit.DEGRADED) if trouble else done()


class Rest:
    """Called after each row (or each so many, ``rows_each``): sleeps as long as the last hundred calls took, so that
    others get their turn, and notes how far it is for whoever waits. Raises Stopped where nobody does any more."""

    def __init__(self, watch: Watch | None = None, rows_each: int = 1) -> None:
        self._told = watch or Watch()
        self._rows_each = rows_each
        self._calls = 0
        self._since_s = time.monotonic()

    def __call__(self) -> None:
        self._calls += 1
        if self._rows_each > 1 or self._calls % REST_EVERY_ROWS == 0:
            rows = self._calls * self._rows_each
            self._told.step(f"{number_of(rows, 'rows')} looked at", rows, 0)
        if self._calls % REST_EVERY_ROWS == 0:
            time.sleep(min(1.0, time.monotonic() - self._since_s))
            self._since_s = time.monotonic()


def told(proof: Proof) -> list[MisfitRow | ProvenRow]:
    """As rows: what does not fit, then the sum."""
    rows: list[MisfitRow | ProvenRow] = [
        MisfitRow(what=each.what, seq=each.seq, tenant=each.tenant, no=each.no, detail=each.detail)
        for each in proof.misfits
    ]
    return [
        *rows,
        ProvenRow(
            rows=proof.rows,
            tenants=proof.tenants,
            cut=proof.cut,
            erased=proof.erased,
            unfinished=proof.unfinished,
            anchors=proof.anchors,
            head=proof.head.seq,
            hash=proof.head.hash.hex(),
            misfits=len(proof.misfits) + proof.untold,
        ),
    ]


def first_of(proof: Proof) -> str:
    """The first that does not fit, in words."""
    first = proof.misfits[0]
    whose = f", {first.tenant or 'the host'} {first.no}" if first.no else ""
    return f"the first that does not fit is row {first.seq}{whose}: {first.detail}"


async def export(request: AuditExport, asking: Asking) -> Done:
    """In order, with what proves it. What is written meanwhile is not in it."""
    audit, tenant = asking.office.store.audit, request.tenant
    await audit.flush()
    after, through, rows = await audit.read(partial(cut_to, tenant=tenant)), (await audit.head()).seq, 0
    while True:
        page = await audit.read(partial(chain, tenant=tenant, after_no=after))
        for each in page:
            if each.row.seq <= through:
                await asking.emit(_chained(each))
                rows += 1
        if not page or page[-1].row.seq >= through:
            break
        after = page[-1].row.no
    if not rows:
        raise Refusal(Exit.NOTHING, f"nothing is on record of {tenant or 'the host'}")
    return done(f"{number_of(rows, 'rows')} of {tenant or 'the host'}")


def _chained(each: Kept) -> ChainRow:
    row = each.row
    return ChainRow(
        v=row.v,
        seq=row.seq,
        tenant=row.tenant,
        no=row.no,
        at_us=row.at_us,
        row=row.kind,
        of=row.of,
        what=row.what,
        result=row.result,
        times=row.times,
        sums=tuple(one.hex() for one in row.sums),
        prev=row.prev.hex(),
        before=row.before.hex(),
        hash=each.hash.hex(),
        told=each.told.texts() if each.told is not None else (),
        salts=tuple(salt.hex() for salt in each.salts),
    )


async def anchor(request: AuditAnchor, asking: Asking) -> Done:
    office = asking.office
    words = office.configuration().daemon.audit
    if request.dry_run:
        head = await office.store.audit.head()
        await asking.emit(AuditHeadRow(rows=head.seq, hash=head.hash.hex()))
        return done(f"would be told to the journal{f' and {words.anchor}' if words.anchor else ''}")
    told = await anchor_now(office.store, office.witness, office.clock, words)
    await asking.emit(AuditHeadRow(rows=told.head.seq, hash=told.head.hash.hex(), anchored=told.where))
    if told.trouble:
        return done(f"the anchor file could not be written: {told.trouble}", Exit.FAILURE)
    return done()
