"""A whole daemon with a sandbox as its vendors and an LMS that never gives up; what is done to it is the caller's
affair. At the end everything is let come to rest, a person takes care of what was left to people, and two oracles that
know nothing of each other are compared: the statements that were acknowledged, and the vendors' journals.
"""

import random
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import msgspec
import trio
from semester import Feed, Semester

from daemon.demo.moodle import Moodle
from daemon.demo.oracle import Balance, compare
from daemon.demo.scene import KEY, SECRET, Scene, write
from daemon.demo.stage import Stage, free_port

SLOW_VENDOR: list[dict[str, object]] = [
    {"kind": "slow", "vendor": "slack", "value": "0.05", "times": 0},
    {"kind": "slow", "vendor": "teams", "value": "0.02", "times": 0},
]
"""So that there is always something on the wire."""
REST_S_MAX = 180.0
LOOK_S = 0.5


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``left`` deliveries had been left to a person, who had them tried again."""

    balance: Balance
    states: dict[str, int]
    acknowledged: int
    stored: int
    left: int
    attempts_max: int

    @property
    def faults(self) -> list[str]:
        """Broken promises, in words."""
        found = [f"lost: {what}" for what in self.balance.lost]
        found += [f"doubled: {what}" for what in self.balance.doubled]
        found += [f"never asked for: {what}" for what in self.balance.surplus]
        if self.stored != self.acknowledged:
            found.append(f"{self.acknowledged} statements were acknowledged, {self.stored} are stored")
        if odd := set(self.states) - {"delivered"}:
            found.append(f"not at rest: {', '.join(f'{self.states[state]} {state}' for state in sorted(odd))}")
        return found


class Ordeal:
    """Open it, let the feed run in a nursery, do your worst, ``rest``, close."""

    def __init__(self, root: Path, dice: random.Random, terms: int, store: Path | None = None) -> None:
        """``root`` is made; the database is in it, or in the folder ``store``."""
        root.mkdir(parents=True)
        self.scene = Scene(root=root, gateway_port=free_port(), sandbox_port=free_port(), fast=True)
        write(self.scene)
        self.semester = Semester(terms)
        self.semester.furnish(root)
        self.database = root / "state" / "lmsyncd.db"
        if store is not None:
            self.database = store / "lmsyncd.db"
            with (root / "lmsyncd.toml").open("a", encoding="utf-8") as file:
                file.write(f'\n[store]\npath = "{self.database}"\n')
        self.stage = Stage(self.scene, limits=False)
        self.moodle = Moodle(self.scene.endpoint, KEY, SECRET)
        self.feed = Feed(self.semester, self.moodle, random.Random(dice.random()))  # of its own: it goes its own pace

    async def open(self) -> None:
        await self.stage.open()
        await self.stage.faults(SLOW_VENDOR)

    async def close(self) -> None:
        with trio.CancelScope(shield=True):
            await self.stage.close()

    async def rest(self) -> Verdict:
        """Faults are over and everything is told: wait until nothing is open any more, and judge."""
        await self.stage.ready()
        await self.stage.faults([])
        left: set[str] = set()
        with trio.move_on_after(REST_S_MAX):
            while True:
                states = self.states()
                if stuck := self._stuck() - left:
                    left |= stuck
                    await self.ctl("dlq", "replay", *sorted(stuck))
                elif (
                    set(states) <= {"delivered"}
                    and not compare(self.semester.expected, await self.stage.journal()).lost
                ):
                    break
                await trio.sleep(LOOK_S)
        await self.stage.quiet()
        journal = await self.stage.journal()
        (self.scene.root / "journal.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, journal)))
        return Verdict(
            balance=compare(self.semester.expected, journal),
            states=self.states(),
            acknowledged=len(set(self.moodle.acknowledged)),
            stored=self._one("SELECT count(*) FROM statements"),
            left=len(left),
            attempts_max=self._one("SELECT max(attempts) FROM deliveries"),
        )

    async def ctl(self, *words: str) -> bytes:
        """``lmsyncctl``, as an operator would; what it printed."""
        command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(self.scene.socket), *words]
        done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
        return done.stdout + done.stderr

    def states(self) -> dict[str, int]:
        """Deliveries by state, from the store itself."""
        return Counter(state for (state,) in self._all("SELECT state FROM deliveries"))

    async def _balance(self) -> Balance:
        return compare(self.semester.expected, await self.stage.journal())

    def _stuck(self) -> set[str]:
        return {key for (key,) in self._all("SELECT lower(hex(id)) FROM deliveries WHERE state IN ('dead', 'parked')")}

    def _one(self, sql: str) -> int:
        return int(self._all(sql)[0][0])

    def _all(self, sql: str) -> list[tuple[object, ...]]:
        raw = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return raw.execute(sql).fetchall()
        finally:
            raw.close()
