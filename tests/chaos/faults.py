"""What is done to a running daemon and its vendors, one thing at a time, while work goes on. Each act ends with the
daemon up again; what it found out on the way is its own word for the table.
"""

import random
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import trio
from damage import LOG_DAMAGES, NAME, PAGE_DAMAGES, Damage
from ordeal import SLOW_VENDOR, Ordeal
from small_disk import SmallDisk

from daemon.demo.stage import Process

VENDOR_TIMEOUT_S = 15.0
"""So long the daemon waits for a vendor's answer."""
SECOND_S = 1.0
ACT_S_MAX = 90.0


class Broken(Exception):
    """A promise was broken; the text says which."""


class Stageplay:
    """What the acts share. ``backup`` is an older copy of the database, as an operator keeps one."""

    def __init__(self, ordeal: Ordeal, disk: SmallDisk, dice: random.Random, workshop: Path) -> None:
        self.ordeal = ordeal
        self.disk = disk
        self.dice = dice
        self.workshop = workshop
        self.backup: Path | None = None

        self.earlier: Path | None = None
        """The files of the database as an earlier death left them."""

    @property
    def daemon(self) -> Process:
        return self.ordeal.stage.daemon


Act = Callable[[Stageplay], Awaitable[str]]


# ── the process ──────────────────────────────────────────────────────────────────────────────────────


async def killed(play: Stageplay) -> str:
    """SIGKILL at any moment, also while it starts."""
    await trio.sleep(play.dice.uniform(0.0, 1.5))
    await play.ordeal.stage.kill_and_restart()
    return "restarted"


async def restarted(play: Stageplay) -> str:
    """SIGTERM under load: it finishes what is in flight."""
    code = await play.daemon.end(signal.SIGTERM)
    play.daemon.start()
    if code:
        raise Broken(f"SIGTERM ended it with exit code {code}")
    return "in good order"


async def _stopped(process: Process, for_s: float) -> None:
    process.send(signal.SIGSTOP)
    try:
        await trio.sleep(for_s)
    finally:
        process.send(signal.SIGCONT)


async def stopped(play: Stageplay) -> str:
    """SIGSTOP and SIGCONT: time stands still for it."""
    await _stopped(play.daemon, play.dice.uniform(0.1, 3.0))
    return "went on"


async def stopped_long(play: Stageplay) -> str:
    """For longer than it waits for a vendor: when it wakes, its answers are there and its deadlines are over."""
    await _stopped(play.daemon, VENDOR_TIMEOUT_S + play.dice.uniform(1.0, 3.0))
    return "went on"


async def vendor_stopped(play: Stageplay) -> str:
    """The vendor hangs, and does everything in the end."""
    await _stopped(play.ordeal.stage.sandbox, play.dice.uniform(0.5, 5.0))
    return "waited for"


async def vendor_stopped_long(play: Stageplay) -> str:
    """For longer than anybody waits, but within the window in which a late post is still reckoned with."""
    await _stopped(play.ordeal.stage.sandbox, VENDOR_TIMEOUT_S + 0.8)
    return "looked for"


async def reset(play: Stageplay) -> str:
    """The vendor does it and hangs up before it says so."""
    faults: list[dict[str, object]] = [
        {"kind": kind, "vendor": vendor, "times": 0, "chance": 0.2}
        for vendor in ("slack", "teams")
        for kind in ("reset_after_commit", "truncated_after_commit")
    ]
    await play.ordeal.stage.faults([*SLOW_VENDOR, *faults])
    await trio.sleep(play.dice.uniform(1.0, 3.0))
    await play.ordeal.stage.faults(SLOW_VENDOR)
    return "looked for"


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────────


async def full(play: Stageplay) -> str:
    """No room for a while; sometimes it dies meanwhile."""
    pid = play.daemon.pid
    before = play.ordeal.moodle.refused
    play.disk.fill(pid)
    try:
        await trio.sleep(play.dice.uniform(0.5, 3.0))
        if play.disk.real and play.dice.random() < 0.3:
            await play.ordeal.stage.kill_and_restart()
            await trio.sleep(1.0)
    finally:
        play.disk.free(pid)
    return "refused meanwhile" if play.ordeal.moodle.refused > before else "nobody asked"


async def backed_up(play: Stageplay) -> str:
    """An operator keeps a copy."""
    home = play.workshop / "backup"
    home.mkdir(exist_ok=True)

    def copy() -> None:
        source = sqlite3.connect(f"file:{play.ordeal.database}?mode=ro", uri=True)
        target = sqlite3.connect(home / NAME)
        source.backup(target)
        source.close()
        target.close()

    await trio.to_thread.run_sync(copy)
    play.backup = home
    return "kept"


async def restored(play: Stageplay) -> str:
    """The copy is put back: refused, accepted, and the LMS tells again what it had told since the beginning."""
    if play.backup is None:
        return await backed_up(play)
    stage, database = play.ordeal.stage, play.ordeal.database
    await stage.ready()  # which commits something; a second later it has been marked
    await trio.sleep(SECOND_S)
    await stage.daemon.end(signal.SIGKILL)
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
    shutil.copy(play.backup / NAME, database)
    code, said = await _migrate(play.ordeal.scene.root)
    if code != 1 or "--accept-loss" not in said:
        raise Broken(f"an older copy was put in the place of the database, and migrate said ({code}): {said}")
    code, said = await _migrate(play.ordeal.scene.root, "--accept-loss")
    if code:
        raise Broken(f"the loss could not be accepted ({code}): {said}")
    stage.daemon.start()
    await play.ordeal.feed.tell_again()
    play.backup = None
    return "refused, accepted"


def damaged(kinds: tuple[Damage, ...]) -> Act:
    """A copy of the files as a kill leaves them is damaged and opened by the real command; the original lives on."""

    async def act(play: Stageplay) -> str:
        stage = play.ordeal.stage
        await stage.daemon.end(signal.SIGKILL)
        died_s = trio.current_time()
        acknowledged = [ids for at_s, ids in play.ordeal.feed.answers if at_s < died_s - SECOND_S]
        home = Path(tempfile.mkdtemp(dir=play.workshop))
        shutil.copytree(
            play.ordeal.scene.root, home / "scene", ignore=shutil.ignore_patterns("*.log", "*.sock", "state")
        )
        _files(play.ordeal.database, home / "found")
        stage.daemon.start()
        shutil.copytree(home / "found", home / "files")
        damage = play.dice.choice(kinds)
        damage(play.dice, home / "files", play.earlier or home / "found")
        play.earlier = home / "found"
        toml = home / "scene" / "lmsyncd.toml"
        words = toml.read_text(encoding="utf-8").replace(str(play.ordeal.database), str(home / "files" / NAME))
        toml.write_text(words, encoding="utf-8")
        code, said = await _migrate(home / "scene")
        if code == 1 and said.startswith("lmsyncd: ") and said.count("\n") <= 1:
            return "refused"
        if code:
            raise Broken(f"{damage.__name__}: exit code {code}: {said}")
        try:
            there = _ids(home / "files" / NAME)
        except sqlite3.DatabaseError as error:
            raise Broken(f"{damage.__name__}: opened, and cannot be read: {error}") from error
        missing = sum(one not in there for ids in acknowledged for one in ids)
        if missing:
            raise Broken(f"{damage.__name__}: opened without {missing} statements acknowledged a second before")
        return "whole"

    return act


def _files(database: Path, into: Path) -> None:
    into.mkdir(parents=True)
    for suffix in ("", "-wal", ".mark"):
        source = database.with_name(database.name + suffix)
        if source.exists():
            shutil.copy(source, into / f"{NAME}{suffix}")


def _ids(database: Path) -> set[str]:
    raw = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return {str(UUID(bytes=key)) for (key,) in raw.execute("SELECT id FROM statements")}
    finally:
        raw.close()


async def _migrate(root: Path, *words: str) -> tuple[int, str]:
    """``lmsyncd migrate``: its exit code and what it said."""
    command = [sys.executable, "-m", "daemon.cli.lmsyncd", "migrate", "--config", str(root), *words]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()


damaged_log = damaged(LOG_DAMAGES)
damaged_page = damaged(PAGE_DAMAGES)

RESTORED = "older copy put back"
ACTS: dict[str, tuple[Act, float, float]] = {
    "SIGKILL": (killed, 10.0, 0.0),
    "SIGTERM": (restarted, 3.0, 0.0),
    "SIGSTOP": (stopped, 3.0, 0.0),
    "SIGSTOP beyond the timeout": (stopped_long, 1.0, 120.0),
    "vendor stopped": (vendor_stopped, 2.0, 0.0),
    "vendor stopped beyond the timeout": (vendor_stopped_long, 1.0, 120.0),
    "reset after accept": (reset, 4.0, 0.0),
    "disk full": (full, 3.0, 0.0),
    "log damaged": (damaged_log, 4.0, 0.0),
    "pages damaged": (damaged_page, 3.0, 0.0),
    RESTORED: (restored, 2.0, 0.0),
}
"""Name, act, how often beside the others, and how long a run must be at least for it (seconds)."""
