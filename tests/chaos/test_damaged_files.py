"""A disk that lies: write-ahead logs torn, flipped, zeroed, swapped and dropped, pages of the database damaged.

What is opened afterwards has every row that was acknowledged, or it is refused with the file's name and the way on;
only what a second had not passed over before the death may be missing. ``LMSYNCD_SEED`` repeats a campaign,
``LMSYNCD_DAMAGES`` sets its size.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage import LOG_DAMAGES, NAME, Damage, Death, Life, found, lived, verdict

SEED = int(os.environ.get("LMSYNCD_SEED", "1"))
DAMAGES = int(os.environ.get("LMSYNCD_DAMAGES", "300"))
DEATHS = 5  # of each life
WAYS_ON = ("migrate --accept-loss", "docs/recovery.md")
RAM = Path("/dev/shm")  # an fsync costs nothing there, and the deaths are copies


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="damaged-", dir=RAM if RAM.is_dir() else None) as name:
        yield Path(name)


async def harmed(life: Life, death: Death, damage: Damage, dice: random.Random, place: Path) -> str:
    """Damage a copy of this death, open it, and judge; empty if the dice changed nothing."""
    home = place / "harmed"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(death.home, home)
    damage(dice, home, death.earlier)
    if all(
        (home / each.name).exists() and (home / each.name).read_bytes() == each.read_bytes()
        for each in death.home.iterdir()
    ):
        return ""
    seen = await found(home / NAME)
    if seen.rows is not None:
        return verdict(life, death, seen.rows)
    if str(home / NAME) in seen.refusal and any(way in seen.refusal for way in WAYS_ON):
        return "refused later" if seen.late else "refused"
    return f"WRONG: refused without the file or the way on: {seen.refusal}"


async def campaign(folder: Path, damages: tuple[Damage, ...], size: int, test: str) -> Counter[tuple[str, str]]:
    """So many damages, each kind as often as the others."""
    told: Counter[tuple[str, str]] = Counter()
    wrong = []
    number = 0
    while number < size:
        place = folder / f"life{number}"
        place.mkdir()
        seed = f"{SEED}/{number}"
        life = await lived(place, seed, deaths=DEATHS)
        for turn in range(DEATHS * len(damages)):
            death = life.deaths[turn % DEATHS]
            damage = damages[(turn // DEATHS) % len(damages)]
            said = await harmed(life, death, damage, random.Random(f"{seed}/{turn}"), place)
            if said and number < size:
                number += 1
                told[damage.__name__, said.partition(":")[0]] += 1
                if said.startswith("WRONG"):
                    wrong.append(f"life {seed}, {damage.__name__} of {death.home.name} (turn {turn}): {said}")
        shutil.rmtree(place)
    for (kind, said), times in sorted(told.items()):
        print(f"{kind:20} {said:14} {times}")
    again = (
        f"LMSYNCD_SEED={SEED} LMSYNCD_DAMAGES={size} python -m pytest -s tests/chaos/test_damaged_files.py -k {test}"
    )
    assert not wrong, "\n".join([*wrong, f"again: {again}"])
    return told


async def test_a_few_damaged_logs(folder: Path, autojump_clock: object) -> None:
    told = await campaign(folder, LOG_DAMAGES, 40, "few_damaged_logs")
    assert told.total() == 40
    assert sum(n for (_, said), n in told.items() if said == "refused") > 10, "damage that shows"


@pytest.mark.campaign
async def test_damaged_logs_are_refused_or_lose_nothing_older_than_a_second(
    folder: Path, autojump_clock: object
) -> None:
    told = await campaign(folder, LOG_DAMAGES, DAMAGES, "older_than_a_second")
    assert told.total() == DAMAGES
    assert {kind for kind, _ in told} == {damage.__name__ for damage in LOG_DAMAGES}
