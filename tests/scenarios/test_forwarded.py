"""Statements are forwarded to another LRS: all of them, with their ids, each once, in each learner's order, whatever
happens on the way."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
import trio
from world import Campus, completed, graded, open_campus, route, tenant

from actors.domain.flow import Request, Response
from actors.targets.lrs.fake import FakeLrs
from config.model import Audience, Backoff, Filter, Retention, Retry, Route, Tenant

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
PEOPLE = ["ada", "mary", "grace", "annie", "katherine", "emmy"]


def everything(name: str = "lake", **more: object) -> Route:
    return route(name, "statement", to="lrs", audience=Audience(), **more)


def school(*routes: Route, **more: object) -> Tenant:
    return tenant(*(routes or (everything(),)), **more)


def attended(
    who: str, what: str = "lecture", verb: str = "http://adlnet.gov/expapi/verbs/attended"
) -> dict[str, object]:
    """Something that is no change to us."""
    return {
        "actor": {"mbox": f"mailto:{who}@example.edu"},
        "verb": {"id": verb},
        "object": {"id": f"https://lms.example.edu/{what}"},
        "timestamp": "2026-11-23T10:00:00Z",
    }


SELDOM = Retry(age_max=None, unavailable=Backoff(first="30m", longest="2h"))
"""For outages of days: thousands of tries less."""


def voiding(statement_id: str) -> dict[str, object]:
    return {
        "actor": {"mbox": "mailto:dean@example.edu"},
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": statement_id},
        "timestamp": "2026-11-23T11:00:00Z",
    }


def lrs(campus: Campus) -> FakeLrs:
    fake = campus.fakes["lrs"]
    assert isinstance(fake, FakeLrs)
    return fake


def there(campus: Campus) -> list[str]:
    return [effect.id for effect in campus.journal("lrs")]


async def test_every_statement_goes_whatever_it_tells(tmp_path: Path, autojump_clock: object) -> None:
    slack = route("completions", "completed")
    async with open_campus(tmp_path, school(everything(), slack)) as campus:
        ids = await campus.tell(completed("ada"), attended("mary"), graded("grace", 80.0))
        await campus.quiet()
        assert sorted(there(campus)) == sorted(ids)
        assert len(campus.journal("slack")) == 1, "and the change goes its own way"
        told = lrs(campus).memory.statement(ids[1])
        assert told is not None
        assert told["verb"]["id"].endswith("attended")
        assert told["timestamp"] == "2026-11-23T10:00:00Z"
        outcomes = await campus.rows("SELECT kind, reason, deliveries FROM outcomes ORDER BY seq")
        assert outcomes == [
            ("activity_completed", "", 2),
            (None, "unknown_verb: http://adlnet.gov/expapi/verbs/attended", 1),
            ("graded", "no_route: no route of acme asks for graded", 1),
        ]


async def test_a_filter_chooses_by_verb_activity_type_and_source(tmp_path: Path, autojump_clock: object) -> None:
    routes = (
        everything("verbs", filter=Filter(verbs=("http://adlnet.gov/expapi/verbs/att*",), sources=("campus",))),
        everything("types", filter=Filter(activity_types=("http://adlnet.gov/expapi/activities/assessment",))),
        everything("elsewhere", filter=Filter(sources=("other",))),
        everything("activities", filter=Filter(activities=("https://lms.example.edu/lab",))),
    )
    async with open_campus(tmp_path, school(*routes)) as campus:
        ids = await campus.tell(
            attended("ada"),
            attended("ada", "lab", verb="urn:x:used"),
            attended("ada", verb="urn:x:used"),
            completed("ada"),
        )
        await campus.quiet()
        assert sorted(there(campus)) == sorted([ids[0], ids[1], ids[3]])
        by_route = dict(await campus.rows("SELECT statement_id, route FROM deliveries"))
        assert by_route == {ids[0]: "verbs", ids[1]: "activities", ids[3]: "types"}


async def test_a_filter_narrows_changes_too(tmp_path: Path, autojump_clock: object) -> None:
    narrow = route("quizzes", "completed", filter=Filter(activities=("https://lms.example.edu/mod/quiz",)))
    async with open_campus(tmp_path, school(narrow)) as campus:
        await campus.tell(completed("ada", "quiz"), completed("ada", "essay"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1


async def test_many_go_together_and_each_learner_in_order(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(), window=32) as campus:
        ids = await campus.tell(*(attended(f"p{n % 40}", f"lecture{n}") for n in range(400)))
        await campus.quiet()
        assert sorted(there(campus)) == sorted(ids)
        place = {statement_id: place for place, statement_id in enumerate(there(campus))}
        for learner in range(40):
            own = [place[statement_id] for n, statement_id in enumerate(ids) if n % 40 == learner]
            assert own == sorted(own)
        calls = Counter(str(fields["operation"]) for fields in campus.notes.named("exchanged"))
        assert calls["statements.put"] == 400, "each is accounted for"
        assert campus.http.calls < 100, "in few requests"


async def test_an_outage_delays_and_loses_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "status", value="503", times=0)
        ids = await campus.tell(*(attended(who) for who in PEOPLE))
        await trio.sleep(3600.0)
        assert there(campus) == []
        lrs(campus).clear_faults()
        await campus.quiet()
        assert sorted(there(campus)) == sorted(ids)
        assert await campus.states() == {"delivered": len(ids)}


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "status_after_commit", "late_commit"])
async def test_a_doubtful_outcome_is_sent_again_and_counts_once(
    tmp_path: Path, kind: str, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", kind, value="504" if kind.startswith("status") else "30", times=2)
        ids = await campus.tell(*(attended(who) for who in PEOPLE))
        await campus.quiet()
        await trio.sleep(60.0)
        await campus.tell(attended("zoe"))
        await campus.quiet()
        assert Counter(there(campus)[:-1]) == Counter(ids)


async def test_a_death_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "slow", value="5", times=0)
        ids = await campus.tell(*(attended(who, f"lecture{n}") for n, who in enumerate(PEOPLE * 5)))
        await trio.sleep(2.0)
        await campus.die()
        lrs(campus).clear_faults()
        await campus.again()
        await campus.quiet()
        assert Counter(there(campus)) == Counter(ids)
        assert await campus.states() == {"delivered": len(ids)}


async def test_only_the_statement_that_is_to_blame_dies(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(), window=32) as campus:
        campus.fault("lrs", "poison", value="poisoned")
        told = [attended(f"p{n}", "poisoned" if n == 0 else f"lecture{n}") for n in range(200)]
        ids = await campus.tell(*told)
        await campus.quiet()
        assert sorted(there(campus)) == sorted(set(ids) - {ids[0]})
        assert await campus.rows("SELECT statement_id, state, cause FROM deliveries WHERE state <> 'delivered'") == [
            (ids[0], "dead", "payload_refused")
        ]
        assert 8 < campus.http.calls < 100, "those that went with it go one by one, and what comes after together"


async def put_there(campus: Campus, statement: dict[str, object]) -> None:
    """As somebody else would."""
    request = Request(
        method="POST",
        url="http://sandbox.test/lrs/xapi/statements",
        operation="",
        headers={
            "authorization": "Basic c2FuZGJveDpzYW5kYm94",
            "x-experience-api-version": "1.0.3",
            "content-type": "application/json",
        },
        body=msgspec.json.encode(statement),
    )
    assert isinstance(answer := await campus.http.send(request), Response)
    assert answer.status == 200


async def test_another_statement_with_the_same_id_is_a_dead_letter(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await put_there(campus, {"id": "00000000-0000-4000-8000-000000000001", **attended("mary")})
        await campus.tell(attended("ada"), attended("grace"))
        await campus.quiet()
        assert await campus.states() == {"delivered": 1, "dead": 1}
        [(cause, detail)] = await campus.rows("SELECT cause, detail FROM deliveries WHERE state = 'dead'")
        assert cause == "payload_refused"
        assert detail.endswith("another statement with the id 00000000-0000-4000-8000-000000000001 is there")


async def test_the_same_statement_is_delivered_though_it_is_called_a_conflict(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "no_repeats")
        campus.fault("lrs", "reset_after_commit")
        await campus.tell(attended("ada"), attended("grace"))
        await campus.quiet()
        assert await campus.states() == {"delivered": 2}
        assert len(there(campus)) == 2


async def test_voiding_is_forwarded_after_what_it_voids(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "strict_voids")
        campus.fault("lrs", "status", value="503", operation="statements.put", times=1)
        [first] = await campus.tell(completed("ada"))
        [second] = await campus.tell(voiding(first))
        await campus.quiet()
        assert there(campus) == [first, second]


async def test_voiding_what_is_not_there_ends_as_a_dead_letter_where_it_is_refused(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "strict_voids")
        await campus.tell(voiding("00000000-0000-4000-8000-00000000dead"))
        await campus.quiet()
        [(state, cause, detail)] = await campus.rows("SELECT state, cause, detail FROM deliveries")
        assert (state, cause) == ("dead", "payload_refused")
        assert "which this one voids" in detail


async def test_voided_statements_are_forwarded_too(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(everything(enabled=True))) as campus:
        await campus.stop()
        [first] = await campus.tell(completed("ada"))
        [second] = await campus.tell(voiding(first))
        await campus.again()
        await campus.quiet()
        assert sorted(there(campus)) == sorted([first, second])


async def test_a_key_that_is_refused_suspends_the_lane_until_it_lives_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        campus.fault("lrs", "revoked", times=0)
        ids = await campus.tell(*(attended(who) for who in PEOPLE))
        await trio.sleep(600.0)
        assert there(campus) == []
        assert campus.notes.named("lane.suspended")
        lrs(campus).clear_faults()
        await campus.quiet(3600.0)
        assert sorted(there(campus)) == sorted(ids)


async def test_what_a_disabled_route_missed_is_kept(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, school(everything(enabled=False))) as campus:
        await campus.tell(attended("ada"), completed("ada"))
        await campus.quiet()
        assert await campus.rows("SELECT reason, unrouted FROM outcomes ORDER BY seq") == [
            ("unknown_verb: http://adlnet.gov/expapi/verbs/attended; route_disabled: lake", 1),
            ("no_route: no route of acme asks for activity_completed; route_disabled: lake", 1),
        ]


async def test_retention_leaves_what_is_still_to_be_forwarded(tmp_path: Path, autojump_clock: object) -> None:
    keep = Retention(statements="1d", deliveries="1d", dead_letters="1d", effect_horizon="30d")
    async with open_campus(tmp_path, school(everything(retry=SELDOM), retention=keep)) as campus:
        campus.fault("lrs", "status", value="503", times=0)
        [first] = await campus.tell(attended("ada"))
        await trio.sleep(2.2 * 86_400.0)
        assert await campus.rows("SELECT count(*) FROM statements") == [(1,)]
        lrs(campus).clear_faults()
        await campus.quiet(3 * 3600.0)
        assert there(campus) == [first]
        await trio.sleep(2.2 * 86_400.0)
        assert await campus.rows("SELECT count(*) FROM statements") == [(0,)]


async def test_a_statement_that_was_erased_is_a_dead_letter_that_says_so(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, school()) as campus:
        await campus.stop()
        await campus.tell(attended("ada"))
        await campus.again()
        campus.fault("lrs", "status", value="503", times=0)
        await trio.sleep(10.0)
        await campus.rows("DELETE FROM statements")
        lrs(campus).clear_faults()
        await campus.quiet()
        assert await campus.states() == {"dead": 1}
        assert await campus.rows("SELECT cause FROM deliveries") == [("statement_gone",)]
