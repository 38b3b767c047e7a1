"""A vendor's list of people may show a part only: whoever is missing in it is asked for before they are given up."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from roster_hall import kept, rule, settled, standings
from world import EPOCH_US, Campus, open_campus

NEWCOMERS = 60
"""Too many to be looked up one by one, where a list is one call."""


def crowded(campus: Campus) -> None:
    """The course has many whom no list of the vendor shows, and one who is nobody there."""
    school, now_s = campus.school, EPOCH_US / 1e6 - 3_600.0
    (course,) = [each for each in school.courses.values() if each.code == "CS101"]
    for n in range(NEWCOMERS):
        school.enrol(school.add_person(f"Newcomer{n:02d}", "Smith", now_s), course, now_s)
    school.enrol(school.add_person("No", "Body", now_s, email="nobody@example.edu"), course, now_s)


@pytest.mark.parametrize(
    ("target", "into"), [("slack", {"channel": "c-{course.code}"}), ("teams", {"team": "{course.code}"})]
)
async def test_who_is_in_no_list_is_found_all_the_same(
    target: str, into: dict[str, Any], tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, kept(rule(to=target, into=into)), before=crowded) as campus:
        await campus.until_read()
        await settled(campus)
        told = await standings(campus, "CS101")
        assert told.pop("nobody@example.edu") == "unmatched"
        assert Counter(told.values()) == {"in_step": len(told)}
        assert len(told) > NEWCOMERS
