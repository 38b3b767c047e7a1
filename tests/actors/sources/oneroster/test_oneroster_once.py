"""An id that stands in a file twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_depot import MemoryDepot
from oneroster_desk import INBOX, Desk, bundle

from actors.domain.harvest import Finished
from actors.sources.oneroster import once
from actors.sources.oneroster.once import Once


@given(st.lists(st.text(max_size=3)))
def test_each_is_new_once(names: list[str]) -> None:
    told = Once()
    known: set[str] = set()
    for name in names:
        assert told.is_new(name) == (name not in known)
        known.add(name)


def test_many_are_remembered_and_more_than_too_many_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Once()
    assert all(told.is_new(f"id {n}") for n in range(20_000))
    assert not any(told.is_new(f"id {n}") for n in range(20_000))
    monkeypatch.setattr(once, "COUNT_MAX", 1_000)
    few = Once()
    assert all(few.is_new(f"id {n}") for n in range(2_000))
    assert not few.is_new("id 0")
    assert few.is_new("id 1999")


def test_an_id_is_none_whose_mark_lies_across_two_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here an id is its own hash, so that all marks stand in one list, in order."""
    monkeypatch.setattr(once, "hash", lambda name: int(name, 16) * once._LISTS, raising=False)
    told = Once()
    assert told.is_new("112233445566")
    assert told.is_new("aabbccddeeff")
    assert told.is_new("445566aabbcc")
    assert not told.is_new("445566aabbcc")
    assert not told.is_new("aabbccddeeff")


async def test_of_rows_with_one_id_the_first_counts_also_pages_later() -> None:
    rows = [f"e{n},,,c1,o1,u1,student,,," for n in range(2_500)]
    depot = MemoryDepot()
    depot.drop(INBOX, "a.zip", bundle(enrollments=[*rows, "e0,,,c1,o1,u1,teacher,,,", "e2499,,,c1,o1,u1,teacher,,,"]))
    told = await Desk(depot).read()
    assert isinstance(told.ended, Finished)
    assert {record.body["role"] for record in told.of("enrolment").values()} == {"student"}
    assert len([record for record in told.records if record.entity == "enrolment"]) == 2_500
    assert "like e0: the first counts" in told.ended.note
    assert "enrolment" in told.wholes
