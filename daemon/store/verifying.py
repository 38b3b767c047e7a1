"""Whether a store is whole and everything in it adds up: five questions, each with what it looked at and what is wrong.

``database``: every page, row, index and constraint, and of everything whose digest was kept that it is what was
accepted. ``mark``: it has all that its high-water mark has seen. ``audit``: the chain is as it was written.
``conservation``: nothing that was accepted is lost. ``deliveries``: lines can move, and nothing was posted twice.

It only reads, a database in use or a copy. A question that cannot be asked because the file is damaged is answered so.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from config.numbers import number_of
from daemon.store import audit_proof, conserving_proof, lineage, mark
from daemon.store.admission import lament
from daemon.store.aside import reading
from daemon.store.audit_proof import Anchor, hurry
from daemon.store.errors import StoreRefused
from daemon.store.rows import unpack_history
from daemon.store.soundness import contradictions

StepName = Literal["database", "mark", "audit", "conservation", "deliveries"]
STEPS: tuple[StepName, ...] = ("database", "mark", "audit", "conservation", "deliveries")
WRONG_MAX = 100
"""Of each step so many are named; more are counted."""
_HEADS = (
    "SELECT lane, destination, min(seq), sum(head), count(*) FROM deliveries INDEXED BY deliveries_line "
    "WHERE state IN ('waiting', 'claimed', 'unknown') GROUP BY lane, destination HAVING sum(head) <> 1"
)
_OWNED_UP = "SELECT seq FROM audit WHERE kind = 'noted' AND what IN ('store.loss_accepted', 'audit.tail_missing')"
"""Rows that stand behind a gap and say so: without them a restored store would never be whole again."""
_DELIVERED = "SELECT seq, id, lane, history FROM deliveries WHERE state = 'delivered' AND revise = 0"


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """What does not fit: ``row`` is its number in ``table``, 0 where it has none."""

    table: str
    row: int = 0
    tenant: str = ""
    detail: str


class Step(msgspec.Struct, kw_only=True):
    """How one question was answered."""

    name: StepName
    looked_at: int = 0
    wrong: list[Wrong] = []
    untold: int = 0
    detail: str = ""
    took_s: float = 0.0

    def miss(self, wrong: Wrong) -> None:
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append(wrong)
        else:
            self.untold += 1

    @property
    def wrongs(self) -> int:
        return len(self.wrong) + self.untold


Told = Callable[[StepName, int, int], None]
"""Hears (step, how far, of how much; 0: not known) now and then. What it raises ends the proof."""


def verify(
    path: Path, anchors: Sequence[Anchor], told: Told, rest: Callable[[], None] = hurry, *, used: bool = False
) -> Iterator[Step]:
    """Each step when it is done. ``anchors`` were gathered before; ``rest`` is called between small pieces of work.
    ``used``: a daemon has the file open. Blocks. Raises StoreRefused where the file is no database of ours."""
    with reading(path, "migrations", "migrations"):
        pass  # it is one
    for name in STEPS:
        told(name, 0, 0)
        began_s, step = time.monotonic(), Step(name=name, wrong=[])
        try:
            match name:
                case "database":
                    _database(path, step, told, rest, used=used)
                case "mark":
                    _mark(path, step)
                case "audit":
                    _audit(path, step, anchors, rest)
                case "conservation":
                    _conservation(path, step, rest)
                case "deliveries":
                    _deliveries(path, step, rest)
        except StoreRefused as error:
            step.miss(Wrong(table="", detail=str(error)))
        step.took_s = round(time.monotonic() - began_s, 1)
        yield step


def _database(path: Path, step: Step, told: Told, rest: Callable[[], None], *, used: bool) -> None:
    """Table by table, so that it can be told how far it is, and others come between. Closing the last connection that
    may write would write the log back into a file that nobody uses: such a file is only read."""
    log = path.with_name(path.name + "-wal")
    constraints = os.access(path, os.W_OK) and (used or not log.exists() or not log.stat().st_size)
    with reading(path, "migrations", "migrations", constraints=constraints) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for number, table in enumerate(tables):
            told("database", number, len(tables))
            for (said,) in raw.execute(f"PRAGMA integrity_check({table})"):
                if said != "ok":
                    step.miss(Wrong(table=table, detail=str(said)))
            step.looked_at += 1
            rest()
        for (said,) in raw.execute("PRAGMA integrity_check(sqlite_schema)"):
            if said != "ok":
                step.miss(Wrong(table="sqlite_schema", detail=str(said)))
        for detail in contradictions(raw, rest, whole=True):
            kind, _, number_in_words = detail.partition(":")[0].partition(" ")
            digits = number_in_words.split(" ")[0]
            step.miss(Wrong(table=_TABLES.get(kind, kind), row=int(digits) if digits.isdigit() else 0, detail=detail))
    step.detail = number_of(step.looked_at, "tables") + ("" if constraints else ", their constraints left out")


_TABLES = {
    "statement": "statements",
    "delivery": "deliveries",
    "document": "documents",
    "attachment": "contents",
}


def _mark(path: Path, step: Step) -> None:
    found = mark.read(mark.mark_path(path))
    with reading(path, "commits", "an account of its commits") as raw:
        here = lineage.read(raw)
    step.looked_at = here.number
    verdict = mark.judge(found, here)
    match verdict:
        case mark.Lost():
            step.miss(Wrong(table="commits", row=here.number, detail=lament(path, verdict, here)))
        case mark.Unmarked():
            step.detail = f"nothing to compare with: {verdict.reason}; commit {here.number} of store {here.store}"
        case mark.Intact():
            step.detail = f"commit {here.number} of store {here.store}"
    if found.damaged and found.present:
        step.miss(Wrong(table="", detail=f"{number_of(found.damaged, 'copies')} of the mark damaged"))


def _audit(path: Path, step: Step, anchors: Sequence[Anchor], rest: Callable[[], None]) -> None:
    proof = audit_proof.prove_file(path, anchors, rest)
    step.looked_at, step.untold = proof.rows, proof.untold
    with reading(path, "audit", "an audit") as raw:
        gaps = {seq for (seq,) in raw.execute(_OWNED_UP)}
    owned_up = [each for each in proof.misfits if each.what == "removed" and each.seq in gaps]
    for each in proof.misfits:
        if each not in owned_up:
            step.miss(Wrong(table="audit", row=each.seq, tenant=each.tenant, detail=f"{each.what}: {each.detail}"))
    step.detail = f"{number_of(proof.rows, 'rows')}, {number_of(proof.anchors, 'anchors')} compared"
    if owned_up:
        rows = ", ".join(str(each.seq) for each in owned_up)
        step.detail += (
            f"; what is missing before row {rows} was lost and accepted, as it says (audit verify tells more)"
        )


_ROWS = {
    "chain": "conserved",
    "unreadable": "conserved",
    "accepted": "conserved",
    "request": "arrivals",
    "statement": "statements",
    "delivery": "statements",
    "effect": "deliveries",
    "count": "depths",
}


def _conservation(path: Path, step: Step, rest: Callable[[], None]) -> None:
    proof = conserving_proof.prove_file(path, rest)
    step.looked_at, step.untold = proof.statements, proof.untold
    for each in proof.misfits:
        step.miss(Wrong(table=_ROWS[each.what], row=each.row, tenant=each.tenant, detail=each.detail))
    step.detail = (
        f"{number_of(proof.links, 'links')}, {number_of(proof.requests, 'requests')}, "
        f"{number_of(proof.statements, 'statements')}, {number_of(proof.deliveries, 'deliveries')}"
    )


def _deliveries(path: Path, step: Step, rest: Callable[[], None]) -> None:
    """Effects are known by conservation already, and unique by the database; here: lines, and what was posted."""
    with reading(path, "deliveries", "deliveries") as raw:
        for lane, destination, seq, heads, n in raw.execute(_HEADS):
            what = "no delivery goes first, so none will ever go" if not heads else f"{heads} deliveries go first"
            detail = f"{number_of(n, 'deliveries', 'waits', 'wait')} for {destination} on {lane}: {what}"
            step.miss(Wrong(table="deliveries", row=seq, tenant=lane.partition("/")[0], detail=detail))
        rest()
        for seq, key, lane, history in raw.execute(_DELIVERED):
            step.looked_at += 1
            tenant = lane.partition("/")[0]
            try:
                posts = sum(line.kind == "send" and line.verdict == "delivered" for line in unpack_history(history))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                step.miss(
                    Wrong(table="deliveries", row=seq, tenant=tenant, detail=f"its history is unreadable: {error}")
                )
                continue
            if posts > 1:
                detail = f"delivery {key.hex()} of {lane} was posted {posts} times"
                step.miss(Wrong(table="deliveries", row=seq, tenant=tenant, detail=detail))
            if step.looked_at % 1_000 == 0:
                rest()
    step.detail = f"{number_of(step.looked_at, 'posts')} made once, every line moves"
