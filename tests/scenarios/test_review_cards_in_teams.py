"""Reviewers in Teams: a card leads to the page, because what is posted through Graph has no buttons that come back."""

from pathlib import Path

import msgspec
import trio
from seeded_conflicts import WHERE, seeded
from world import Campus, open_campus, route, tenant

from config.model import Audience
from config.rosters import Review

TEAM, CHANNEL = "4f0c5e0a-6d4e-4b63-9a3f-0a7f3f8a6a01", "19:reviews@thread.tacv2"


def public(campus: Campus) -> None:
    campus.public_url = "https://sync.example.edu"


async def test_a_card_leads_to_the_page_and_what_was_decided_is_told(tmp_path: Path, autojump_clock: object) -> None:
    school = tenant(route("all", "completed", to="teams", audience=Audience(team=TEAM, channel=CHANNEL)))
    school = msgspec.structs.replace(school, review=Review(to="teams", team=TEAM, channel=CHANNEL))
    async with open_campus(tmp_path, school, before=public) as campus:
        conflicts = campus.store.conflicts
        await conflicts.raise_("acme", [seeded()["stranger"]], campus.clock.now_us())
        campus.switchboard.weigh("acme")
        await trio.sleep(120)
        await campus.quiet()
        assert [effect.destination for effect in campus.journal("teams")] == [f"{TEAM}/{CHANNEL}"]
        [(change,)] = await campus.rows("SELECT change FROM deliveries WHERE kind = 'review'")
        assert b"https://sync.example.edu/t/acme/review/1" in change
        await conflicts.clear("acme", WHERE.scope, campus.clock.now_us())
        await trio.sleep(120)
        await campus.quiet()
        assert len(campus.journal("teams")) == 2
        assert await campus.states() == {"delivered": 2}
