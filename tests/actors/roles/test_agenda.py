"""What past readings say of how a source stands."""

import pytest

from actors.domain.harvest import Mode
from actors.ports import Reading
from actors.ports.records import SourceState
from actors.roles.agenda import standing_of


@pytest.mark.parametrize(("mode", "took_us"), [("delta", 40), ("full", 0), ("backfill", 0)])
def test_only_a_reading_of_what_is_new_says_how_long_the_next_may_take(mode: Mode, took_us: int) -> None:
    older = Reading(no=1, mode="delta", began_us=1, ended_us=50, how="finished")
    newest = Reading(no=2, mode=mode, began_us=100, ended_us=140, how="finished")
    standing = standing_of(SourceState(no=1, first_us=1), [newest, older], 0, 0)
    assert (standing.took_us, standing.ended_us) == (took_us, 140)
    assert standing_of(SourceState(no=1), [], 0, 0).took_us == 0
