"""``target``: does a target work, and if not, exactly why?"""

from pathlib import Path

import pytest
import trio
from control_office import ask, opened
from world import route, tenant

from daemon.control import protocol as p
from daemon.control.exits import Exit

ACME = tenant(route("done", "completed"))


async def test_target_list(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, _):
        rows, done = await ask(office, p.TargetList())
        assert {row.lane for row in rows} == {f"acme/{name}" for name in ACME.targets}
        [slack] = [row for row in rows if row.platform == "slack"]
        assert slack.routes == ("done",)
        assert done.exit_code == 0
        office.tenants.clear()
        assert (await ask(office, p.TargetList()))[1].exit_code == Exit.NOTHING


async def test_a_target_is_tested_without_an_effect(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        rows, done = await ask(office, p.TargetTest(lane="acme/slack"))
        assert (rows[-1].what, rows[-1].verdict, done.exit_code) == ("credentials", "delivered", 0)
        assert rows[0].operation == "auth.test"
        assert rows[0].outcome == "HTTP 200"
        assert campus.journal("slack") == []


@pytest.mark.parametrize(
    "where", [{"channel": "C0123456789"}, {"learner": "Ada@example.edu"}], ids=["channel", "learner"]
)
async def test_a_target_is_tested_with_one_post(tmp_path: Path, autojump_clock: object, where: dict[str, str]) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        rows, done = await ask(office, p.TargetTest(lane="acme/slack", **where))
        test = rows[-1]
        assert (test.verdict, done.exit_code, done.note) == ("delivered", 0, "posted")
        assert test.receipt["ts"]
        [effect] = campus.journal("slack")
        assert effect.delivery_id == test.delivery_id
        assert rows[-2].request_ids
        again, _ = await ask(office, p.TargetTest(lane="acme/slack", **where))
        assert again[-1].delivery_id != test.delivery_id
        assert await campus.states() == {}, "a test goes around the outbox"


async def test_a_rehearsed_test_sends_nothing(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        [row], done = await ask(office, p.TargetTest(lane="acme/slack", channel="C0123456789", dry_run=True))
        assert (row.verdict, row.dry_run, done.exit_code) == ("rehearsed", True, 0)
        assert row.payload["channel"] == "C0123456789"
        [row], done = await ask(office, p.TargetTest(lane="acme/slack", channel="general", dry_run=True))
        assert (row.verdict, done.exit_code) == ("refused", 1)
        assert campus.journal("slack") == []


@pytest.mark.parametrize(
    ("where", "fault", "verdict", "code"),
    [
        ({"channel": "C0404040404"}, None, "refused", 1),
        ({"channel": "general"}, None, "refused", 1),
        ({"learner": "nobody@example.edu"}, None, "refused", 1),
        ({"channel": "C0123456789"}, {"kind": "revoked"}, "revoked", 1),
        ({}, {"kind": "revoked"}, "revoked", 1),
        ({"channel": "C0123456789"}, {"kind": "rate_limited", "value": "7"}, "throttled", Exit.AGAIN),
        ({"channel": "C0123456789"}, {"kind": "reset_after_commit"}, "doubtful", 1),
    ],
)
async def test_a_failed_test_has_its_exact_reason(
    tmp_path: Path, autojump_clock: object, where: dict[str, str], fault: dict[str, str] | None, verdict: str, code: int
) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        if fault:
            campus.fault("slack", **fault)
        rows, done = await ask(office, p.TargetTest(lane="acme/slack", **where))
        assert (rows[-1].verdict, done.exit_code) == (verdict, code)
        assert rows[-1].detail
        assert done.note


async def test_an_unreachable_vendor_is_told_as_it_is(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):
        campus.http.unreachable = "name or service not known"
        rows, done = await ask(office, p.TargetTest(lane="acme/slack"))
        assert "name or service not known" in rows[0].outcome
        assert (rows[-1].verdict, done.exit_code) == ("unavailable", Exit.AGAIN)


async def test_a_vendor_that_never_answers_ends_the_test(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, ACME) as (office, campus):

        async def hang(request: object) -> None:
            await trio.sleep_forever()

        campus.http.send = hang  # type: ignore[method-assign,assignment]  # a vendor that says nothing at all
        rows, done = await ask(office, p.TargetTest(lane="acme/slack", channel="C0123456789"))
        assert (rows[-1].verdict, done.exit_code) == ("doubtful", Exit.AGAIN)
