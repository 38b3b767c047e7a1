"""A disk that lies: write-ahead logs torn, flipped, zeroed, swapped and dropped, pages of the database damaged.

What is opened afterwards has every row that was acknowledged, or it is refused with the file's name and the way on;
only what a second had not passed over before the death may be missing. ``LMSYNCD_SEED`` repeats a campaign,
``LMSYNCD_DAMAGES`` sets its size.
"""

import os
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from damage import (
    FROM,
    LOG_DAMAGES,
    NAME,
    PAGE_DAMAGES,
    Damage,
    Death,
    Row,
    alike,
    content,
    found,
    lived,
    older_copy,
    verdict,
)
from world import VirtualClock

from actors.ports import NewStatement
from daemon.store.database import open_store, upgrade
from daemon.store.errors import StoreRefused
from tests.simulation.determinism import seeded

SEED = int(os.environ.get("LMSYNCD_SEED", "1"))
DAMAGES = int(os.environ.get("LMSYNCD_DAMAGES", "300"))
DEATHS = 5  # of each life
STATEMENTS, FEW_STATEMENTS = 60, 30  # of each life
WAYS_ON = ("migrate --accept-loss", "docs/recovery.md")
RAM = Path("/dev/shm")  # an fsync costs nothing there, and the deaths are copies


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="damaged-", dir=RAM if RAM.is_dir() else None) as name:
        yield Path(name)


def harmed(death: Death, damage: Damage, dice: random.Random, place: Path) -> Path | None:
    """The database of a damaged copy of this death; None if the dice changed nothing."""
    home = place / "harmed"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(death.home, home)
    damage(dice, home, death.earlier)
    for each in death.home.iterdir():
        if not (home / each.name).exists() or (home / each.name).read_bytes() != each.read_bytes():
            return home / NAME
    return None


async def opened(path: Path, judge: Callable[[frozenset[Row]], str]) -> str:
    """What becomes of it: the judge's word on what is found, or a refusal that tells enough."""
    seen = await found(path)
    if seen.rows is not None:
        return judge(seen.rows)
    if seen.late:
        return "raised"  # whoever reads is told, in whatever words
    if str(path) in seen.refusal and any(way in seen.refusal for way in WAYS_ON):
        return "refused"
    return f"WRONG: refused without the file or the way on: {seen.refusal}"


def report(told: Counter[tuple[str, str]], wrong: list[str], size: int, test: str) -> None:
    """The counts; fails with a command to repeat."""
    print(f"seed {SEED}, {told.total()} damages")
    for (kind, said), times in sorted(told.items()):
        print(f"{kind:20} {said:14} {times}")
    again = (
        f"LMSYNCD_SEED={SEED} LMSYNCD_DAMAGES={size} python -m pytest -s tests/chaos/test_damaged_files.py -k {test}"
    )
    assert not wrong, "\n".join([*wrong, f"again: {again}"])


async def logs(folder: Path, size: int, test: str, statements: int = STATEMENTS) -> Counter[tuple[str, str]]:
    """So many damages, each kind about as often as the others."""
    told: Counter[tuple[str, str]] = Counter()
    wrong = []
    lives = 0
    while told.total() < size:
        lives += 1
        place = folder / f"life{lives}"
        place.mkdir()
        seed = f"{SEED}/{lives}"
        with seeded(seed):
            life = await lived(place, seed, deaths=DEATHS, statements=statements)
        for turn, (damage, death) in enumerate(product(LOG_DAMAGES, life.deaths)):
            path = harmed(death, damage, random.Random(f"{seed}/{turn}"), place)
            if path is None or told.total() == size:
                continue
            said = await opened(path, partial(verdict, life, death))
            told[damage.__name__, said.partition(":")[0]] += 1
            if said.startswith("WRONG"):
                wrong.append(f"life {seed}, {damage.__name__} of {death.home.name} (turn {turn}): {said}")
        shutil.rmtree(place)
    report(told, wrong, size, test)
    return told


async def pages(folder: Path, size: int, test: str, statements: int = STATEMENTS) -> Counter[tuple[str, str]]:
    """The same for pages of a database whose log is all in it."""
    told: Counter[tuple[str, str]] = Counter()
    wrong = []
    seed = f"{SEED}/pages"
    with seeded(seed):
        life = await lived(folder, seed, deaths=1, statements=statements)
    death = life.deaths[-1]
    async with open_store(death.home / NAME, VirtualClock(), inline=True) as store:
        written = await store.writer.submit(content)
    for turn in range(size):
        damage = PAGE_DAMAGES[turn % len(PAGE_DAMAGES)]
        path = harmed(death, damage, random.Random(f"{seed}/{turn}"), folder)
        said = "no change" if path is None else await opened(path, partial(alike, written))
        told[damage.__name__, said.partition(":")[0]] += 1
        if said.startswith("WRONG"):
            wrong.append(f"{damage.__name__} (turn {turn}): {said}")
    report(told, wrong, size, test)
    return told


async def accepted(folder: Path) -> None:
    """A loss that somebody accepts: waiting posts are in doubt, and the next damage is met as the first one was."""
    with seeded(SEED):
        life = await lived(folder, f"{SEED}/accepted", deaths=12, statements=FEW_STATEMENTS)
    times = 0
    for death in life.deaths:
        path = harmed(death, older_copy, random.Random(f"{SEED}/{death.last}"), folder)
        seen = await found(path) if path is not None else None
        if path is None or seen is None or seen.rows is not None or not path.stat().st_size:
            continue
        with pytest.raises(StoreRefused, match="accept-loss"):
            upgrade(path, death.at_us)
        before = _states(path)
        assert upgrade(path, death.at_us, accept_loss=True)[-1].startswith("accepted the loss of")
        after = _states(path)
        assert after["waiting"] == 0
        assert after["unknown"] == before["waiting"] + before["unknown"]
        times += before["waiting"] > 0
        again = folder / "again"
        shutil.rmtree(again, ignore_errors=True)
        again.mkdir()
        async with open_store(path, VirtualClock(), inline=True) as store:
            for name in (NAME, f"{NAME}-wal"):
                shutil.copy(path.with_name(name), again / name)
            one = NewStatement(id=f"{1:032x}", body=b"{}", digest=b"", timestamp="", given_id=True)
            await store.statements.append([one], FROM)
            await store.keeper.keep()
            shutil.copy(path.with_name(f"{NAME}.mark"), again / f"{NAME}.mark")
        assert (await found(path)).rows is not None
        assert "1 commit is missing" in (await found(again / NAME)).refusal
    assert times > 0, "nothing waited when the losses were accepted"


def _states(path: Path) -> Counter[str]:
    raw = sqlite3.connect(path)
    try:
        return Counter(dict(raw.execute("SELECT state, count(*) FROM deliveries GROUP BY state")))
    except sqlite3.OperationalError:  # so early a state of it has no tables
        return Counter()
    finally:
        raw.close()


async def test_a_few_damaged_logs(folder: Path, autojump_clock: object) -> None:
    told = await logs(folder, 20, "few_damaged_logs", FEW_STATEMENTS)
    assert told.total() == 20
    assert sum(n for (_, said), n in told.items() if said == "refused") > 5, "damage that shows"


@pytest.mark.campaign
async def test_damaged_logs_are_refused_or_lose_nothing_older_than_a_second(
    folder: Path, autojump_clock: object
) -> None:
    told = await logs(folder, DAMAGES, "older_than_a_second")
    assert told.total() == DAMAGES
    assert {kind for kind, _ in told} == {damage.__name__ for damage in LOG_DAMAGES}


async def test_a_few_damaged_pages(folder: Path, autojump_clock: object) -> None:
    told = await pages(folder, 20, "few_damaged_pages", FEW_STATEMENTS)
    assert sum(n for (_, said), n in told.items() if said == "refused") > 5, "damage that shows"


@pytest.mark.campaign
async def test_damaged_pages_never_show_a_wrong_statement(folder: Path, autojump_clock: object) -> None:
    told = await pages(folder, DAMAGES, "wrong_statement")
    assert {kind for kind, _ in told} == {damage.__name__ for damage in PAGE_DAMAGES}


async def test_after_a_loss_was_accepted_the_next_is_met_again(folder: Path, autojump_clock: object) -> None:
    await accepted(folder)
