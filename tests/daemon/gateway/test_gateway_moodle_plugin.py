"""Moodle's xAPI plugin after an outage: everything it kept at once, some of it twice. It takes any status but exactly
200 for a failure, and sends what failed no more by itself."""

import json
from pathlib import Path

import httpx
import trio
from gateway_world import STATEMENTS
from recorded_moodle import plugin_statements
from stored_gateway import stored

BATCH = 10
JSON = {"Content-Type": "application/json"}


async def test_a_burst_is_answered_200_each_and_told_again_is_nothing_new(tmp_path: Path) -> None:
    told = plugin_statements()
    batches = [told[start : start + BATCH] for start in range(0, len(told), BATCH)]
    ids: dict[tuple[int, int], list[str]] = {}
    async with stored(tmp_path) as client:

        async def send(number: int, time: int) -> None:
            body = json.dumps(batches[number]).replace("/", "\\/").encode()  # as PHP writes it
            answer = await client.post(STATEMENTS, content=body, headers=JSON)
            assert answer.status_code == 200, answer.text
            ids[number, time] = answer.json()

        async with trio.open_nursery() as nursery:
            for number in range(len(batches)):
                for time in range(3):
                    nursery.start_soon(send, number, time)
        idle = await client.post(STATEMENTS, content=b"[]", headers=JSON)
        kept = await _all(client)
    assert (idle.status_code, idle.json()) == (200, [])
    for number in range(len(batches)):
        assert ids[number, 0] == ids[number, 1] == ids[number, 2]
    assert kept == {name for names in ids.values() for name in names}
    assert len(kept) == len({json.dumps(each, sort_keys=True) for each in told})


async def _all(client: httpx.AsyncClient) -> set[str]:
    """Ids of all that is stored."""
    found: set[str] = set()
    page: str = STATEMENTS
    while page:
        shown = (await client.get(page)).json()
        found |= {each["id"] for each in shown["statements"]}
        page = shown["more"]
    return found
