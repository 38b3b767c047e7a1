"""A flood at one tenant's sign-on by SAML: whoever has begun comes back, and others begin, here and elsewhere."""

from pathlib import Path

import pytest
import trio
from saml_stage import Begun, Browser, SamlStage, lacking, saml_stage, signed

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
]
FLOODS, HONEST = ("203.0.113.66", "203.0.113.67", "2001:db8:66::1"), "198.51.100.1"
KNOCKS = 150
FORGED = 5


async def comes_back(stage: SamlStage, browser: Browser, begun: Begun) -> int:
    own = f"{begun.request_id}a"
    text = signed(browser.response(begun, browser.assertion(begun, id=own)), stage.keys.key("idp"), own)
    return (await browser.send(text, begun.relay)).status_code


async def test_whoever_begins_without_end_pushes_nobody_out(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": "", "globex": ""}) as stage:
        found: dict[str, set[int]] = {}

        async def flood(address: str) -> None:
            """Begins over and over, without keeping anything of it."""
            seen = found[address] = set()
            async with stage.browser("acme", address) as browser:
                for _ in range(KNOCKS):
                    browser.client.cookies.clear()
                    seen.add((await browser.client.get(f"{browser.at}/login")).status_code)

        async with stage.browser("acme", HONEST) as ada, stage.browser("globex", FLOODS[0]) as ben:
            begun = await ada.begin()
            async with trio.open_nursery() as nursery:
                for address in FLOODS:
                    nursery.start_soon(flood, address)
                async with stage.browser("acme", HONEST) as cid:
                    assert await comes_back(stage, cid, await cid.begin()) == 303
            assert await comes_back(stage, ada, begun) == 303
            assert await comes_back(stage, ben, await ben.begin()) == 303
        assert found == {address: {303, 429} for address in FLOODS}
        rows = await stage.audit("acme", "--what", "session.refused")
        assert {row["detail"] for row in rows} == {"too many requests from one address"}


async def test_forged_answers_that_take_xmlsec1_its_time_keep_nobody_waiting_for_ever(tmp_path: Path) -> None:
    """As many at once as there are threads and more: each is refused, and who comes meanwhile is let in."""
    async with saml_stage(tmp_path, {"acme": "", "globex": ""}) as stage:
        refused: list[int] = []

        async def forge(number: int) -> None:
            async with stage.browser("acme", FLOODS[number % 3]) as browser:
                begun = await browser.begin()
                own = f"{begun.request_id}a"
                text = signed(browser.response(begun, browser.assertion(begun, id=own)), stage.keys.key("evil"), own)
                for _ in range(FORGED):
                    refused.append((await browser.send(text, begun.relay)).status_code)

        async with trio.open_nursery() as nursery:
            for number in range(6):
                nursery.start_soon(forge, number)
            for tenant in ("acme", "globex"):
                async with stage.browser(tenant, HONEST) as browser:
                    assert await comes_back(stage, browser, await browser.begin()) == 303
        assert set(refused) == {403}


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Dest": "iframe"}], ids=str)
async def test_signing_on_begins_only_where_a_person_follows_a_link(tmp_path: Path, headers: dict[str, str]) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        answer = await browser.client.get(f"{browser.at}/login", headers=headers)
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        [row] = await stage.audit("acme", "--what", "session.refused")
        assert row["detail"] == "signing in does not begin by a link"
