"""``token``: listed without a token in sight, judged against what routes need, renewed and given back on the record."""

from pathlib import Path

import msgspec
import pytest
import trio
from connecting import ADA, adjust, connect, slack_tenant, suspended
from control_office import Office, ask
from world import Campus, completed, open_campus, tenant

from actors.domain.flow import Outcome, Request
from actors.ports.tokens import Connected
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.office import Unsettled
from daemon.control.protocol import Refusal
from daemon.control.views import ChangedRow, Overall, ScopeRow, TokenRow


def office_of(campus: Campus) -> Office:
    return Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)


async def test_a_token_is_listed_and_never_shown(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        office = office_of(campus)
        rows, done = await ask(office, p.TokenList(tenant="acme"))
        assert done.exit_code == Exit.DEGRADED
        assert isinstance(await connect(campus), Connected)
        rows, done = await ask(office, p.TokenList(tenant="acme"))
        shown = {(row.connection, row.speaker): row for row in rows if isinstance(row, TokenRow)}
        slack = shown["acme/slack", "bot"]
        assert (slack.state, slack.by, slack.account, slack.renewable) == ("connected", "oidc:ada", "Sandbox", True)
        assert slack.expires_us is not None
        assert slack.renews_us is not None
        assert slack.renews_us < slack.expires_us
        assert shown["acme/teams", "person"].state == "configured"
        assert shown["acme/teams", "app"].state == "live"
        assert b"xox" not in msgspec.json.encode(rows)


async def test_permissions_are_judged_by_what_routes_need(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        assert isinstance(await connect(campus), Connected)
        assert isinstance(await connect(campus, scope="chat:write,channels:manage"), Connected)
        rows, done = await ask(office_of(campus), p.TokenScopes(name="acme/slack"))
        verdicts = {row.scope: row.verdict for row in rows if isinstance(row, ScopeRow)}
        assert verdicts["channels:manage"] == "excess"
        assert verdicts["chat:write"] == "granted"
        assert done.exit_code == Exit.DEGRADED
        first = rows[0]
        assert isinstance(first, ScopeRow)
        assert first.verdict == "excess"


async def test_rotating_is_done_now_and_on_record(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        office = office_of(campus)
        with pytest.raises(Refusal, match="cannot be renewed"):
            await ask(office, p.TokenRotate(names=("acme/slack",)))
        assert isinstance(await connect(campus), Connected)
        before = campus.custody.find("acme/slack").of("bot").holding.version  # type: ignore[union-attr]
        tried, _ = await ask(office, p.TokenRotate(names=("acme/slack",), dry_run=True))
        assert campus.custody.find("acme/slack").of("bot").holding.version == before  # type: ignore[union-attr]
        [row] = [row for row in tried if isinstance(row, ChangedRow)]
        assert (row.what, row.done) == ("acme/slack:bot", False)
        _, done = await ask(office, p.TokenRotate(names=("acme/slack:bot",)))
        assert done.exit_code == Exit.OK
        assert campus.custody.find("acme/slack").of("bot").holding.version > before  # type: ignore[union-attr]
        deeds = [
            (row[0], row[1])
            for row in await campus.rows("SELECT a.what, t.who FROM audit a JOIN audit_told t ON t.seq = a.seq")
        ]
        assert ("token.connect", ADA.who) in deeds
        assert ("token.renew", "custodian") in deeds


async def test_revoking_gives_back_and_the_lane_waits(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        office = office_of(campus)
        assert isinstance(await connect(campus), Connected)
        _, done = await ask(office, p.TokenRevoke(names=("acme/slack",), reason="shared by mistake"))
        assert done.exit_code == Exit.OK
        assert "shared by mistake" in await suspended(campus)
        await campus.tell(completed("ada"))
        with pytest.raises(Refusal, match="it is revoked"):
            await ask(office, p.TokenRevoke(names=("acme/slack",)))
        assert isinstance(await connect(campus), Connected)
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        kept = await campus.rows("SELECT state, by_email FROM connections WHERE name = 'slack'")
        assert kept == [("live", "ada@example.edu")]


async def test_a_custodian_that_does_not_answer_in_time_has_not_failed(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        office = office_of(campus)
        assert isinstance(await connect(campus), Connected)
        inner = campus.http.send

        async def send(request: Request) -> Outcome:
            await trio.sleep(100)
            return await inner(request)

        campus.http.send = send  # type: ignore[method-assign]
        for request in (p.TokenRotate(names=("acme/slack",)), p.TokenRevoke(names=("acme/slack",))):
            with pytest.raises(Unsettled, match="acme/slack:bot: it is not known"):
                await ask(office, request)
        gone = await office.desk.disconnect("acme", "slack", ADA, "corr")
        assert gone is None or not gone.known
        await trio.sleep(1000)


async def test_a_configured_token_is_its_operators_own(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant()) as campus:
        office = office_of(campus)
        kept = campus.switchboard.custodians
        assert ("acme/slack" in kept, "acme/teams" in kept) == (False, True), "nobody is needed where nothing ends"
        for request in (p.TokenRotate(names=("acme/slack",)), p.TokenRevoke(names=("acme/teams:person",))):
            with pytest.raises(Refusal, match="looked after by an operator"):
                await ask(office, request)
        for name in ("acme", "acme/nobody", "nobody/slack", "acme/slack:person"):
            with pytest.raises(Refusal):
                await ask(office, p.TokenRotate(names=(name,)))


async def test_an_app_that_was_revoked_begins_again_when_it_is_told_to(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, tenant()) as campus:
        office = office_of(campus)
        adjust(campus, "teams", token_life_s=3599.0)
        _, done = await ask(office, p.TokenRevoke(names=("acme/teams:app",)))
        assert done.exit_code == Exit.OK
        held = campus.custody.find("acme/teams").of("app").holding  # type: ignore[union-attr]
        assert held.state == "revoked"
        _, done = await ask(office, p.TokenRotate(names=("acme/teams:app",)))
        assert done.exit_code == Exit.OK
        held = campus.custody.find("acme/teams").of("app").holding  # type: ignore[union-attr]
        assert held.state == "live"


async def test_status_and_config_check_say_what_is_lacking_and_what_is_too_much(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        office = office_of(campus)
        assert isinstance(await connect(campus, scope="chat:write,channels:manage"), Connected)
        rows, done = await ask(office, p.AskStatus())
        [overall] = [row for row in rows if isinstance(row, Overall)]
        assert any("acme/slack (bot) lacks channels:history" in reason for reason in overall.degraded)
        assert done.exit_code == Exit.DEGRADED
        [much] = overall.overtrusted
        assert "channels:manage" in much
        told = [problem.message for problem in office.desk.problems(Path("/etc/lmsyncd"))]
        assert any("channels:manage" in message for message in told)


async def test_status_says_early_that_somebody_must_connect_again(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        adjust(campus, grace_s=0.0)
        assert isinstance(await connect(campus), Connected)
        campus.fault("slack", "reset_after_commit", operation="oauth.v2.access")
        await trio.sleep(36_000)
        rows, _ = await ask(office_of(campus), p.AskStatus())
        [overall] = [row for row in rows if isinstance(row, Overall)]
        assert any("must be connected again before its token ends" in reason for reason in overall.degraded)
        assert await suspended(campus) == ""
