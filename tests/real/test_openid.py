"""People sign in at oidc-provider, the certified implementation of others: by a secret and by a signed assertion, over
a rotation of its keys, and not at all where anything is not as it should be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from openid_stage import Browser, Stage, packages, query, stage

from daemon.control import protocol as p

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages(tmp_path_factory.mktemp("provider"))


@asynccontextmanager
async def browsing(made: Stage) -> AsyncIterator[Browser]:
    browser = Browser(made)
    try:
        yield browser
    finally:
        await browser.aclose()


def changed(url: str, **fields: str | None) -> str:
    """With other parameters; None leaves one out."""
    said = {**query(url), **fields}
    return urlsplit(url)._replace(query=urlencode({k: v for k, v in said.items() if v is not None})).geturl()


async def test_people_sign_in_by_a_secret_and_again_after_the_keys_have_changed(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path) as made:
        async with browsing(made) as browser:
            begun = await browser.begin()
            asked = query(begun)
            assert asked["code_challenge_method"] == "S256"
            assert asked["redirect_uri"] == f"{made.base}/sso/oidc/callback"
            back = await browser.through(begun, "ada")
            assert query(back)["iss"] == made.issuer
            answer = await browser.get(back)
            assert (answer.status_code, answer.headers["location"]) == (303, f"{made.base}/connect")
            page = await browser.get(f"{made.base}/connect")
            assert page.status_code == 200
            assert "Ada Lovelace" in page.text
            again = await browser.get(back)
            assert again.status_code == 400
            assert await made.audited("used before")
        await made.rotate()
        async with browsing(made) as browser:
            assert (await browser.sign_in()).status_code == 303
        sessions = made.ask(p.SessionList(tenant="acme"))
        assert [row["email"] for row in sessions] == ["ada@example.edu"] * 2
        assert {row["role"] for row in sessions} == {"admin"}


async def test_people_sign_in_where_a_key_signs_that_it_is_us(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path, key_signs=True) as made, browsing(made) as browser:
        assert (await browser.sign_in()).status_code == 303
        assert (await browser.get(f"{made.base}/connect")).status_code == 200
        left = await browser.post("/sso/sign-out")
        assert left.status_code == 200
        assert f"{made.issuer}/session/end" in left.headers["refresh"].replace("localhost", "127.0.0.1")
        assert "id_token_hint=" in left.headers["refresh"]
        assert (await browser.get(f"{made.base}/connect")).status_code == 303
        assert made.ask(p.SessionList(tenant="acme")) == []


async def test_what_is_not_as_it_was_begun_signs_nobody_in(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path) as made:
        other_challenge = "A" * 43

        async def refused(browser: Browser, back: str, reason: str, status: int = 403) -> None:
            answer = await browser.get(back)
            assert answer.status_code == status, answer.text
            assert await made.audited(reason)
            for told in (reason, query(back).get("code", "no code"), query(back)["state"]):
                assert told not in answer.text
            assert (await browser.get(f"{made.base}/connect")).status_code == 303

        async with browsing(made) as browser:  # what the provider is asked with is changed on its way
            begun = await browser.begin()
            await refused(browser, await browser.through(changed(begun, nonce="another"), "ada"), "nonce")
            begun = changed(await browser.begin(), code_challenge=other_challenge)
            await refused(browser, await browser.through(begun, "ada"), "did not take the code: invalid_grant")
            bare = changed(await browser.begin(), code_challenge=None, code_challenge_method=None)
            await refused(browser, await browser.through(bare, "ada"), "nobody signed in: invalid_request")

        async with browsing(made) as browser, browsing(made) as thief:  # a code is taken elsewhere
            back = await browser.through(await browser.begin(), "ada")
            await thief.begin()
            await refused(thief, back, "not one that was given to this browser", 400)
            stolen = changed(await thief.begin(), code_challenge=None)
            swapped = changed(back, state=query(stolen)["state"])
            await refused(thief, swapped, "did not take the code: invalid_grant")
            mixed = changed(back, iss="https://elsewhere.example")
            await refused(browser, mixed, "names another issuer")

        async with browsing(made) as browser:  # a code is used twice, each time with a good state
            first = await browser.through(await browser.begin(), "ada")
            second = await browser.through(await browser.begin(), "ada")
            assert (await browser.get(first)).status_code == 303
            replayed = await browser.get(changed(second, code=query(first)["code"]))
            assert replayed.status_code == 403


async def test_somebody_without_a_role_sees_that_they_may_not(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path, locale="de-DE") as made, browsing(made) as browser:
        assert (await browser.sign_in("ben")).status_code == 303
        page = await browser.get(f"{made.base}/connect")
        assert page.status_code == 403
        assert "Das dürfen Sie nicht" in page.text
        assert await made.audited("connecting takes the role admin")
