"""Every class of conflict from its cause to a place in step, and back: somebody does what makes systems disagree, it is
found and shown, a person decides on the control socket, by a button or on a page, rosters follow, and it is undone."""

from pathlib import Path

import pytest
from accounts import SECRETS
from quarrel_ways import way_of
from quarrels import Quarrel, asked, done, is_clean, opened
from quarrels_of_drift import DRIFT
from quarrels_of_sources import SOURCES
from roster_hall import settled
from slack_events import SIGNING

WAYS = ("socket", "button", "page")
ALL = (*SOURCES, *DRIFT)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECRETS, "signing", SIGNING)


@pytest.mark.parametrize(
    ("quarrel", "by"), [(each, WAYS[n % 3]) for n, each in enumerate(ALL)], ids=lambda each: getattr(each, "kind", each)
)
async def test_it_is_found_decided_in_step_and_undone(
    quarrel: Quarrel, by: str, tmp_path: Path, autojump_clock: object
) -> None:
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
