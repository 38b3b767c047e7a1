"""What every ``Http`` adapter promises, run on real sockets and in memory."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from memory_http import InMemoryHttp
from nearby import HERE
from raw_server import RawServer, reset, serving

from actors.domain.flow import Lost, NotSent, Request, Response
from actors.ports import Answer, Effect, Fault, Http
from daemon.http import Outbound, Timeouts

TOTAL_S = 0.25
SECRET = "xoxb-do-not-tell"


class Scripted:
    """A fake vendor that answers what the test says and remembers what arrived."""

    def __init__(self) -> None:
        self.mounts = ("/vendor/",)
        self.limited = False
        self.journal: list[Effect] = []
        self.arrived: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _: Answer(response=Response(status=200, body=b"{}"))

    def handle(self, request: Request, now_s: float) -> Answer:
        self.arrived.append(request)
        return self.answer(request)

    def fault(self, fault: Fault) -> None:
        raise AssertionError("not part of this suite")

    def clear_faults(self) -> None:
        raise AssertionError("not part of this suite")


class Far:
    """The adapter under test and the vendor at its other end."""

    def __init__(self, http: Http, base: str, nowhere: str, vendor: Scripted) -> None:
        self.http = http
        self.base = base
        self.nowhere = nowhere
        self.vendor = vendor

    def request(self, path: str = "chat.post", **fields: object) -> Request:
        given = {"method": "POST", "body": b'{"text":"hello"}', "operation": "chat.post", **fields}
        return Request(url=self.base + path, **given)  # type: ignore[arg-type]  # the test's own words


@asynccontextmanager
async def in_memory() -> AsyncIterator[Far]:
    vendor = Scripted()
    http = InMemoryHttp([vendor], total_s=TOTAL_S)
    yield Far(http, "http://sandbox.test/vendor/", "http://sandbox.test/elsewhere/", vendor)


@asynccontextmanager
async def over_sockets() -> AsyncIterator[Far]:
    vendor = Scripted()

    async def handle(server: RawServer, stream: trio.abc.Stream) -> None:
        while seen := await server.read_request(stream):
            request = Request(method=seen.method, url=seen.target, operation="", headers=seen.headers, body=seen.body)
            answer = vendor.handle(request, 0.0)
            await trio.sleep(answer.delay_s)
            if answer.reset:
                await reset(stream)
                return
            head = f"HTTP/1.1 {answer.response.status} X\r\nContent-Length: {len(answer.response.body)}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in answer.response.headers.items())
            await stream.send_all(head.encode() + b"\r\n" + answer.response.body)

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        async with serving(handle) as server:
            client = Outbound(HERE, Timeouts(total_s=TOTAL_S)).client()
            yield Far(client, f"http://127.0.0.1:{server.port}/vendor/", nowhere, vendor)
            await client.aclose()


@pytest.fixture(params=[in_memory, over_sockets], ids=["memory", "sockets"])
async def far(request: pytest.FixtureRequest) -> AsyncIterator[Far]:
    async with request.param() as far:
        yield far


async def test_an_answer_arrives_whole_with_lower_case_header_names(far: Far) -> None:
    headers = {"Retry-After": "30", "X-Vendor-Request": "abc"}
    far.vendor.answer = lambda _: Answer(response=Response(status=429, headers=headers, body=b"slow down"))
    outcome = await far.http.send(far.request())
    assert isinstance(outcome, Response)
    assert (outcome.status, outcome.body) == (429, b"slow down")
    assert outcome.headers["retry-after"] == "30"
    assert outcome.headers["x-vendor-request"] == "abc"


async def test_the_vendor_gets_what_was_asked(far: Far) -> None:
    far.vendor.answer = lambda request: Answer(response=Response(status=200, body=request.body))
    sent = far.request("chat.post?cursor=a%3D%3D", headers={"Authorization": f"Bearer {SECRET}"})
    outcome = await far.http.send(sent)
    assert isinstance(outcome, Response)
    assert outcome.body == sent.body
    (arrived,) = far.vendor.arrived
    assert (arrived.method, arrived.url) == ("POST", "/vendor/chat.post?cursor=a%3D%3D")
    lowered = {name.lower(): value for name, value in arrived.headers.items()}
    assert lowered["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("status", [204, 302, 404, 503])
async def test_every_status_is_an_answer_and_nothing_is_followed(far: Far, status: int) -> None:
    location = {"Location": far.base + "elsewhere"}
    far.vendor.answer = lambda _: Answer(response=Response(status=status, headers=location))
    outcome = await far.http.send(far.request())
    assert isinstance(outcome, Response)
    assert outcome.status == status
    assert len(far.vendor.arrived) == 1


async def test_where_nobody_listens_nothing_was_sent(far: Far) -> None:
    outcome = await far.http.send(Request(method="POST", url=far.nowhere, operation="x", body=b"{}"))
    assert isinstance(outcome, NotSent)
    assert far.vendor.arrived == []


async def test_a_reset_after_the_request_was_read_is_lost_and_not_sent_again(far: Far) -> None:
    far.vendor.answer = lambda _: Answer(response=Response(status=200), reset=True)
    assert isinstance(await far.http.send(far.request()), Lost)
    assert len(far.vendor.arrived) == 1


async def test_an_answer_that_does_not_come_in_time_is_lost(far: Far) -> None:
    far.vendor.answer = lambda _: Answer(response=Response(status=200), delay_s=3600)
    assert isinstance(await far.http.send(far.request()), Lost)
    assert len(far.vendor.arrived) == 1


async def test_it_works_again_after_a_failure(far: Far) -> None:
    far.vendor.answer = lambda _: Answer(response=Response(status=200), reset=True)
    await far.http.send(far.request())
    far.vendor.answer = lambda _: Answer(response=Response(status=200, body=b"back"))
    outcome = await far.http.send(far.request())
    assert isinstance(outcome, Response)
    assert outcome.body == b"back"


async def test_details_tell_no_secrets(far: Far) -> None:
    far.vendor.answer = lambda _: Answer(response=Response(status=200), reset=True)
    path, headers = f"chat.post?token={SECRET}", {"authorization": f"Bearer {SECRET}"}
    lost = await far.http.send(far.request(path, headers=headers, body=SECRET.encode()))
    refused = await far.http.send(
        Request(method="POST", url=f"{far.nowhere}?token={SECRET}", operation="x", body=SECRET.encode())
    )
    assert isinstance(lost, Lost)
    assert isinstance(refused, NotSent)
    assert SECRET not in lost.detail + refused.detail


async def test_closing_twice_is_no_mistake(far: Far) -> None:
    await far.http.send(far.request())
    await far.http.aclose()
    await far.http.aclose()
