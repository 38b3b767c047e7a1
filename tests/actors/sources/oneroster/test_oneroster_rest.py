"""The REST service: what it costs to ask, what shifts while it is read, and what it says when it will not."""

import json
from collections.abc import Callable

import pytest
from memory_depot import MemoryDepot
from memory_http import InMemoryHttp
from oneroster_desk import NOW_US, Desk, Told

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import Finished, Halted
from actors.domain.school import School, sample
from actors.ports import Fault
from actors.sources.oneroster.fake import FakeOneRoster
from actors.sources.oneroster.fake.told import moment

MINUTE_US = 60_000_000
COUNTS = {"course": 3, "user": 12, "enrolment": 27, "assignment": 3, "grade": 3}


class Service:
    """A desk before the fake. ``between``: what happens before a collection's page of this number is answered."""

    def __init__(self, **settings: object) -> None:
        self.school: School = sample(NOW_US / 1e6 - 86_400)
        self.fake = FakeOneRoster(self.school)
        self.between: dict[tuple[str, int], object] = {}
        self.sent: list[str] = []
        http = InMemoryHttp([self.fake], now_s=lambda: self.desk.now_us / 1e6)
        self.desk = Desk(
            MemoryDepot(),
            http,
            **{
                "base_url": "https://sis.test/oneroster/ims/oneroster",
                "token_url": "https://sis.test/oneroster/token",
                "client_id": "sandbox",
                "client_secret": {"env": "sandbox"},
                "grades": True,
                "page": 10,
                **settings,
            },
        )
        inner = http.send

        async def send(request: Request) -> Outcome:
            job = self.between.pop((request.operation, self.sent.count(request.operation)), None)
            if job is not None:
                job()  # type: ignore[operator]
            self.sent.append(request.operation)
            return await inner(request)

        http.send = send  # type: ignore[method-assign]

    async def read(self, mode: str = "delta", minutes: int = 60, **more: str) -> Told:
        self.desk.now_us += minutes * MINUTE_US
        self.sent.clear()
        return await self.desk.read(mode, **more)

    def fault(self, kind: str, value: str = "", operation: str = "", times: int = 0) -> None:
        self.fake.fault(Fault(kind=kind, value=value, operation=operation, times=times))


def counts(told: Told) -> dict[str, int]:
    return {entity: len(told.of(entity)) for entity in COUNTS}


def drop(table: dict[int, object], count: int) -> None:
    """The first few are no more: not even as deleted."""
    for key in list(table)[:count]:
        del table[key]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_both_versions_tell_the_same(version: str) -> None:
    told = await Service(version=version).read("full")
    assert isinstance(told.ended, Finished), told.ended
    assert counts(told) == COUNTS
    assert told.wholes == list(COUNTS)
    assert told.of("user")["101"].body["joined"] == (
        {"school": "Sandbox School"} if version == "1.1" else {"role": "student", "school": "Sandbox School"}
    )
    assert told.of("course")["113"].body["joined"]["course"]["courseCode"] == "CS101"  # type: ignore[index]
    assert told.of("grade")["123-101"].body["joined"]["lineItem"]["resultValueMax"] == "100.0"  # type: ignore[index]


@pytest.mark.parametrize(
    "url",
    [
        "https://sis.test/oneroster/ims/oneroster/",
        "https://sis.test/oneroster/ims/oneroster/rostering/v1p2",
        "https://sis.test/oneroster/ims/oneroster/v1p1/",
    ],
)
async def test_the_address_may_say_more_than_it_must(url: str) -> None:
    assert counts(await Service(base_url=url).read("full")) == COUNTS


async def test_asking_in_vain_costs_one_request_a_collection() -> None:
    service = Service()
    await service.read("full")
    await service.read(minutes=30)
    told = await service.read(minutes=10)
    assert service.sent == ["classes.get", "users.get", "enrollments.get", "lineItems.get", "results.get"]
    assert (told.records, told.cursors, told.wholes) == ([], 0, [])
    without = Service(grades=False)
    await without.read("full")
    await without.read(minutes=30)
    await without.read(minutes=10)
    assert without.sent == ["classes.get", "users.get", "enrollments.get"]


async def test_what_is_new_is_asked_for_from_a_while_before_the_last_reading_began() -> None:
    service = Service()
    first = await service.read("full")
    began_us = service.desk.now_us
    school = service.school
    person = school.add_person("Radia", "Perlman", began_us / 1e6 - 600)
    school.enrol(person, school.courses[113], began_us / 1e6 - 600)
    told = await service.read(minutes=5)
    assert "users" not in str(told.ended)
    assert set(told.of("user")) == {str(person.id)}
    assert [request.url.partition("filter=")[2] for request in told.requests if "users" in request.url] == [
        "dateLastModified%3E%3D%272026-09-01T12%3A45%3A00.000Z%27"
    ]
    assert first.cursor["since"] < told.cursor["since"]


async def test_who_is_deleted_is_said_to_be_gone() -> None:
    service = Service()
    await service.read("full")
    member = next(iter(service.school.memberships.values()))
    service.school.change_membership(member, service.desk.now_us / 1e6, state="deleted")
    told = await service.read(minutes=5)
    assert {name: record.gone for name, record in told.of("enrolment").items()} == {str(member.id): True}


async def test_pages_overlap_so_that_what_moves_is_not_missed() -> None:
    service = Service(grades=False)
    service.between["enrollments.get", 1] = lambda: drop(service.school.memberships, 4)  # type: ignore[arg-type]
    told = await service.read("full")
    assert isinstance(told.ended, Finished)
    assert service.sent.count("enrollments.get") > 2
    left = {str(name) for name in service.school.memberships}
    assert left <= set(told.of("enrolment"))
    assert told.wholes == ["course", "user"], "how many there are has changed: that is not the whole"
    assert "changed while they were read" in told.ended.note


def rewritten(service: Service, collection: str, rewrite: Callable[[list[dict[str, object]]], object]) -> None:
    """The service's answers with a list of this name hold another one."""
    http = service.desk.http
    assert http is not None
    inner = http.send

    async def send(request: Request) -> Outcome:
        answer = await inner(request)
        if isinstance(answer, Response) and collection in (said := json.loads(answer.body)):
            said[collection] = rewrite(said[collection])
            headers = {name: value for name, value in answer.headers.items() if name != "x-total-count"}
            return Response(status=answer.status, headers=headers, body=json.dumps(said).encode())
        return answer

    http.send = send  # type: ignore[method-assign]


async def test_a_row_without_its_id_takes_nobody_away() -> None:
    service = Service()
    await service.read("full")
    rewritten(service, "enrollments", lambda rows: [{**rows[0], "sourcedId": None}, *rows[1:]])
    told = await service.read("full")
    assert "enrolment" not in told.wholes
    assert isinstance(told.ended, Finished)
    assert "enrollments has rows without a sourcedId" in told.ended.note


@pytest.mark.parametrize("collection", ["classes", "users", "enrollments"])
async def test_a_service_that_shows_nobody_takes_nobody_away(collection: str) -> None:
    service = Service()
    await service.read("full")
    rewritten(service, collection, lambda rows: [])
    told = await service.read("full")
    assert len(told.wholes) == len(COUNTS) - 1
    assert isinstance(told.ended, Finished)
    assert f"{collection} is empty" in told.ended.note


async def test_where_too_much_moves_nothing_is_taken_as_gone() -> None:
    service = Service(grades=False)
    service.fault("silent_total")
    service.between["enrollments.get", 1] = lambda: drop(service.school.memberships, 9)  # type: ignore[arg-type]
    told = await service.read("full")
    assert isinstance(told.ended, Finished)
    assert "enrolment" not in told.wholes


@pytest.mark.parametrize("switch", ["silent_total", "no_filter", "no_sort", "own_pages"])
async def test_services_that_do_it_their_way_are_read_whole(switch: str) -> None:
    service = Service()
    service.fault(switch)
    told = await service.read("full")
    assert isinstance(told.ended, Finished), told.ended
    assert counts(told) == COUNTS
    assert told.wholes == list(COUNTS)
    again = await service.read(minutes=5)
    assert isinstance(again.ended, Finished), again.ended


async def test_a_backfill_asks_for_a_time_and_leaves_the_cursor() -> None:
    service = Service()
    since, until = moment(NOW_US / 1e6 - 90_000), moment(NOW_US / 1e6 - 80_000)
    told = await service.read("backfill", since=since, until=until)
    assert (counts(told)["user"], told.cursors, told.wholes) == (12, 0, [])
    nothing = await service.read("backfill", since="2030-01-01T00:00:00Z", until="2031-01-01T00:00:00Z")
    assert nothing.records == []


async def test_a_token_is_asked_for_once_and_with_the_least_scopes() -> None:
    service = Service(grades=False)
    await service.read("full", minutes=0)
    await service.read(minutes=30)
    told = await service.read("full", minutes=10)
    assert isinstance(told.ended, Finished)
    assert "token" not in service.sent
    assert service.fake._scopes == {"token-0": "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"}
    await service.read(minutes=30)
    assert service.sent[0] == "token"


async def test_a_token_that_ends_early_is_replaced_once() -> None:
    service = Service(grades=False)
    await service.read("full", minutes=0)
    service.fake._tokens.clear()
    told = await service.read("full", minutes=1)
    assert isinstance(told.ended, Finished)
    assert service.sent.count("token") == 1


async def test_results_find_their_line_items_one_by_one_or_all_together() -> None:
    service = Service()
    await service.read("full")
    school, now_s = service.school, service.desk.now_us / 1e6
    work, person = school.works[123], school.people[102]
    school.grade(work, person, 50, now_s)
    told = await service.read(minutes=30)
    assert service.sent.count("lineItem.get") == 1
    assert told.of("grade")["123-102"].body["joined"]["lineItem"]["class"] == "113"  # type: ignore[index]
    many = [school.assign(school.courses[113], f"paper {n}", now_s - 86_000) for n in range(60)]
    for each in many:
        school.grade(each, person, 50, service.desk.now_us / 1e6)
    told = await service.read(minutes=30)
    assert {record.body["joined"]["lineItem"]["class"] for record in told.of("grade").values()} == {"113"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "value", "why", "words"),
    [
        ("error", "invaliddata", "faulted", "HTTP 400 failure invaliddata"),
        ("status", "403", "refused", "may not read"),
        ("status", "404", "refused", "nothing at this address"),
        ("status", "500", "unavailable", "HTTP 500"),
        ("status", "200", "faulted", "no JSON"),
        ("html", "", "unavailable", "HTTP 500"),
        ("rate_limited", "120", "throttled", "HTTP 429"),
        ("revoked", "", "revoked", "unauthorisedrequest"),
        ("reset_before_commit", "", "unavailable", "reset"),
        ("truncated_after_commit", "", "faulted", "no JSON"),
    ],
)
@pytest.mark.parametrize("operation", ["classes", "enrollments"])
async def test_what_it_will_not_do_ends_the_reading_and_takes_nobody_away(
    kind: str, value: str, why: str, words: str, operation: str
) -> None:
    service = Service()
    service.fault(kind, value, operation)
    told = await service.read("full")
    assert isinstance(told.ended, Halted)
    assert told.ended.why == why
    assert words in told.ended.detail
    assert told.ended.retry_after == ("120" if kind == "rate_limited" else None)
    assert (told.wholes, told.cursors) == ([], 0)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(status=401, body=b'{"error":"invalid_client"}'), "revoked"),
        (Response(status=400, body=b'{"error":"invalid_scope"}'), "revoked"),
        (Response(status=200, body=b"{}"), "unavailable"),
        (Response(status=200, body=b'{"access_token": "a\\nb"}'), "unavailable"),
        (Response(status=503), "unavailable"),
    ],
)
async def test_a_token_that_is_not_given(answer: Response, why: str) -> None:
    service = Service()
    http = service.desk.http
    assert http is not None

    async def send(request: Request) -> Outcome:
        return answer

    http.send = send  # type: ignore[method-assign]
    told = await service.read("full")
    assert isinstance(told.ended, Halted)
    assert told.ended.why == why


async def test_a_status_info_with_200_is_no_page() -> None:
    service = Service()
    http = service.desk.http
    assert http is not None
    inner = http.send

    async def send(request: Request) -> Outcome:
        if request.operation == "users.get":
            return Response(status=200, body=b'{"imsx_codeMajor": "failure", "imsx_description": "not today"}')
        return await inner(request)

    http.send = send  # type: ignore[method-assign]
    told = await service.read("full")
    assert isinstance(told.ended, Halted)
    assert "not today" in told.ended.detail
