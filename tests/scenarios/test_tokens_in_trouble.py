"""Tokens while the house or the vendor is in trouble: a vault that is away, a store that cannot say whether it wrote, a
vendor whose tokens live no time, a wrong secret beside a pair that works. Little is asked for, little is said, and
nothing that works stops."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from connecting import adjust, connect, desk_of, slack_tenant, suspended, told
from world import SECRETS, Campus, completed, open_campus, route, tenant

from actors.domain.flow import Outcome, Request
from actors.domain.tokens import Holding, Tokens
from actors.ports import StoreUnavailable
from actors.ports.tokens import Connected, Kept, NotConnected
from config.model import Audience

HOUR_S = 3600.0
TO_LEARNERS = route("learners", "completed", to="teams", audience=Audience(learner=True))
TEAMS = tenant(TO_LEARNERS)


def troubles(campus: Campus) -> Counter[str]:
    return Counter(name for name, _ in campus.notes.troubles)


def whenever(campus: Campus, operation: str, then: Callable[[], None]) -> None:
    """``then``, once, before a request of this operation is answered."""
    inner, left = campus.http.send, [then]

    async def send(request: Request) -> Outcome:
        if request.operation == operation and left:
            left.pop()()
        return await inner(request)

    campus.http.send = send  # type: ignore[method-assign]


async def test_while_the_vault_is_away_nobody_is_asked_for_a_first_token(
    tmp_path: Path, autojump_clock: object
) -> None:
    def away(campus: Campus) -> None:
        campus.vault.away = "the HSM is away"

    async with open_campus(tmp_path, TEAMS, before=away) as campus:
        await trio.sleep(HOUR_S)
        assert campus.http.operations["token"] == 0
        assert troubles(campus)["token.not_stored"] == 0
        assert len(campus.notes.named("token.not_renewed")) == 1
        campus.vault.away = ""
        await trio.sleep(400)
        assert told(campus, "obtained", "acme/teams") == 1


async def test_a_token_that_was_given_while_the_vault_went_away_is_kept_in_hand_and_said_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    def go_away(campus: Campus) -> None:
        whenever(campus, "token", lambda: setattr(campus.vault, "away", "the HSM is away"))

    async with open_campus(tmp_path, TEAMS, before=go_away) as campus:
        await trio.sleep(HOUR_S / 3)
        assert campus.http.operations["token"] == 1
        assert troubles(campus)["token.not_stored"] == 1
        campus.vault.away = ""
        await trio.sleep(100)
        assert told(campus, "obtained", "acme/teams") == 1
        assert campus.http.operations["token"] == 1


async def test_no_code_is_spent_while_the_vault_is_away(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        campus.vault.away = "the HSM is away"
        refused = await connect(campus)
        assert isinstance(refused, NotConnected)
        assert "the HSM is away" in refused.why
        assert campus.http.operations["oauth.v2.access"] == 0
        campus.vault.away = ""
        assert isinstance(await connect(campus), Connected)


async def test_a_token_that_lives_no_time_is_used_a_while_and_that_is_said_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, TEAMS, before=lambda campus: adjust(campus, "teams", token_life_s=0.0)) as campus:
        await trio.sleep(HOUR_S)
        assert 10 < campus.http.operations["token"] < 25
        assert len(campus.notes.named("token.noted")) == 1
        [shown] = [each for each in desk_of(campus).standings("acme") if each.speaker == "app"]
        assert "no time at all" in shown.holding.note


async def test_a_token_that_lives_a_second_is_not_renewed_each_second(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, TEAMS, before=lambda campus: adjust(campus, "teams", token_life_s=1.0)) as campus:
        await trio.sleep(HOUR_S)
        assert campus.http.operations["token"] <= HOUR_S / 10 + 1


async def test_a_wrong_secret_beside_a_pair_that_works_stops_nothing(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_campus(tmp_path, slack_tenant(token={"env": "slack"})) as campus:
        await trio.sleep(5)
        monkeypatch.setitem(SECRETS, "slack", "xoxb-of-nobody")
        campus.switchboard.secrets_changed("acme/slack")
        await trio.sleep(5)
        [shown] = [each for each in desk_of(campus).standings("acme") if each.name == "slack"]
        assert (shown.state, shown.usable) == ("live", True)
        assert "cannot be exchanged" in shown.why
        assert troubles(campus)["token.lost"] == 0
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert len(campus.journal("slack")) == 1
        await trio.sleep(20 * HOUR_S)
        assert told(campus, "renewed") >= 1, "by the pair that there is"
        assert await suspended(campus) == ""
        results = await campus.rows("SELECT result FROM audit WHERE kind = 'concluded' AND what = 'token.renew'")
        assert ("failed",) in results


async def test_a_pair_that_was_written_though_the_store_could_not_say_so_is_the_one_in_use(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, TEAMS) as campus:
        await trio.sleep(30)
        assert told(campus, "obtained", "acme/teams") == 1
        connections = campus.custody.connections
        inner, left = connections.put, ["once"]

        async def put(tenant: str, name: str, speaker: str, holding: Holding, tokens: Tokens) -> Kept | None:
            kept = await inner(tenant, name, speaker, holding, tokens)
            if left:
                left.pop()
                raise StoreUnavailable("nobody knows whether it was written", 1)
            return kept

        connections.put = put  # type: ignore[method-assign]
        wallet = campus.custody.find("acme/teams")
        assert wallet is not None
        token = campus.custody.token(wallet, "app")
        assert isinstance(token, str)
        assert campus.custody.refuse(wallet, "app", token, "")
        await trio.sleep(60)
        assert left == []
        assert not wallet.tried("app").stale
        assert isinstance(campus.custody.token(wallet, "app"), str)
        assert campus.http.operations["token"] == 2


async def test_where_nobody_has_connected_yet_that_is_what_is_said(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, slack_tenant()) as campus:
        await campus.tell(completed("ada"))
        await trio.sleep(60)
        assert await suspended(campus) == "not connected yet: open /t/acme/connect and sign in"
