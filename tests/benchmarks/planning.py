"""What a plan costs: a rule of a hundred thousand memberships compared with what is remembered of its places, beside a
bare set difference over the same rows of the same database.

The vendor is not asked: everybody's account and every place's members are remembered, of which some are not as they
should be. Both sides read all rows anew, and both find the same differences.
"""

import gc
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import trio
from district import district
from trio_asyncio import open_loop

from actors.domain.canonical import User
from actors.domain.progress import Progress
from actors.domain.rosters.desired import Desiring
from actors.domain.rosters.model import Kept
from actors.ports.rostering import Account
from actors.ports.rosters import AccountFound, Marked, Reckoned
from actors.roles.drafting import Drafting
from actors.roles.drafts import Draft, Scope
from actors.roles.planrows import plan_row
from actors.roles.world import Switchboard
from config.rosters import Roster
from daemon.clock import SystemClock
from daemon.serve import GC_THRESHOLDS
from daemon.store.database import Store, open_store
from tests.benchmarks import rosters

PEOPLE, COURSES, MEMBERSHIPS = 10_000, 1_000, 100_000
DRIFTED = 20
"""Of so many members one was taken out by somebody, and another one is in it who left the course."""
TENANT, SOURCE, TARGET, KIND = "acme", "sis", "slack", "channel"
LANE = f"{TENANT}/{TARGET}"
RULE = msgspec.convert(
    {"name": "classes", "from": SOURCE, "to": TARGET, "into": {"channel": "c-{course.id}"}, "create": True}, Roster
)
ROWS, LOT = 1_000, 50
BARE_ENROLLED = """
    SELECT e.course, e.user, e.no, e.canonical, u.canonical, u.state, c.canonical, c.state, coalesce(p.person, 0)
    FROM records e
    JOIN records u ON u.source = e.source AND u.entity = 'user' AND u.id = e.user
    JOIN records c ON c.source = e.source AND c.entity = 'course' AND c.id = e.course
    LEFT JOIN personas p ON p.tenant = ? AND p.source = ? AND p.user = e.user
    WHERE e.entity = 'enrolment' AND e.state <> 'gone'
"""
BARE_KEPT = "SELECT p.course, k.* FROM roster_places p JOIN roster_kept k ON k.place = p.no"
BARE_ACCOUNTS = "SELECT * FROM roster_accounts"


class Silent:
    """A vendor of whom everything is known: whoever asks is told that nobody should have."""

    lane = LANE
    progress = Progress()
    rostering = SimpleNamespace(visible_s=30.0, members_max=100_000, lookups_max=50, finds_max=1_000)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the vendor was asked for {name}")


class Costs(msgspec.Struct, frozen=True):
    """Seconds of processor of each (the machine is not ours alone, and neither waits for anything), and how many are to
    be put in and taken out."""

    bare_s: float
    ours_s: float
    joins: int
    leaves: int

    @property
    def ratio(self) -> float:
        return self.ours_s / self.bare_s


async def prepare(root: Path, people: int = PEOPLE, courses: int = COURSES, memberships: int = MEMBERSHIPS) -> None:
    """A store with so many enrolments, and with places that are almost in step."""
    await rosters.imported(district(root / "district", people, courses, memberships), root)
    async with _opened(root) as store:
        await _remember(store)


@asynccontextmanager
async def _opened(root: Path) -> AsyncIterator[Store]:
    async with open_loop(), open_store(root / "lmsyncd.db", SystemClock()) as store:
        yield store


async def _remember(store: Store) -> None:
    now_us = SystemClock().now_us()
    desiring = Desiring(RULE, "Europe/Berlin", now_us)
    after: tuple[str, str, int] | None = ("", "", 0)
    while after is not None:
        enrolled, after = await store.rosters.enrolled(TENANT, SOURCE, None, after, ROWS)
        desiring.take(enrolled)
    units = desiring.units()
    await store.rosters.watch(TENANT, [SOURCE])
    await store.rosters.share(TENANT, {SOURCE: [RULE.name]})
    await store.rosters.spread(TENANT, RULE.name, LANE, KIND, units, [Marked(course="", marks=1)])
    states = await store.rosters.places(TENANT, RULE.name, LANE, KIND)
    known: dict[str, AccountFound] = {}
    lot: list[Reckoned] = []
    for unit in units:
        state = states[unit.key]
        kept = []
        for n, seat in enumerate(desiring.desired(unit.key).seats):
            name = account(seat.email)
            known[seat.email] = AccountFound(named=seat.email, account=name, found_us=now_us)
            gone = n % DRIFTED == 1
            id_ = f"{name.id}X" if gone else name.id  # somebody else, who has no enrolment any more
            kept.append(Kept(id=id_, person=0 if gone else seat.person, inside=True, ours=True, put_us=1))
        place = msgspec.structs.replace(state.place, id=f"C{state.place.no:08}", read_us=now_us)
        lot.append(Reckoned(place=place, marks=state.marks, kept=tuple(kept)))
    for at in range(0, len(lot), LOT):
        done = await store.rosters.commit(TENANT, LANE, lot[at : at + LOT], None, "", "", now_us)
        assert not done.busy
    await store.rosters.learn(LANE, list(known.values()))
    await store.writer.submit(lambda raw: raw.execute("UPDATE sources SET first_us = ?", (now_us,)))


def account(email: str) -> Account:
    return Account(id=f"U{email.partition('@')[0].upper()}", emails=(email,), name=email)


async def measured(root: Path, times: int = 3) -> Costs:
    """Both in turn, in one process, its collector as the daemon's; the best of each counts."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    bare, ours = [], []
    async with _opened(root) as store:
        for _ in range(times):
            began = time.process_time()
            joins, leaves = bare_difference(root / "lmsyncd.db")
            bare.append(time.process_time() - began)
            began = time.process_time()
            draft = await planned(store)
            ours.append(time.process_time() - began)
            told = [each.plan.difference for each in draft.parts.values()]
            assert joins == sum(len(each.joins) for each in told)
            assert leaves == sum(len(each.leaves) for each in told)
            del draft, told
    return Costs(min(bare), min(ours), joins, leaves)


async def planned(store: Store) -> Draft:
    """All of the rule, as ``lmsyncctl reconcile plan`` does it."""
    world = SimpleNamespace(
        rosters=store.rosters, conflicts=store.conflicts, clock=SystemClock(), switchboard=Switchboard()
    )
    drafting = Drafting(TENANT, "Europe/Berlin", RULE, cast(Any, Silent()), cast(Any, world))
    draft = await drafting.draft(Scope(whole=True, dry=True))
    assert plan_row(TENANT, [draft], "", "asked", "", "shown").hash == draft.judged.hash
    return draft


def bare_difference(path: Path) -> tuple[int, int]:
    """How many are not in it and should be, and how many are and should not: rows, two sets, two differences."""
    raw = sqlite3.connect(path)
    address = msgspec.json.Decoder(User).decode
    accounts = {row[1]: row[2] for row in raw.execute(BARE_ACCOUNTS)}
    users: dict[bytes, str] = {}
    wanted = set()
    for row in raw.execute(BARE_ENROLLED, (TENANT, SOURCE)):
        user = row[4]
        if user not in users:
            users[user] = accounts[address(user).email.casefold()]
        wanted.add((row[0], users[user]))
    inside = {(row[0], row[2]) for row in raw.execute(BARE_KEPT)}
    raw.close()
    return len(wanted - inside), len(inside - wanted)


def growth_mib(root: Path) -> float:
    """How much memory a process takes at most for a plan, beyond what it took before: in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.planning", str(root)], check=True, capture_output=True, text=True
    )
    return float(done.stdout.strip().splitlines()[-1])


async def _grown(root: Path) -> None:
    """In that process: a small plan was made before."""
    gc.set_threshold(*GC_THRESHOLDS)
    (root / "few").mkdir()
    await prepare(root / "few", 500, 20, 2_000)
    async with _opened(root / "few") as store:
        await planned(store)
    before = rosters.peak_kib()
    async with _opened(root) as store:
        await planned(store)
    print((rosters.peak_kib() - before) / 1024)


async def main(root: Path) -> None:
    """For a look at these figures alone: ``python -m tests.benchmarks.planning FOLDER look``."""
    if not (root / "lmsyncd.db").exists():
        await prepare(root)
    costs = await measured(root)
    print(
        f"bare {costs.bare_s:.2f} s, ours {costs.ours_s:.2f} s, {costs.ratio:.2f}; {costs.joins} in, {costs.leaves} out"
    )
    print(f"grown {await trio.to_thread.run_sync(growth_mib, root):.0f} MiB")


if __name__ == "__main__":
    trio.run(main if len(sys.argv) > 2 else _grown, Path(sys.argv[1]))
