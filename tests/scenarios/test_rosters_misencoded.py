"""A roster that was written in another encoding, or spoilt by one, takes nobody out of anywhere, and says what is
wrong with it."""

from pathlib import Path

import msgspec
import pytest
import trio
from district import district
from roster_hall import plan, settled
from schooled import deliver, open_district, read, rule
from world import Campus

from actors.targets.slack.fake.workspace import BOT_USER

PEOPLE, CLASSES, ENROLMENTS = 12, 2, 20


def members(campus: Campus) -> dict[str, set[str]]:
    space = campus.fakes["slack"].space  # type: ignore[attr-defined]
    return {each.name: space.rooms.inside(id_) - {BOT_USER} for id_, each in space.places() if each.name[:2] == "c-"}


def told_in(folder: Path, name: str, encoding: str) -> Path:
    """A bundle in which everybody's first name is Zoë, and many have moved to another class."""
    lies = district(folder / name, PEOPLE - 2, CLASSES, ENROLMENTS)
    for path in lies.iterdir():
        text = path.read_text(encoding="utf-8").replace("Given", "Zoë")
        path.write_bytes(text.encode(encoding))
    return lies


async def reasons(campus: Campus) -> list[str]:
    """Why nobody is taken out."""
    plans = await campus.rows("SELECT body FROM roster_plans ORDER BY no")
    places = [each for (body,) in plans[-1:] for each in msgspec.json.decode(body)]
    return [each["why"] for each in places if each.get("spared")]


@pytest.mark.parametrize(
    ("encoding", "why"), [("latin-1", "users.csv: line 2 is not UTF-8"), ("utf-16-be", "manifest")]
)
async def test_nobody_is_taken_out_by_a_roster_in_an_encoding_that_cannot_be_read(
    tmp_path: Path, autojump_clock: object, encoding: str, why: str
) -> None:
    first = district(tmp_path / "one", PEOPLE, CLASSES, ENROLMENTS)
    async with open_district(tmp_path, first, rule("channel")) as campus:
        await read(campus)
        await settled(campus)
        before = members(campus)
        assert sum(map(len, before.values())) == ENROLMENTS
        deliver(tmp_path, told_in(tmp_path, "two", encoding))
        await trio.sleep(3 * 86_400)  # nobody asks, and the nights pass
        assert {name: before[name] - inside for name, inside in members(campus).items()} == {
            each: set() for each in before
        }
        [(spoilt,)] = await campus.rows("SELECT spoilt FROM sources")
        assert why in spoilt
        told = await plan(campus)
        assert told.plan is None or told.plan.removes == 0
        assert all(spoilt in each for each in await reasons(campus))
