"""What clients of long ago say and expect, where it is harmless to go along."""

import pytest
from gateway_world import STATEMENTS, VERSION, World
from mixed_bodies import MIXED, attachment, mixed, taken_apart
from xapi_samples import simple

ABOUT = "/t/acme/xapi/about"


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.0.3"])
async def test_who_names_1_0_is_told_of_no_version_that_came_later(version: str) -> None:
    async with World().client(None, **{**VERSION, "X-Experience-API-Version": version}) as client:
        told = (await client.get(ABOUT)).json()["version"]
    assert told == ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]


async def test_who_names_2_0_is_told_of_all() -> None:
    async with World().client(None, **{"X-Experience-API-Version": "2.0.0"}) as client:
        assert {"1.0.3", "2.0.0"} <= set((await client.get(ABOUT)).json()["version"])


async def test_true_and_false_may_be_written_as_python_does() -> None:
    async with World().client("boss") as client:
        for name in ("first", "second"):
            sent = simple(attachments=[attachment(name.encode())])
            assert (await client.post(STATEMENTS, content=mixed(sent, name.encode()), headers=MIXED)).is_success
        plain = await client.get(STATEMENTS, params={"ascending": "true"})
        assert (await client.get(STATEMENTS, params={"ascending": "True"})).json() == plain.json()
        newest = await client.get(STATEMENTS, params={"ascending": "False", "attachments": "False", "limit": "1"})
        assert newest.json()["statements"] == plain.json()["statements"][1:]
        _, *contents = taken_apart(await client.get(STATEMENTS, params={"ascending": "True", "attachments": "True"}))
        assert [content for _, content in contents] == [b"first", b"second"]
        assert (await client.get(STATEMENTS, params={"ascending": "yes"})).status_code == 400
