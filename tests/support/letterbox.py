"""What fake vendors send by themselves reaches a campus's listeners, as the gateway would hand it on."""

from urllib.parse import urlsplit

import msgspec
import trio
from world import EPOCH_US, Campus

from actors.domain.flow import NotSent, Outcome, Request, Response
from actors.domain.harvest import Inbound
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import Hear, HookAnswer
from actors.ports.sendings import Sender

LOOK_S = 86_400.0


async def hand_on(campus: Campus, request: Request) -> Outcome:
    """One request of a vendor, at the address of a target."""
    parts = urlsplit(request.url)
    match parts.path.strip("/").split("/"):
        case ["t", tenant, "events", target] if request.method == "POST":
            listener = campus.switchboard.listeners.get(f"{tenant}/{target}")
        case _:
            listener = None
    if listener is None or parts.hostname != urlsplit(campus.public_url).hostname:
        return NotSent("nobody is there")
    headers = {name.lower(): value for name, value in request.headers.items()}
    inbound = Inbound(headers=headers, query=parts.query, body=request.body)
    try:
        answer: HookAnswer = await listener.ask(lambda reply: Hear(inbound, "corr", "", reply), deadline_s=2.5)
    except (ActorDied, DeadlineExceeded):
        return Response(status=503)
    return Response(
        status=answer.status, headers={"content-type": "text/plain; charset=utf-8"}, body=answer.text.encode()
    )


async def deliver_post(campus: Campus, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Runs for ever: errands are run, trays are emptied."""

    async def run(request: Request) -> Outcome:
        return await hand_on(campus, request)

    campus.http.errands = run
    trays = [fake.tray for fake in campus.fakes.values() if isinstance(fake, Sender)]
    news = trio.Event()

    def stir() -> None:
        news.set()

    for tray in trays:
        tray.stir = stir
    task_status.started()
    while True:
        news = trio.Event()
        now_s = EPOCH_US / 1e6 + trio.current_time()
        for tray in trays:
            for sending in tray.take(now_s):
                request = sending.make(now_s)
                if request is not None:
                    outcome = await run(request)
                    tray.note(sending, request, outcome, now_s)
                    sending.then(outcome, now_s)
        due_s = min((at_s for tray in trays if (at_s := tray.next_s()) is not None), default=now_s + LOOK_S)
        with trio.move_on_after(max(0.0, due_s - now_s)):
            await news.wait()


def happens(campus: Campus, vendor: str, *what: dict[str, object]) -> None:
    """As an operator of the sandbox would have it."""
    fake = campus.fakes[vendor]
    happen = getattr(fake, "happen")  # noqa: B009  # not every fake lets things happen
    happen(msgspec.json.encode(list(what)), EPOCH_US / 1e6 + trio.current_time())
