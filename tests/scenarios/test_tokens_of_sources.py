"""Tokens of sources that know no person (a platform by LTI, another LRS, a OneRoster service): had, kept sealed,
renewed ahead of their end whether anything is read or not, rotated and given back like all others."""

from pathlib import Path

import pytest
import trio
import world
from client_certs import Authority
from connecting import desk_of, told
from control_office import Office, ask
from joserfc.jwk import RSAKey
from world import Campus, open_campus, route, source, tenant

from actors.ports import Fault
from config.model import Tenant
from daemon.connections import Standing
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import ScopeRow, TokenRow

HOUR_S = 3600.0
SECRET, KEY = {"env": "source-secret"}, {"env": "tool"}
CLIENT = {"client_id": "sandbox", "token_url": "http://sandbox.test/oneroster/token"}
ONEROSTER = {"base_url": "http://sandbox.test/oneroster/ims/oneroster", "grades": True, **CLIENT}
CERTIFICATE = {"certificate": {"env": "certificate"}, "key": {"env": "certificate-key"}}
PROOFS: dict[str, dict[str, object]] = {
    "basic": {"client_secret": SECRET},
    "form": {"client_secret": SECRET, "client_auth": "client_secret_post"},
    "assertion": {"client_key": KEY, "client_key_id": "k1", "client_auth": "private_key_jwt"},
    "certificate": {"client_certificate": CERTIFICATE, "client_auth": "tls_client_auth"},
}
LTI = {
    "issuer": "http://sandbox.test/lti",
    "client_id": "sandbox",
    "token_url": "http://sandbox.test/lti/token",
    "private_key": KEY,
    "key_id": "k1",
    "contexts": [{"course": "113", "memberships_url": "http://sandbox.test/lti/courses/113/members"}],
}
LRS = {
    "endpoint": "http://sandbox.test/school-lrs/xapi/",
    "oauth": {
        "token_url": "http://sandbox.test/school-lrs/token",
        "client_id": "sandbox",
        "client_secret": SECRET,
        "client_auth": "client_secret_post",
    },
}
KINDS: dict[str, dict[str, object]] = {"oneroster": {**ONEROSTER, **PROOFS["basic"]}, "lti": LTI, "lrs": LRS}
ALL = pytest.mark.parametrize("kind", sorted(KINDS))


@pytest.fixture(autouse=True)
def the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.SECRETS, "tool", RSAKey.generate_key(2048, private=True).as_pem(private=True).decode())


def of(kind: str, **settings: object) -> Tenant:
    return tenant(
        route("slack", "enrolled"),
        sources=source(kind, **{**KINDS[kind], "every": "5m", "every_max": "5m", **settings}),
        settings={"teams": {"client_secret": None}},
    )


def standing(campus: Campus) -> Standing:
    [found] = [each for each in desk_of(campus).standings("acme") if each.name == "campus"]
    return found


def asked(campus: Campus) -> int:
    return campus.http.operations["token"]


@ALL
async def test_it_is_renewed_ahead_and_outlives_the_process(tmp_path: Path, autojump_clock: object, kind: str) -> None:
    async with open_campus(tmp_path, of(kind), limited=False) as campus:
        assert (await campus.until_read()).how == "finished"
        first = standing(campus)
        assert (first.state, first.speaker, first.usable, first.lacking, first.excess) == ("live", "app", True, (), ())
        assert asked(campus) == 1
        await campus.stop()
        await campus.again()
        await campus.until_read(2)
        assert asked(campus) == 1, "what lies on disk serves on"
        await trio.sleep(10 * HOUR_S)
        assert told(campus, "renewed", "acme/campus") == asked(campus) - 1 > 8
        assert not [each for each in campus.readings() if each.how != "finished"]
        assert standing(campus).holding.version > first.holding.version


@ALL
async def test_one_that_is_not_taken_any_more_is_replaced_in_the_midst_of_a_reading(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    async with open_campus(tmp_path, of(kind), limited=False) as campus:
        await campus.until_read()
        campus.sources[kind]._tokens.clear()  # type: ignore[attr-defined]  # the service forgot them all
        assert (await campus.sync("full")).how == "finished"
        assert asked(campus) == 2


@pytest.mark.parametrize("proof", sorted(PROOFS))
async def test_oneroster_takes_each_proof_of_who_we_are(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch, proof: str
) -> None:
    certified = Authority(tmp_path).identity()
    monkeypatch.setitem(world.SECRETS, "certificate", certified.certificate)
    monkeypatch.setitem(world.SECRETS, "certificate-key", certified.key)
    connections = source("oneroster", **ONEROSTER, **PROOFS[proof])
    account = tenant(route("slack", "enrolled"), sources=connections, settings={"teams": {"client_secret": None}})
    async with open_campus(tmp_path, account, limited=False) as campus:
        assert (await campus.until_read()).how == "finished"
        await trio.sleep(2 * HOUR_S)
        assert told(campus, "renewed", "acme/campus") >= 2
        assert standing(campus).holding.account == "sandbox"


@ALL
async def test_who_is_refused_waits_and_goes_on_as_soon_as_it_is_put_right(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    def refuse(campus: Campus) -> None:
        campus.sources[kind].fault(Fault(kind="status", value="401", operation="token", times=0))

    async with open_campus(tmp_path, of(kind), limited=False, before=refuse) as campus:
        await trio.sleep(HOUR_S)
        assert campus.view().state == "suspended"
        assert "token: HTTP 401" in standing(campus).why
        campus.sources[kind].clear_faults()
        campus.switchboard.secrets_changed("acme/campus")
        before = len(campus.readings())
        with trio.fail_after(60):
            assert (await campus.until_read(before + 1)).how == "finished"


@ALL
async def test_operators_list_rotate_and_revoke_it_on_the_record(
    tmp_path: Path, autojump_clock: object, kind: str
) -> None:
    async with open_campus(tmp_path, of(kind), limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        await campus.until_read()
        rows, _ = await ask(office, p.TokenList(tenant="acme"))
        [row] = [each for each in rows if isinstance(each, TokenRow) and each.connection == "acme/campus"]
        assert (row.platform, row.state, row.renewable) == (kind, "live", True)
        scopes, _ = await ask(office, p.TokenScopes(name="acme/campus"))
        assert {each.verdict for each in scopes if isinstance(each, ScopeRow)} <= {"granted"}
        _, done = await ask(office, p.TokenRotate(names=("acme/campus",)))
        assert done.exit_code == Exit.OK
        assert asked(campus) == 2
        await ask(office, p.TokenRevoke(names=("acme/campus",)))
        await trio.sleep(HOUR_S)
        assert campus.view().state == "suspended"
        assert standing(campus).state == "revoked"
        assert asked(campus) == 2, "what was revoked is not asked for again by itself"
        await ask(office, p.TokenRotate(names=("acme/campus",)))
        await trio.sleep(60)
        assert standing(campus).state == "live"
        deeds = [row[0] for row in await campus.rows("SELECT what FROM audit WHERE what LIKE 'token.%' ORDER BY seq")]
        assert deeds[0] == "token.obtain"
        assert {"token.renew", "token.revoke"} <= set(deeds)


async def test_what_an_operator_looks_after_is_shown_as_such_and_asked_for_by_nobody(
    tmp_path: Path, autojump_clock: object
) -> None:
    """HTTP Basic at another LRS."""
    basic = source("lrs", endpoint=LRS["endpoint"], key="sandbox", secret=SECRET)
    account = tenant(route("slack", "enrolled"), sources=basic, settings={"teams": {"client_secret": None}})
    async with open_campus(tmp_path, account, limited=False) as campus:
        assert (await campus.until_read()).how == "finished"
        assert standing(campus).state == "configured"
        assert asked(campus) == 0


async def test_bundles_need_no_tokens(tmp_path: Path, autojump_clock: object) -> None:
    zipped = source("oneroster", url="http://sandbox.test/oneroster/export.zip")
    account = tenant(route("slack", "enrolled"), sources=zipped, settings={"teams": {"client_secret": None}})
    async with open_campus(tmp_path, account, limited=False) as campus:
        assert [each.name for each in desk_of(campus).standings("acme") if each.name == "campus"] == []


@ALL
async def test_what_only_failed_is_read_as_soon_as_there_is_a_token_again(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A secret that is put in late: nothing was refused, so nothing is suspended, and the next try may be far away."""

    def fail(campus: Campus) -> None:
        campus.sources[kind].fault(Fault(kind="status", value="503", operation="token", times=0))

    seldom = of(kind, every="2h", every_max="12h")
    async with open_campus(tmp_path, seldom, limited=False, before=fail) as campus:
        await trio.sleep(24 * HOUR_S)
        assert campus.view().state == "unavailable"
        campus.sources[kind].clear_faults()
        campus.switchboard.secrets_changed("acme/campus")
        before = len(campus.readings())
        with trio.fail_after(60):
            assert (await campus.until_read(before + 1)).how == "finished"
