"""What Graph tells, in a whole daemon in virtual time: subscriptions that last, and what is found without them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from letterbox import deliver_post, happens
from world import Campus, completed, open_campus, route, tenant

from actors.ports.listening import ListenerView
from config.model import Audience, Tenant

TEAM = "0d1e2f3a-0000-4000-8000-0000000000cc"
CHANNEL = "19:abc@thread.tacv2"
PLACE = f"{TEAM}/{CHANNEL}"
IN_CHANNEL = Audience(team=TEAM, channel=CHANNEL)
PUBLIC = "https://lms-sync.example.edu"


def school(audience: Audience = IN_CHANNEL, **teams: object) -> Tenant:
    return tenant(route("all", "completed", to="teams", audience=audience), settings={"teams": teams})


@asynccontextmanager
async def reached(path: Path, school: Tenant, public_url: str = PUBLIC) -> AsyncIterator[Campus]:
    """A campus that the internet reaches."""

    def before(campus: Campus) -> None:
        campus.public_url = public_url

    async with open_campus(path, school, before=before) as campus, trio.open_nursery() as nursery:
        await nursery.start(deliver_post, campus)
        yield campus
        nursery.cancel_scope.cancel()


async def until(campus: Campus, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with trio.fail_after(2_000_000):
        while not (found := await campus.rows(sql, *values)):
            await trio.sleep(5)
    return found


async def subscribed(campus: Campus) -> set[str]:
    await until(campus, "SELECT 1 FROM watches WHERE id <> '' GROUP BY lane HAVING count(*) = 2")
    return {row[0] for row in await campus.rows("SELECT id FROM watches")}


def kinds(campus: Campus, via: str) -> list[object]:
    return [told["tiding"] for told in campus.notes.named("vendor.told") if told["via"] == via]


async def test_it_subscribes_is_looked_at_and_told(tmp_path: Path, autojump_clock: object) -> None:
    async with reached(tmp_path, school()) as campus:
        await subscribed(campus)
        resources = {row[0] for row in await campus.rows("SELECT resource FROM watches")}
        assert resources == {"users", f"teams/{TEAM}/channels"}
        assert len(campus.notes.named("listener.challenged")) == 2
        happens(campus, "teams", {"do": "archive_channel", "team": TEAM, "channel": CHANNEL})
        await until(campus, "SELECT 1 FROM places WHERE place = ? AND closed = 'archived'", PLACE)
        assert trio.current_time() < 300
        happens(campus, "teams", {"do": "archive_channel", "team": TEAM, "channel": CHANNEL, "archived": False})
        await until(campus, "SELECT 1 FROM places WHERE place = ? AND closed = ''", PLACE)


async def test_somebody_deactivated_is_looked_up_anew_at_once(tmp_path: Path, autojump_clock: object) -> None:
    async with reached(tmp_path, school(Audience(learner=True))) as campus:
        await until(campus, "SELECT 1 FROM watches WHERE id <> ''")
        await until(campus, "SELECT 1 FROM ears WHERE lane = 'acme/teams' AND cursor <> ''")
        await campus.tell(completed("ada"), completed("mary"))
        await campus.quiet()
        assert len(await campus.rows("SELECT email FROM addresses")) == 2
        happens(campus, "teams", {"do": "change_person", "person": "ada@example.edu", "deactivated": True})
        before_s = trio.current_time()
        await until(campus, "SELECT count(*) FROM addresses HAVING count(*) = 1")
        assert trio.current_time() - before_s < 60
        assert await campus.rows("SELECT email FROM addresses") == [("mary@example.edu",)]


async def test_subscriptions_last_over_days_and_deaths(tmp_path: Path, autojump_clock: object) -> None:
    async with reached(tmp_path, school()) as campus:
        first = await subscribed(campus)
        for _ in range(4):
            await trio.sleep(86_400)
        assert len(campus.notes.named("listener.renewed")) >= 3
        assert await subscribed(campus) == first
        await campus.die()
        await trio.sleep(5 * 86_400)
        await campus.again()
        while await subscribed(campus) & first:
            await trio.sleep(5)


async def test_a_subscription_that_was_removed_is_made_anew(tmp_path: Path, autojump_clock: object) -> None:
    async with reached(tmp_path, school()) as campus:
        first = await subscribed(campus)
        happens(campus, "teams", {"do": "lifecycle", "event": "subscriptionRemoved"})
        while await subscribed(campus) & first:
            await trio.sleep(0.5)
        assert "watch_gone" in kinds(campus, "call")


async def test_one_that_lapses_and_cannot_be_renewed_leaves_nothing_behind_at_the_vendor(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with reached(tmp_path, school()) as campus:
        first = await subscribed(campus)
        campus.fault("teams", "status", operation="subscriptions.patch", value="503", times=0)
        happens(campus, "teams", {"do": "lifecycle", "event": "reauthorizationRequired"})
        while await subscribed(campus) & first:
            await trio.sleep(60)
        assert standing_there(campus) == await subscribed(campus)


async def test_one_that_lapses_while_the_vendor_is_down_is_not_forgotten(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with reached(tmp_path, school()) as campus:
        first = await subscribed(campus)
        happens(campus, "teams", {"do": "lifecycle", "event": "reauthorizationRequired"})
        while "watch_lapsing" not in kinds(campus, "call"):
            await trio.sleep(0.01)
        campus.fault("teams", "status", value="503", times=0)
        await trio.sleep(6 * 3_600)
        assert {row[0] for row in await campus.rows("SELECT id FROM watches")} == first
        campus.fakes["teams"].clear_faults()
        await trio.sleep(7 * 3_600)
        assert await subscribed(campus) == first == standing_there(campus), "it was renewed, late"


def standing_there(campus: Campus) -> set[str]:
    """The subscriptions that the vendor has."""
    now_s = campus.clock.now_us() / 1e6
    return {each.id for each in campus.fakes["teams"]._watching._alive(now_s)}  # type: ignore[attr-defined]


async def test_a_target_that_leaves_takes_its_subscriptions_along(tmp_path: Path, autojump_clock: object) -> None:
    before = school()
    async with reached(tmp_path, before) as campus:
        await subscribed(campus)
        without = {name: each for name, each in before.targets.items() if name != "teams"}
        await campus.root.apply({"acme": Tenant(name="acme", timezone="UTC", locale="en", targets=without)})
        assert not await campus.rows("SELECT 1 FROM watches")
        assert [told["confirmed"] for told in campus.notes.named("listener.unsubscribed")] == [True, True]


async def test_what_a_target_that_leaves_says_last_is_shown_to_nobody(tmp_path: Path, autojump_clock: object) -> None:
    before = school()
    async with reached(tmp_path, before) as campus:
        await subscribed(campus)
        inner, said = campus.store.tidings.unwatch, list[str]()

        async def unwatch(lane: str, key: str) -> None:
            """Its listener shows how it stands, in the midst of leaving."""
            campus.switchboard.listener_views[lane] = ListenerView(lane=lane)
            said.append(lane)
            await inner(lane, key)

        campus.store.tidings.unwatch = unwatch  # type: ignore[method-assign]
        without = {name: each for name, each in before.targets.items() if name != "teams"}
        await campus.root.apply({"acme": Tenant(name="acme", timezone="UTC", locale="en", targets=without)})
        assert said == ["acme/teams", "acme/teams"]
        assert sorted(campus.switchboard.listener_views) == ["acme/slack"]


async def test_without_an_address_asking_finds_it(tmp_path: Path, autojump_clock: object) -> None:
    for public_url in ("", "http://lms-sync.example.edu"):
        path = tmp_path / f"x{len(public_url)}"
        path.mkdir()
        async with reached(path, school(), public_url) as campus:
            await until(campus, "SELECT 1 FROM places WHERE place = ?", PLACE)
            happens(campus, "teams", {"do": "delete_channel", "team": TEAM, "channel": CHANNEL})
            await until(campus, "SELECT 1 FROM places WHERE place = ? AND closed = 'deleted'", PLACE)
            assert not await campus.rows("SELECT 1 FROM watches")
            assert "channel_deleted" in kinds(campus, "survey")
