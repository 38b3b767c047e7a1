"""A pilot: its cohort is told, everybody else is rehearsed, whatever dies, is reloaded or is commanded in between."""

from pathlib import Path

import trio
from control_office import ask, opened
from world import EPOCH_US, Campus, completed, graded, open_campus, route, tenant, voiding

from actors.domain.piloting import Cohort, point
from config.model import Audience, Digest, PersonRow
from daemon.control import protocol as p

MINE = Audience(learner=True)
TOLD = route("done", "completed", audience=MINE, pilot="new")
CHANNEL = route("grades", "graded", pilot="new")
TEAM = Audience(team="5f0e1c5a-0000-4000-8000-00000000c0de", channel="19:cs101@thread.tacv2")
SAYS = "{% block title %}Mended: {{ learner }}{% endblock %}"
PEOPLE = [f"p{n}" for n in range(40)]
SALT = "salt"
IN = [who for who in PEOPLE if point(SALT, f"mbox:{who}@example.edu") < 20.0]
OUT = [who for who in PEOPLE if who not in IN]


async def begin(campus: Campus, cohort: Cohort, *people: str, name: str = "new") -> None:
    await campus.store.pilots.put(
        "acme", name, cohort, [(each,) for each in people], salt=SALT, by="ada", now_us=EPOCH_US
    )


async def told(campus: Campus, vendor: str = "slack") -> list[str]:
    """To whom something was posted, by their names."""
    sent = {effect.delivery_id for effect in campus.journal(vendor)}
    rows = await campus.rows("SELECT lower(hex(id)), json_extract(change, '$.learner.name') FROM deliveries")
    return sorted(name for key, name in rows if key in sent)


async def test_only_the_cohort_is_told_and_the_others_are_rendered(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(TOLD, CHANNEL)) as campus:
        await begin(campus, Cohort(percent=20.0))
        await campus.tell(*(completed(who) for who in PEOPLE), *(graded(who, 80) for who in PEOPLE))
        await campus.quiet()
        assert 2 <= len(IN) <= 16
        assert await told(campus) == sorted([*IN, *IN])
        assert await campus.states() == {"delivered": 2 * len(IN), "shadowed": 2 * len(OUT)}
        shown = await campus.rows("SELECT rendered, attempts, detail FROM deliveries WHERE state = 'shadowed'")
        assert all(b'"blocks"' in body and tries == 0 for body, tries, _ in shown)
        assert {detail for *_, detail in shown} == {"pilot new: not in the cohort (20 % of people)"}
        calls = await campus.rows(
            "SELECT (SELECT sum(c.value) FROM json_each('[' || history || ']') a, json_each(a.value, '$.calls') c) "
            "FROM deliveries WHERE state = 'delivered' AND route = 'done'"
        )
        assert min(calls) == (3,)  # who is it, open a conversation, post


async def test_without_a_pilot_of_that_name_nobody_is_told(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(TOLD)) as campus:
        await campus.tell(completed("p1"))
        await campus.quiet()
        assert await campus.rows("SELECT state, detail FROM deliveries") == [
            ("shadowed", "pilot new: it was not created yet (lmsyncctl pilot create)")
        ]
        assert campus.journal("slack") == []


async def test_who_was_in_stays_in_and_what_was_rehearsed_is_never_sent(tmp_path: Path, autojump_clock: object) -> None:
    row = PersonRow(home_page="https://x.test", account="1", email="p1@example.edu", org_unit="north")
    async with open_campus(tmp_path, tenant(TOLD, people=(row,))) as campus:
        await begin(campus, Cohort(org_units=("north",)))
        await campus.tell(completed("p1"), completed("p2"))
        await campus.quiet()
        assert await told(campus) == ["p1"]
        await campus.die()
        moved = tenant(TOLD, people=(PersonRow(home_page="https://x.test", account="1", email="p1@example.edu"),))
        campus.tenants["acme"] = moved
        await campus.again()
        await campus.tell(completed("p1", "essay"))
        await campus.quiet()
        assert await told(campus) == ["p1", "p1"]
        pilot = await campus.store.pilots.one("acme", "new")
        assert pilot is not None
        await campus.store.pilots.end(pilot, "everyone", by="ada", reason="", now_us=EPOCH_US)
        await campus.tell(completed("p2"), completed("p2", "essay"))
        await campus.quiet()
        assert await told(campus) == ["p1", "p1", "p2"]
        assert (await campus.states())["shadowed"] == 1


async def test_a_digest_lists_the_cohort_only(tmp_path: Path, autojump_clock: object) -> None:
    daily = route("daily", "completed", pilot="new", mode=Digest(digest="0 8 * * *"))
    async with open_campus(tmp_path, tenant(daily)) as campus:
        await begin(campus, Cohort(), "mbox:p3@example.edu")
        await campus.tell(*(completed(who) for who in ("p1", "p2", "p3")))
        for _ in range(2):
            await trio.sleep(80_000)
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        assert sorted(await campus.rows("SELECT kind, state, pilot FROM deliveries")) == [
            ("activity_completed", "delivered", 1),
            ("activity_completed", "shadowed", 1),
            ("activity_completed", "shadowed", 1),
            ("digest", "delivered", 1),
        ]


async def test_what_only_was_rehearsed_needs_no_correction(tmp_path: Path, autojump_clock: object) -> None:
    both = route("done", "completed", "completion_undone", pilot="new")
    async with open_campus(tmp_path, tenant(both)) as campus:
        await begin(campus, Cohort(), "mbox:p1@example.edu")
        first, second = await campus.tell(completed("p1"), completed("p2"))
        await campus.quiet()
        await campus.tell(voiding(first), voiding(second))
        await campus.quiet()
        assert await told(campus) == ["p1", "p1"]
        assert await campus.states() == {"delivered": 2, "shadowed": 1}


async def test_a_pilot_that_is_stopped_calls_off_what_waits(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant(TOLD)) as campus:
        await begin(campus, Cohort(percent=100.0))
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await campus.tell(*(completed(who) for who in ("p1", "p2")), completed("p1", "essay"))
        pilot = await campus.store.pilots.one("acme", "new")
        assert pilot is not None
        await trio.sleep(5)
        called_off = await campus.store.pilots.end(pilot, "nobody", by="ada", reason="", now_us=EPOCH_US)
        await campus.store.queries.resume("acme/slack", now_us=EPOCH_US)
        campus.switchboard.ready("acme/slack")
        await campus.tell(completed("p3"))
        await campus.quiet()
        assert (called_off, campus.journal("slack")) == (3, [])
        assert await campus.states() == {"shadowed": 4}


async def test_what_the_vendor_shows_is_compared_with_what_was_planned(tmp_path: Path, autojump_clock: object) -> None:
    """By its receipt and where it was looked for; then somebody mends a template while deliveries wait."""
    hall = route("hall", "completed", to="teams", audience=TEAM, pilot="new")
    other = route("other", "graded", audience=Audience(channel="C0LEARNING1"))
    async with opened(tmp_path, tenant(TOLD, CHANNEL, hall, other)) as (office, campus):
        await begin(campus, Cohort(), "mbox:p1@example.edu")
        campus.fault("slack", "reset_after_commit", operation="chat.postMessage")
        campus.fault("teams", "reset_after_commit", operation="channelMessages.post")
        await campus.tell(completed("p1"), completed("p2"), graded("p1", 80), graded("p2", 90))
        await campus.quiet()
        [row], _ = await ask(office, p.PilotStatus(tenant="acme", name="new"))
        assert (row.sent, row.compared, row.astray, row.rehearsed) == (3, 4, 0, 3)
        assert (row.also_told, row.others, row.restated_of, row.restated) == (1, ("other",), 3, 0)
        await campus.store.queries.pause("acme/slack", by="ada", now_us=EPOCH_US)
        await campus.tell(graded("p1", 81))
        await trio.sleep(5)
        await campus.stop()
        for one in (campus, office):
            one.tenants["acme"] = tenant(TOLD, CHANNEL, hall, other, templates={"graded": SAYS})
        await campus.again()
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.ready("acme/slack")
        await campus.quiet()
        [row], _ = await ask(office, p.PilotStatus(tenant="acme", name="new"))
        assert (row.compared, row.astray, row.restated) == (5, 1, 1)
        assert [each.what.partition(":")[0] for each in row.examples] == ["words", "today it would be said otherwise"]
        rows, _ = await ask(office, p.Why(what=row.examples[0].id))
        assert rows[-1].receipt["said"]
