"""Many seeds, on all cores: what happened in all of them together, and what never did.

Each worker is a process of its own with its own ``PYTHONHASHSEED``. Some seeds are played by two of them, and must
give the same record to the letter.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock, Thread

import msgspec

from tests.simulation.fate import points
from tests.simulation.mishaps import LRS_KINDS, SLACK_KINDS, TEAMS_KINDS
from tests.simulation.play import Outcome
from tests.simulation.shaky import KINDS, WHERE
from tests.simulation.wire import FLAVOURS

TOP = Path(__file__).parents[2]
TWICE_EVERY = 20
"""Of so many seeds one is played twice."""


class Totals:
    """What all seeds came to."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.seeds = 0
        self.twice = 0
        self.statements = 0
        self.effects = 0
        self.virtual_s = 0.0
        self.cpu_s = 0.0
        self.failed: list[Outcome] = []
        self._digests: dict[str, str] = {}

    def add(self, outcome: Outcome) -> None:
        """A seed that was played before only has to agree with itself."""
        name = str(outcome.seed)
        self.cpu_s += outcome.cpu_s
        if name in self._digests:
            self.twice += 1
            if self._digests[name] != outcome.digest:
                outcome.faults.append("played twice, it went two ways: something is left to chance")
                self.failed.append(outcome)
            return
        self._digests[name] = outcome.digest
        self.seeds += 1
        self.counts.update(outcome.counts)
        self.passed.update(outcome.passed)
        self.statements += outcome.statements
        self.effects += outcome.effects
        self.virtual_s += outcome.virtual_s
        if outcome.faults:
            self.failed.append(outcome)

    def wrong(self, word: str) -> int:
        """How many broken invariants begin with this word."""
        return sum(fault.startswith(word) for outcome in self.failed for fault in outcome.faults)

    def never(self) -> list[str]:
        """What should have happened at least once and did not."""
        return [name for name in wanted() if not self.counts[name]]


def wanted() -> list[str]:
    """By the names that are counted: each fault kind, each way a database or a network fails, each place to die."""
    return [
        *(f"fault slack {kind}" for kind in SLACK_KINDS),
        *(f"fault teams {kind}" for kind in TEAMS_KINDS),
        *(f"fault lrs {kind}" for kind in LRS_KINDS),
        *(f"db {kind} at a {where}" for kind in sorted(KINDS) for where in WHERE),
        *(f"network {flavour}" for flavour in FLAVOURS),
        *(f"death {point}" for point in points()),
    ]


class Worker:
    """A process that plays seeds, one at a time."""

    def __init__(self, hash_seed: int) -> None:
        env = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(TOP / "tests/support")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulation", "--worker"],
            cwd=TOP,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def play(self, seed: int | str) -> Outcome:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(msgspec.json.encode(seed) + b"\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the worker died while it played seed {seed}")
        return msgspec.json.decode(line, type=Outcome)

    def close(self) -> None:
        self._process.communicate()  # its input ends, and so does it


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        made = [Worker(number + 1) for number in range(count)]
        for worker in made:
            stack.callback(worker.close)
        yield made


def campaign(
    seeds: Iterable[int | str],
    *,
    seconds: float | None = None,
    count: int | None = None,
    keep: dict[str, Outcome] | None = None,
    twice_every: int = TWICE_EVERY,
) -> Totals:
    """Play seeds until there are none left, the time is over, or one failed. The first is always played. Outcomes are
    put into ``keep``; one seed of ``twice_every`` is played twice (0: none)."""
    totals, queue, guard = Totals(), iter(seeds), Lock()
    ends_s = None if seconds is None else time.monotonic() + seconds
    errors: list[Exception] = []

    def next_seed() -> int | str | None:
        with guard:
            over = ends_s is not None and time.monotonic() >= ends_s and totals.seeds > 0
            if over or totals.failed or errors:
                return None
            return next(queue, None)

    def work(worker: Worker, other: list[int | str]) -> None:
        try:
            number = 0
            while (seed := next_seed()) is not None:
                outcome = worker.play(seed)
                with guard:
                    totals.add(outcome)
                    if keep is not None:
                        keep[str(seed)] = outcome
                    if twice_every and number % twice_every == 0:
                        other.append(seed)
                number += 1
        except Exception as error:  # noqa: BLE001  # raised below, in the caller's thread
            errors.append(error)

    with workers(count or os.cpu_count() or 1) as made:
        lists: list[list[int | str]] = [[] for _ in made]
        threads = [Thread(target=work, args=(worker, lists[index])) for index, worker in enumerate(made)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(made) > 1 and not totals.failed and not errors:
            for index, again in enumerate(lists):
                for seed in again:
                    totals.add(made[(index + 1) % len(made)].play(seed))
    if errors:
        raise errors[0]
    return totals
