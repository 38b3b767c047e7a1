"""``lmsyncd sandbox``: listen, and answer for every vendor there is."""

import signal
from functools import partial

import click
import trio

from actors import sources, targets
from actors.domain.flow import Request
from actors.domain.school import School
from actors.ports import Answer
from daemon.sandbox.postman import Postman
from daemon.sandbox.switchboard import Switchboard
from daemon.sandbox.wire import Server

BACKLOG = 512


async def serve_sandbox(
    host: str, port: int, limits: bool, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled. ``port`` 0 takes a free one; the base address (``http://HOST:PORT``) is told through
    ``task_status`` once it listens. ``limits``: enforce the vendors' published rate limits. Raises OSError when it
    cannot listen."""
    switchboard = Switchboard(targets.discover(), limited=limits, sources=sources.discover())
    await serve_switchboard(switchboard, host, port, task_status)


async def serve_switchboard(
    switchboard: Switchboard, host: str, port: int, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """The same for a switchboard of the caller's."""
    postman = Postman(switchboard, lambda: switchboard.clock())

    def answer(request: Request) -> Answer:
        if request.url.startswith("/sandbox/"):
            postman.wake()
        return switchboard.answer(request)

    server = Server(answer, postman)
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    address = listeners[0].socket.getsockname()
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    async with trio.open_nursery() as connections:
        connections.start_soon(postman.run)
        serving = partial(trio.serve_listeners, server.serve, listeners, handler_nursery=connections)
        await connections.start(serving)
        task_status.started(f"http://{shown}:{address[1]}")


def _lms_mounts() -> list[tuple[str, str]]:
    """Where the fakes of sources answer."""
    made = [(kind, source.fake(School())) for kind, source in sources.discover().items() if source.fake is not None]
    return [(kind, mount) for kind, fake in made for mount in fake.mounts]


def main(host: str, port: int, *, limits: bool) -> int:
    """The command: serve until SIGTERM or SIGINT. 1 where the address cannot be used."""

    async def run() -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
            async with trio.open_nursery() as nursery:
                base = await nursery.start(serve_sandbox, host, port, limits)
                click.echo(f"sandbox: Slack {base}/slack/api/  Graph {base}/graph/v1.0/  Entra {base}/entra/")
                click.echo(f"sandbox: LRS {base}/lrs/xapi/  webhook {base}/webhook/NAME  workflow {base}/workflow/NAME")
                told = [f"{kind} {base}{mount}" for kind, mount in _lms_mounts()]
                if told:
                    click.echo(f"sandbox: {'  '.join(told)}")
                click.echo(f"sandbox: journal {base}/sandbox/journal  faults {base}/sandbox/faults")
                click.echo(f"sandbox: vendors, set up and made to happen: {base}/sandbox/slack  {base}/sandbox/teams")
                click.echo(f"sandbox: what happens at the school: {base}/sandbox/school")
                async for _ in received:
                    nursery.cancel_scope.cancel()

    refusals: list[str] = []
    try:
        trio.run(run)
    except* OSError as group:
        refusals += [error.strerror or str(error) for error in group.exceptions if isinstance(error, OSError)]
    for refusal in refusals:
        click.echo(f"lmsyncd: cannot listen on {host}:{port}: {refusal}", err=True)
    return 1 if refusals else 0
