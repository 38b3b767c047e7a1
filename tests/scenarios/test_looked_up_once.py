"""Nobody is looked up twice: what was found is remembered, counted, and asked for anew when it is old."""

from pathlib import Path
from typing import cast

from control_office import ask, opened
from world import EPOCH_US, completed, route, tenant

from actors.targets.teams.fake import FakeTeams
from config.model import Audience
from config.recall import CACHES
from daemon.control import protocol as p

CALLS = (
    "SELECT (SELECT sum(value) FROM json_each('[' || history || ']', '$[0].calls')) FROM deliveries "
    "WHERE lane = ? ORDER BY seq"
)


async def test_the_first_post_looks_somebody_up_and_the_next_ones_remember(
    tmp_path: Path, autojump_clock: object
) -> None:
    mine = [route(to, "completed", to=to, audience=Audience(learner=True)) for to in ("slack", "teams")]
    async with opened(tmp_path, tenant(*mine)) as (office, campus):
        for what in ("quiz", "essay", "exam"):
            await campus.tell(completed("ada", what))
            await campus.quiet()
        for lane in ("acme/slack", "acme/teams"):
            first, *others = [n for (n,) in await campus.rows(CALLS, lane)]
            assert first > 1
            assert others == [1, 1]
            assert campus.switchboard.lookups[lane, "looked_up"] == 1
            assert campus.switchboard.lookups[lane, "remembered"] == 2
        rows, _ = await ask(office, p.TargetList())
        assert {row.lane: (row.remembered, row.looked_up) for row in rows if row.looked_up} == {
            "acme/slack": (2, 1),
            "acme/teams": (2, 1),
        }
        rows, done = await ask(office, p.CacheList())
        [slack, teams] = [row for row in rows if row.cache == "addresses"]
        assert (slack.of, slack.entries, slack.hits, slack.misses, slack.stale) == ("acme/slack", 1, 2, 1, 0)
        assert (slack.rate, slack.saved, teams.saved) == (66.7, 4, 2), "Slack takes two calls, Teams one"
        assert slack.oldest_us is not None
        [tokens] = [row for row in rows if row.cache == "tokens"]
        assert (tokens.of, tokens.saved) == ("acme/teams", tokens.hits)
        assert done.note.endswith(" calls saved since the start")
        assert {row.cache for row in rows} <= CACHES.keys()
        _, done = await ask(office, p.Stats())
        assert "addresses remembered since the start: 4 of 6 (66.7%), 6 calls saved" in done.note


async def test_what_was_found_long_ago_is_asked_for_anew(tmp_path: Path, autojump_clock: object) -> None:
    mine = route("mine", "completed", audience=Audience(learner=True))
    async with opened(tmp_path, tenant(mine)) as (_, campus):
        await campus.tell(completed("ada"))
        await campus.quiet()
        await campus.store.writer.submit(
            lambda raw: raw.execute("UPDATE addresses SET found_us = found_us - 31 * 86400000000")
        )
        await campus.tell(completed("ada", "essay"))
        await campus.quiet()
        assert campus.switchboard.lookups["acme/slack", "looked_up"] == 2
        assert campus.switchboard.lookups["acme/slack", "outdated"] == 1
        assert len(await campus.rows("SELECT 1 FROM addresses")) == 1


async def test_that_somebody_is_not_there_is_not_remembered(tmp_path: Path, autojump_clock: object) -> None:
    """Whoever appears at the vendor is told with the very next thing, and of the former when it is replayed."""
    mine = route("mine", "completed", to="teams", audience=Audience(learner=True))
    async with opened(tmp_path, tenant(mine)) as (office, campus):
        directory = cast(FakeTeams, campus.fakes["teams"])
        directory.adjust(b'{"open_directory": false}', EPOCH_US / 1e6)
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert await campus.states() == {"dead": 1}
        directory.adjust(b'{"open_directory": true}', EPOCH_US / 1e6)
        await campus.tell(completed("ada", "essay"))
        await campus.quiet()
        assert await campus.states() == {"dead": 1, "delivered": 1}
        await ask(office, p.DlqReplay(everything=True, cause="unmatched_learner"))
        await campus.quiet()
        assert await campus.states() == {"delivered": 2}
        assert campus.switchboard.lookups["acme/teams", "looked_up"] == 2
