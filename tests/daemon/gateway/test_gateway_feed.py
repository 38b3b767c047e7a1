"""The feed of changes over HTTP: what an entry looks like, who may read it, and what is refused with which words."""

from typing import Any

import httpx
import pytest
from gateway_world import NOW_US, World, basic

from actors.domain.changes import ROUTE_WORDS, Activity, Course, CourseCompleted, GradePosted, Score
from actors.domain.people import Learner
from daemon.gateway.feed import AHEAD_US, WORDS
from daemon.gateway.ports_feed import FeedEntry, Place

CHANGES = "/t/acme/changes"
ADA = Learner(key="account:https://lms.example.edu|7", name="Ada", email="ada@example.edu")
GRADE = GradePosted(
    learner=ADA,
    at="2026-11-23T10:00:00Z",
    activity=Activity(id="https://lms.example.edu/mod/9", name="Essay"),
    score=Score(raw=40.0, max=50.0),
)
DONE = CourseCompleted(learner=ADA, at="2026-11-23T10:00:00Z", course=Course(id="https://lms.example.edu/course/1"))


def entry(place: Place, change: Any = GRADE, **more: Any) -> FeedEntry:
    given: dict[str, Any] = {
        "place": place,
        "id": f"{place[0]:032x}",
        "news": "new",
        "occurrence": 1,
        "kind": change.kind if change else "",
        "change": change,
        "corrects": "",
        "imported": False,
        "statement_id": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01",
        "source": "campus",
        "stored_us": place[0],
        "correlation_id": "corr-1",
        "version": "1.0.3",
    }
    return FeedEntry(**{**given, **more})


@pytest.fixture
def world() -> World:
    world = World()
    world.feed.entries["acme"] = [entry((NOW_US + number, 0), DONE if number % 2 else GRADE) for number in range(5)]
    return world


async def test_a_change_is_shown_whole(world: World) -> None:
    async with world.client("reader") as client:
        answer = await client.get(CHANGES, params={"limit": 1})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "changes": [
            {
                "cursor": str(NOW_US),
                "id": f"{NOW_US:032x}",
                "kind": "graded",
                "news": "new",
                "occurrence": 1,
                "change": {
                    "kind": "graded",
                    "at": "2026-11-23T10:00:00Z",
                    "learner": {"key": ADA.key, "name": "Ada", "email": "ada@example.edu"},
                    "activity": {"id": "https://lms.example.edu/mod/9", "name": "Essay"},
                    "score": {"raw": 40.0, "max": 50.0, "percent": 80.0},
                },
                "statement": "0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01",
                "source": "campus",
                "stored": "2027-01-15T08:00:00.000000Z",
                "correlation_id": "corr-1",
                "version": "1.0.3",
            }
        ],
        "cursor": str(NOW_US),
        "more": True,
    }


async def test_corrections_retractions_and_imports(world: World) -> None:
    world.feed.entries["acme"] = [
        entry((NOW_US, 0), corrects="aa" * 16),
        entry((NOW_US + 1, 0), news="retracted", corrects="bb" * 16, id="bb" * 16),
        entry((NOW_US + 2, 0), None, news="retracted", corrects="cc" * 16, id="cc" * 16, occurrence=0),
        entry((NOW_US + 3, 7), imported=True, news="overtaken"),
    ]
    async with world.client("reader") as client:
        first, second, third, fourth = (await client.get(CHANGES)).json()["changes"]
    assert first["corrects"] == "aa" * 16
    assert (second["id"], second["kind"], second["change"]["kind"]) == ("bb" * 16, "graded", "graded")
    assert "corrects" not in second
    assert (third["id"], third["news"]) == ("cc" * 16, "retracted")
    assert not {"kind", "change", "occurrence"} & set(third)
    assert (fourth["cursor"], fourth["imported"], fourth["news"]) == (f"{NOW_US + 3}.7", True, "overtaken")


async def test_pages_follow_one_another(world: World) -> None:
    async with world.client("auditor") as client:
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get(CHANGES, params={"limit": 2, **cursor})).json()
            seen += [change["cursor"] for change in page["changes"]]
            cursor = {"cursor": page["cursor"]}
            if not page["more"]:
                break
        assert seen == [str(NOW_US + number) for number in range(5)]
        assert (await client.get(CHANGES, params=cursor)).json() == {"changes": [], **cursor, "more": False}


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=graded", {"graded"}),
        ("kind=completed", {"course_completed"}),
        ("kind=graded,completed", {"graded", "course_completed"}),
        ("kind=graded&kind=course_completed", {"graded", "course_completed"}),
        ("kind=enrolled", set()),
    ],
)
async def test_route_words_choose(world: World, query: str, kinds: set[str]) -> None:
    async with world.client("boss") as client:
        page = (await client.get(f"{CHANGES}?{query}")).json()
    assert {change["kind"] for change in page["changes"]} == kinds


def test_every_route_word_that_a_statement_can_tell_is_known() -> None:
    assert set(WORDS) == ROUTE_WORDS - {"statement"}


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("cursor=abc", "cursor", "one that an answer of this feed gave"),
        ("cursor=-1", "cursor", "one that an answer"),
        ("cursor=1.0", "cursor", "one that an answer"),
        ("cursor=", "cursor", "one that an answer"),
        ("cursor=" + "9" * 19, "cursor", "one that an answer"),
        (f"cursor={NOW_US + 2 * AHEAD_US}", "cursor", "still to come"),
        ("cursor=1&cursor=2", "cursor", "more than once"),
        ("limit=0", "limit", "from 1 to 500"),
        ("limit=501", "limit", "from 1 to 500"),
        ("limit=ten", "limit", "from 1 to 500"),
        ("limit=%D9%A1", "limit", "from 1 to 500"),
        ("kind=grated", "kind", "knows no 'grated'"),
        ("kind=graded,", "kind", "knows no ''"),
        ("kind=statement", "kind", "knows no 'statement'"),
        ("since=2026-11-23", "since", "not a parameter"),
    ],
)
async def test_what_is_malformed_is_refused_by_name(world: World, query: str, parameter: str, said: str) -> None:
    async with world.client("reader") as client:
        answer = await client.get(f"{CHANGES}?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["parameter"] == parameter
    assert said in problem["detail"]


async def test_who_has_missed_something_is_told_and_where_to_go_on(world: World) -> None:
    world.feed.gone = (NOW_US + 2, 0)
    async with world.client("reader") as client:
        answer = await client.get(CHANGES, params={"cursor": str(NOW_US)})
        assert answer.status_code == 410
        assert "by retention" in answer.json()["detail"]
        again = await client.get(CHANGES, params={"cursor": answer.json()["cursor"]})
        assert len(again.json()["changes"]) == 2
        assert (await client.get(CHANGES)).status_code == 200, "who begins has missed nothing"


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("reader", 200),
        ("auditor", 200),
        ("boss", 200),
        ("moodle", 403),
        ("writer", 403),
        ("profiler", 403),
        ("author", 403),
        (None, 401),
    ],
)
async def test_whoever_may_read_all_statements_may_read_changes(world: World, key: str | None, status: int) -> None:
    async with world.client(key) as client:
        answer = await client.get(CHANGES)
    assert answer.status_code == status
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"


async def test_a_tenant_sees_its_own(world: World) -> None:
    secret = {"Authorization": basic("boss", "boss@globex"[::-1])["Authorization"]}
    async with world.client(None) as client:
        assert (await client.get("/t/globex/changes", headers=secret)).json()["changes"] == []
        assert (await client.get(CHANGES, headers=secret)).status_code == 401
        assert (await client.get("/t/nobody/changes", headers=secret)).status_code == 401


async def test_it_speaks_no_xapi_but_may_be_read_by_scripts(world: World) -> None:
    async with world.client("reader") as client:
        del client.headers["X-Experience-API-Version"]
        answer = await client.get(CHANGES, headers={"Origin": "https://bi.example.edu"})
        assert answer.status_code == 200
        assert "x-experience-api-version" not in answer.headers
        assert "x-experience-api-consistent-through" not in answer.headers
        assert answer.headers["access-control-allow-origin"] == "*"
        asked = {"Origin": "https://bi.example.edu", "Access-Control-Request-Method": "GET"}
        preflight = await client.options(CHANGES, headers=asked)
        assert (preflight.status_code, preflight.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        refused = await client.get(CHANGES, params={"limit": "x"}, headers={"Origin": "https://bi.example.edu"})
        assert refused.headers["access-control-allow-origin"] == "*"


async def test_only_reading_is_there(world: World) -> None:
    async with world.client("boss") as client:
        assert (await client.post(CHANGES, json={})).status_code == 405
        head = await client.head(CHANGES)
        assert (head.status_code, head.content) == (200, b"")


async def test_a_store_that_cannot_be_read_is_come_back_to(world: World) -> None:
    world.feed.broken = True
    async with world.client("reader") as client:
        answer: httpx.Response = await client.get(CHANGES)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert world.spans[-1].said["template"] == "/t/{tenant}/changes"
