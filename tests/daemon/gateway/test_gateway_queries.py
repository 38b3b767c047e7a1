"""Queries over HTTP: related values, more links, and one's own statements only."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from gateway_world import STATEMENTS, World
from xapi_samples import Json, learner, simple

ADA = {"mbox": "mailto:ada+1@example.edu"}
COURSE = "http://lms.example.edu/course/view.php?id=9&lang=de"
IDS = [f"0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a0{number}" for number in range(6)]


async def listed(client: Any, more: str) -> list[Json]:
    """Every page, one after the other."""
    found: list[Json] = []
    while more:
        answer = await client.get(more)
        assert answer.status_code == 200, answer.text
        found += answer.json()["statements"]
        more = answer.json()["more"]
    return found


@pytest.mark.parametrize(
    ("name", "value", "related", "statement"),
    [
        ("agent", json.dumps(ADA), "related_agents", simple(context={"instructor": ADA})),
        (
            "activity",
            COURSE,
            "related_activities",
            simple(context={"contextActivities": {"grouping": [{"id": COURSE}]}}),
        ),
    ],
)
async def test_related_ones_only_when_they_are_asked_for(name: str, value: str, related: str, statement: Json) -> None:
    async with World().client("boss") as client:
        await client.post(STATEMENTS, json=[statement, simple()])
        found = [
            (await client.get(STATEMENTS, params={name: value, **more})).json()["statements"]
            for more in ({}, {related: "false"}, {related: "true"})
        ]
    assert [len(some) for some in found] == [0, 0, 1]


async def test_a_more_link_keeps_every_parameter_and_is_relative() -> None:
    async with World().client("boss") as client:
        for number in range(5):
            await client.post(STATEMENTS, json=simple(id=IDS[number], actor=ADA, object={"id": COURSE}))
        asked = {
            "agent": json.dumps(ADA),
            "activity": COURSE,
            "related_agents": "true",
            "since": "2015-01-01T00:00:00+02:00",
            "limit": "2",
            "ascending": "true",
            "format": "exact",
            "attachments": "false",
        }
        first = (await client.get(STATEMENTS, params=asked)).json()
        link = urlsplit(first["more"])
        rest = await listed(client, first["more"])
    assert (link.scheme, link.netloc, link.path) == ("", "", STATEMENTS)
    kept = {name: values[0] for name, values in parse_qs(link.query, strict_parsing=True).items()}
    assert set(kept) - set(asked) == {"cursor"}
    assert {name: kept[name] for name in asked} == asked
    assert [one["id"] for one in [*first["statements"], *rest]] == IDS[:5]


async def test_no_more_link_where_a_full_page_is_the_last() -> None:
    async with World().client("boss") as client:
        await client.post(STATEMENTS, json=[simple(), simple()])
        answer = await client.get(STATEMENTS, params={"limit": "2"})
    assert len(answer.json()["statements"]) == 2
    assert answer.json()["more"] == ""


async def test_whoever_may_read_only_their_own_finds_no_others_by_any_filter() -> None:
    world = World()
    async with world.client("moodle") as moodle, world.client("player") as player:
        await moodle.post(STATEMENTS, json=simple(id=IDS[0], actor=ADA))
        reference = {"objectType": "StatementRef", "id": IDS[0]}
        await player.post(STATEMENTS, json=simple(id=IDS[1], object=reference))
        mine = [await listed(client, STATEMENTS) for client in (moodle, player)]
        by_agent = [
            await listed(client, f"{STATEMENTS}?{urlencode({'agent': json.dumps(ADA)})}") for client in (moodle, player)
        ]
        theirs = await player.get(STATEMENTS, params={"statementId": IDS[0]})
    assert [[one["id"] for one in some] for some in mine] == [[IDS[0]], [IDS[1]]]
    assert [[one["id"] for one in some] for some in by_agent] == [[IDS[0]], []]
    assert theirs.status_code == 404


async def test_references_are_found_by_what_they_refer_to_but_not_got_for_it() -> None:
    async with World().client("boss") as client:
        await client.post(STATEMENTS, json=simple(id=IDS[1], object={"objectType": "StatementRef", "id": IDS[0]}))
        await client.post(STATEMENTS, json=simple(id=IDS[0], actor=ADA))
        found = await listed(client, f"{STATEMENTS}?{urlencode({'agent': json.dumps(ADA), 'ascending': 'true'})}")
        got = await client.get(STATEMENTS, params={"statementId": IDS[0]})
    assert [one["id"] for one in found] == [IDS[1], IDS[0]]
    assert got.json()["id"] == IDS[0]


@pytest.mark.parametrize("name", ["Verb", "relatedAgents", "STATEMENTID", "verbs", "related_Agents"])
async def test_names_are_taken_as_they_are_written(name: str) -> None:
    async with World().client("boss") as client:
        answer = await client.get(STATEMENTS, params={name: "true"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, name)


@pytest.mark.parametrize("name", ["statementId", "voidedStatementId"])
@pytest.mark.parametrize(
    "more",
    [
        {"agent": json.dumps(learner())},
        {"verb": "http://adlnet.gov/expapi/verbs/completed"},
        {"activity": COURSE},
        {"registration": IDS[0]},
        {"related_activities": "true"},
        {"related_agents": "true"},
        {"since": "2015-01-01T00:00:00Z"},
        {"until": "2015-01-01T00:00:00Z"},
        {"limit": "1"},
        {"ascending": "true"},
    ],
)
async def test_one_by_its_id_takes_no_filter(name: str, more: dict[str, str]) -> None:
    async with World().client("boss") as client:
        answer = await client.get(STATEMENTS, params={name: IDS[0], **more})
    assert (answer.status_code, answer.json()["parameter"]) == (400, *more)
