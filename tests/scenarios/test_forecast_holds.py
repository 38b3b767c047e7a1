"""What is forecast of a volume is what it comes to: calls by method, and how long they take at the vendors' limits."""

from pathlib import Path

from control_office import ask, opened
from world import Campus, completed, graded, route, tenant

from config.model import Audience
from daemon.control import protocol as p
from daemon.control.views import NeedRow, OutlookRow

EVENTS, PEOPLE = 240, 40
COURSES = {f"CS10{n}": f"C0COURSE10{n}" for n in range(6)}
MINE = Audience(learner=True)
LASTED = "SELECT route, (max(done_us) - min(accepted_us)) / 1e6 FROM deliveries GROUP BY route"
CALLS = (
    "SELECT lane || ' ' || c.key, sum(c.value) FROM deliveries, json_each('[' || history || ']') a, "
    "json_each(a.value, '$.calls') c GROUP BY 1"
)
TOOK = "SELECT lane, (max(done_us) - min(accepted_us)) / 1e6 FROM deliveries GROUP BY lane"


async def stored(campus: Campus) -> int:
    [(size,)] = await campus.rows("SELECT sum(pgsize) FROM dbstat")
    return int(size)


async def test_a_volume_takes_the_calls_and_the_time_that_were_forecast(tmp_path: Path, autojump_clock: object) -> None:
    routes = (
        route("mine", "completed", audience=MINE),
        route("courses", "completed", audience=Audience(course_channel=True)),
        route("theirs", "completed", to="teams", audience=MINE),
    )
    acme = tenant(*routes, settings={"slack": {"course_channels": COURSES}})
    async with opened(tmp_path, acme) as (office, campus):
        *needs, outlook = (await ask(office, p.Forecast(events_per_day=float(EVENTS), people=PEOPLE, evenly=True)))[0]
        assert isinstance(outlook, OutlookRow)
        assert all(isinstance(row, NeedRow) and row.need.tier and row.need.methods for row in needs)
        before = await stored(campus)
        await campus.tell(
            *(completed(f"p{n % PEOPLE}", f"quiz{n}", course=f"CS10{n % len(COURSES)}") for n in range(EVENTS))
        )
        await campus.quiet()
        calls = dict(await campus.rows(CALLS))
        told = {
            f"{lane} {methods.split(',')[0]}": n for lane, some in outlook.calls.items() for methods, n in some.items()
        }
        once = {calls.pop(each) for each in set(calls) - set(told)}
        assert once == {1}, "a life begins with a hello"
        assert calls.keys() == told.keys()
        for method, n in calls.items():
            assert abs(told[method] - n) <= 0.1 * n, (method, told[method], n)
        grown = await stored(campus) - before
        assert abs(outlook.bytes_per_day - grown) <= 0.25 * grown, (outlook.bytes_per_day, grown)
        for lane, took_s in await campus.rows(TOOK):
            assert abs(outlook.takes_s[lane] - took_s) <= 0.1 * took_s, (lane, outlook.takes_s[lane], took_s)


async def test_whoever_is_met_for_the_first_time_holds_up_nobody_else(tmp_path: Path, autojump_clock: object) -> None:
    """People are looked up at less than one a second; the channel's posts do not go at that pace."""
    routes = (route("mine", "graded", audience=MINE), route("all", "completed"))
    async with opened(tmp_path, tenant(*routes)) as (_, campus):
        await campus.tell(*(each for n in range(30) for each in (graded(f"p{n}", 80), completed("ada", f"quiz{n}"))))
        await campus.quiet()
        took = dict(await campus.rows(LASTED))
        assert took["all"] < 35.0 < took["mine"] < 45.0
        assert campus.switchboard.lookups["acme/slack", "looked_up"] == 30
        assert await campus.states() == {"delivered": 60}
