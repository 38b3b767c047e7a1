"""A backup is made, more is posted, the backup is restored: whatever the LMS tells again, nobody is told twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from backed_store import backed_up, place
from control_office import Office
from told import completed
from world import Campus, open_campus, route, tenant

from daemon.control.exits import Exit
from daemon.recovery import Wanted, restore, verify

ACME = tenant(route("done", "completed"))
BEFORE = [completed(f"before-{n}", at="2026-11-23T10:00:00Z") for n in range(5)]
SINCE = [completed(f"since-{n}", at="2026-11-24T10:00:00Z") for n in range(7)]
"""What the LMS tells again after the restore, because nobody knows any more that it was told."""


class Then:
    """Wall time as it was."""

    def __init__(self, at_us: int) -> None:
        self._at_us = at_us

    def now_us(self) -> int:
        return self._at_us


async def ended(work: Callable[[], int]) -> int:
    """Of a command, which runs a loop of its own."""
    return await trio.to_thread.run_sync(work)


async def posted(campus: Campus) -> list[str]:
    await campus.quiet()
    return [effect.delivery_id for effect in campus.journal("slack")]


async def test_what_was_posted_after_the_backup_is_found_and_not_posted_again(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    root = place(tmp_path)
    state = root / "state"
    state.mkdir()
    (root / "lmsyncd.toml").write_text('[store]\npath = "campus.db"\n')
    async with open_campus(state, ACME, limited=False) as campus:
        await campus.tell(*BEFORE)
        await campus.quiet()
        now_us = campus.clock.now_us()
        assert await campus.store.queries.pause("acme/slack", by="ada", now_us=now_us) == ""
        campus.switchboard.ready("acme/slack")
        await campus.tell(completed("waits", at="2026-11-23T11:00:00Z"))  # accepted, and not posted when it is made
        await trio.sleep(1)
        await backed_up(Office(campus.store, {"acme": ACME}, campus=campus, clock=campus.clock), tmp_path / "b.backup")
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        await campus.tell(*SINCE)
        told = await posted(campus)
        assert len(told) == len(set(told)) == len(BEFORE) + 1 + len(SINCE)
        vendor = campus.fakes["slack"]
    wanted = Wanted(file=tmp_path / "b.backup", clock=campus.clock)
    assert await ended(lambda: restore(root, {}, wanted, as_json=True)) == Exit.FAILURE
    assert "--accept-loss" in capsys.readouterr().err
    wanted = Wanted(file=tmp_path / "b.backup", accept_loss=True, clock=Then(campus.clock.now_us()))
    assert await ended(lambda: restore(root, {}, wanted, as_json=True)) == Exit.OK
    async with open_campus(state, ACME, limited=False) as campus:
        campus.fakes["slack"].__dict__.update(vendor.__dict__)  # the vendor has forgotten nothing
        await campus.store.queries.resume("acme/slack", now_us=campus.clock.now_us())
        campus.switchboard.resumed("acme/slack")
        assert await posted(campus) == told, "what waited when the backup was made was posted since"
        await campus.tell(*SINCE)
        assert await posted(campus) == told, "and so was all that the backup does not have"
        await campus.tell(completed("new", at="2099-01-01T00:00:00Z"))
        assert len(set(await posted(campus))) == len(told) + 1
        assert {state for (state,) in await campus.rows("SELECT DISTINCT state FROM deliveries")} == {"delivered"}
    assert await ended(lambda: verify(root, {}, None, as_json=True)) == Exit.OK
