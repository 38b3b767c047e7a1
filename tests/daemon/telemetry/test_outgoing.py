import pytest
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from daemon.telemetry.catalogue import CLIENT_DURATION
from daemon.telemetry.outgoing import current, measured
from daemon.telemetry.registry import Histogram
from daemon.telemetry.trace_context import root


class Answering:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.closed = False

    async def send(self, request: Request) -> Outcome:
        await trio.lowlevel.checkpoint()
        return self._outcome

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (Response(status=200, body=b'{"ok":true}'), "200", ""),
        (Response(status=200, body=b'{"ok":false,"error":"x"}'), "200", "refused"),
        (Response(status=200, body=b' { "ok" : false, "error": "x"}'), "200", "refused"),
        (Response(status=429), "429", "429"),
        (Response(status=503), "503", "503"),
        (NotSent("no route to host"), "", "not_sent"),
        (Lost("reset"), "", "lost"),
    ],
)
async def test_each_request_is_counted_by_what_came_of_it(outcome: Outcome, status: str, error: str) -> None:
    duration = Histogram(CLIENT_DURATION)
    client = Answering(outcome)
    http = measured(lambda: client, duration)()
    request = Request(method="POST", url="https://slack.example.com:8443/api/chat.postMessage?x", operation="post")
    assert await http.send(request) is outcome
    assert duration.count("slack.example.com", "post", "POST", status, error) == 1
    await http.aclose()
    assert client.closed


async def test_the_span_that_is_worked_for_is_its_example() -> None:
    duration = Histogram(CLIENT_DURATION)
    http = measured(lambda: Answering(Response(status=204)), duration)()
    span = root(1.0)
    token = current.set(span)
    await http.send(Request(method="BREW", url="http://[::1", operation="brew"))
    current.reset(token)
    [(labels, buckets)] = duration.points()
    assert labels == ("", "brew", "_OTHER", "204", "")
    assert [each.trace_id for each in buckets.exemplars if each is not None] == [span.trace_id]
