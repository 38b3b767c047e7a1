"""A zip at an address: it is downloaded when it is another one, and one request tells that it is not."""

import pytest
from memory_depot import MemoryDepot
from memory_http import InMemoryHttp
from oneroster_desk import NOW_US, Desk

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import Finished, Halted
from actors.domain.school import sample
from actors.ports import Fault
from actors.sources.oneroster.fake import FakeOneRoster


class Export:
    def __init__(self, **settings: object) -> None:
        self.school = sample(NOW_US / 1e6 - 86_400)
        self.fake = FakeOneRoster(self.school)
        self.http = InMemoryHttp([self.fake], now_s=lambda: NOW_US / 1e6)
        login: dict[str, object] = {"username": "sandbox", "password": {"env": "sandbox"}}
        url = "https://sis.test/oneroster/export.zip"
        self.desk = Desk(MemoryDepot(self.http), self.http, **({"url": url} | (settings or login)))


async def test_it_is_read_like_a_bundle() -> None:
    export = Export()
    told = await export.desk.read("full")
    assert isinstance(told.ended, Finished), told.ended
    assert (len(told.of("user")), len(told.of("enrolment"))) == (12, 27)
    assert "enrolment" in told.wholes
    assert told.ended.whole
    assert set(told.cursor) == {"made", "digest", "bulk", "url", "etag"}
    assert [where for _, where, _ in export.desk.depot.placed] == ["done"]


async def test_the_same_as_last_time_costs_one_request_and_writes_nothing() -> None:
    export = Export()
    await export.desk.read("full")
    again = await export.desk.read()
    assert again.ended == Finished(note="the zip is the same as last time")
    assert (len(again.requests), again.pages, again.cursors) == (1, 0, 0)
    export.school.add_person("Radia", "Perlman", NOW_US / 1e6)
    news = await export.desk.read()
    assert len(news.of("user")) == 13


async def test_a_full_reading_is_never_answered_with_the_same() -> None:
    """An enrolment's time may have come meanwhile."""
    export = Export()
    await export.desk.read("full")
    again = await export.desk.read("full")
    assert len(again.of("enrolment")) == 27
    assert again.cursors == 0


async def test_the_whole_header_may_be_given_instead() -> None:
    export = Export(authorization={"env": "Basic c2FuZGJveDpzYW5kYm94"})
    assert isinstance((await export.desk.read()).ended, Finished)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("revoked", "", "revoked"),
        ("status", "404", "refused"),
        ("rate_limited", "7", "throttled"),
        ("html", "", "unavailable"),
        ("reset_before_commit", "", "unavailable"),
        ("status", "200", "faulted"),
        ("truncated_after_commit", "", "faulted"),
    ],
)
async def test_what_goes_wrong_takes_nobody_away(kind: str, value: str, why: str) -> None:
    export = Export()
    await export.desk.read("full")
    export.fake.fault(Fault(kind=kind, value=value))
    told = await export.desk.read("full")
    assert isinstance(told.ended, Halted)
    assert (told.ended.why, told.wholes, told.cursors) == (why, [], 0)
    assert isinstance((await export.desk.read()).ended, Finished)


async def test_a_zip_that_is_no_bundle_is_said_and_removed() -> None:
    export = Export()
    export.school.people.clear()
    export.school.courses.clear()
    told = await export.desk.read("full")
    assert isinstance(told.ended, Finished)
    assert "users.csv is empty" in told.ended.note
    assert "user" not in told.wholes


@pytest.mark.parametrize(("status", "ends"), [(200, Finished), (206, Finished), (401, Halted), (404, Halted)])
async def test_hello_asks_for_a_byte(status: int, ends: type) -> None:
    export = Export()
    asked: list[Request] = []

    async def send(request: Request) -> Outcome:
        asked.append(request)
        return Response(status=status)

    export.http.send = send  # type: ignore[method-assign]
    harvest = export.desk.source.hello()
    step = harvest.send(None)
    assert isinstance(step, Request)
    with pytest.raises(StopIteration) as end:
        harvest.send(await send(step))
    assert isinstance(end.value.value, ends)
    assert asked[0].headers["range"] == "bytes=0-0"
    assert "sandbox" not in repr(asked[0])
