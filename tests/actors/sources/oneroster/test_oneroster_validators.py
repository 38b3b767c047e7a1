"""By what a zip at an address is known to be the same: only by what came with the very one that was taken last."""

from memory_depot import MemoryDepot
from memory_http import InMemoryHttp
from oneroster_desk import HEADS, Desk, Told, bundle

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import Finished, Halted
from actors.sources.oneroster.fake import zipped

URL = "https://sis.test/export.zip"
OTHER = "https://sis.test/other.zip?sig=hunter2"
MORE = [
    "u1,,,true,o1,student,ada,Ada,Lovelace,ada@example.edu,",
    "u9,,,true,o1,student,alan,Alan,Turing,alan@example.edu,",
]
TORN = bundle(results=None)
"""The manifest says that there are results."""


class Server(InMemoryHttp):
    """Answers with what lies there, and with 304 to whoever names its tag or its day."""

    def __init__(self) -> None:
        super().__init__([], now_s=lambda: 0.0)
        self.files = bundle()
        self.headers = {"etag": '"a"'}

    async def send(self, request: Request) -> Outcome:
        asked = (request.headers.get("if-none-match", ""), request.headers.get("if-modified-since", ""))
        if any(tag and tag in self.headers.values() for tag in asked):
            return Response(status=304)
        return Response(status=200, headers=self.headers, body=zipped(self.files))


def desk_of(server: Server, url: str = URL) -> Desk:
    return Desk(MemoryDepot(server), server, url=url)


def conditions(told: Told) -> dict[str, object]:
    return {name: value for name, value in told.requests[0].headers.items() if name.startswith("if-")}


async def test_without_any_the_former_ones_are_forgotten() -> None:
    """Else a server that puts the first bundle back would say that nothing is new."""
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    assert desk.cursor["etag"] == '"a"'
    server.files, server.headers = bundle(users=MORE), {}
    assert "u9" in (await desk.read()).of("user")
    assert not desk.cursor.keys() & {"etag", "modified", "url"}
    server.files, server.headers = bundle(), {"etag": '"a"'}
    back = await desk.read()
    assert not conditions(back)
    assert "user" in back.wholes


async def test_those_of_another_kind_replace_them() -> None:
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    server.files, server.headers = bundle(users=MORE), {"last-modified": "Tue, 01 Sep 2026 06:00:00 GMT"}
    await desk.read()
    assert conditions(again := await desk.read()) == {"if-modified-since": "Tue, 01 Sep 2026 06:00:00 GMT"}
    assert again.ended == Finished(note="the zip is the same as last time")


async def test_those_of_another_address_tell_nothing() -> None:
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    moved = desk_of(server, OTHER)
    moved.cursor = desk.cursor
    server.files = bundle(users=MORE)
    told = await moved.read()
    assert not conditions(told)
    assert "u9" in told.of("user")
    assert "hunter2" not in str(moved.cursor)
    assert conditions(await moved.read()) == {"if-none-match": '"a"'}


async def test_an_inbox_in_between_makes_them_worthless() -> None:
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    depot = MemoryDepot()
    depot.drop("/srv/inbox", "a.zip", bundle(users=MORE), made_us=9_999_999_999_999_999)
    inbox = Desk(depot)
    inbox.cursor = desk.cursor
    await inbox.read()
    desk.cursor = inbox.cursor
    assert not conditions(await desk.read())


async def test_a_bundle_that_failed_is_not_hidden_by_what_came_with_it() -> None:
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    server.files, server.headers = TORN, {"etag": '"b"'}
    for _ in range(2):
        assert isinstance((await desk.read()).ended, Halted)
    server.headers = {"etag": '"b"'}
    server.files = bundle(users=MORE)
    assert "u9" in (await desk.read()).of("user")


async def test_the_former_bundle_is_read_again_after_one_that_failed() -> None:
    """Something of the failed one may have been taken."""
    server = Server()
    desk = desk_of(server)
    await desk.read("full")
    server.files, server.headers = bundle(users=MORE, results=HEADS["results"] + '\r\nr1,,,"torn'), {"etag": '"b"'}
    failed = await desk.read()
    assert isinstance(failed.ended, Halted)
    assert "u9" in failed.of("user")
    server.files, server.headers = bundle(), {"etag": '"a"'}
    back = await desk.read()
    assert "user" in back.wholes
    assert conditions(await desk.read()) == {"if-none-match": '"a"'}


async def test_a_zip_that_is_too_long_is_for_a_person_to_mend() -> None:
    server = Server()
    desk = Desk(MemoryDepot(server), server, url=URL, bytes_max=4096)

    async def send(request: Request) -> Outcome:
        return Lost(f"sis.test: the answer is larger than {request.answer_bytes_max} bytes")

    server.send = send  # type: ignore[method-assign]
    ended = (await desk.read()).ended
    assert ended == Halted(
        why="refused", detail="the zip is larger than bytes_max (4,096) allows: raise it, or export less"
    )
