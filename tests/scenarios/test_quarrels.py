"""Every class of conflict from its cause to a place in step, and back: somebody does what makes systems disagree, it is
found and shown, a person decides on the control socket, by a button or on a page, rosters follow, and it is undone."""

from pathlib import Path
from typing import get_args

import pytest
from accounts import SECRETS
from quarrel_ways import way_of
from quarrels import Quarrel, asked, done, is_clean, opened
from quarrels_of_drift import DRIFT
from quarrels_of_places import PLACES
from quarrels_of_sources import SOURCES
from roster_hall import settled
from slack_events import SIGNING

from actors.domain.conflicts.model import ConflictKind
from actors.domain.school import NAMES
from actors.targets.teams.rostering import TeamsRostering

WAYS = ("socket", "button", "page")
ALL = (*SOURCES, *DRIFT, *PLACES)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECRETS, "signing", SIGNING)


def test_there_is_one_of_each_class() -> None:
    assert sorted(each.kind for each in ALL) == sorted(get_args(ConflictKind))


@pytest.mark.parametrize(
    ("quarrel", "by"), [(each, WAYS[n % 3]) for n, each in enumerate(ALL)], ids=lambda each: getattr(each, "kind", each)
)
async def test_it_is_found_decided_in_step_and_undone(
    quarrel: Quarrel, by: str, tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    if quarrel.kind == "place_full":  # else it would take twenty-five thousand people
        monkeypatch.setattr(TeamsRostering, "members_max", len(NAMES) - 3)
    async with opened(tmp_path, quarrel) as campus, way_of(by, campus) as way:
        case = await asked(campus, quarrel.kind)
        choice = next(n for n, each in enumerate(case.conflict.fixes) if quarrel.fix(each.fix))
        await way.approve(case, choice)
        await settled(campus)
        await is_clean(campus)
        await done(quarrel.then, campus)
        await way.undo(case)
        await settled(campus)
        if quarrel.undone is None:
            again = await asked(campus, quarrel.kind)
            assert again.no >= case.no
        else:
            await is_clean(campus)
            await done(quarrel.undone, campus)
