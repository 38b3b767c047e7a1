"""The way out as configured: a private certificate authority, a proxy, and what goes around it."""

from collections.abc import Callable
from pathlib import Path

import trio
from raw_server import RawServer, serving
from rehearsal import lmsyncctl, picked, post, rehearsal, replace, until_logged
from throwaway_ca import make_ca


class Relay:
    """What stands between the daemon and the sandbox; ``port`` is the sandbox's, known once the scene is written."""

    def __init__(self) -> None:
        self.port = 0

    async def straight(self, server: RawServer, stream: trio.abc.Stream) -> None:
        await join(stream, await trio.open_tcp_stream("127.0.0.1", self.port))


async def tunnelling(server: RawServer, stream: trio.abc.Stream) -> None:
    """A proxy that knows CONNECT and nothing else."""
    seen = await server.read_request(stream)
    assert seen is not None
    assert seen.method == "CONNECT"
    host, _, port = seen.target.rpartition(":")
    far = await trio.open_tcp_stream(host, int(port))
    await stream.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await join(stream, far)


async def join(near: trio.abc.Stream, far: trio.abc.Stream) -> None:
    """Both ways, until either side ends."""

    async def pump(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
        async for data in source:
            await sink.send_all(data)
        nursery.cancel_scope.cancel()

    async with far, trio.open_nursery() as nursery:
        nursery.start_soon(pump, far, near)
        nursery.start_soon(pump, near, far)


def slack_over(relay: Relay, tls_port: int, network: Callable[[int], str]) -> Callable[[Path], None]:
    """Slack at the TLS relay instead of the sandbox; ``network`` makes the table from the sandbox's port."""

    def change(root: Path) -> None:
        tenant = root / "tenants.d" / "campus.toml"
        sandbox = tenant.read_text().partition('api_url = "')[2].partition("/slack/api/")[0]
        relay.port = int(sandbox.rpartition(":")[2])
        replace(tenant, f'api_url = "{sandbox}', f'api_url = "https://127.0.0.1:{tls_port}')
        words = root / "lmsyncd.toml"
        words.write_text(f"{words.read_text()}{network(relay.port)}\n")

    return change


async def test_a_private_authority_is_trusted(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)
    relay = Relay()
    async with serving(relay.straight, tls) as front:
        change = slack_over(relay, front.port, lambda _: f'ca_file = "{ca_file}"')
        async with rehearsal(tmp_path, change=change) as stage:
            assert (await post(stage.scene, picked("completed", "enrolled"))).status_code == 200
            await stage.until_effects(2)
            assert sorted(effect.vendor for effect in await stage.journal()) == ["slack", "teams"]
        assert front.connections > 0


async def test_an_unknown_authority_is_not(tmp_path: Path) -> None:
    """The same without ``ca_file``: nothing is posted, and nothing is given up."""
    _, tls = make_ca(tmp_path)
    relay = Relay()
    async with (
        serving(relay.straight, tls) as front,
        rehearsal(tmp_path, change=slack_over(relay, front.port, lambda _: "")) as stage,
    ):
        assert (await post(stage.scene, picked("completed", "enrolled"))).status_code == 200
        await stage.until_effects(1)
        await until_logged(stage, "CERTIFICATE_VERIFY_FAILED")
        assert [effect.vendor for effect in await stage.journal()] == ["teams"]
        waiting = await lmsyncctl(stage.scene, "--json", "queue", "list", "--lane", "campus/slack")
        assert b'"waiting"' in waiting.stdout


async def test_a_proxy_is_used_except_for_what_is_exempt(tmp_path: Path) -> None:
    ca_file, tls = make_ca(tmp_path)
    relay = Relay()
    async with serving(relay.straight, tls) as front, serving(tunnelling) as proxy:

        def network(sandbox_port: int) -> str:
            return (
                f'ca_file = "{ca_file}"\n'
                f'proxy = "http://127.0.0.1:{proxy.port}"\n'
                f'no_proxy = ["127.0.0.1:{sandbox_port}"]'
            )

        async with rehearsal(tmp_path, change=slack_over(relay, front.port, network)) as stage:
            assert (await post(stage.scene, picked("completed", "enrolled"))).status_code == 200
            await stage.until_effects(2)
            assert sorted(effect.vendor for effect in await stage.journal()) == ["slack", "teams"]
        assert {seen.target for seen in proxy.requests} == {f"127.0.0.1:{front.port}"}
