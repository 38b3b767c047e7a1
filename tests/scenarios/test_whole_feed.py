"""A real daemon's feed, polled while a real LMS's statements come in and the daemon is killed: nothing is missing,
nothing is there twice, and it is what the raw statements say.
"""

from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trio
from rehearsal import PATIENCE_S, lmsyncctl, rehearsal, replace

from daemon.demo.moodle import Moodle, batches, sample
from daemon.demo.oracle import expect
from daemon.demo.scene import HALL, KEY, SECRET, SLACK_CHANNELS, TEAMS_CHANNELS, Scene
from daemon.demo.stage import POLL_S, Stage, asking

BI = "the secret of bi"
WORDS = {
    "completed": {"activity_completed", "course_completed"},
    "registered": {"user_created"},
    "scored": {"graded"},
    "enrolled": {"enrolled"},
    "leave": {"unenrolled"},
    "suspended": {"suspended"},
    "resumed": {"resumed"},
    "create": {"assignment_posted"},
}
"""What each verb of the sample may tell."""


def with_a_reader(root: Path) -> None:
    (root / "secrets" / "bi").write_text(BI, encoding="utf-8")
    reader = '{ key = "bi", secret = { file = "../secrets/bi" }, scopes = ["statements/read"] }'
    replace(root / "tenants.d" / "campus.toml", '["statements/write"] }]', f'["statements/write"] }}, {reader}]')


class Poller:
    """Somebody's program, which comes again when the daemon is not there."""

    def __init__(self, scene: Scene, limit: int, **more: str) -> None:
        self._url = f"http://127.0.0.1:{scene.gateway_port}/t/campus/changes"
        self._headers = {"Authorization": "Basic " + b64encode(f"bi:{BI}".encode()).decode()}
        self._parameters: dict[str, str] = {"limit": str(limit), **more}
        self.seen: list[dict[str, Any]] = []

    async def once(self) -> bool:
        """Whether there is more."""
        try:
            async with asking(20) as client:
                answer = await client.get(self._url, params=self._parameters, headers=self._headers)
        except httpx.TransportError:
            return True
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return True
        assert answer.status_code == httpx.codes.OK, answer.text
        page = answer.json()
        self.seen += page["changes"]
        self._parameters["cursor"] = page["cursor"]
        return bool(page["more"])

    async def follow(self) -> None:
        while True:
            if not await self.once():
                await trio.sleep(POLL_S)

    async def until(self, n: int) -> None:
        with trio.fail_after(PATIENCE_S):
            while len(self.seen) < n:
                if not await self.once():
                    await trio.sleep(POLL_S)


def wanted(lines: list[bytes]) -> list[tuple[str, str, str]]:
    """(verb, learner's account, time) of the statements that, says the oracle, tell something."""
    found = []
    for line in lines:
        told = msgspec.json.decode(line)
        if expect(told, SLACK_CHANNELS, TEAMS_CHANNELS, HALL):
            verb = str(told["verb"]["id"]).rsplit("/", 1)[-1]
            found.append((verb, told["actor"]["account"]["name"], told["timestamp"]))
    return found


async def feed_it(stage: Stage) -> Moodle:
    """The sample, a batch at a time; SIGKILL half-way."""
    moodle = Moodle(stage.scene.endpoint, KEY, SECRET)
    everything = batches(sample(), 10)
    for n, batch in enumerate(everything):
        if n == len(everything) // 2:
            await stage.kill_and_restart()
        await moodle.send(batch, times=1 + (n % 7 == 0))
    return moodle


async def test_a_poller_beside_a_writing_campus_and_a_sigkill(tmp_path: Path) -> None:
    must = wanted(sample())
    async with rehearsal(tmp_path, change=with_a_reader) as stage:
        beside = Poller(stage.scene, 7)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(beside.follow)
            moodle = await feed_it(stage)
            nursery.cancel_scope.cancel()
        # a page may have been asked for when it was cancelled: it is asked for again
        await beside.until(len(must))
        afterwards = Poller(stage.scene, 500)
        await afterwards.until(len(must))
        assert afterwards.seen == beside.seen
        graded = Poller(stage.scene, 3, kind="graded")
        await graded.until(sum(verb == "scored" for verb, _, _ in must))
        assert graded.seen == [one for one in beside.seen if one["kind"] == "graded"]

        compare(beside.seen, must, moodle)
        await taking_back(stage, moodle, beside)


def compare(seen: list[dict[str, Any]], must: list[tuple[str, str, str]], moodle: Moodle) -> None:
    found = [
        (one["kind"], one["change"]["learner"]["key"].rpartition("|")[2], one["change"]["at"], one["news"])
        for one in seen
    ]
    assert len(found) == len(must)
    for (kind, learner, at, news), (verb, account, time) in zip(found, must, strict=True):
        assert kind in WORDS[verb]
        assert (learner, at) == (account, time)
        assert news in {"new", "overtaken"}
    for name in ("id", "statement", "cursor", "stored"):
        assert len({one[name] for one in seen}) == len(seen)
    assert [int(one["cursor"]) for one in seen] == sorted(int(one["cursor"]) for one in seen)
    assert {one["statement"] for one in seen} <= set(moodle.acknowledged)


async def taking_back(stage: Stage, moodle: Moodle, beside: Poller) -> None:
    """A completion that was posted is corrected; both the feed and ``why`` tell of it."""
    await stage.quiet()
    first = next(one for one in beside.seen if one["kind"] == "activity_completed")
    n = len(beside.seen)
    void = {
        "actor": {"account": {"homePage": "https://lms.example.edu", "name": "registrar"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": first["statement"]},
        "timestamp": "2026-11-24T08:00:00Z",
    }
    await moodle.send(b"[" + msgspec.json.encode(void).replace(b"/", b"\\/") + b"]")
    await beside.until(n + 1)
    [correction] = beside.seen[n:]
    assert (correction["kind"], correction["news"]) == ("completion_undone", "new")
    assert correction["corrects"] == first["id"]
    assert correction["change"]["activity"] == first["change"]["activity"]
    assert correction["statement"] == moodle.acknowledged[-1]
    why = (await lmsyncctl(stage.scene, "why", correction["statement"])).stdout.decode()
    assert first["statement"] in why
