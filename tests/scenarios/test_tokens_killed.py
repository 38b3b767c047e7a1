"""Killed at any instant of a renewal: the next life finds out what happened, and the connection lives."""

from pathlib import Path
from typing import Any

import pytest
import trio
from connecting import adjust, connect, desk_of, slack_tenant, suspended, told
from world import Campus, completed, open_campus

from actors.domain.flow import Request
from actors.ports import Answer
from actors.ports.tokens import Connected

HOUR_S = 3600.0


class Killer:
    """Kills the process at one instant of the first renewal that comes by."""

    def __init__(self, campus: Campus, at: str) -> None:
        self._campus = campus
        self._at = at
        self.struck = trio.Event()
        fake = campus.fakes["slack"]
        handle = fake.handle
        put = campus.store.connections.put

        def asked(request: Request, now_s: float) -> Answer:
            if "oauth.v2.access" not in request.url:
                return handle(request, now_s)
            if self._at == "sending":
                self._strike()
                return handle(Request(method="GET", url="/slack/api/api.test", operation=""), now_s)
            answer = handle(request, now_s)
            if self._at == "answered":
                self._strike()
            return answer

        async def written(*args: Any) -> bool:
            if args[1] != "slack":
                return await put(*args)
            asking = args[3].holding.asked_us is not None
            if (asking and self._at == "recording") or (not asking and self._at == "committing"):
                self._strike()
                await trio.sleep_forever()
            done = await put(*args)
            if (asking and self._at == "recorded") or (not asking and self._at == "committed"):
                self._strike()
                await trio.sleep_forever()
            return done

        fake.handle = asked  # type: ignore[method-assign]
        campus.store.connections.put = written  # type: ignore[method-assign]

    def _strike(self) -> None:
        self._at = ""
        for port in self._campus._severed:
            port.dead = True
        self.struck.set()


@pytest.mark.parametrize("at", ["recording", "recorded", "sending", "answered", "committing", "committed"])
async def test_killed_at(tmp_path: Path, autojump_clock: object, at: str) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        killer = Killer(campus, at)
        with trio.fail_after(12 * HOUR_S):
            await killer.struck.wait()
        await campus.die()
        await campus.again()
        await campus.tell(completed("ada"))
        with trio.fail_after(60):
            await campus.quiet()
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert (shown.state, shown.holding.asked_us) == ("connected", None)
        await trio.sleep(20 * HOUR_S)
        await campus.tell(completed("ben"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 2
        assert await suspended(campus) == ""


@pytest.mark.parametrize("at", ["answered", "committing"])
async def test_killed_where_the_vendor_has_no_grace_the_token_in_use_serves_on(
    tmp_path: Path, autojump_clock: object, at: str
) -> None:
    async with open_campus(tmp_path, slack_tenant(), before=lambda campus: adjust(campus, grace_s=0.0)) as campus:
        assert isinstance(await connect(campus), Connected)
        killer = Killer(campus, at)
        with trio.fail_after(12 * HOUR_S):
            await killer.struck.wait()
        await campus.die()
        await campus.again()
        await campus.tell(completed("ada"))
        with trio.fail_after(60):
            await campus.quiet()
        assert len(campus.journal("slack")) == 1
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert shown.state == "lost"
        assert "the answer to an earlier asking was lost" in shown.why
        assert told(campus, "revoked") == 0
