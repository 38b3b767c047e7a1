"""Taking in what a source tells: page by page, each one transaction with what it changes, says and where it was read.

A page that tells nothing new is compared by digests and writes nothing. What is new is mapped, must refer to what is
there, and is compared with what was known (``taking``); what differs is published (``publishing``). What does not fit
goes to quarantine while the rest goes on; what waits for something else is tried again when that comes.

Absence is told by ``Whole`` alone, and believed only where it is no landslide (``domain.removals``). What was written
meanwhile by somebody else, a webhook, is not absent.

Not an actor: whoever drives a source holds one for each reading, and lets nobody else write its records meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import trio

from actors.domain.canonical import ENTITIES, AnyEntity, Assignment, Grade, of_work, says_less
from actors.domain.correcting import Correction, corrected
from actors.domain.harvest import Page, Record, Whole
from actors.domain.publishing import Publisher
from actors.domain.removals import Missing
from actors.domain.seen import Seen
from actors.ports import Clock, Provenance
from actors.ports.records import Kept, Key, KnownRecord, Records, Taking
from actors.roles.absence import Absence
from actors.roles.parts import Parts
from actors.roles.referring import Named, Referred
from actors.roles.taking import Meaning, Work, as_read, key_of, written
from actors.roles.telling import Facts, Telling
from config.polling import Removals

STRIDE = 100
"""Records between two checkpoints: a few milliseconds."""
BATCH = 500
"""Records found gone, or tried again, in one transaction."""
_Told = tuple[Key, Record, bytes, bytes]
"""By which it is kept, as read, its body, its digest."""
_RANK = {name: rank for rank, name in enumerate(ENTITIES)}
_REFERRED = frozenset(("user", "course", "assignment"))


class Counts(msgspec.Struct, kw_only=True):
    """For operators. ``told`` counts records as they came; ``changed`` those known ones that mean something else now;
    ``quarantined`` those that went there; ``statements`` what was appended to the log."""

    told: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    quarantined: int = 0
    statements: int = 0
    braked: tuple[Missing, ...] = ()


class Intake:
    """One reading of one source. ``cursor`` is where it stands; ``removals`` None: whatever is absent is gone;
    ``parts`` None: nobody is spared what was there before. All methods raise StoreUnavailable; what they did before is
    on disk, and the reading may begin anew."""

    def __init__(
        self,
        *,
        source: int,
        cursor: Mapping[str, str],
        records: Records,
        meaning: Meaning,
        mapping: int,
        publisher: Publisher,
        provenance: Provenance,
        removals: Removals | None,
        clock: Clock,
        parts: Parts | None = None,
    ) -> None:
        self._source = source
        self._cursor = dict(cursor)
        self._records = records
        self._meaning = meaning
        self._mapping = mapping
        self._provenance = provenance
        self._clock = clock
        self._parts = parts
        self._began_us = clock.now_us()
        self._seen = Seen()
        self._referred = Referred(records, source)
        self._telling = Telling(source, records, self._referred, publisher)
        self._absence = Absence(source, records, self._seen, removals, self._began_us)
        self.counts = Counts()
        self.grown: Counter[str] = Counter()
        """What went to quarantine and did not stand there before, by the first rule that it fails."""

    @property
    def judged(self) -> frozenset[Whole]:
        """Of what it was told whole who there is."""
        return self._absence.judged

    def forget(self) -> None:
        """Somebody else has written records of this source: what was looked up is to be looked up again."""
        self._referred.forget()

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────

    async def page(self, page: Page) -> None:
        """Of any length; a thousand records is a good one."""
        self.counts.told += len(page.records)
        told: list[_Told] = []
        for number, record in enumerate(page.records):
            read, raw, digest = written(record)
            told.append((key_of(read, digest), read, raw, digest))
            if number % STRIDE == STRIDE - 1:
                await trio.lowlevel.checkpoint()
        known = await self._records.known(self._source, [key for key, *_ in told])
        for one in known.values():
            self._seen.add(one.no)
        new, touched = [], set()
        for each in told:  # what was touched on this page is no more as it was known
            if each[0] in touched or not _same(known.get(each[0]), each[1], each[3]):
                touched.add(each[0])
                new.append(each)
        self.counts.unchanged += len(told) - len(new)
        if self._parts is not None:
            courses = [each for key, each, *_ in new if each.made_us is not None and _is_unseen(known.get(key))]
            await self._parts.appeared(courses)
        works = await self._works(new, known)
        cursor = None if page.cursor is None or page.cursor == self._cursor else page.cursor
        await self._settle(works, cursor)

    async def _works(
        self, told: Sequence[_Told], known: Mapping[Key, KnownRecord], *, again: bool = False
    ) -> dict[Key, Work]:
        """Each once, whatever was told of it. ``again``: it is as it was told before."""
        works: dict[Key, Work] = {}
        mended = await self._corrections([known[key].no for key, *_ in told if key in known])
        waiting = await self._waiting(told, known)
        for number, (key, record, raw, digest) in enumerate(told):
            work = works.pop(key, None) or Work(key, known.get(key))
            work.hushed = work.hushed or self._is_hushed(work, record, again=again)
            works[key] = work  # the last telling says where in the order it stands
            work.waits = waiting.get(key)
            if record.gone:
                if not (work.tell_gone(record, raw, digest, self._meaning) and work.dirty):
                    self.counts.unchanged += 1
                continue
            if work.known is not None and (corrections := mended.get(work.known.no)):
                record = msgspec.structs.replace(record, body=corrected(record.body, corrections))
            if not (work.tell(record, raw, digest, self._meaning) and work.dirty):
                self.counts.unchanged += 1
            if number % STRIDE == STRIDE - 1:
                await trio.lowlevel.checkpoint()
        return works

    def _is_hushed(self, work: Work, record: Record, *, again: bool) -> bool:
        """How things stand is told to nobody; neither is what was told to nobody when it could not be understood."""
        if again:
            return work.known is not None and work.known.state == "quarantined" and work.known.quiet
        return self._parts is not None and work.was is None and self._parts.hush(record)

    async def _corrections(self, nos: Sequence[int]) -> Mapping[int, Sequence[Correction]]:
        found: dict[int, Sequence[Correction]] = {}
        for start in range(0, len(nos), BATCH):
            found.update(await self._records.corrections(self._source, nos[start : start + BATCH]))
        return found

    async def _waiting(self, told: Sequence[_Told], known: Mapping[Key, KnownRecord]) -> dict[Key, AnyEntity]:
        """What stands in quarantine and of which an event tells: which of them is newer, its body alone can say."""
        some = {
            known[key].no: known[key]
            for key, record, *_ in told
            if record.partial and key in known and known[key].state == "quarantined"
        }
        found: dict[Key, AnyEntity] = {}
        for start in range(0, len(some), BATCH):
            bodies = await self._records.bodies(self._source, list(some)[start : start + BATCH])
            for no, raw in bodies.items():
                means = self._meaning(as_read(some[no], raw), None)
                if not isinstance(means, tuple):
                    found[some[no].entity, some[no].id] = means
        return found

    # ── what is written ──────────────────────────────────────────────────────────────────────────────

    async def _settle(self, works: Mapping[Key, Work], cursor: Mapping[str, str] | None) -> None:
        """References, facts, one transaction; then those that waited for what came."""
        todo = sorted((work for work in works.values() if work.dirty), key=lambda work: _RANK.get(work.key[0], 0))
        if not todo and cursor is None:
            return
        await self._refer({work.key: work for work in todo}, todo)
        changed = [work for work in todo if work.changed]
        facts = await self._telling.facts(changed, self._clock.now_us()) if changed else Facts()
        kept: list[Kept] = []
        for number, work in enumerate(todo):
            kept.append(work.kept(self._mapping, quiet=self._provenance.quiet))
            if number % STRIDE == STRIDE - 1:
                await trio.lowlevel.checkpoint()
        index = {work.key: at for at, work in enumerate(todo)} if changed else {}
        taken = await self._records.take(
            Taking(
                source=self._source,
                records=tuple(kept),
                statements=tuple(facts.told),
                hushed=tuple(facts.hushed),
                told_by=tuple(index[key] for key in facts.told_by),
                hushed_by=tuple(index[key] for key in facts.hushed_by),
                provenance=self._provenance,
                cursor=cursor,
            )
        )
        for no in taken.nos:
            self._seen.add(no)
        if cursor is not None:
            self._cursor = dict(cursor)
        self.counts.statements += taken.statements
        self._count(todo)
        await self._answer(todo)

    async def _refer(self, works: Mapping[Key, Work], todo: Iterable[Work]) -> None:
        """Whoever names what is not there goes to quarantine, in the order in which they depend on one another."""
        naming = [(work, work.named()) for work in todo if work.after is not None and not work.flaws]
        wanted = {key for _, names in naming for key in names if key not in works}
        grades = [work for work, _ in naming if isinstance(work.after, Grade) and says_less(work.after)]
        wanted |= {key for work in grades if (key := ("assignment", _assignment(work))) not in works}
        there = await self._referred.find(wanted) if wanted else {}
        for work, names in naming:
            missing = [key for key in names if not _is_there(key, works, there)]
            if missing:
                work.lack(missing)
        for work in grades:
            assignment = _means("assignment", _assignment(work), works, there)
            if isinstance(assignment, Assignment) and isinstance(work.after, Grade):
                work.after = of_work(work.after, assignment)

    def _count(self, todo: Iterable[Work]) -> None:
        for work in todo:
            if work.flaws:
                if work.known is None or work.known.state != "quarantined":
                    self.counts.quarantined += 1
                    self.grown[work.flaws[0].rule] += 1
            elif work.gone:
                if work.before is not None or (work.known is not None and work.known.state == "quarantined"):
                    self.counts.gone += 1
                else:
                    self.counts.unchanged += 1  # it was gone, or never there
            elif work.known is None or work.known.state == "gone":
                self.counts.new += 1
            elif work.changed:
                self.counts.changed += 1
            else:
                self.counts.unchanged += 1

    async def _answer(self, todo: Iterable[Work]) -> None:
        """Somebody may have waited for what is there now."""
        came = []
        for work in todo:
            means = work.before if work.flaws else work.was if work.gone else work.after
            if means is not None:
                named = Named(means, work.flaws != () or not work.gone)
                self._referred.update(work.key, named)
                if work.key[0] in _REFERRED and not work.flaws and work.after is not None and work.before is None:
                    self._referred.learn(work.key, named)
                    came.append(work.key)
        if came:
            await self.again(await self._records.awaiting(self._source, came))

    # ── again ────────────────────────────────────────────────────────────────────────────────────────

    async def again(self, nos: Sequence[int], *, well: bool = False) -> None:
        """Take in what stands at these places as if it were told now: out of quarantine, if it fits. ``well``: those
        too that stand well, as far as their bodies say all that is known of them (a correction is applied so)."""
        for start in range(0, len(nos), BATCH):
            some = nos[start : start + BATCH]
            known: dict[Key, KnownRecord] = {
                (one.entity, one.id): one for one in await self._records.at(self._source, some)
            }
            bodies = await self._records.bodies(self._source, some)
            told: list[_Told] = []
            for key, one in known.items():
                if one.entity not in ENTITIES or one.no not in bodies:
                    continue
                record = as_read(one, bodies[one.no])
                if one.state == "quarantined" or (well and one.state == "active" and _says_all(one, record)):
                    told.append((key, record, bodies[one.no], one.digest))
            await self._settle(await self._works(told, known, again=True), None)

    async def finish(self) -> Counts:
        """The reading is over: what waited and whose answer came meanwhile is tried again."""
        after_no = 0
        while found := await self._records.answered(self._source, after_no, BATCH):
            await self.again(found)
            after_no = found[-1]
        return self.counts

    # ── what is absent ───────────────────────────────────────────────────────────────────────────────

    async def whole(self, *wholes: Whole) -> None:
        """What is there and was not told in this reading is gone: all of it, or nothing where that is too much."""
        gone = await self._absence.judge(wholes)
        self.counts.braked = self._absence.braked
        await self._remove(gone)

    async def _remove(self, absent: Sequence[int]) -> None:
        for start in range(0, len(absent), BATCH):
            works: dict[Key, Work] = {}
            for one in await self._records.at(self._source, absent[start : start + BATCH]):
                if one.changed_us < self._began_us:  # else somebody else told of it meanwhile
                    work = works[one.entity, one.id] = Work((one.entity, one.id), one)
                    work.leave()
            await self._settle(works, None)


def _same(known: KnownRecord | None, record: Record, digest: bytes) -> bool:
    """Whether this was told before, and nothing has happened to it since. Of an event that takes away, the time may be
    news."""
    if record.gone:
        return not record.partial and (known is None or known.state == "gone")
    if known is None:
        return False
    moved = bool(record.scope) and record.scope != known.scope
    return known.digest == digest and known.state != "gone" and not moved


def _is_unseen(known: KnownRecord | None) -> bool:
    """Whether no listing has shown it yet."""
    return known is None or known.partial


def _says_all(known: KnownRecord, record: Record) -> bool:
    """Whether its body was what was told of it last, and not a part (an event) that was laid over it since."""
    return written(record)[2] == known.digest


def _assignment(work: Work) -> str:
    return work.after.assignment if isinstance(work.after, Grade) else ""


def _means(entity: str, name: str, works: Mapping[Key, Work], there: Mapping[Key, Named]) -> AnyEntity | None:
    key = entity, name
    return works[key].after if key in works else there[key].means if key in there else None


def _is_there(key: Key, works: Mapping[Key, Work], there: Mapping[Key, Named]) -> bool:
    work = works.get(key)
    if work is None:
        return key in there and there[key].there
    return (work.before if work.flaws else work.after) is not None
