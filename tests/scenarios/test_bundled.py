"""Many posts as few calls: what a whole lane sends at one time goes to Graph in bundles, each effect once."""

from pathlib import Path

import pytest
from world import completed, open_campus, route, tenant

from config.model import Audience, Route

TEAM = "5f0e1c5a-0000-4000-8000-0000000{:05d}"
POSTS = 60


def rules() -> list[Route]:
    return [
        route(f"r{n}", "completed", to="teams", audience=Audience(team=TEAM.format(n), channel=f"19:c{n}@thread.tacv2"))
        for n in range(POSTS)
    ]


@pytest.mark.parametrize("batch", [True, False])
async def test_a_bundle_saves_calls_and_doubles_nothing(tmp_path: Path, autojump_clock: object, batch: bool) -> None:
    one = tenant(*rules(), settings={"teams": {"batch": batch}})
    async with open_campus(tmp_path, one, window=32) as campus:
        await campus.tell(completed("ada"))
        await campus.quiet()
        ids = [effect.delivery_id for effect in campus.journal("teams")]
        assert len(ids) == len(set(ids)) == POSTS
        assert campus.http.calls <= POSTS / 2 if batch else campus.http.calls >= POSTS


@pytest.mark.parametrize(
    "kind", ["batch_unsupported", "batch_lost_inner", "batch_inner_throttled", "batch_failed_dependency"]
)
async def test_a_bundle_that_goes_wrong_loses_and_doubles_nothing(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    async with open_campus(tmp_path, tenant(*rules()), window=32) as campus:
        campus.fault("teams", kind, times=3)
        campus.fault("teams", "reset_after_commit", operation="$batch", times=1, skip=1)
        await campus.tell(completed("ada"))
        await campus.quiet()
        ids = [effect.delivery_id for effect in campus.journal("teams")]
        assert len(ids) == len(set(ids)) == POSTS
        assert await campus.states() == {"delivered": POSTS}
