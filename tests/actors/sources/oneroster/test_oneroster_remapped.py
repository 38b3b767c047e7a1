"""A school's bundle under another mapping, and back: every byte is as it was."""

from pathlib import Path

from mapped_desk import activated_and_taken_back, of_kind
from memory_depot import MemoryDepot
from oneroster_desk import INBOX, Desk, small

from actors.sources import oneroster

SECOND = """
version = 2
extends = 1
note = "Teachers assist, names are in capitals, and who has an odd number in the address does not fit."
[words.role]
teacher = "assistant"
[user.csv]
given_name = { path = "givenName", as = ["name", "upper"] }
email = { path = "email", as = "email", check = ["match:.*[^13579]@.*"] }
"""


async def test_a_generated_school(tmp_path: Path) -> None:
    depot = MemoryDepot()
    depot.drop(INBOX, "school.zip", small())
    told = await Desk(depot).read("full")
    ended = await activated_and_taken_back(tmp_path, of_kind(oneroster, SECOND), told.records)
    assert ended.count.records == len({(each.entity, each.id) for each in told.records})
    assert ended.count.changed >= 79
