"""What is known of activities and agents, with a real store behind it: it is there after a restart too."""

import json
from pathlib import Path

import pytest
from gateway_world import STATEMENTS
from stored_gateway import stored
from xapi_samples import learner, moodle, simple

ACTIVITIES, AGENTS = "/t/acme/xapi/activities", "/t/acme/xapi/agents"


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_it_is_known_at_once_and_after_a_restart(tmp_path: Path, version: str) -> None:
    quiz = {"objectType": "Activity", "id": "a:quiz", "definition": {"name": {"en": "Quiz"}}}
    asked = {"params": {"activityId": "a:quiz"}}
    who = {"params": {"agent": json.dumps(learner())}}
    async with stored(tmp_path) as client:
        client.headers["X-Experience-API-Version"] = version
        await client.post(STATEMENTS, json=simple(actor={**learner(), "name": "Ada"}, object=quiz))
        first = (await client.get(ACTIVITIES, **asked)).json()
        await client.post(STATEMENTS, json=simple(object={**quiz, "definition": {"name": {"de": "Frage"}}}))
        second = (await client.get(ACTIVITIES, **asked)).json()
    async with stored(tmp_path) as client:
        client.headers["X-Experience-API-Version"] = version
        third = (await client.get(ACTIVITIES, **asked)).json()
        person = (await client.get(AGENTS, **who)).json()
    assert first == quiz
    assert second == third == {**quiz, "definition": {"name": {"en": "Quiz", "de": "Frage"}}}
    assert person == {"objectType": "Person", "name": ["Ada"], "account": [learner()["account"]]}


async def test_a_page_of_a_real_lms_in_every_format(tmp_path: Path) -> None:
    async with stored(tmp_path) as client:
        sent = {}
        for statement in moodle():
            (name,) = (await client.post(STATEMENTS, json=statement)).json()
            sent[name] = statement
        pages = {
            form: (await client.get(STATEMENTS, params={"format": form})).json()["statements"]
            for form in ("exact", "ids", "canonical")
        }
    assert len({statement["id"] for statement in pages["exact"]}) == len(sent)
    for exact, bare, canonical in zip(*pages.values(), strict=True):
        for name, value in sent[exact["id"]].items():
            assert exact[name] == value
        assert bare["object"] == {"id": exact["object"]["id"]}
        assert bare["verb"] == {"id": exact["verb"]["id"]}
        assert canonical["actor"] == exact["actor"]
        assert canonical["object"]["id"] == exact["object"]["id"]
        assert exact["object"]["definition"].keys() <= canonical["object"]["definition"].keys()
        for untouched in ("id", "stored", "timestamp", "result"):
            assert bare.get(untouched) == canonical.get(untouched) == exact.get(untouched)
