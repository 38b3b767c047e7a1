"""Who is let in: secrets of the tenant file and of the store, former ones, scopes, rates, and what a guess costs."""

import base64
import hmac
import json
from typing import Any, get_args

import msgspec
import pytest
import trio
from gateway_world import NOW_US, SEAL, STATEMENTS, World, basic, tenant
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import simple

from actors.sources.xapi.settings import Credential, Scope, XapiSettings
from config.model import Connection, Secret, Tenant
from config.secrets import SecretUnavailable
from daemon.gateway.credentials import Door, admit, doors
from daemon.gateway.lrs.access import DEFINING
from daemon.gateway.seal import Seal
from daemon.store.credentials import StoredCredential

SCOPES = get_args(Scope)
SECOND_US = 1_000_000


def header(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def stored(name: str = "bi", secret: str = "new", **more: Any) -> StoredCredential:
    """Of tenant acme, source campus; ``former`` is its secret before."""
    former = more.pop("former", None)
    if former is not None:
        more["former_hash"] = SEAL.hash("acme", name, former.encode())
    words = {"tenant": "acme", "source": "campus", "scopes": ("all",), "made_us": 0, "made_by": "ada", "seal": SEAL.id}
    return StoredCredential(**{**words, "name": name, "hash": SEAL.hash("acme", name, secret.encode()), **more})


def filed(**words: Any) -> Tenant:
    """A tenant with one credential in its file, whose secrets are their variables' names."""
    credential = Credential(**{"key": "moodle", "secret": Secret(env="new"), **words})
    source = Connection(name="campus", kind="xapi", settings=XapiSettings(credentials=(credential,)))
    return Tenant(name="acme", timezone="UTC", locale="en", sources={"campus": source})


def plainly(secret: Secret) -> str:
    return secret.env or ""


def tried(door: Door | None, name: str, secret: str, now_us: int = NOW_US, seal: Seal = SEAL) -> str:
    """``current``, ``former`` or nothing."""
    found = admit(door, "acme", header(name, secret), reveal=plainly, seal=seal, now_us=now_us)
    return "" if found is None else "former" if found.by_former else "current"


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_stored_secret_opens_until_it_expires_and_a_former_one_until_its_time() -> None:
    until = {"expires_us": NOW_US + 2 * SECOND_US, "former_until_us": NOW_US + SECOND_US}
    door = doors([tenant("acme")], [stored(former="old", **until)])["acme"]
    assert [tried(door, "bi", each) for each in ("new", "old", "other", "")] == ["current", "former", "", ""]
    later = NOW_US + SECOND_US
    assert [tried(door, "bi", each, later - 1) for each in ("new", "old")] == ["current", "former"]
    assert [tried(door, "bi", each, later) for each in ("new", "old")] == ["current", ""]
    assert [tried(door, "bi", each, later + SECOND_US) for each in ("new", "old")] == ["", ""]
    shorter = stored(former="old", former_until_us=NOW_US + 9 * SECOND_US, expires_us=NOW_US)
    assert tried(doors([tenant("acme")], [shorter])["acme"], "bi", "old") == ""


def test_the_file_may_name_a_former_secret() -> None:
    door = doors([filed(secret_former=Secret(env="old"))])["acme"]
    assert [tried(door, "moodle", each) for each in ("new", "old", "", "other")] == ["current", "former", "", ""]
    assert [tried(doors([filed()])["acme"], "moodle", each) for each in ("new", "old", "")] == ["current", "", ""]


def test_a_burst_without_a_rate_is_refused() -> None:
    words = {"key": "bi", "secret": {"env": "x"}, "burst": 5}
    with pytest.raises(msgspec.ValidationError, match="rate_per_s"):
        msgspec.convert(words, Credential)
    assert msgspec.convert({**words, "rate_per_s": 2}, Credential).burst == 5


def test_an_empty_secret_opens_nothing_even_if_somebody_configured_one() -> None:
    assert tried(doors([filed(secret=Secret(env=""), secret_former=Secret(env=""))])["acme"], "moodle", "") == ""


def test_a_revoked_one_an_unplaced_one_and_one_by_another_key_open_nothing() -> None:
    dead = stored(hash=None, revoked_us=NOW_US)
    assert tried(doors([tenant("acme")], [dead])["acme"], "bi", "new") == ""
    assert tried(doors([tenant("acme")], [stored(source="gone")])["acme"], "bi", "new") == ""
    good = doors([tenant("acme")], [stored()])["acme"]
    assert tried(good, "bi", "new", seal=Seal(b"j" * 32)) == ""
    assert tried(good, "bi", "new") == "current"


def test_a_row_that_is_copied_to_another_name_or_tenant_opens_nothing_there() -> None:
    row = stored()
    copies = [
        StoredCredential(**{**_fields(row), "name": "boss2"}),
        StoredCredential(**{**_fields(row), "tenant": "globex"}),
    ]
    made = doors([tenant("acme"), tenant("globex")], [row, *copies])
    assert tried(made["acme"], "boss2", "new") == ""
    for name in ("acme", "globex"):
        given = header("bi", "new")
        found = admit(made[name], name, given, reveal=plainly, seal=SEAL, now_us=NOW_US)
        assert (found is not None) == (name == "acme")


def _fields(row: StoredCredential) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_the_tenant_files_name_wins() -> None:
    door = doors([filed()], [stored("moodle", "theirs", scopes=("all",))])["acme"]
    assert (tried(door, "moodle", "theirs"), tried(door, "moodle", "new")) == ("", "current")
    assert not door.accounts["moodle"].may("all")


def test_every_guess_costs_the_same_few_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    until = {"former_until_us": NOW_US + 1}
    door = doors([filed(secret_former=Secret(env="old"))], [stored(former="old", **until), stored("plain")])["acme"]
    made: list[int] = []
    digest = hmac.digest

    def counted(key: bytes, text: bytes, name: str) -> bytes:
        made[-1] += 1
        return digest(key, text, name)

    monkeypatch.setattr("daemon.gateway.seal.hmac.digest", counted)
    compared: list[int] = []
    monkeypatch.setattr(
        "daemon.gateway.credentials.hmac.compare_digest",
        lambda one, other: compared.append(len(one) + len(other)) or one == other,
    )
    guesses = [(door, name, secret) for name in ("moodle", "bi", "plain", "nobody") for secret in ("new", "old", "bad")]
    for where, name, secret in [*guesses, (None, "moodle", "new")]:
        made.append(0)
        tried(where, name, secret)
    assert set(made) == {3}
    assert compared == [64] * 2 * len(made)


def test_a_secret_that_cannot_be_read_is_said_and_not_taken_for_wrong() -> None:
    def gone(secret: Secret) -> str:
        raise SecretUnavailable(secret.where, "not there")

    door = doors([filed()])["acme"]
    with pytest.raises(SecretUnavailable):
        admit(door, "acme", header("moodle", "new"), reveal=gone, seal=SEAL, now_us=NOW_US)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_two_tell_the_same_story_to_the_seal(tenant_name: str, name: str, secret: str) -> None:
    tenant_name, name = tenant_name.replace("\0", ""), name.replace("\0", "")
    made = SEAL.hash(tenant_name, name, secret.encode())
    assert made == SEAL.hash(tenant_name, name, secret.encode())
    assert made != SEAL.hash(tenant_name + "x", name, secret.encode())
    assert made != SEAL.hash(tenant_name, name, b"x" + secret.encode())
    if name:
        assert made != SEAL.hash(tenant_name + name[0], name[1:], secret.encode())


# ── what they may, and who they are ──────────────────────────────────────────────────────────────────


def test_scopes_that_nobody_knows_any_more_give_nothing() -> None:
    account = doors([tenant("acme")], [stored(scopes=("all/of/it", "state"))])["acme"].accounts["bi"]
    assert [scope for scope in SCOPES if account.may(scope)] == ["state"]


@pytest.mark.parametrize("scope", SCOPES)
def test_only_all_and_define_change_definitions(scope: Scope) -> None:
    account = doors([tenant("acme")], [stored(scopes=(scope,))])["acme"].accounts["bi"]
    assert account.may(*DEFINING) == (scope in ("all", "define"))
    assert account.may_read_all == (scope in ("all", "all/read", "statements/read"))


async def test_authority_is_the_credentials_whatever_was_sent_and_whatever_its_secret() -> None:
    world = World()
    sent = {"mbox": "mailto:somebody@example.org", "objectType": "Agent"}

    async def told(secret: str) -> Any:
        world.doors = doors([tenant("acme")], [stored(secret=secret)])
        async with world.client(None, **basic("bi", secret)) as client:
            answer = await client.post(STATEMENTS, json=simple(authority=sent))
            assert answer.status_code == 200
            found = await client.get(STATEMENTS, params={"statementId": answer.json()[0]})
        return found.json()["authority"]

    expected = {"objectType": "Agent", "account": {"homePage": "urn:lmsyncd:acme:campus", "name": "bi"}}
    assert await told("first") == await told("second") == expected


async def test_an_authority_that_breaks_a_rule_is_refused_all_the_same() -> None:
    async with World().client("boss") as client:
        for authority in ({"mbox": "no address"}, {"objectType": "Group", "member": [{"mbox": "mailto:a@b.de"}]}):
            answer = await client.post(STATEMENTS, json=simple(authority=authority))
            assert (answer.status_code, "authority" in answer.text) == (400, True)


def test_authority_is_json_whatever_the_name() -> None:
    door = doors([tenant("acme")], [stored('q"uo\\te ä')])["acme"]
    told = json.loads(door.accounts['q"uo\\te ä'].authority)
    assert told["account"]["name"] == 'q"uo\\te ä'


# ── how often ────────────────────────────────────────────────────────────────────────────────────────


async def test_who_comes_too_often_is_told_when_to_come_again(autojump_clock: object) -> None:
    world = World()
    world.doors = doors([tenant("acme")], [stored(rate_per_s=0.5, burst=2), stored("free")])
    async with world.client(None, **basic("bi", "new")) as client:
        assert [(await client.get(STATEMENTS)).status_code for _ in range(3)] == [200, 200, 429]
        refused = await client.get(STATEMENTS)
        written = await client.post(STATEMENTS, json=simple())
        for other in (basic("free", "new"), basic("boss")):
            assert (await client.get(STATEMENTS, headers=other)).status_code == 200
        await trio.sleep(2)
        assert [(await client.get(STATEMENTS)).status_code for _ in range(2)] == [200, 429]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert refused.headers["X-Experience-API-Version"] == "1.0.3"
    assert refused.headers["X-Experience-API-Consistent-Through"] > "2027"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert written.status_code == 429
    assert world.log.rows == {}
    assert set(world.reasons()) == {"rate"}


async def test_a_stranger_uses_up_nobodys_tokens(autojump_clock: object) -> None:
    world = World()
    world.doors = doors([tenant("acme")], [stored(rate_per_s=0.01, burst=1)])
    async with world.client(None, **basic("bi", "bad")) as client:
        assert {(await client.get(STATEMENTS)).status_code for _ in range(20)} == {401}
        assert (await client.get(STATEMENTS, headers=basic("bi", "new"))).status_code == 200


async def test_who_is_let_in_is_counted_and_by_which_secret() -> None:
    world = World()
    world.doors = doors([tenant("acme")], [stored(former="old", former_until_us=NOW_US + SECOND_US)])
    async with world.client(None) as client:
        for name, secret in (("bi", "new"), ("bi", "old"), ("bi", "bad"), ("reader", "redaer")):
            await client.get(STATEMENTS, headers=basic(name, secret))
    assert world.uses == [("acme", "bi", False), ("acme", "bi", True), ("acme", "reader", False)]
