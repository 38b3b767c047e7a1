"""Conflicts as they are kept: asked once, decided once, undone by taking a ruling back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from seeded_conflicts import NOW_US, WHERE, seeded
from world import VirtualClock

from actors.domain.canonical import User
from actors.domain.conflicts.fixes import TwoPersons
from actors.domain.conflicts.model import Conflict, ConflictKind
from actors.domain.conflicts.people import identity_clash
from actors.ports.conflicts import Decider, Raised
from config.identity import Identity
from daemon.store import raising
from daemon.store.conflicts import SqlConflicts
from daemon.store.database import Store, open_store
from daemon.store.identity import Told, learn

ANN = Decider(who="ann", by_way="control")
BOB = Decider(who="bob", by_way="page")
RULES = Identity()
LATER_US = NOW_US + 60_000_000


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Store, SqlConflicts]]:
    async with open_store(tmp_path / "lmsyncd.db", VirtualClock(), inline=True) as store:
        await store.writer.submit(
            lambda raw: learn(
                raw,
                "acme",
                "sis",
                "https://sis",
                [Told(user=User(id=str(n), email=f"p{n}@x.org", display_name=f"P{n}")) for n in (1, 2)],
                RULES,
                NOW_US,
            )
        )
        yield store, store.conflicts


async def raised(conflicts: SqlConflicts, conflict: Conflict, now_us: int = NOW_US) -> int:
    told = await conflicts.raise_("acme", [conflict], now_us)
    [no] = told.fresh
    return no


@pytest.mark.parametrize("kind", seeded())
async def test_of_every_class_each_fix_is_decided_once_and_undone(tmp_path: Path, kind: ConflictKind) -> None:
    conflict = seeded()[kind]
    async with opened(tmp_path) as (_, conflicts):
        for choice, suggestion in enumerate(conflict.fixes):
            one = msgspec.structs.replace(conflict, subject=f"{conflict.subject}|{choice}")
            no = await raised(conflicts, one)
            done = await conflicts.approve("acme", no, choice, ANN, LATER_US)
            assert done.done, done.note
            scope = suggestion.fix.scope
            in_force = await conflicts.rulings("acme", [scope])
            assert [each.fix for each in in_force[scope] if each.conflict == no] == [suggestion.fix]
            again = await conflicts.approve("acme", no, choice, BOB, LATER_US + 1)
            assert (again.done, again.again) == (False, True)
            other = (choice + 1) % len(conflict.fixes)
            if other != choice:
                refused = await conflicts.approve("acme", no, other, BOB, LATER_US + 1)
                assert (refused.done, refused.again) == (False, False)
            assert (await conflicts.raise_("acme", [one], LATER_US + 2)).answered == 1
            undone = await conflicts.undo("acme", no, BOB, LATER_US + 3)
            assert undone.done, undone.note
            left = (await conflicts.rulings("acme", [scope])).get(scope, ())
            assert [each for each in left if each.conflict == no] == []
            assert (await conflicts.undo("acme", no, BOB, LATER_US + 4)).again
            case = await conflicts.one("acme", no)
            assert case is not None
            assert [each.what for each in case.history] == ["raised", "approved", "undone"]


async def stood(store: Store, now_us: int, *found: Conflict) -> Raised:
    """These and no others are in question, as the transaction of a run writes it."""
    return await store.writer.submit(lambda raw: raising.stand(raw, "acme", WHERE.scope, found, now_us))


async def test_what_is_asked_is_asked_once_and_settled_when_it_is_not_so_any_more(tmp_path: Path) -> None:
    stranger, missing = seeded()["stranger"], seeded()["missing"]
    async with opened(tmp_path) as (store, conflicts):
        first = await stood(store, NOW_US, stranger, missing)
        assert len(first.fresh) == 2
        second = await stood(store, NOW_US + 1, stranger)
        assert (second.fresh, second.known, second.settled) == ((), 1, 1)
        [open_] = await conflicts.cases("acme", ["open"])
        assert (open_.conflict, open_.times) == (stranger, 2)
        [settled] = await conflicts.cases("acme", ["settled"])
        assert settled.conflict == missing
        assert (await conflicts.approve("acme", settled.no, 0, ANN, LATER_US)).done is False
        third = await stood(store, NOW_US + 2, stranger, missing)
        assert len(third.fresh) == 1
        assert await conflicts.clear("acme", "roster:other|course:9", NOW_US + 3) == 0


async def test_what_was_rejected_is_asked_again_only_when_the_sides_say_something_else(tmp_path: Path) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(
        one, sides=(msgspec.structs.replace(one.sides[0], value="new@example.edu"), *one.sides[1:])
    )
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, one)
        assert (await conflicts.reject("acme", no, "leave it", ANN, LATER_US)).done
        assert (await conflicts.reject("acme", no, "leave it", BOB, LATER_US)).again
        assert (await conflicts.raise_("acme", [one], LATER_US + 1)).answered == 1
        assert len((await conflicts.raise_("acme", [other], LATER_US + 2)).fresh) == 1
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 3)).note == "the same is asked anew already"


async def test_who_saw_a_former_decision_does_not_undo_the_later_one(tmp_path: Path) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(
        one, sides=(msgspec.structs.replace(one.sides[0], value="new@example.edu"), *one.sides[1:])
    )
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, one)
        former = (await conflicts.reject("acme", no, "leave it", ANN, LATER_US)).case
        assert former is not None
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 1, mark=former.mark)).done
        assert (await conflicts.raise_("acme", [other], LATER_US + 2)).known == 1
        later = (await conflicts.reject("acme", no, "leave it", BOB, LATER_US + 3)).case
        assert later is not None
        refused = await conflicts.undo("acme", no, ANN, LATER_US + 4, mark=former.mark)
        assert (refused.done, refused.case) == (False, later)
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 5, mark=later.mark)).done


async def test_who_saw_a_former_decision_does_not_undo_the_later_one_about_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, seeded()["email_differs"])
        first = await conflicts.one("acme", no)
        former = (await conflicts.reject("acme", no, "leave it", ANN, LATER_US)).case
        assert first is not None
        assert former is not None
        assert (await conflicts.reject("acme", no, "", BOB, LATER_US, mark=first.shown)).again
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 1, mark=former.shown)).done
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 1, mark=former.shown)).again
        late = await conflicts.approve("acme", no, 0, BOB, LATER_US + 2, mark=first.shown)
        assert (late.done, late.outdated) == (False, "decided")
        now = await conflicts.one("acme", no)
        assert now is not None
        later = (await conflicts.reject("acme", no, "leave it", BOB, LATER_US + 3, mark=now.shown)).case
        assert later is not None
        assert (later.mark, later.state) == (former.mark, former.state)
        refused = await conflicts.undo("acme", no, ANN, LATER_US + 4, mark=former.shown)
        assert (refused.done, refused.outdated, refused.case) == (False, "decided", later)
        assert refused.note.startswith("it was decided otherwise since")
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 5, mark=later.shown)).done


async def test_what_was_rejected_and_asked_anew_and_decided_is_not_opened_beside_that(tmp_path: Path) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(
        one, sides=(msgspec.structs.replace(one.sides[0], value="new@example.edu"), *one.sides[1:])
    )
    async with opened(tmp_path) as (_, conflicts):
        first = await raised(conflicts, one)
        await conflicts.reject("acme", first, "leave it", ANN, LATER_US)
        second = await raised(conflicts, other, LATER_US + 1)
        await conflicts.reject("acme", second, "leave it", ANN, LATER_US + 2)
        refused = await conflicts.undo("acme", first, ANN, LATER_US + 3)
        assert not refused.done
        assert (await conflicts.undo("acme", second, ANN, LATER_US + 4)).done
        assert (await conflicts.raise_("acme", [other], LATER_US + 5)).known == 1


async def test_a_question_whose_sides_changed_is_not_decided_by_who_saw_the_former_one(tmp_path: Path) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(
        one, sides=(msgspec.structs.replace(one.sides[0], value="new@example.edu"), *one.sides[1:])
    )
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, one)
        before = await conflicts.one("acme", no)
        assert before is not None
        await conflicts.raise_("acme", [other], NOW_US + 1)
        refused = await conflicts.approve("acme", no, 0, ANN, LATER_US, mark=before.mark)
        assert not refused.done
        after = await conflicts.one("acme", no)
        assert after is not None
        assert [each.what for each in after.history] == ["raised", "changed"]
        assert (await conflicts.approve("acme", no, 0, ANN, LATER_US, mark=after.mark)).done


async def test_what_counts_once_is_asked_again_when_it_happens_again(tmp_path: Path) -> None:
    one = seeded()["missing"]
    again = msgspec.structs.replace(one, happened_us=LATER_US + 10)
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, one)
        assert (await conflicts.approve("acme", no, 0, ANN, LATER_US)).done
        assert (await conflicts.raise_("acme", [one], LATER_US + 1)).answered == 1
        assert len((await conflicts.raise_("acme", [again], LATER_US + 20)).fresh) == 1


async def test_a_later_decision_about_one_topic_replaces_the_former(tmp_path: Path) -> None:
    one = seeded()["stranger"]
    changed = msgspec.structs.replace(one, sides=(msgspec.structs.replace(one.sides[0], value="back"), one.sides[1]))
    async with opened(tmp_path) as (_, conflicts):
        first = await raised(conflicts, one)
        await conflicts.approve("acme", first, 0, ANN, LATER_US)
        second = await raised(conflicts, changed, LATER_US + 1)
        await conflicts.approve("acme", second, 1, BOB, LATER_US + 2)
        [ruling] = (await conflicts.rulings("acme", [WHERE.scope]))[WHERE.scope]
        assert (ruling.fix, ruling.by) == (one.fixes[1].fix, "bob")
        assert not (await conflicts.undo("acme", first, ANN, LATER_US + 3)).done


async def test_what_is_asked_about_a_rule_that_is_gone_is_settled(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, conflicts):
        await conflicts.raise_("acme", [seeded()["stranger"], seeded()["email_differs"]], NOW_US)
        assert await conflicts.retain("acme", {"classes"}, LATER_US) == 0
        assert await conflicts.retain("acme", set(), LATER_US) == 1
        [left] = await conflicts.cases("acme", ["open"])
        assert left.conflict.kind == "email_differs"


async def test_another_tenants_conflict_is_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, conflicts):
        no = await raised(conflicts, seeded()["stranger"])
        assert await conflicts.one("globex", no) is None
        assert (await conflicts.approve("globex", no, 0, ANN, LATER_US)).case is None
        assert await conflicts.rulings("globex", [WHERE.scope]) == {}


async def test_what_a_target_calls_somebody_is_said_and_taken_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (store, conflicts):
        no = await raised(conflicts, seeded()["near_miss"])
        await conflicts.approve("acme", no, 0, ANN, LATER_US)
        found = await store.dossiers.dossier("acme", 1)
        assert found is not None
        assert found.known.contacts == {"slack": "U7"}
        await conflicts.undo("acme", no, ANN, LATER_US + 1)
        found = await store.dossiers.dossier("acme", 1)
        assert found is not None
        assert found.known.contacts == {}


async def test_two_users_become_one_person_and_two_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as (store, conflicts):

        async def persons() -> set[int]:
            return {row[0] for row in await store.queries._read(lambda raw: raw.execute("SELECT person FROM personas"))}

        clash = identity_clash((1, 1, "sis/1 P1"), (2, 2, "sis/2 P2"), "email:p@x.org", "two ids", NOW_US)
        no = await raised(conflicts, clash)
        choice = next(n for n, each in enumerate(clash.fixes) if not isinstance(each.fix, TwoPersons))
        assert (await conflicts.approve("acme", no, choice, ANN, LATER_US)).done
        assert len(await persons()) == 1
        assert (await conflicts.undo("acme", no, ANN, LATER_US + 1)).done
        assert len(await persons()) == 2
