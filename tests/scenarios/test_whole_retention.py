"""A year of the daemon, its janitor at work, and then the whole year told once more: not one post comes of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import trio
from world import Campus, completed, graded, open_campus, route, tenant

from actors.ports import NewStatement, Provenance
from config.model import Retention, Retry
from daemon.control.times import dated

DAY_S = 86_400.0
SHORT = Retention(statements="60d", deliveries="30d", dead_letters="60d", effect_horizon="400d")
ROUTES = (route("done", "completed"), route("grades", "graded"))
PROVENANCE = Provenance(tenant="acme", source="campus", correlation_id="again", traceparent="", version="1.0.3")


def now(campus: Campus, minus_s: float = 0.0) -> str:
    return (dated(campus.clock.now_us()) - timedelta(seconds=minus_s)).isoformat()


async def send(campus: Campus, told: Sequence[tuple[str, Mapping[str, object]]]) -> int:
    """These statements with these ids; how many the log takes for new."""
    batch = [
        NewStatement(
            id=made,
            body=msgspec.json.encode({"id": made, **statement}),
            digest=b"",
            timestamp=str(statement["timestamp"]),
            given_id=True,
        )
        for made, statement in told
    ]
    appended = await campus.store.statements.append(batch, PROVENANCE)
    campus.switchboard.arrived("acme")
    return appended.fresh


async def months(campus: Campus, n: int, told: list[tuple[str, Mapping[str, object]]] | None) -> None:
    """Each begins with what is told and a few hours of the daemon; then it is off, and the month passes."""
    for _ in range(n):
        await campus.again()
        if told is not None:
            when = now(campus)
            fresh: list[Mapping[str, object]] = [graded("ada", len(told) % 7, at=when)]
            fresh += [completed(f"l{len(told)}-{number}", at=when) for number in range(9)]
            told += zip(await campus.tell(*fresh), fresh, strict=True)
        await campus.quiet()
        await trio.sleep(3 * 3600)
        await campus.stop()
        await trio.sleep(30 * DAY_S)


async def reasons(campus: Campus) -> Counter[str]:
    found = await campus.rows("SELECT reason FROM outcomes")
    return Counter(row[0].partition(":")[0] for row in found)


async def count(campus: Campus, table: str) -> int:
    return int((await campus.rows(f"SELECT count(*) FROM {table}"))[0][0])


async def test_a_year_told_again_after_retention_makes_no_post(tmp_path: Path, autojump_clock: object) -> None:
    told: list[tuple[str, Mapping[str, object]]] = []
    async with open_campus(tmp_path, tenant(*ROUTES, retention=SHORT), limited=False) as campus:
        await campus.stop()
        await months(campus, 12, told)
        posted = [effect.delivery_id for effect in campus.journal("slack")]
        assert len(posted) == len(set(posted)) == len(told) == 120
        assert await count(campus, "statements") == 20, "two months of them"
        assert await count(campus, "deliveries") <= 20
        assert (await count(campus, "forgotten"), await count(campus, "effects")) == (100, 120)

        await campus.again()
        assert await send(campus, told) == 0, "the very same statements"
        others = [(f"ffffffff-0000-4000-8000-{number:012d}", each) for number, (_, each) in enumerate(told)]
        assert await send(campus, others) == 120, "the same events, under other ids"
        await campus.quiet()
        assert len(campus.journal("slack")) == 120
        assert not await campus.rows("SELECT 1 FROM outcomes WHERE reason LIKE 'too_old%'")
        await campus.stop()

        await months(campus, 4, None)
        await campus.again()
        assert await count(campus, "statements") == 0
        later = [(f"eeeeeeee-0000-4000-8000-{number:012d}", each) for number, (_, each) in enumerate(told)]
        assert await send(campus, later) == 120
        await campus.quiet()
        assert len(campus.journal("slack")) == 120, "whoever's effect may be forgotten is too old to be told"
        assert (await reasons(campus))["too_old"] > 0
        assert not campus.notes.troubles


async def test_the_janitor_works_by_itself_and_leaves_what_is_open(tmp_path: Path, autojump_clock: object) -> None:
    patient = route("done", "completed", retry=Retry(age_max=None))
    async with open_campus(tmp_path, tenant(patient, retention=SHORT), limited=False) as campus:
        await campus.tell(*(completed(f"l{number}", at=now(campus)) for number in range(300)))
        await campus.quiet()
        assert await campus.store.queries.pause("acme/slack", by="ada", now_us=campus.clock.now_us()) == ""
        campus.switchboard.ready("acme/slack")
        await campus.tell(*(completed(f"w{number}", at=now(campus)) for number in range(30)))
        await campus.stop()
        await trio.sleep(70 * DAY_S)
        await campus.again()
        await trio.sleep(3600)
        [swept] = campus.notes.named("retention.swept")
        removed: Any = swept["removed"]
        assert swept["tenant"] == "acme"
        assert (removed["statements"], removed["deliveries"]) == (300, 300)
        assert await campus.states() == {"waiting": 30}
        assert await count(campus, "statements") == 30
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await campus.quiet()
        assert len(campus.journal("slack")) == 330
