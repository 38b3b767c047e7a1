"""What two sources say differently is found as they tell it, decided by rule or by people, and read by rosters."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from two_sources import CAMPUS, SIS, ada, seat, told, two_sources

from actors.domain.conflicts.fixes import Believe
from actors.domain.conflicts.model import Case
from actors.domain.rosters.desired import Enrolled
from actors.ports.conflicts import Decider
from config.rosters import ConflictRule
from daemon.store.database import Store

ANN = Decider(who="ann", by_way="control")
NOW_US = 1_800_000_000_000_000


async def looked(store: Store, rules: Sequence[ConflictRule] = (), now_us: int = NOW_US) -> list[Case]:
    """What is open once everybody was looked at."""
    while (await store.conflicts.look("acme", rules, now_us)).more:
        pass
    return await store.conflicts.cases("acme", ["open"])


async def read(store: Store) -> Enrolled:
    """As whoever plans rosters reads it."""
    [found], _ = await store.rosters.enrolled("acme", "campus", None, ("", "", 0), 10)
    return found


@pytest.mark.parametrize(
    ("there", "here", "kind"),
    [
        ({"email": "a.byron@example.edu"}, {}, "email_differs"),
        ({"display_name": "Augusta King"}, {}, "name_differs"),
        ({}, {"role": "instructor"}, "role_differs"),
        ({}, {"status": "suspended"}, "status_differs"),
    ],
)
async def test_a_difference_is_asked_decided_and_read(
    tmp_path: Path, there: dict[str, object], here: dict[str, object], kind: str
) -> None:
    async with two_sources(tmp_path) as store:
        await told(store, CAMPUS, ada(CAMPUS), seat(CAMPUS))
        await told(store, SIS, ada(SIS, **there), seat(SIS, **here))
        before = await read(store)
        await store.writer.submit(lambda raw: raw.execute("DELETE FROM roster_due"))
        [case] = await looked(store)
        assert case.conflict.kind == kind
        assert {side.who for side in case.conflict.sides} == {"campus", "sis"}
        assert await read(store) == before
        choice = next(
            n
            for n, each in enumerate(case.conflict.fixes)
            if isinstance(each.fix, Believe) and each.fix.source == "sis"
        )
        await store.conflicts.approve("acme", case.no, choice, ANN, NOW_US + 1)
        assert await looked(store) == []
        due = await store.writer.submit(lambda raw: raw.execute("SELECT source, course FROM roster_due").fetchall())
        assert (CAMPUS, "42") in due
        after = await read(store)
        field = {"email_differs": "email", "name_differs": "display_name"}.get(kind, "")
        changed = getattr(after.user, field) if field else getattr(after.enrolment, kind.partition("_")[0])
        assert changed == next(iter({**there, **here}.values()))
        await store.conflicts.undo("acme", case.no, ANN, NOW_US + 2)
        assert [each.conflict.kind for each in await looked(store)] == [kind]
        assert await read(store) == before


async def test_days_are_compared_and_not_their_spelling(tmp_path: Path) -> None:
    async with two_sources(tmp_path) as store:
        await told(store, CAMPUS, ada(CAMPUS), seat(CAMPUS, start="2026-08-31T22:00:00Z", end="2027-01-31T22:59:59Z"))
        await told(store, SIS, ada(SIS), seat(SIS, start="2026-09-01", end="2027-01-31"))
        assert await looked(store) == []
        await told(store, SIS, seat(SIS, start="2026-09-01", end="2027-03-31"))
        [case] = await looked(store)
        assert case.conflict.kind == "dates_differ"


async def test_a_rule_decides_and_nobody_is_asked(tmp_path: Path) -> None:
    rules = (ConflictRule(field="role", policy="source", source="sis"), ConflictRule(field="name", policy="latest"))
    async with two_sources(tmp_path) as store:
        await told(store, CAMPUS, ada(CAMPUS), seat(CAMPUS))
        await told(store, SIS, ada(SIS), seat(SIS, role="instructor"))
        assert await looked(store, rules) == []
        assert (await read(store)).enrolment.role == "instructor"
        assert await store.conflicts.compare("acme", ("campus", "sis"), rules)
        other = (ConflictRule(field="role", policy="source", source="campus"),)
        assert await store.conflicts.compare("acme", ("campus", "sis"), other)
        assert await looked(store, other) == []
        assert (await read(store)).enrolment.role == "learner"


async def test_it_is_settled_when_the_sources_agree(tmp_path: Path) -> None:
    async with two_sources(tmp_path) as store:
        await told(store, CAMPUS, ada(CAMPUS), seat(CAMPUS))
        await told(store, SIS, ada(SIS, email="a.byron@example.edu"), seat(SIS))
        assert len(await looked(store)) == 1
        await told(store, SIS, ada(SIS))
        assert await looked(store) == []
        [settled] = await store.conflicts.cases("acme", ["settled"])
        assert [each.what for each in settled.history] == ["raised", "settled"]


async def test_one_source_alone_is_compared_with_nobody(tmp_path: Path) -> None:
    async with two_sources(tmp_path) as store:
        await store.conflicts.compare("acme", ("campus",), ())
        await told(store, CAMPUS, ada(CAMPUS), seat(CAMPUS))
        await told(store, SIS, ada(SIS, email="a.byron@example.edu"))
        assert await looked(store) == []


async def test_two_who_may_be_one_are_asked_about_until_somebody_says(tmp_path: Path) -> None:
    async with two_sources(tmp_path) as store:
        await told(store, CAMPUS, ada(CAMPUS))
        await told(store, SIS, ada(SIS, identifiers={"sis": "S8"}))
        assert (await store.conflicts.clashes("acme", NOW_US)).fresh == 1
        [case] = await store.conflicts.cases("acme", ["open"])
        assert case.conflict.kind == "identity_clash"
        one = next(n for n, each in enumerate(case.conflict.fixes) if each.fix.name == "one_person")
        assert (await store.conflicts.approve("acme", case.no, one, ANN, NOW_US + 1)).done
        assert (await store.conflicts.clashes("acme", NOW_US + 2)).fresh == 0
        assert await store.conflicts.cases("acme", ["open"]) == []
        await store.conflicts.undo("acme", case.no, ANN, NOW_US + 3)
        assert (await store.conflicts.clashes("acme", NOW_US + 4)).fresh == 1
