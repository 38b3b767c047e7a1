"""What another LRS shows becomes part of our log: each statement for itself, with its own id, authority and time.

One that is not valid, or whose id stands here for something else, is kept as a record in quarantine, and the others go
on. Read once more it is found again by its id, and nothing is written. What a person corrected is laid over it wherever
it does not fit as it is told, when it is read again as well as when it is tried again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Final

import msgspec
import trio

from actors.domain.canonical import Flaw
from actors.domain.correcting import Correction, corrected
from actors.domain.harvest import Statements
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.guard import parse
from actors.domain.xapi.history import Told, contents_of, read_told
from actors.domain.xapi.identity import digest
from actors.domain.xapi.patterns import Version
from actors.ports import Origin, Provenance
from actors.ports.records import Batch, Kept, KnownRecord, Records, Relayed, Relays

ENTITY: Final = "statement"
FORM = "xapi"
FLAWS_MAX = 5
VALUE_CHARS_MAX = 200
AT_A_TIME = 20
"""Statements between two checkpoints: they may be large."""
NOT_ENCLOSED = "].fileUrl"
"""What the path of a flaw ends in that says that an attachment's content did not come along."""
CONFLICT = "conflict"
"""The rule that it fails, and the form of its record: another one with its id is stored here."""


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it is shown there, with the id of its record, should it need one, and what was read: ``told``
    None where it is not valid."""

    name: str
    raw: bytes
    told: Told | None = None
    flaws: tuple[Flaw, ...] = ()


class Relay:
    """One reading of one source, or what was kept of former ones."""

    def __init__(
        self,
        tenant: str,
        source: str,
        no: int,
        *,
        relays: Relays,
        records: Records,
        fallback: Version,
        quiet: bool,
        correlation_id: str,
        traceparent: str = "",
        origin: Origin | None = None,
    ) -> None:
        """``no``: the source's number in the store; ``fallback``: of what version statements are that do not say."""
        self._tenant = tenant
        self._source = source
        self._no = no
        self._relays = relays
        self._records = records
        self._fallback = fallback
        self._quiet = quiet
        self._correlation_id = correlation_id
        self._traceparent = traceparent
        self._origin = None if origin is None else msgspec.structs.replace(origin, mapping=0)
        self._any_flawed: bool | None = None
        self._own = json.dumps(
            {"objectType": "Agent", "account": {"homePage": f"urn:lmsyncd:{tenant}:{source}", "name": "lrs"}},
            separators=(",", ":"),
        ).encode()

    async def take(self, page: Statements) -> tuple[Relayed, int]:
        """What was new, and how many went into quarantine. All of it is on disk afterwards. Raises StoreUnavailable."""
        reads: list[_Read] = []
        for place, statement in enumerate(page.statements):
            if place % AT_A_TIME == 0:
                await trio.lowlevel.checkpoint()
            reads.append(self._read(_name(statement), statement, page.contents))
        return await self._settle(reads, page.contents, page.cursor, quiet=self._quiet)

    async def again(self, nos: Sequence[int]) -> Relayed:
        """Those that stand in quarantine at these places are tried as if they were shown now, with what a person
        corrected; whoever went there quietly is let in quietly. Contents of attachments are not kept with them. Raises
        StoreUnavailable."""
        waiting = [
            one for one in await self._records.at(self._no, nos) if one.entity == ENTITY and one.state == "quarantined"
        ]
        bodies = await self._records.bodies(self._no, [one.no for one in waiting])
        self._any_flawed = self._any_flawed or bool(waiting)
        fresh = known = 0
        conflicts: tuple[str, ...] = ()
        for quiet in (False, True):
            reads = [self._read(one.id, bodies[one.no], {}) for one in waiting if one.quiet == quiet]
            if not reads:
                continue
            relayed, _ = await self._settle(reads, {}, None, quiet=quiet)
            fresh, known, conflicts = fresh + relayed.fresh, known + relayed.known, conflicts + relayed.conflicts
        return Relayed(fresh=fresh, known=known, conflicts=conflicts)

    async def _settle(
        self, reads: Sequence[_Read], contents: Mapping[str, bytes], cursor: Mapping[str, str] | None, *, quiet: bool
    ) -> tuple[Relayed, int]:
        mended = await self._mended([one for one in reads if one.told is None], contents)
        reads = [mended.get(one.name, one) if one.told is None else one for one in reads]
        held = await self._held(one for one in reads if one.told is None)
        reads = [one for one in reads if one.name not in held]
        right = [one for one in reads if one.told is not None]
        wrong = {one.name: self._flawed(one.raw, one.name, one.flaws, quiet=quiet) for one in reads if not one.told}
        kept, grown = await self._news(wrong)
        healed = await self._healed(right, quiet=quiet)
        first = None if healed else cursor  # nobody is beyond what is not kept yet
        relayed = await self._relays.relay(self._no, self._tenant, self._batches(right, quiet), kept, first)
        conflicts, beyond = relayed.conflicts, cursor if relayed.conflicts or healed else None
        if conflicts and (mended := await self._mended(_among(right, conflicts), contents)):
            others = [one for one in right if one.name not in mended]
            batches = self._batches(list(mended.values()), quiet)
            more = await self._relays.relay(self._no, self._tenant, batches, (), None)
            conflicts = (*(one for one in conflicts if _among(others, (one,))), *more.conflicts)
            right = others + list(mended.values())
            relayed = Relayed(fresh=relayed.fresh + more.fresh, known=relayed.known + more.known, conflicts=conflicts)
        clashing = {
            one.name: self._flawed(one.raw, one.name, (_conflict(one.name),), form=CONFLICT, quiet=quiet)
            for one in _among(right, conflicts)
            if not await self._is_held(one)
        }
        kept, clashes = await self._news(clashing)
        noted = [*kept, *(one for one in healed if one.id not in clashing)]
        if noted or beyond is not None:
            await self._relays.relay(self._no, self._tenant, (), noted, beyond)
        return msgspec.structs.replace(relayed, known=relayed.known + len(held)), grown + clashes

    async def _is_held(self, one: _Read) -> bool:
        """Whether it is the very one that is stored here: a page may show it beside another one with its id."""
        return one.told is not None and bool(
            await self._relays.held(self._tenant, {one.told.new.id: one.told.new.digest})
        )

    async def _held(self, wrong: Iterable[_Read]) -> frozenset[str]:
        """Those that came without the contents of their attachments, and that are here with them already."""
        digests = {one.name: digest(parsed) for one in wrong if (parsed := _bare(one)) is not None}
        return await self._relays.held(self._tenant, digests) if digests else frozenset()

    def _read(self, name: str, statement: bytes, contents: Mapping[str, bytes], *, mended: bytes = b"") -> _Read:
        """``mended``: what is read in its place."""
        read = _understood(mended or statement, self._tenant, self._source, self._fallback, contents)
        if isinstance(read, Told):
            return _Read(name=name, raw=statement, told=read)
        return _Read(name=name, raw=statement, flaws=read)

    async def _mended(self, reads: Sequence[_Read], contents: Mapping[str, bytes]) -> dict[str, _Read]:
        """Those that a person corrected, read so."""
        known = await self._kept_as([one.name for one in reads])
        if not known:
            return {}
        corrections = await self._records.corrections(self._no, [one.no for one in known.values()])
        mended: dict[str, _Read] = {}
        for one in reads:
            there = known.get(one.name)
            if there is not None and (text := with_corrections(one.raw, corrections.get(there.no, ()))):
                mended[one.name] = self._read(one.name, one.raw, contents, mended=text)
        return mended

    def _batches(self, right: Sequence[_Read], quiet: bool) -> list[Batch]:
        told = (one.told for one in right if one.told is not None)
        return [
            Batch(
                statements=tuple(one.new for one in together),
                provenance=Provenance(
                    tenant=self._tenant,
                    source=self._source,
                    correlation_id=self._correlation_id,
                    traceparent=self._traceparent,
                    version=version,
                    authority=authority or self._own,
                    defines=True,
                    quiet=quiet,
                    origin=self._of(quiet=quiet),
                ),
            )
            for (version, authority), together in groupby(told, key=lambda one: (one.version, one.authority))
        ]

    def _of(self, *, quiet: bool) -> Origin | None:
        if self._origin is None or not quiet or self._origin.quiet:
            return self._origin
        return msgspec.structs.replace(self._origin, quiet="part")

    async def _kept_as(self, names: Iterable[str]) -> dict[str, KnownRecord]:
        keys = [(ENTITY, name) for name in dict.fromkeys(names)]
        return {one.id: one for one in (await self._records.known(self._no, keys)).values()} if keys else {}

    async def _news(self, flawed: dict[str, Kept]) -> tuple[list[Kept], int]:
        """Those that do not stand in quarantine just so already, and how many of them did not stand there at all."""
        known = await self._kept_as(flawed)
        news: list[Kept] = []
        grown = 0
        for kept in flawed.values():
            there = known.get(kept.id)
            if there is None:
                news.append(kept)
            elif there.state != "quarantined" or (there.digest, there.form) != (kept.digest, kept.form):
                news.append(msgspec.structs.replace(kept, no=there.no, rev=there.rev))
            grown += there is None or there.state != "quarantined"
        if news:
            self._any_flawed = True
        return news, grown

    async def _healed(self, right: Sequence[_Read], *, quiet: bool) -> list[Kept]:
        """Records of what was wrong and is right now, as gone. Where one id is told of two statements, that one of them
        is stored here mends nothing about the other."""
        if self._any_flawed is None:
            self._any_flawed = bool(await self._records.present(self._no, ENTITY, None, 0, 1))
        if not (self._any_flawed and right):
            return []
        known = await self._kept_as(one.name for one in right)
        healed: dict[str, Kept] = {}
        for one in right:
            there = known.get(one.name)
            if there is None or there.state != "quarantined":
                continue
            gone = self._flawed(one.raw, one.name, (), quiet=quiet)
            if there.form != CONFLICT or there.digest == gone.digest:
                healed[one.name] = msgspec.structs.replace(gone, no=there.no, state="gone", rev=there.rev)
        return list(healed.values())

    def _flawed(self, statement: bytes, name: str, flaws: tuple[Flaw, ...], *, form: str = FORM, quiet: bool) -> Kept:
        return Kept(
            no=None,
            entity=ENTITY,
            id=name,
            form=form,
            scope="",
            raw=statement,
            digest=_digest(statement),
            mapping=0,
            canonical=b"",
            state="quarantined",
            rev=0,
            flaws=flaws,
            quiet=quiet,
        )


def _flaws(refusal: Refusal) -> tuple[Flaw, ...]:
    return tuple(
        Flaw(rule=FORM, path=fault.path, value="", suggestion=f"{fault.rule}: it must be mended where it was made")
        for fault in refusal.faults[:FLAWS_MAX]
    )


def _bare(one: _Read) -> dict[str, Any] | None:
    """The statement, where nothing is wrong with it but that contents of its attachments are missing."""
    if not one.flaws or any(not flaw.path.endswith(NOT_ENCLOSED) for flaw in one.flaws):
        return None
    statement = parse(one.raw)
    return statement if isinstance(statement, dict) and statement.get("id") else None


def _understood(
    statement: bytes, tenant: str, source: str, fallback: Version, contents: Mapping[str, bytes]
) -> Told | tuple[Flaw, ...]:
    try:
        declared = contents_of(statement) if contents else frozenset()
        return read_told(
            statement,
            tenant=tenant,
            source=source,
            fallback=fallback,
            contents={sha2: contents[sha2] for sha2 in declared if sha2 in contents},
        )
    except Refusal as refusal:
        return _flaws(refusal)


def is_right(
    statement: bytes, corrections: Sequence[Correction], *, tenant: str, source: str, fallback: Version
) -> bool:
    """Whether it would be let in, if no other one stands here by its id."""
    texts = (statement, with_corrections(statement, corrections))
    return any(isinstance(_understood(text, tenant, source, fallback, {}), Told) for text in texts if text)


def _among(reads: Sequence[_Read], ids: Sequence[str]) -> list[_Read]:
    """Those that are known by these ids."""
    return [one for one in reads if one.told is not None and one.told.new.id in ids]


def with_corrections(statement: bytes, corrections: Sequence[Correction]) -> bytes:
    """As a person corrected it; empty where no correction holds."""
    try:
        body = msgspec.json.decode(statement, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    mended = corrected(body, corrections)
    return b"" if mended is body else msgspec.json.encode(mended)


def _conflict(name: str) -> Flaw:
    return Flaw(
        rule=CONFLICT,
        path="id",
        value=json.dumps(name)[:VALUE_CHARS_MAX],
        suggestion="another statement with this id is stored here, and stays; compare them",
    )


def _digest(statement: bytes) -> bytes:
    return blake2b(statement, digest_size=16).digest()


class _Named(msgspec.Struct):
    id: str = ""


def _name(statement: bytes) -> str:
    """What it calls itself, if that can be read; else by its content."""
    try:
        named = msgspec.json.decode(statement, type=_Named).id.lower()[:64]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        named = ""
    return named or _digest(statement).hex()
