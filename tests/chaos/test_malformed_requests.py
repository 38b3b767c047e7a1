"""Thousands of requests that nobody should send, to a real daemon: no 5xx, no crash, no growth, no part of a batch.

``LMSYNCD_SHOTS`` sets their number, ``LMSYNCD_SEED`` repeats the choices.
"""

import os
from base64 import b64encode
from collections import Counter
from pathlib import Path

import httpx
import msgspec
import pytest
import trio
from malformed import BODY_BYTES_MAX, Corpus, Shot
from plausible import Nearly
from rehearsal import PATIENCE_S, rehearsal
from seeds import campaign_seed

from daemon.demo.moodle import sample
from daemon.demo.scene import KEY, SECRET
from daemon.demo.stage import Stage

SHOTS = int(os.environ.get("LMSYNCD_SHOTS", "20000"))
SEED = campaign_seed()
GUNNERS = 8
GROWTH_KIB_MAX = 64 * 1024
HUGE_BYTES = 100_000_000
HELD_OPEN = 64
"""Connections that begin a request and never go on."""


class Range:
    """Fires at one daemon and keeps the score."""

    def __init__(self, stage: Stage, corpus: Corpus) -> None:
        self._port = stage.scene.gateway_port
        self._corpus = corpus
        self.answers: Counter[tuple[str, int]] = Counter()
        self.stored: set[str] = set()
        self.refused: set[str] = set()
        self.wrong: list[tuple[int, Shot]] = []
        self.left = 0

    async def fire(self, count: int) -> None:
        self.left = count
        async with trio.open_nursery() as nursery:
            for _ in range(GUNNERS):
                nursery.start_soon(self._gunner)

    async def _gunner(self) -> None:
        stream: trio.SocketStream | None = None
        try:
            while self.left > 0:
                self.left -= 1
                shot = self._corpus.shot()
                if stream is None or shot.hangs_up:
                    if stream is not None:
                        await trio.aclose_forcefully(stream)
                    stream = await trio.open_tcp_stream("127.0.0.1", self._port)
                status, goes_on = await self._one(stream, shot)
                self._judge(status, shot)
                if not goes_on:
                    await trio.aclose_forcefully(stream)
                    stream = None
        finally:  # also when a shot fails: sockets left open would be blamed on another test
            if stream is not None:
                with trio.CancelScope(shield=True):
                    await trio.aclose_forcefully(stream)

    async def _one(self, stream: trio.SocketStream, shot: Shot) -> tuple[int, bool]:
        """The answer's status (0: none came), and whether the connection can be used on."""
        heard = b""
        with trio.move_on_after(PATIENCE_S) as patience:
            try:
                await stream.send_all(shot.raw)
                while b"\r\n\r\n" not in heard:
                    more = await stream.receive_some(65_536)
                    if not more:
                        return 0, False
                    heard += more
                head, _, body = heard.partition(b"\r\n\r\n")
                length = _length(head)
                while length is not None and len(body) < length and not shot.raw.startswith(b"HEAD"):
                    more = await stream.receive_some(65_536)
                    if not more:
                        return int(head[9:12]), False
                    body += more
            except (trio.BrokenResourceError, ConnectionError):
                return _status(heard), False
        assert not patience.cancelled_caught, f"no answer within {PATIENCE_S} s: {shot.raw[:300]!r}"
        goes_on = length is not None and b"connection: close" not in head.lower() and not shot.hangs_up
        return _status(heard), goes_on

    def _judge(self, status: int, shot: Shot) -> None:
        self.answers[shot.family, status] += 1
        good = 200 <= status < 300
        (self.stored if good else self.refused).update(shot.ids)
        if status >= 500 or (good and shot.refused):
            self.wrong.append((status, shot))


def _status(heard: bytes) -> int:
    return int(heard[9:12]) if heard.startswith(b"HTTP/1.1 ") else 0


def _length(head: bytes) -> int | None:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0 if head[9:12] in (b"204", b"304") else None


async def _known(stage: Stage) -> set[str]:
    """The ids of every statement that can be read."""
    found: set[str] = set()
    headers = {"X-Experience-API-Version": "1.0.3"}
    async with httpx.AsyncClient(auth=(KEY, SECRET), headers=headers, timeout=60, trust_env=False) as client:
        url = f"{stage.scene.endpoint}/statements?limit=500&ascending=true"
        while url:
            answer = await client.get(url)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found.update(one["id"] for one in page["statements"])
            url = page["more"] and httpx.URL(url).join(page["more"])
    return found


def _rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def _bounds(root: Path) -> None:
    words = (root / "lmsyncd.toml").read_text(encoding="utf-8")
    bounds = f'[gateway]\nbody_bytes_max = {BODY_BYTES_MAX}\nbody_timeout = "2s"\nheader_timeout = "2s"\n'
    (root / "lmsyncd.toml").write_text(words.replace("[gateway]\n", bounds), encoding="utf-8")
    campus = root / "tenants.d" / "campus.toml"
    quiet = campus.read_text(encoding="utf-8").partition("[[routes]]")[0]
    campus.write_text(quiet.replace('scopes = ["statements/write"]', 'scopes = ["all"]'), encoding="utf-8")


@pytest.mark.campaign
async def test_nothing_that_is_sent_breaks_it_or_is_stored_in_part(tmp_path: Path) -> None:
    print(f"LMSYNCD_SEED={SEED} LMSYNCD_SHOTS={SHOTS}")
    async with rehearsal(tmp_path, change=_bounds) as stage, trio.open_nursery() as nursery:
        pid = stage.daemon.pid
        basic = "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()
        samples = [msgspec.json.decode(line) for line in sample()[:60]]
        base = stage.scene.endpoint.partition(str(stage.scene.gateway_port))[2] + "/"
        field = Range(stage, Nearly(SEED, base, basic, samples))
        nursery.start_soon(_dawdle, stage, base)
        await field.fire(SHOTS // 5)  # what is filled once, is filled now
        before_kib = _rss_kib(pid)
        await field.fire(SHOTS - SHOTS // 5)
        for chunked in (False, True):
            assert await _huge(stage, base, chunked=chunked) == 413
        after_kib = _rss_kib(pid)
        nursery.cancel_scope.cancel()
        for (family, status), n in sorted(field.answers.items()):
            print(f"{family:20} {status:3} {n:6}")
        print(f"resident: {before_kib} KiB after a fifth, {after_kib} KiB at the end")
        assert not field.wrong, [(status, shot.family, shot.raw[:2000]) for status, shot in field.wrong[:5]]
        assert stage.daemon.pid == pid
        assert stage.daemon.alive
        known = await _known(stage)
        assert not (field.refused - field.stored) & known, "part of a refused batch was stored"
        assert not field.stored - known - field.refused, "what was answered 2xx is not there"
        assert after_kib - before_kib < GROWTH_KIB_MAX


async def _huge(stage: Stage, base: str, *, chunked: bool) -> int:
    """The answer to a body of 100 MB that is sent as fast as it goes, announced or in chunks."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {HUGE_BYTES}"
    basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    head = f"POST {base}statements HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n{length}\r\n"
    head += "X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n\r\n"
    block = b"[" * 100_000
    piece = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block

    async def send(stream: trio.SocketStream) -> None:
        try:
            await stream.send_all(head.encode())
            for _ in range(HUGE_BYTES // len(block)):
                await stream.send_all(piece)
        except (trio.BrokenResourceError, ConnectionError):
            pass  # not waited for: it is the answer that counts

    heard = b""
    with trio.fail_after(PATIENCE_S):
        stream = await trio.open_tcp_stream("127.0.0.1", stage.scene.gateway_port)
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(send, stream)
            while b"\r\n\r\n" not in heard:
                more = await stream.receive_some(65_536)
                assert more, "no answer"
                heard += more
            nursery.cancel_scope.cancel()
    return _status(heard)


async def _dawdle(stage: Stage, base: str) -> None:
    """Slow senders, all the while: a byte now and then, of a head or of a body."""
    heads = (f"POST {base}statements HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "POST /t/")

    async def one(number: int) -> None:
        while True:
            stream = await trio.open_tcp_stream("127.0.0.1", stage.scene.gateway_port)
            async with stream:
                try:
                    await stream.send_all(heads[number % 2].encode())
                    while True:
                        await trio.sleep(0.3)
                        await stream.send_all(b" ")
                except (trio.BrokenResourceError, ConnectionError):
                    continue  # cut off, as it should be

    async with trio.open_nursery() as nursery:
        for number in range(HELD_OPEN):
            nursery.start_soon(one, number)
