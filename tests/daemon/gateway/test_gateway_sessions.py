"""Sessions: how long they last, what ends them, and that nothing else opens them."""

from pathlib import Path

import msgspec
import pytest
from openid_double import BASE, PUBLIC, people, signing_on

from config.sso import SsoRoles
from daemon.gateway.sessions import Session, opened, safe_way, sealed, token_of
from daemon.store.sessions import OF_PERSON_MAX

MINUTE_US = 60_000_000


async def test_a_session_ends_when_nothing_is_done_and_after_its_life(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        for _ in range(15):
            here.clock.time_us += 29 * MINUTE_US
            assert (await browser.get("/connect")).status_code == 200
        here.clock.time_us += 30 * MINUTE_US
        assert (await browser.get("/connect")).headers["location"] == f"{BASE}/sso"
        assert await here.store.sessions.all() == []
        assert here.events[-1] == (
            "session.ended",
            {
                "tenant": "acme",
                "who": "oidc:ada (https://idp.example.edu)",
                "session": here.events[0][1]["session"],
                "why": here.events[-1][1]["why"],
            },
        )
        assert here.events[-1][1]["why"] == "nothing was done for too long"
        await browser.sign_in()
        for _ in range(24):
            here.clock.time_us += 20 * MINUTE_US
            last = await browser.get("/connect")
        assert last.status_code == 303
        assert here.events[-1][1]["why"] == "its time was over"


async def test_signing_in_makes_a_fresh_session_of_whatever_the_browser_had(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        browser.client.cookies.set("__Host-lmsyncd-acme", "A" * 43)
        answer = await browser.sign_in()
        held = answer.headers["set-cookie"].split("=")[1].split(";")[0]
        assert held != "A" * 43
        await browser.sign_in()
        assert len(await here.store.sessions.all()) == 1
        stale = here.browser()
        stale.client.cookies.set("__Host-lmsyncd-acme", held)
        assert (await stale.get("/connect")).status_code == 303


async def test_roles_that_change_end_what_was_begun_with_others(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        laptop, phone = here.browser(), here.browser()
        await laptop.sign_in()
        assert (await laptop.get("/connect")).status_code == 200
        here.provider.claims = {"groups": ["staff"]}
        assert (await phone.sign_in()).status_code == 303
        assert (await phone.get("/connect")).status_code == 403
        assert (await laptop.get("/connect")).status_code == 303
        assert here.desk.seen[-1].roles == ("staff",)
        seen, here.provider.claims = len(here.desk.seen), {"groups": None}
        await phone.sign_in()
        assert len(here.desk.seen) == seen, "nothing was told of roles: that is no word against anybody"
        here.provider.claims = {}
        await laptop.sign_in()
        acme = here.tenants["acme"]
        assert acme.sso is not None
        fewer = msgspec.structs.replace(acme.sso, roles=SsoRoles(operators=("lms-admins",)))
        here.tenants["acme"] = msgspec.structs.replace(acme, sso=fewer)
        assert (await laptop.get("/connect")).status_code == 303
        assert here.events[-1][1]["why"] == "its roles give something else now"


@pytest.mark.parametrize("change", ["another issuer", "no sign-on"])
async def test_a_session_ends_with_the_sign_on_it_came_by(tmp_path: Path, change: str) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        if change == "another issuer":
            here.tenants["acme"] = signing_on(issuer="https://other.example.edu")
            assert (await browser.get("/connect")).status_code == 303
        else:
            here.tenants["acme"] = msgspec.structs.replace(here.tenants["acme"], sso=None)
            assert (await browser.get("/connect")).status_code == 404
            here.tenants["acme"] = signing_on(issuer="https://other.example.edu")
            assert (await browser.get("/connect")).status_code == 303


async def test_a_person_has_so_many_sessions_and_the_oldest_give_way(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browsers = [here.browser() for _ in range(OF_PERSON_MAX + 2)]
        for browser in browsers:
            here.clock.time_us += MINUTE_US
            await browser.sign_in()
        assert [(await each.get("/connect")).status_code for each in browsers] == [303, 303] + [200] * OF_PERSON_MAX


async def test_a_cookie_of_one_tenant_opens_nothing_at_another(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        held = browser.client.cookies["__Host-lmsyncd-acme"]
        browser.client.cookies.set("__Host-lmsyncd-globex", held)
        answer = await browser.get(f"{PUBLIC}/t/globex/connect")
        assert answer.headers["location"] == f"{PUBLIC}/t/globex/sso"
        assert len(await here.store.sessions.all()) == 1


@pytest.mark.parametrize("held", ["", "x", "A" * 42, "A" * 44, "A" * 5_000, "../" * 14 + "a", "A" * 42 + "="])
async def test_what_we_never_gave_out_is_nobody(tmp_path: Path, held: str) -> None:
    async with people(tmp_path) as here:
        answer = await here.browser().get("/connect", Cookie=f"__Host-lmsyncd-acme={held}")
        assert answer.status_code == 303
        assert token_of(held) is None
        assert token_of("é" * 43) is None


async def test_signing_out_ends_it_here_and_leads_to_the_provider(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        held = browser.client.cookies["__Host-lmsyncd-acme"]
        answer = await browser.post("/sso/sign-out", csrf=await browser.csrf())
        assert answer.status_code == 200
        assert answer.headers["refresh"].startswith("0; url=https://idp.example.edu/out?client_id=lmsyncd&")
        assert "id_token_hint=" in answer.headers["refresh"]
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert await here.store.sessions.all() == []
        browser.client.cookies.set("__Host-lmsyncd-acme", held)
        assert (await browser.get("/connect")).status_code == 303
        assert (await browser.get("/sso/signed-out")).status_code == 200
        here.tenants["acme"] = signing_on(end_session=False)
        browser = here.browser()
        await browser.sign_in()
        assert "refresh" not in (await browser.post("/sso/sign-out", csrf=await browser.csrf())).headers


async def test_nothing_that_is_kept_lets_anybody_in(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        held = browser.client.cookies["__Host-lmsyncd-acme"]
        await browser.post("/connect/slack", csrf=await browser.csrf())
        files = lying_in(tmp_path)
        assert b"oidc" in files
        token = token_of(held)
        assert token is not None
        for secret in (held.encode(), token, token.hex().encode(), b"verifier of slack", b"eyJhbGciOi"):
            assert secret not in files


def lying_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


def test_what_is_sealed_opens_with_the_same_token_at_the_same_place_only() -> None:
    box = sealed(b"k" * 32, b"here", b"value")
    assert opened(b"k" * 32, b"here", box) == b"value"
    for key, place, changed in (
        (b"j" * 32, b"here", box),
        (b"k" * 32, b"there", box),
        (b"k" * 32, b"here", box[:-1] + bytes([box[-1] ^ 1])),
        (b"k" * 32, b"here", b""),
    ):
        assert opened(key, place, changed) is None
    assert "k" * 32 not in repr(Session.__repr__)


def test_only_paths_of_the_tenant_are_ways() -> None:
    assert safe_way("acme", "/t/acme/sso") == "/t/acme/sso"
    for way in (
        "",
        "/",
        "/t/acme",
        "/t/acmes/x",
        "/t/acme/a b",
        "/t/acme/%0d",
        "/t/acme//x",
        "/t/acme/../x",
        "/t/acme/A",
    ):
        assert safe_way("acme", way) == "/t/acme/connect"
