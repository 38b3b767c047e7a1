"""What vendors are asked for ten thousand people's rosters: a first sync, and a night in which nothing changed, counted
at the vendors and beside the fewest requests with which their interfaces let the same be done.

A whole daemon in virtual time: what the limits make it wait costs nothing here.
"""

import sys
import tempfile
from math import ceil
from pathlib import Path

import msgspec
import trio
from district import district
from schooled import Tally, enrolled, inside, open_district, read, rule, settled
from trio.testing import MockClock

from daemon.store.database import Store

PEOPLE, CLASSES, ENROLMENTS = 10_000, 100, 30_000
ROSTER = frozenset(
    {
        "conversations.create", "conversations.invite", "conversations.kick", "conversations.list",
        "conversations.members", "conversations.setTopic", "usergroups.create", "usergroups.list",
        "usergroups.users.list", "usergroups.users.update", "users.info", "users.list", "users.lookupByEmail",
        "members.add", "members.delete", "members.list", "members.patch", "members.post", "groups.list", "teams.post",
        "$batch", "GET users", "GET groups", "POST teams", "GET teams/*", "teams.get", "GET teams/*/members",
        "POST teams/*/members/add", "POST teams/*/members", "DELETE teams/*/members/*", "PATCH teams/*/members/*",
    }
)  # fmt: skip
"""Operations that rosters are kept with; others (tokens, what is listened to) are there without them too."""
DAY_S, NIGHT_S = 86_400.0, 7_200.0
WINDOW = 32
"""As the daemon has it: what is under way at once makes bundles full."""


class Asked(msgspec.Struct, frozen=True):
    """How many, and the fewest. ``calls`` as they are sent, ``requests`` as the vendor's limits count them: each part
    of a bundle for itself."""

    calls: int
    calls_min: int
    requests: int
    requests_min: int


class Counts(msgspec.Struct, frozen=True):
    first: Asked
    night: Asked


def fewest_first(kind: str, people: int, sizes: list[int]) -> tuple[int, int]:
    """Calls and requests: everybody is listed, places are made and filled. Slack refuses a name that is taken, so that
    nothing needs to be looked for; Teams takes any name twice, so that names are looked for, fifteen to a filter."""
    places = len(sizes)
    match kind:
        case "channel":
            fewest = ceil(people / 1000) + places + sum(ceil(each / 100) for each in sizes)
            return fewest, fewest
        case "usergroup":
            fewest = ceil(people / 1000) + 2 * places
            return fewest, fewest
        case _:
            adds = sum(ceil(each / 200) for each in sizes)
            requests = ceil(people / 999) + ceil(places / 15) + places + adds
            calls = ceil(people / 999) + ceil(places / 300) + ceil(places / 20) + ceil(adds / 20)
            return calls, requests


def fewest_night(kind: str, sizes: list[int]) -> tuple[int, int]:
    """Every place is read to its end; of Slack's user groups all come with one answer."""
    match kind:
        case "channel":
            fewest = sum(ceil((each + 1) / 1000) for each in sizes)  # the app is in it too
            return fewest, fewest
        case "usergroup":
            return 1, 1
        case _:
            return ceil(len(sizes) / 20), len(sizes)


async def counted(root: Path, kind: str, people: int, classes: int, enrolments: int) -> Counts:
    """The second night counts: the first one asks who the app itself is, once for good."""
    bundle = district(root / "bundle", people, classes, enrolments)
    wanted = enrolled(bundle)
    sizes = [len(each) for each in wanted.values()]
    async with open_district(root, bundle, rule(kind), window=WINDOW) as campus:
        tally = Tally(campus)
        await read(campus)
        await settled(campus)
        assert inside(campus, kind) == wanted
        first = _asked(tally, fewest_first(kind, people, sizes))
        nights = await _nights(campus.store)
        await trio.sleep(DAY_S)
        tally.calls.clear()
        tally.requests.clear()
        await trio.sleep(DAY_S)
        assert await _nights(campus.store) >= nights + 2
        assert inside(campus, kind) == wanted
        return Counts(first, _asked(tally, fewest_night(kind, sizes)))


async def _nights(store: Store) -> int:
    [[count]] = await store.writer.submit(lambda raw: raw.execute("SELECT count(*) FROM roster_drift").fetchall())
    return int(count)


def _asked(tally: Tally, fewest: tuple[int, int]) -> Asked:
    calls = sum(n for name, n in tally.calls.items() if name in ROSTER)
    requests = sum(n for name, n in tally.requests.items() if name in ROSTER)
    return Asked(calls, fewest[0], requests, fewest[1])


def measured(kind: str, people: int = PEOPLE, classes: int = CLASSES, enrolments: int = ENROLMENTS) -> Counts:
    """In virtual time of its own."""
    with tempfile.TemporaryDirectory(prefix="lmsyncd-bench-") as folder:
        clock = MockClock(autojump_threshold=0)
        return trio.run(counted, Path(folder), kind, people, classes, enrolments, clock=clock)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        print(each, measured(each))
