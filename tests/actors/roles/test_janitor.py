"""When a janitor works, how hard, and that nothing it meets keeps it from coming again."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import pytest
import trio
from world import Notes, SeededDice, VirtualClock, tenant

from actors.domain.conserving import Balance, Closed, Fate
from actors.domain.retention import DAY_US, Mark, Rules, Step
from actors.kernel import ChildSpec, Kernel, Supervisor
from actors.messages import HowTidy, JanitorMessage
from actors.ports import Deed, StoreUnavailable
from actors.ports.persons import Reviewed
from actors.roles import janitor
from actors.roles.janitor import Janitor
from actors.roles.world import Switchboard, World
from config.model import Retention

ACME = tenant(retention=Retention(statements="10d"))


class House:
    """Runs of ``steps`` steps, each of which takes a second and removes a row; it writes down when."""

    def __init__(self) -> None:
        self.steps = 3
        self.left = 0
        self.trouble: Exception | None = None
        self.began_s: list[float] = []
        self.asked: list[tuple[Rules, Mapping[str, int]]] = []

    async def step(
        self, rules: Rules, horizons: Mapping[str, int], mark: Mark, now_us: int, *, dry_run: bool = False
    ) -> Step:
        if mark == Mark():
            self.left = self.steps
            self.asked.append((rules, dict(horizons)))
        self.began_s.append(trio.current_time())
        await trio.sleep(1)
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.left -= 1
        return Step(removed={"statements": 1}, next=Mark(chore="statements") if self.left > 0 else None)


class Ledger:
    """It has ``steps`` steps to do."""

    def __init__(self) -> None:
        self.steps = 0

    async def review(self, tenant: str, now_us: int) -> Reviewed:
        if not self.steps:
            return Reviewed()
        self.steps -= 1
        await trio.sleep(1)
        return Reviewed(personas=2, moved=1, more=self.steps > 0)


class Books:
    """``days`` are due, each with one statement, of which ``lost`` are lost."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.lost = 0
        self.closed: list[int] = []

    async def due(self, tenant: str, now_us: int) -> list[int]:
        due, self.days = self.days, []
        return due

    async def count(self, tenant: str, day: int) -> tuple[Balance, ...]:
        counts: dict[Fate, int] = {"lost": 1} if self.lost else {"delivered": 1}
        return (Balance(tenant=tenant, day=day, source="lms", accepted=1, counts=counts),)

    async def close(self, tenant: str, day: int, balances: Sequence[Balance], now_us: int) -> Closed:
        self.closed.append(day)
        return Closed(links=len(balances), no=len(self.closed), head=b"\x01")


class Audited:
    """What was noted."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    async def note(self, tenant: str, deed: Deed, result: str = "done", detail: str = "") -> None:
        self.deeds.append(deed)


class Set(VirtualClock):
    """A wall clock that somebody sets."""

    by_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.by_us


class Stage:
    """One janitor under a supervisor."""

    def __init__(self) -> None:
        self.house = House()
        self.clock = Set()
        self.notes = Notes()
        switchboard = Switchboard()
        switchboard.horizons_us["acme"] = 400 * DAY_US
        self.ledger = Ledger()
        self.books = Books()
        self.audited = Audited()
        nothing: Any = None
        world = World(
            boot="boot1",
            clock=self.clock,
            dice=SeededDice(1),
            statements=nothing,
            attachments=nothing,
            outbox=nothing,
            ledger=nothing,
            persons=cast("Any", self.ledger),
            housekeeping=self.house,
            conserving=cast("Any", self.books),
            records=nothing,
            relays=nothing,
            remappings=nothing,
            reminders=nothing,
            rosters=nothing,
            conflicts=nothing,
            cards=nothing,
            sources=nothing,
            depot=nothing,
            meanings=nothing,
            audit=cast("Any", self.audited),
            witness=self.notes,
            http=lambda: nothing,
            switchboard=switchboard,
            born_us=0,
            tidings=nothing,
        )
        self.spec = ChildSpec[JanitorMessage](name="janitor", start=lambda: Janitor(ACME, world))
        self.supervisor = Supervisor([self.spec])
        self.kernel = Kernel(clock=world.clock, dice=world.dice, on_trouble=self.notes.trouble)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A janitor at work, cancelled at the end."""
    made = Stage()
    async with trio.open_nursery() as nursery:
        await nursery.start(made.kernel.run, made.supervisor)
        yield made
        nursery.cancel_scope.cancel()


async def test_it_comes_shortly_after_the_start_and_then_every_hour(autojump_clock: object) -> None:
    async with staged() as stage:
        await trio.sleep(janitor.FIRST_S + janitor.FIRST_SPREAD_S + 60)
        assert len(stage.house.asked) == 1
        first_s = stage.house.began_s[0]
        assert janitor.FIRST_S <= first_s <= janitor.FIRST_S + janitor.FIRST_SPREAD_S
        await trio.sleep(3 * 3600)
        assert len(stage.house.asked) == 4
        rules, horizons = stage.house.asked[0]
        assert (rules.tenant, rules.statements_us, horizons) == ("acme", 10 * DAY_US, {"acme": 400 * DAY_US})
        swept = stage.notes.named("retention.swept")
        assert [each["removed"] for each in swept] == [{"statements": 3}] * 4


async def test_it_works_a_quarter_of_the_time(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.house.steps = 5
        await trio.sleep(600)
        began = stage.house.began_s
        assert [later - earlier for earlier, later in pairwise(began)] == pytest.approx([4.0] * 4)


async def test_a_store_that_takes_nothing_is_tried_again(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.house.trouble = StoreUnavailable("the disk is full")
        await trio.sleep(600)
        assert [name for name, _ in stage.notes.troubles] == ["janitor.store_unavailable"]
        assert stage.house.began_s[1] - stage.house.began_s[0] == pytest.approx(1 + janitor.RETRY_S)
        assert len(stage.notes.named("retention.swept")) == 1


async def test_a_crash_is_one_life_and_it_comes_again(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.house.trouble = RuntimeError("a bug")
        await trio.sleep(900)
        assert [type(error) for _, error in stage.notes.troubles] == [RuntimeError]
        assert len(stage.house.asked) == 2


async def test_it_tells_when_it_comes(autojump_clock: object) -> None:
    async with staged() as stage:
        view = await stage.spec.address.ask(lambda reply: HowTidy(reply=reply), deadline_s=1)
        assert (view.running, view.last_us) == (False, None)
        assert view.next_us is not None
        await trio.sleep((view.next_us - VirtualClock().now_us()) / 1e6 + 0.5)
        view = await stage.spec.address.ask(lambda reply: HowTidy(reply=reply), deadline_s=1)
        assert (view.running, view.next_us) == (True, None)
        await trio.sleep(60)
        view = await stage.spec.address.ask(lambda reply: HowTidy(reply=reply), deadline_s=1)
        assert view.last_us is not None
        assert view.next_us == pytest.approx(view.last_us + janitor.EVERY_S * 1e6)


@pytest.mark.parametrize("days", [-3, 500])
async def test_nothing_is_removed_by_a_clock_that_was_just_set(autojump_clock: object, days: int) -> None:
    async with staged() as stage:
        await trio.sleep(600)
        assert len(stage.house.asked) == 1
        stage.clock.by_us = days * DAY_US
        await trio.sleep(86_400)
        assert len(stage.house.asked) == 1
        assert [name for name, _ in stage.notes.troubles] == ["janitor.clock_jumped"]
        await trio.sleep(2 * 3600)
        assert len(stage.house.asked) > 1


async def test_a_clock_that_was_wrong_for_an_hour_removes_nothing(autojump_clock: object) -> None:
    async with staged() as stage:
        await trio.sleep(600)
        stage.clock.by_us = 500 * DAY_US
        await trio.sleep(2 * 3600)
        stage.clock.by_us = 0
        await trio.sleep(3600)
        assert len(stage.house.asked) == 1
        assert len(stage.notes.troubles) == 2


async def test_a_clock_that_is_put_right_is_believed(autojump_clock: object) -> None:
    async with staged() as stage:
        await trio.sleep(600)
        stage.clock.by_us = 3_600_000_000
        await trio.sleep(3600)
        assert len(stage.house.asked) == 2
        assert not stage.notes.troubles


async def test_who_is_who_is_judged_anew_a_quarter_of_the_time(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.ledger.steps = 3
        await trio.sleep(200)
        assert stage.notes.named("identity.reviewed") == [{"tenant": "acme", "personas": 6, "moved": 3, "matches": 0}]
        assert stage.house.asked, "and then it tidies"
        await trio.sleep(8_000)
        assert len(stage.notes.named("identity.reviewed")) == 1


async def test_days_that_are_over_are_accounted_for_and_the_head_stands_in_the_audit(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.books.days = [20_000, 20_001]
        await trio.sleep(600)
        assert stage.books.closed == [20_000, 20_001]
        [deed] = stage.audited.deeds
        assert (deed.what, dict(deed.arguments)) == (
            "conservation.closed",
            {"through": "2024-10-05", "rows": 2, "hash": "01"},
        )
        assert not stage.notes.troubles


async def test_what_is_lost_is_told(autojump_clock: object) -> None:
    async with staged() as stage:
        stage.books.days, stage.books.lost = [20_000], 1
        await trio.sleep(600)
        assert [name for name, _ in stage.notes.troubles] == ["conservation.broken"]
