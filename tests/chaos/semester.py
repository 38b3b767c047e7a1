"""More work than one sample holds: the sample told again for other courses, other activities and other newcomers.

Each *term* has channels of its own, so that lines do not wait for one another, and everything in it is new: no two
terms make the same effect. Statements of a term keep their order; terms are told side by side.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from daemon.demo.moodle import Moodle, sample
from daemon.demo.oracle import Expected, expect
from daemon.demo.scene import HALL, SLACK_CHANNELS, TEAM, TEAMS_CHANNELS

EFFECTS_A_TERM = 378
BATCH = 5


class Semester:
    """``batches`` in the order they are told; ``expected`` is what must come of all of them."""

    def __init__(self, terms: int) -> None:
        self.terms = terms
        told = [_told(number) for number in range(terms)]
        self.statements = sum(len(lines) for lines in told)
        self.slack = {
            _code(code, n): _channel(channel, n) for n in range(terms) for code, channel in SLACK_CHANNELS.items()
        }
        self.teams = {
            _code(code, n): _thread(thread, n) for n in range(terms) for code, thread in TEAMS_CHANNELS.items()
        }
        self.batches = list(_interleaved([_cut(lines) for lines in told]))
        self.expected: Expected = Counter()
        for lines in told:
            for line in lines:
                self.expected += expect(msgspec.json.decode(line), self.slack, self.teams, HALL)

    def furnish(self, root: Path) -> None:
        """Give the scene's tenant the further channels."""
        path = root / "tenants.d" / "campus.toml"
        words = path.read_text(encoding="utf-8")
        slack = "".join(f'{code} = "{channel}"\n' for code, channel in self.slack.items() if code not in SLACK_CHANNELS)
        teams = ""
        for code, place in self.teams.items():
            if code not in TEAMS_CHANNELS:
                team, _, channel = place.partition("/")
                teams += f'{code} = {{ team = "{team}", channel = "{channel}" }}\n'
        words = words.replace("[targets.slack.course_channels]\n", "[targets.slack.course_channels]\n" + slack)
        words = words.replace("[targets.teams.course_channels]\n", "[targets.teams.course_channels]\n" + teams)
        path.write_text(words, encoding="utf-8")


def _told(term: int) -> list[bytes]:
    return [_anew(line, term) for line in sample()] if term else sample()


def _anew(line: bytes, term: int) -> bytes:
    """The same for another term: other activities, other course codes, newcomers of other names."""
    line = line.replace(b"view.php?id=", f"view.php?term={term}&id=".encode())
    line = line.replace(b"section.php?id=", f"section.php?term={term}&id=".encode())
    line = re.sub(rb'"CS10(\d)"', rb'"CS%d0\1"' % (term + 1), line)
    if b"/verbs/registered" in line:
        told = msgspec.json.decode(line)
        told["actor"]["account"]["name"] += f"-{term}"
        line = msgspec.json.encode(told)
    return line


def _code(code: str, term: int) -> str:
    return f"CS{term + 1}0{code[-1]}"


def _channel(channel: str, term: int) -> str:
    return channel if term == 0 else f"C0TERM{term:02d}{channel[-3:]}"


def _thread(thread: str, term: int) -> str:
    return thread if term == 0 else f"{TEAM}/19:term{term}cs10{thread.partition('cs10')[2][0]}@thread.tacv2"


def _cut(lines: Sequence[bytes]) -> list[bytes]:
    return [b"[" + b",".join(lines[start : start + BATCH]) + b"]" for start in range(0, len(lines), BATCH)]


def _interleaved(terms: Sequence[Sequence[bytes]]) -> list[bytes]:
    return [batch for row in zip(*terms, strict=True) for batch in row]


class Feed:
    """Tells a semester at the pace that the play allows. ``let(share)``: up to this share of it may be told."""

    def __init__(self, semester: Semester, moodle: Moodle, dice: random.Random) -> None:
        self._semester = semester
        self.moodle = moodle
        self._dice = dice
        self._let = 0.0
        self._moved = trio.Event()
        self._line = trio.Lock()
        self.told = 0
        self.answers: list[tuple[float, list[str]]] = []
        """When each batch was acknowledged, by trio's clock, and the ids of its statements."""

    def let(self, share: float) -> None:
        self._let = max(self._let, share)
        self._stir()

    async def answered(self, more: int = 1) -> None:
        """Wait until so many batches more are acknowledged, or all are."""
        wanted = min(self.told + more, len(self._semester.batches))
        while self.told < wanted:
            await self._moved.wait()

    async def run(self) -> None:
        """Each batch until it is answered, every third of them twice."""
        batches = self._semester.batches
        for number, batch in enumerate(batches):
            while number >= self._let * len(batches):
                await self._moved.wait()
            async with self._line:
                before = len(self.moodle.acknowledged)
                await self.moodle.send(batch, times=2 if self._dice.random() < 0.3 else 1)
            self.answers.append((trio.current_time(), self.moodle.acknowledged[before:]))
            self.told += 1
            self._stir()

    async def tell_again(self) -> None:
        """All that was told so far, in its order, and nothing new meanwhile."""
        async with self._line:
            for batch in self._semester.batches[: self.told]:
                await self.moodle.send(batch)

    def _stir(self) -> None:
        self._moved.set()
        self._moved = trio.Event()
