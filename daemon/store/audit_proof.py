"""Whether the audit is as it was written: every row, every link, every text in clear, and what others remember of it.

Works on a database that nobody uses, or on one in use, on one snapshot of it. Rows are taken one after the other in
the order of ``seq``; what does not fit is told with its place, the first first, and the walk goes on from what stands
there, so that one change is one finding, not thousands. Pure of anything but reading.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from config.numbers import number_of
from daemon.store.aside import reading
from daemon.store.audit_chain import FIELDS, VERSION, Row, Sums, commitment, digest
from daemon.store.audit_rows import KEPT, Head, Kept, kept

MISFITS_MAX = 100
"""So many are told; more are counted."""
MissWord = Literal[
    "edited", "removed", "inserted", "reordered", "forked", "told_edited", "told_removed", "ahead", "other",
    "unreadable",
]  # fmt: skip
"""*edited*: a row's hash is another. *removed*: rows are gone that no cut tells of. *inserted*, *reordered*: a
tenant's number comes twice, or too late. *forked*: a row follows another one than stands before it, or somebody
remembers another one. *told_edited*, *told_removed*: of what stands in clear. *ahead*: somebody remembers more rows
than there are. *other*: somebody remembers another store. *unreadable*: no lmsyncd wrote this."""
HashOf = Callable[[int], bytes | None]


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """``what``, by ``seq`` (and the tenant's ``no``, where there is a row), in words."""

    what: MissWord
    seq: int
    tenant: str = ""
    no: int = 0
    detail: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody else remembers: when so many rows had been written, the newest had this hash. ``where`` it says
    so; ``store`` is empty where it does not say whose."""

    seq: int
    hash: bytes
    where: str
    store: str = ""


class Proof(msgspec.Struct, kw_only=True):
    """What was found. ``cut``: rows that left by retention; ``erased``: texts that gave way to a pseudonym."""

    rows: int = 0
    tenants: int = 0
    cut: int = 0
    erased: int = 0
    unfinished: int = 0
    anchors: int = 0
    head: Head = Head()
    misfits: list[Misfit] = []
    untold: int = 0
    """Misfits beyond those that are told."""

    @property
    def whole(self) -> bool:
        return not self.misfits

    def miss(self, what: MissWord, seq: int, detail: str, tenant: str = "", no: int = 0) -> None:
        if len(self.misfits) < MISFITS_MAX:
            self.misfits.append(Misfit(what=what, seq=seq, tenant=tenant, no=no, detail=detail))
        else:
            self.untold += 1


class Cut(msgspec.Struct, frozen=True):
    """As a row of the kind ``cut`` says: everything of the tenant up to ``no`` may be gone; that row had this hash, and
    this place among all."""

    no: int
    hash: bytes
    seq: int


class _Said(msgspec.Struct):
    """The arguments of a cut."""

    hash: str
    seq: int


class _Replaced(msgspec.Struct):
    """The arguments of an erasure: (number, index of the text, commitment to what stands there instead)."""

    texts: list[tuple[int, int, str]]


class Marks:
    """What cuts and erasures say, gathered before the walk; each of them is a row of the chain and proven in it."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.cuts: dict[str, Cut] = {}
        self._replaced: dict[tuple[str, int, int], bytes] = {}
        sql = f"{KEPT} WHERE a.kind IN ('cut', 'erased') ORDER BY a.seq"
        for found in raw.execute(sql):
            try:
                self._take(kept(found))
            except (msgspec.DecodeError, ValueError, TypeError):
                continue  # the walk finds it unreadable or edited

    def _take(self, each: Kept) -> None:
        if each.told is None:
            return
        row = each.row
        if row.kind == "cut":
            said = msgspec.json.decode(each.told.arguments, type=_Said)
            self.cuts[row.tenant] = Cut(row.of, bytes.fromhex(said.hash), said.seq)
        else:
            for no, field, replaced in msgspec.json.decode(each.told.arguments, type=_Replaced).texts:
                self._replaced[row.tenant, no, field] = bytes.fromhex(replaced)

    def sums(self, row: Row) -> tuple[Sums, int]:
        """The commitments that hold for a row's texts now, and how many of them were replaced."""
        found = {at: self._replaced.get((row.tenant, row.no, at)) for at in range(len(FIELDS))}
        changed = {at: replaced for at, replaced in found.items() if replaced is not None}
        return tuple(changed.get(at, one) for at, one in enumerate(row.sums)), len(changed)


class _Chain:
    """How far one tenant's chain was followed, and the number that it began with."""

    __slots__ = ("first", "hash", "no")

    def __init__(self, first: int) -> None:
        self.first = first
        self.no = 0
        self.hash = b""


class Walk:
    """Takes all rows in order, then ``end``."""

    def __init__(self, marks: Marks) -> None:
        self.proof = Proof(misfits=[])
        self._marks = marks
        self._chains: dict[str, _Chain] = {}
        self._last = Head()
        self._gaps: list[tuple[int, int]] = []
        """(first, last) of numbers that nobody has."""
        self._open: set[tuple[str, int]] = set()

    def take(self, each: Kept) -> None:
        row = each.row
        self.proof.rows += 1
        if row.v != VERSION:
            self.proof.miss("unreadable", row.seq, f"it is of version {row.v}", row.tenant, row.no)
        elif digest(row) != each.hash:
            self.proof.miss("edited", row.seq, "its hash is another than it has", row.tenant, row.no)
        self._order(row)
        self._within(row)
        self._told(each)
        self._last = Head(row.seq, each.hash)
        chain = self._chains.setdefault(row.tenant, _Chain(row.no))
        chain.no, chain.hash = max(row.no, chain.no), each.hash
        if row.kind == "intended":
            self._open.add((row.tenant, row.no))
        elif row.kind == "concluded":
            self._open.discard((row.tenant, row.of))

    def _order(self, row: Row) -> None:
        """Among all rows."""
        if row.seq > self._last.seq + 1:
            self._gaps.append((self._last.seq + 1, row.seq - 1))
        elif row.before != self._last.hash:
            self.proof.miss(
                "forked", row.seq, f"it was written behind another row than {self._last.seq}", row.tenant, row.no
            )

    def _within(self, row: Row) -> None:
        """Among the tenant's."""
        chain = self._chains.get(row.tenant)
        cut = self._marks.cuts.get(row.tenant)
        if chain is None:
            if row.no == 1:
                if row.prev:
                    self.proof.miss("forked", row.seq, "it is the first and names one before", row.tenant, row.no)
            elif cut is None or row.no > cut.no + 1:
                told = "nothing was cut" if cut is None else f"the cut goes to {cut.no}"
                detail = f"the tenant's rows 1 to {row.no - 1} are gone, and {told}"
                self.proof.miss("removed", row.seq, detail, row.tenant, row.no)
            elif row.no == cut.no + 1 and row.prev != cut.hash:
                self.proof.miss("forked", row.seq, "it follows another row than the cut names", row.tenant, row.no)
        elif row.no > chain.no + 1:
            detail = f"the tenant's rows {chain.no + 1} to {row.no - 1} are gone"
            self.proof.miss("removed", row.seq, detail, row.tenant, row.no)
        elif row.no == chain.no:
            self.proof.miss("inserted", row.seq, f"the tenant has a row {row.no} already", row.tenant, row.no)
        elif row.no < chain.no:
            self.proof.miss("reordered", row.seq, f"it comes after the tenant's row {chain.no}", row.tenant, row.no)
        elif row.prev != chain.hash:
            detail = f"it was written behind another row than the tenant's {chain.no}"
            self.proof.miss("forked", row.seq, detail, row.tenant, row.no)

    def _told(self, each: Kept) -> None:
        """What stands in clear."""
        row = each.row
        if each.told is None:
            self.proof.miss("told_removed", row.seq, "what it tells is gone", row.tenant, row.no)
            return
        sums, replaced = self._marks.sums(row)
        self.proof.erased += replaced
        texts = each.told.texts()
        if not len(sums) == len(texts) == len(each.salts):
            self.proof.miss("told_edited", row.seq, "it tells more or less than it did", row.tenant, row.no)
            return
        for name, text, salt, expected in zip(FIELDS, texts, each.salts, sums, strict=True):
            if commitment(salt, text) != expected:
                self.proof.miss("told_edited", row.seq, f"{name} says something else than it did", row.tenant, row.no)

    def unreadable(self, seq: int, error: Exception) -> None:
        self.proof.rows += 1
        self.proof.miss("unreadable", seq, f"it cannot be read: {error}")

    def end(self, anchors: Iterable[Anchor], hash_of: HashOf, store: str) -> Proof:
        """The ends of chains, gaps between them, and what others remember."""
        self.proof.head = self._last
        self.proof.tenants = len(self._chains)
        self.proof.unfinished = len(self._open)
        self._ends()
        for anchor in anchors:
            self.proof.anchors += 1
            self._anchor(anchor, hash_of, store)
        self.proof.misfits.sort(key=lambda misfit: misfit.seq)
        return self.proof

    def _ends(self) -> None:
        cuts = self._marks.cuts
        self.proof.cut = sum(chain.first - 1 for tenant, chain in self._chains.items() if tenant in cuts)
        missing = sum(last - first + 1 for first, last in self._gaps)
        newest_cut = max((cut.seq for cut in cuts.values()), default=0)
        beyond = [gap for gap in self._gaps if gap[1] > newest_cut]
        for first, last in beyond:
            which = f"row {first} is gone" if first == last else f"rows {first} to {last} are gone"
            self.proof.miss("removed", last + 1, f"{which}, and no cut goes so far")
        if not beyond and missing != self.proof.cut:
            place = self._gaps[-1][1] + 1 if self._gaps else 0
            self.proof.miss(
                "removed",
                place,
                f"{number_of(missing, 'rows', 'is', 'are')} gone, of which cuts tell {self.proof.cut}",
            )

    def _anchor(self, anchor: Anchor, hash_of: HashOf, store: str) -> None:
        if anchor.store and anchor.store != store:
            self.proof.miss("other", anchor.seq, f"{anchor.where} is of another store ({anchor.store})")
            return
        if anchor.seq > self._last.seq:
            detail = f"{anchor.where} remembers row {anchor.seq}; the newest here is {self._last.seq}"
            self.proof.miss("ahead", anchor.seq, detail)
            return
        found = hash_of(anchor.seq)
        if found is not None and found != anchor.hash:
            self.proof.miss("forked", anchor.seq, f"{anchor.where} remembers another row {anchor.seq} than stands here")


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────


def hurry() -> None:
    """Nobody has to be left time."""


def prove(raw: sqlite3.Connection, anchors: Iterable[Anchor], rest: Callable[[], None] = hurry) -> Proof:
    """On one snapshot. ``anchors`` were gathered before it: what they remember has to be in it. ``rest`` is called
    after each row. Raises sqlite3.Error where the database cannot be read."""
    raw.execute("BEGIN")
    try:
        walk = Walk(Marks(raw))
        for found in raw.execute(f"{KEPT} ORDER BY a.seq"):
            try:
                each = kept(found)
            except (ValueError, TypeError) as error:
                walk.unreadable(found[0], error)
            else:
                walk.take(each)
            rest()
        left = "SELECT min(seq), count(*) FROM audit_told WHERE seq NOT IN (SELECT seq FROM audit)"
        first, n = raw.execute(left).fetchone()
        if n:
            walk.proof.miss(
                "removed", first, f"it is gone, and its clear text is left; so it is with {number_of(n, 'rows')}"
            )
        [store] = raw.execute("SELECT value FROM facts WHERE name = 'store_id'").fetchone() or [""]

        def hash_of(seq: int) -> bytes | None:
            row = raw.execute("SELECT hash FROM audit WHERE seq = ?", (seq,)).fetchone()
            return None if row is None else row[0]

        return walk.end(anchors, hash_of, store)
    finally:
        raw.execute("ROLLBACK")


def prove_file(path: Path, anchors: Iterable[Anchor], rest: Callable[[], None] = hurry) -> Proof:
    """Of a database file, in use or not; it is only read. Blocks: call it in a thread where that matters.
    Raises StoreRefused."""
    with reading(path, "audit_told", "an audit") as raw:
        return prove(raw, anchors, rest)
