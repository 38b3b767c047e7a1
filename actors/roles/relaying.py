"""What another LRS shows becomes part of our log: each statement for itself, with its own id, authority and time.

One that is not valid, or whose id stands here for something else, is kept as a record in quarantine, and the others go
on. Read once more it is found again by its id, and nothing is written.
"""

import json
from collections.abc import Sequence
from hashlib import blake2b
from itertools import groupby

import msgspec
import trio

from actors.domain.canonical import Flaw
from actors.domain.harvest import Statements
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.history import Told, read_told
from actors.domain.xapi.patterns import Version
from actors.ports import Provenance
from actors.ports.records import Batch, Kept, Records, Relayed, Relays

FORM = "xapi"
FLAWS_MAX = 5
VALUE_CHARS_MAX = 200
AT_A_TIME = 20
"""Statements between two checkpoints: they may be large."""
CONFLICT = "conflict"


class Relay:
    """One reading of one source."""

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
        self._any_flawed: bool | None = None
        self._own = json.dumps(
            {"objectType": "Agent", "account": {"homePage": f"urn:lmsyncd:{tenant}:{source}", "name": "lrs"}},
            separators=(",", ":"),
        ).encode()

    async def take(self, page: Statements) -> tuple[Relayed, int]:
        """What was new, and how many went into quarantine. All of it is on disk afterwards. Raises StoreUnavailable."""
        told: list[Told] = []
        flawed: dict[str, Kept] = {}
        raws: dict[str, bytes] = {}
        for place, statement in enumerate(page.statements):
            if place % AT_A_TIME == 0:
                await trio.lowlevel.checkpoint()
            try:
                read = read_told(
                    statement,
                    tenant=self._tenant,
                    source=self._source,
                    fallback=self._fallback,
                    contents={sha2: page.contents[sha2] for sha2 in _declared(statement) if sha2 in page.contents},
                )
            except Refusal as refusal:
                kept = self._flawed(statement, _flaws(refusal))
                flawed[kept.id] = kept
            else:
                told.append(read)
                raws[read.new.id] = statement
        fresh = await self._not_known(flawed)
        relayed = await self._relays.relay(self._no, self._tenant, self._batches(told), fresh, page.cursor)
        conflicts = {one: self._flawed(raws.pop(one), (_conflict(one),)) for one in relayed.conflicts}
        fresh_conflicts = await self._not_known(conflicts)
        if noted := [*fresh_conflicts, *await self._healed(raws)]:
            await self._relays.relay(self._no, self._tenant, (), noted, None)
        return relayed, len(fresh) + len(fresh_conflicts)

    def _batches(self, told: Sequence[Told]) -> list[Batch]:
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
                    quiet=self._quiet,
                ),
            )
            for (version, authority), together in groupby(told, key=lambda one: (one.version, one.authority))
        ]

    async def _not_known(self, flawed: dict[str, Kept]) -> list[Kept]:
        """Those that do not stand in quarantine just so already."""
        if not flawed:
            return []
        known = await self._records.known(self._no, [("statement", one) for one in flawed])
        fresh = []
        for kept in flawed.values():
            there = known.get(("statement", kept.id))
            if there is None:
                fresh.append(kept)
            elif there.digest != kept.digest or there.state != "quarantined":
                fresh.append(msgspec.structs.replace(kept, no=there.no, rev=there.rev))
        return fresh

    async def _healed(self, raws: dict[str, bytes]) -> list[Kept]:
        """Records of what was wrong and is right now, as gone."""
        if self._any_flawed is None:
            self._any_flawed = bool(await self._records.present(self._no, "statement", None, 0, 1))
        if not (self._any_flawed and raws):
            return []
        known = await self._records.known(self._no, [("statement", one) for one in raws])
        return [
            msgspec.structs.replace(self._flawed(raws[there.id], ()), no=there.no, state="gone", rev=there.rev)
            for there in known.values()
            if there.state == "quarantined"
        ]

    def _flawed(self, statement: bytes, flaws: tuple[Flaw, ...]) -> Kept:
        digest = _digest(statement)
        return Kept(
            no=None,
            entity="statement",
            id=_name(statement) or digest.hex(),
            form=FORM,
            scope="",
            raw=statement,
            digest=digest,
            mapping=0,
            canonical=b"",
            state="quarantined",
            rev=0,
            flaws=flaws,
        )


def _flaws(refusal: Refusal) -> tuple[Flaw, ...]:
    return tuple(
        Flaw(rule=FORM, path=fault.path, value="", suggestion=f"{fault.rule}: it must be mended where it was made")
        for fault in refusal.faults[:FLAWS_MAX]
    )


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


class _Attached(msgspec.Struct):
    sha2: str = ""


class _Declaring(msgspec.Struct):
    attachments: list[_Attached] = []
    thing: object = msgspec.field(default=None, name="object")


def _name(statement: bytes) -> str:
    """What it calls itself, if that can be read."""
    try:
        return msgspec.json.decode(statement, type=_Named).id.lower()[:64]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _declared(statement: bytes) -> list[str]:
    """The sha2, in lower case, of every content that it declares, its sub-statement's included."""
    if b'"attachments"' not in statement:
        return []
    try:
        declaring = msgspec.json.decode(statement, type=_Declaring)
        inner = declaring.thing if isinstance(declaring.thing, dict) else {}
        within = msgspec.convert(inner, _Declaring).attachments if "attachments" in inner else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []  # what is wrong with it is said by whoever reads it
    return [one.sha2.lower() for one in (*declaring.attachments, *within)]
