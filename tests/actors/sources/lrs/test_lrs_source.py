"""Reading another LRS by hand: what is asked, where the cursor may stand, and what odd answers mean."""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import driven
import msgspec
import pytest

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.domain.harvest import Ended, Finished, Halted, Harvest, Inbound, Mode, Order, Statements, Unheard
from actors.domain.school import sample
from actors.domain.xapi.moments import instant_us, spelt
from actors.ports import Bearing, Fault
from actors.sources.lrs import CONNECTOR
from actors.sources.lrs.fake import FakeLrs
from actors.sources.lrs.flow import LrsSource
from actors.sources.lrs.settings import LrsSettings

NOW_S = 1_800_000_000.0
NOW_US = round(NOW_S * 1e6)
BEARING = Bearing(tenant="acme", source="other", timezone="UTC", locale="en")
ENDPOINT = "https://lrs.example.edu/xapi/"
SECRET = "sandbox"


def source(**settings: Any) -> LrsSource:
    words = {"endpoint": ENDPOINT, "key": "sandbox", "secret": {"env": "S"}, **settings}
    return LrsSource(msgspec.convert(words, LrsSettings), lambda _secret: SECRET, BEARING)


def order(mode: Mode = "delta", **more: Any) -> Order:
    return Order(mode=mode, cursor=more.pop("cursor", {}), now_us=NOW_US, **more)


def drive(harvest: Harvest, answer: Callable[[Request], Outcome]) -> tuple[Ended, list[Statements], list[Request]]:
    """What came of a reading: how it ended, its pages, its requests."""
    done = driven.drive(harvest, answer)
    return done.ended, done.statements, done.requests


def statement(number: int, stored: str) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "actor": {"mbox": f"mailto:a{number}@example.edu"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://lms.example.edu/course/1"},
        "stored": stored,
        "timestamp": stored,
    }


def page(*statements: dict[str, Any], more: str = "", through: str = "", **headers: str) -> Response:
    named = {"content-type": "application/json", **headers}
    if through:
        named["x-experience-api-consistent-through"] = through
    return Response(status=200, headers=named, body=json.dumps({"statements": statements, "more": more}).encode())


def given(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


AT = "2026-11-28T10:00:00.{:06}Z"


def test_what_is_asked() -> None:
    verb = "http://adlnet.gov/expapi/verbs/completed"
    reading = source(verb=verb, activity="urn:a", related_activities=True, page=7).harvest(order())
    _, _, asked = drive(reading, lambda _: page(through=AT.format(9)))
    assert given(asked[0]) == {
        "ascending": "true", "format": "exact", "limit": "7", "attachments": "true", "verb": verb, "activity": "urn:a",
        "related_activities": "true",
    }  # fmt: skip
    assert asked[0].headers["x-experience-api-version"] == "1.0.3"
    assert SECRET not in asked[0].url


def test_the_cursor_stands_at_what_was_stored_last() -> None:
    ended, pages, asked = drive(
        source().harvest(order(cursor={"stored": AT.format(1)})),
        lambda _: page(statement(1, AT.format(5)), statement(2, AT.format(8)), through=AT.format(9)),
    )
    assert isinstance(ended, Finished)
    assert given(asked[0])["since"] == spelt((instant_us(AT.format(1)) or 0) - 1000)
    assert [one.cursor for one in pages] == [{"stored": AT.format(8)}]


def test_the_cursor_never_passes_what_is_consistent() -> None:
    _, pages, _ = drive(
        source().harvest(order()),
        lambda _: page(statement(1, AT.format(5)), statement(2, AT.format(8)), through=AT.format(6)),
    )
    assert pages[0].cursor == {"stored": AT.format(6)}


def test_the_first_answer_says_what_is_consistent_for_the_whole_reading() -> None:
    answers = iter(
        [
            page(statement(1, AT.format(5)), more="/xapi/statements?m=1", through=AT.format(6)),
            page(statement(2, AT.format(8)), through=AT.format(99)),
        ]
    )
    _, pages, asked = drive(source().harvest(order()), lambda _: next(answers))
    assert asked[1].url == "https://lrs.example.edu/xapi/statements?m=1"
    assert pages[-1].cursor == {"stored": AT.format(6)}


def test_the_cursor_does_not_stand_among_statements_of_one_time_before_all_have_come() -> None:
    answers = iter(
        [
            page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(99)),
            page(statement(3, AT.format(7)), more="/m2"),
            page(statement(4, AT.format(8))),
        ]
    )
    _, pages, _ = drive(source().harvest(order()), lambda _: next(answers))
    assert [one.cursor for one in pages] == [
        {"stored": AT.format(5)}, {"stored": AT.format(5)}, {"stored": AT.format(8)}
    ]  # fmt: skip


def test_an_lrs_that_does_not_say_is_believed_up_to_some_time_ago() -> None:
    late = spelt(NOW_US - 5_000_000)
    _, pages, _ = drive(source(settle="30s").harvest(order()), lambda _: page(statement(1, late)))
    assert pages[0].cursor == {"stored": spelt(NOW_US - 30_000_000)}


def test_nothing_new_leaves_the_cursor() -> None:
    at = {"stored": AT.format(8)}
    ended, pages, asked = drive(
        source().harvest(order(cursor=at)), lambda _: page(statement(2, AT.format(8)), through=AT.format(99))
    )
    assert (type(ended), len(asked)) == (Finished, 1)
    assert [one.cursor for one in pages] == [None]


def test_a_backfill_has_bounds_and_leaves_the_cursor() -> None:
    reading = source().harvest(
        order("backfill", cursor={"stored": AT.format(1)}, since=AT.format(2), until=AT.format(9))
    )
    _, pages, asked = drive(reading, lambda _: page(statement(1, AT.format(5)), through=AT.format(99)))
    assert (given(asked[0])["since"], given(asked[0])["until"]) == (AT.format(2), AT.format(9))
    assert [one.cursor for one in pages] == [None]


def broken_off(**settings: Any) -> dict[str, str]:
    """The cursor after a first reading whose second page never came."""
    answers = iter(
        [
            page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(99)),
            Response(status=503),
        ]
    )
    ended, pages, _ = drive(source(**settings).harvest(order("full")), lambda _: next(answers))
    assert isinstance(ended, Halted)
    return dict(pages[-1].cursor or {})


@pytest.mark.parametrize("page_length", [200, 10])
def test_a_first_reading_that_was_broken_off_goes_on(page_length: int) -> None:
    cursor = broken_off()
    ended, pages, asked = drive(
        source(page=page_length).harvest(order("full", cursor=cursor)),
        lambda _: page(statement(2, AT.format(7)), statement(3, AT.format(9)), through=AT.format(99)),
    )
    assert isinstance(ended, Finished)
    assert given(asked[0])["since"] == spelt((instant_us(AT.format(5)) or 0) - 1000)
    assert [one.cursor for one in pages] == [{"stored": AT.format(9)}]


def test_a_full_reading_of_which_only_the_end_was_missing_is_over_then() -> None:
    _, pages, _ = drive(source().harvest(order("full", cursor=broken_off())), lambda _: page(through=AT.format(99)))
    assert [one.cursor for one in pages] == [{"stored": AT.format(5)}]


@pytest.mark.parametrize(
    "settings", [{"verb": "urn:v"}, {"since": "2025-01-01T00:00:00Z"}, {"endpoint": "https://lrs.example.org/xapi"}]
)
def test_a_full_reading_of_something_else_begins_anew(settings: dict[str, Any]) -> None:
    _, _, asked = drive(
        source(**settings).harvest(order("full", cursor=broken_off())), lambda _: page(through=AT.format(99))
    )
    assert given(asked[0]).get("since") == settings.get("since")


def test_a_full_reading_after_one_that_ended_begins_anew_and_goes_on_too() -> None:
    answers = iter(
        [
            page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(99)),
            Response(status=503),
            page(statement(2, AT.format(7)), through=AT.format(99)),
        ]
    )
    _, pages, asked = drive(source().harvest(order("full", cursor={"stored": AT.format(8)})), lambda _: next(answers))
    assert "since" not in given(asked[0])
    [kept] = [dict(one.cursor or {}) for one in pages]
    _, pages, asked = drive(source().harvest(order("delta", cursor=kept)), lambda _: next(answers))
    assert given(asked[0])["since"] == spelt((instant_us(AT.format(5)) or 0) - 1000), "a delta makes up for it too"
    assert [one.cursor for one in pages] == [{"stored": AT.format(7)}]


def test_where_a_full_reading_stands_is_never_beyond_what_is_consistent() -> None:
    answers = iter(
        [
            page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(3)),
            Response(status=503),
        ]
    )
    _, pages, _ = drive(source().harvest(order("full")), lambda _: next(answers))
    assert [(one.cursor or {})["stored"] for one in pages] == [AT.format(3)]


def test_a_continuation_that_is_forgotten_is_asked_anew_from_where_it_was() -> None:
    answers = iter(
        [
            page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(99)),
            Response(status=404, body=b"{}"),
            page(statement(2, AT.format(7)), statement(3, AT.format(9)), through=AT.format(99)),
        ]
    )
    ended, pages, asked = drive(source().harvest(order()), lambda _: next(answers))
    assert isinstance(ended, Finished)
    assert given(asked[2])["since"] == spelt((instant_us(AT.format(5)) or 0) - 1000)
    assert pages[-1].cursor == {"stored": AT.format(9)}


def test_one_that_is_always_forgotten_ends() -> None:
    def answer(request: Request) -> Outcome:
        if "since" in given(request) or "limit" in given(request):
            return page(statement(1, AT.format(5)), statement(2, AT.format(7)), more="/m1", through=AT.format(99))
        return Response(status=404, body=b"{}")

    ended, _, asked = drive(source().harvest(order()), answer)
    assert isinstance(ended, Halted)
    assert len(asked) < 10


@pytest.mark.parametrize("more", ["https://evil.example.net/x", "//evil.example.net/x", "http://lrs.example.edu/x"])
def test_credentials_go_nowhere_else(more: str) -> None:
    ended, _, asked = drive(source().harvest(order()), lambda _: page(statement(1, AT.format(5)), more=more))
    assert isinstance(ended, Halted)
    assert ended.why == "refused"
    assert len(asked) == 1


def test_pages_that_go_on_for_ever_end() -> None:
    ended, _, _ = drive(
        source().harvest(order()), lambda request: page(more=f"/m{len(request.url)}x" + request.url[-900:])
    )
    assert isinstance(ended, Halted)
    assert ended.why == "faulted"


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Response(status=401), "revoked"),
        (Response(status=403), "refused"),
        (Response(status=404), "refused"),
        (Response(status=429, headers={"retry-after": "7"}), "throttled"),
        (Response(status=503, headers={"retry-after": "7"}, body=b"<html>"), "unavailable"),
        (Response(status=302), "faulted"),
        (NotSent("no name"), "unavailable"),
        (Lost("reset"), "unavailable"),
        (Response(status=200, body=b"<html>"), "faulted"),
        (Response(status=200, body=b'{"statements":[{"id":"x"}]}'), "faulted"),
        (Response(status=200, body=b'{"statements":[{"stored":"yesterday"}]}'), "faulted"),
        (Response(status=200, body=b'{"statements":['), "faulted"),
        (Response(status=200, body=b"[" * 100_000), "faulted"),
        (page(through="soon"), "faulted"),
        (Response(status=200, headers={"content-type": "multipart/mixed"}, body=b"--a--"), "faulted"),
        (
            Response(status=200, headers={"content-type": "multipart/mixed; boundary=a"}, body=b"--a\r\n\r\n{}"),
            "faulted",
        ),
    ],
)
def test_what_odd_answers_mean(outcome: Outcome, why: str) -> None:
    ended, pages, _ = drive(source().harvest(order()), lambda _: outcome)
    assert isinstance(ended, Halted)
    assert ended.why == why
    assert ended.detail
    assert not pages
    if why == "throttled":
        assert ended.retry_after == "7"


def test_attachments_come_along() -> None:
    content = b"a\r\n--b\0c"
    sha2 = hashlib.sha256(content).hexdigest()
    parts = b"--=x\r\nContent-Type: application/json\r\n\r\n" + page(statement(1, AT.format(5))).body
    parts += b"\r\n--=x\r\nX-Experience-API-Hash: " + sha2.upper().encode() + b"\r\n\r\n" + content
    parts += b"\r\n--=x\r\nX-Experience-API-Hash: " + b"0" * 64 + b"\r\n\r\nnot that\r\n--=x--\r\n"
    headers = {"content-type": 'multipart/mixed; boundary="=x"'}
    _, pages, _ = drive(source().harvest(order()), lambda _: Response(status=200, headers=headers, body=parts))
    assert pages[0].contents == {sha2: content}
    assert len(pages[0].statements) == 1


def test_it_does_not_listen() -> None:
    with pytest.raises(StopIteration) as end:
        next(source().hear(Inbound(headers={}, query="", body=b""), 0))
    assert isinstance(end.value.value, Unheard)


def test_hello() -> None:
    ended, _, asked = drive(source().hello(), lambda _: page())
    assert isinstance(ended, Finished)
    assert "sandbox" in ended.note
    assert len(asked) == 1
    assert isinstance(drive(source().hello(), lambda _: Response(status=401))[0], Halted)


def test_the_fake_tells_of_a_school_page_by_page() -> None:
    school = sample(NOW_S - 3600)
    fake = FakeLrs(school)
    endpoint = "http://sandbox.test/school-lrs/xapi/"

    def ask(request: Request) -> Outcome:
        path = request.url.removeprefix("http://sandbox.test")
        return fake.handle(msgspec.structs.replace(request, url=path), NOW_S).response

    def told(cursor: dict[str, str]) -> tuple[Ended, list[str], dict[str, str]]:
        ended, pages, _ = drive(source(endpoint=endpoint, page=10).harvest(order(cursor=cursor)), ask)
        verbs = [json.loads(one)["verb"]["id"].rpartition("/")[2] for each in pages for one in each.statements]
        moved = [dict(one.cursor) for one in pages if one.cursor]
        return ended, verbs, moved[-1] if moved else cursor

    ended, verbs, cursor = told({})
    assert isinstance(ended, Finished)
    assert len(verbs) == len(fake.statements())
    assert verbs.count("enrolled") == 27
    assert verbs.count("scored") == verbs.count("submitted") == 3
    [work, *_], [ada, *_] = school.works.values(), school.people.values()
    school.grade(work, ada, 91, NOW_S - 60)
    school.finish(school.courses[work.course], ada, NOW_S - 50)
    _, verbs, cursor = told(cursor)
    assert verbs[-2:] == ["scored", "completed"]
    fake.fault(Fault(kind="elsewhere", times=0))
    assert isinstance(told({})[0], Halted)
    assert CONNECTOR.fake is FakeLrs
