"""A school's office, which drops bundles of CSV files into an inbox: as zips, as folders, file by file, torn, spoilt,
too late, twice, and replaced while they are read. It knows of each where it has to lie in the end.

Its files stand in virtual time, as far as a file can: what was written when, not when that was changed.
"""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec
import trio

from actors.domain.school import School
from actors.sources.oneroster.fake import bundle_of, zipped
from tests.simulation.record import Record

Files = dict[str, str]
DONE, FAILED = frozenset({"done"}), frozenset({"failed"})
GOOD = ("bulk", "delta", "twice", "slowly", "folder", "loose", "newer")
BAD = ("torn", "halved", "spoilt", "lacking", "late")
"""Of these nobody is taken away, and they have to lie in ``failed``."""
MOVED = ("replaced", "withdrawn")
"""While they are read: whoever reads them notices, or has read them whole."""
WAYS = (*GOOD, *BAD, *MOVED)
SLOWLY_S = 40.0
LONG_AGO_S = 7 * 86_400.0
NEXT_S = 2.0
"""Zips tell times to two seconds."""


class Dropped(msgspec.Struct):
    """What lies in the inbox, or lay there; ``ends``: where it may end. ``loose``: tables without a name of theirs."""

    name: str
    way: str
    ends: frozenset[str]
    loose: bool = False


class Office:
    """Of one inbox. Every export that is read undisturbed tells how the school stands."""

    def __init__(self, inbox: Path, school: School, now_s: Callable[[], float], dice: Random, record: Record) -> None:
        self.inbox = inbox
        self.dropped: list[Dropped] = []
        self._school = school
        self._now_s = now_s
        self._dice = dice
        self._record = record
        self._made_s = 0.0
        self._told_s = 0.0
        self._count = 0
        self._last = b""
        self._meddling: list[Callable[[], None]] = []
        self._unseen: set[str] = set()
        self._faults: list[str] = []
        self._version: Literal["1.1", "1.2"] = dice.choice(("1.1", "1.2"))
        self._kept = ""
        inbox.mkdir()

    # ── what it does ─────────────────────────────────────────────────────────────────────────────────

    async def drop(self, way: str) -> None:
        """One of WAYS. Whoever writes slowly is done when this returns."""
        self._record.note("bundle", way, count=f"bundle {way}")
        match way:
            case "bulk":
                self._zip(way, bundle_of(self._school, self._version))
            case "delta":
                since_s, self._told_s = self._told_s - 1, self._now_s()
                self._zip(way, bundle_of(self._school, self._version, since_s))
            case "twice":
                data = self._zipped(bundle_of(self._school, self._version))
                for _ in range(2):
                    self._file(way, data, DONE, self._now_s())
            case "newer":  # it lies beside an older one, perhaps by a name before that
                for _ in range(2):
                    self._zip(way, bundle_of(self._school, self._version))
            case "slowly":
                await self._slowly(self._name("zip"), self._zipped(bundle_of(self._school, self._version)), DONE)
            case "folder" | "loose":
                await self._tables(way)
            case "torn":
                data = self._zipped(bundle_of(self._school, self._version))
                self._file(way, data[: len(data) * self._dice.randint(1, 9) // 10], FAILED, self._now_s())
            case "replaced" | "withdrawn":
                self._meddle(way)
            case _:
                self._zip(way, self._wrong(way))

    def _wrong(self, way: str) -> Files:
        """A bundle that somebody has to look at, in which many are missing."""
        files = bundle_of(self._school, self._version)
        name = self._dice.choice(("users.csv", "enrollments.csv", "classes.csv"))
        lines = files[name].splitlines(keepends=True)
        some = lines[: 1 + self._dice.randint(0, len(lines) - 2)]
        match way:
            case "halved":
                files[name] = "".join(some) + lines[-1][:7]
            case "spoilt":
                files[name] = "".join(some) + "\0" + "".join(lines[len(some) :])
            case "lacking":
                del files[name]
            case _:  # "late": from a time when they were not there yet
                files[name] = "".join(some)
        return files

    def _zip(self, way: str, files: Files) -> None:
        late = way == "late"
        ends = FAILED if way in BAD else DONE
        at_s = self._now_s() - LONG_AGO_S if late else None
        self._file(way, self._zipped(files, at_s), ends, self._now_s() if at_s is None else at_s)

    def _zipped(self, files: Files, at_s: float | None = None) -> bytes:
        """As it is written now, always later than what was written before."""
        if at_s is None:
            at_s = self._made_s = max(self._made_s + NEXT_S, self._now_s())
        at = datetime.fromtimestamp(at_s, UTC)
        return zipped(files, (at.year, at.month, at.day, at.hour, at.minute, at.second))

    def _name(self, kind: str) -> str:
        """Names do not tell the order."""
        self._count += 1
        return f"{self._dice.randint(0, 999):03d}-{self._count}" + (f".{kind}" if kind else "")

    def _file(self, way: str, data: bytes, ends: frozenset[str], at_s: float) -> Dropped:
        dropped = Dropped(self._name("zip"), way, ends)
        self._put(dropped.name, data, at_s)
        self.dropped.append(dropped)
        if ends == DONE:
            self._last = data
        return dropped

    def _put(self, name: str, data: bytes, at_s: float) -> None:
        """At once, as a copying program does."""
        part = self.inbox / f"{name}.part"
        part.write_bytes(data)
        stamp(part, at_s)
        part.rename(self.inbox / name)

    async def _slowly(self, name: str, data: bytes, ends: frozenset[str]) -> None:
        """Bit by bit, under its own name."""
        path, pieces = self.inbox / name, self._dice.randint(2, 5)
        self.dropped.append(Dropped(name, "slowly", ends))
        for number in range(1, pieces + 1):
            path.write_bytes(data[: len(data) * number // pieces])
            stamp(path, self._now_s())
            if number < pieces:
                await trio.sleep(self._dice.uniform(0.0, 4.0))

    async def _tables(self, way: str) -> None:
        """File by file, in any order, faster than anybody would take it for whole."""
        loose = way == "loose"
        files = list(bundle_of(self._school, self._version).items())
        self._dice.shuffle(files)
        into = self.inbox if loose else self.inbox / self._name("")
        dropped = Dropped("" if loose else into.name, way, DONE, loose)
        if loose and any(each.loose for each in self.dropped if self._lies(each)):
            return  # those before lie there still
        self.dropped.append(dropped)
        into.mkdir(exist_ok=True)
        whole_s = self._dice.uniform(0.0, SLOWLY_S) / len(files)
        for name, text in files:
            (into / name).write_text(text, newline="")
            stamp(into / name, self._now_s())
            await trio.sleep(min(whole_s, 4.0))
        self._made_s = max(self._made_s, self._now_s())

    # ── while it is read ─────────────────────────────────────────────────────────────────────────────

    def _meddle(self, way: str) -> None:
        """As soon as some of its rows were read."""
        dropped = self._file(way, self._zipped(bundle_of(self._school, self._version)), DONE, self._now_s())
        passes = self._dice.randint(1, 12)

        def meddled() -> None:
            nonlocal passes
            passes -= 1
            path = self.inbox / dropped.name
            if passes or not path.exists():
                return
            self._record.note("bundle", way, "now", count=f"bundle {way} while it was read")
            if way == "withdrawn":
                path.unlink()
                self.dropped.remove(dropped)
            else:
                self._last = self._zipped(bundle_of(self._school, self._version))
                self._put(dropped.name, self._last, self._now_s())
                self._unseen.add(str(path))

        self._meddling.append(meddled)

    def heard(self, point: str, answer: Any, args: tuple[Any, ...]) -> None:
        """Of the depot: what has taken another's place is looked at anew before it is put away."""
        match point:
            case "depot.rows":
                for each in self._meddling:
                    each()
            case "depot.bundles":
                self._unseen.difference_update(each.key for each in answer)
            case "depot.put" if args[0] in self._unseen and answer == "":
                self._faults.append(f"{args[0]} took the place of another, and was put away unread")

    # ── and then ─────────────────────────────────────────────────────────────────────────────────────

    def _lies(self, dropped: Dropped) -> bool:
        if dropped.loose:
            return any(each.suffix == ".csv" for each in self.inbox.iterdir())
        return (self.inbox / dropped.name).exists()

    def lying(self) -> list[Dropped]:
        """What was not dealt with yet."""
        return [each for each in self.dropped if self._lies(each)]

    def settle(self) -> None:
        """Nobody meddles any more."""
        self._meddling.clear()

    def misplaced(self, deaths: int) -> list[str]:
        """What does not lie, once, where it has to, in words. ``deaths``: so many times what lay loose may have been
        parted, while it was put away."""
        faults = list(self._faults)
        found = {
            where: [each for each in (self.inbox / where).glob("*") if each.suffix != ".txt"]
            for where in ("done", "failed")
        }
        loose = sum(each.loose for each in self.dropped)
        names = [(each.name, where) for where, paths in found.items() for each in paths]
        for each in self.dropped:
            ends = [where for name, where in names if name == each.name]
            if not each.loose and (len(ends) != 1 or ends[0] not in each.ends):
                faults.append(f"the bundle {each.name} ({each.way}) ended in {ends or 'nowhere'}")
        tables = sum(name.startswith("tables-") for name, _ in names)
        if not loose <= tables <= loose + deaths:
            faults.append(f"{loose} times loose tables ended in {tables} folders")
        if any("tables" in path.name for path in found["failed"]):
            faults.append("failed has loose tables")
        known = {self._kept, *(each.name for each in self.dropped)}
        faults += [f"{where} has {name}" for name, where in names if name not in known and "tables" not in name]
        return faults

    def clear(self) -> None:
        """A person tidies up, but for what was taken last."""
        for where in ("done", "failed"):
            for path in (self.inbox / where).glob("*"):
                last = path.is_file() and path.suffix == ".zip" and path.read_bytes() == self._last
                if path.is_dir():
                    shutil.rmtree(path)
                elif last:
                    self._kept = path.name
                else:
                    path.unlink()
        self.dropped.clear()


def stamp(path: Path, at_s: float) -> None:
    """Written then."""
    at_ns = round(at_s * 1e9)
    os.utime(path, ns=(at_ns, at_ns))
