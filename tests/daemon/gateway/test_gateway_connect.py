"""Connecting accounts: by whom, by which forms, and what comes back from a vendor."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from openid_double import BASE, PUBLIC, Browser, People, fields_of, people, signing_on

from daemon.gateway.pages.said import SAID

CALLBACK = "/connect/slack/callback"


async def signed_in(here: People) -> Browser:
    browser = here.browser()
    assert (await browser.sign_in()).status_code == 303
    return browser


async def begun(browser: Browser, name: str = "slack") -> str:
    """The state that the vendor gets."""
    answer = await browser.post(f"/connect/{name}", csrf=await browser.csrf())
    assert answer.status_code == 200, answer.text
    return fields_of(answer.headers["refresh"].removeprefix("0; url="))["state"]


async def test_an_account_is_connected_and_disconnected(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        page = await browser.get("/connect")
        assert page.text.count("<article") == 3
        assert "not connected" in page.text
        assert 'id="connect-fixed"' not in page.text
        assert "posts &lt;to&gt; channels" in page.text
        link = await browser.get("/connect/slack")
        assert (link.status_code, link.headers["location"]) == (303, f"{BASE}/connect#connect-slack")
        assert (await browser.get("/connect/fixed")).status_code == 404
        leaving = await browser.post("/connect/slack", csrf=await browser.csrf())
        address = leaving.headers["refresh"].removeprefix("0; url=")
        assert address.startswith("https://slack.example.com/authorize?")
        assert f'href="{address.replace("&", "&amp;")}"' in leaving.text
        asked = fields_of(address)
        assert asked["redirect_uri"] == f"{BASE}{CALLBACK}"
        back = await browser.get(f"{CALLBACK}?state={asked['state']}&code=c0de")
        assert (back.status_code, back.headers["location"]) == (303, f"{BASE}/connect?done=slack")
        assert here.desk.finished == [
            ("acme", "slack", "c0de", "verifier of slack", f"{BASE}{CALLBACK}", "oidc:ada (https://idp.example.edu)"),
        ]
        told = here.audit.whats("acme")
        assert told.index("intended account.connect") + 1 == told.index("concluded account.connect")
        page = await browser.get("/connect?done=slack")
        assert '<p class="notice" role="status">slack is connected.</p>' in page.text
        assert "&lt;Workspace&gt;" in page.text
        assert "Permissions that nothing needs" in page.text
        question = await browser.get("/connect/slack/disconnect")
        assert "Disconnect slack?" in question.text
        gone = await browser.post("/connect/slack/disconnect", csrf=await browser.csrf())
        assert gone.status_code == 303
        assert here.desk.states["slack"] == "revoked"
        assert "concluded account.disconnect" in here.audit.whats("acme")
        assert [name for name, _ in here.events][1:] == ["account.connected", "account.disconnected"]


FORGERIES = [
    ({"site": "cross-site", "origin": "https://evil.example"}, True),
    ({"site": "same-site", "origin": "null"}, True),
    ({"site": "none"}, True),
    ({"site": "", "origin": "null"}, True),
    ({"site": "", "origin": ""}, True),
    ({"site": "", "origin": "http://lms-sync.example.edu"}, True),
    ({"site": "same-origin", "origin": "https://evil.example"}, True),
    ({"site": "same-origin"}, False),
    ({"site": "", "origin": PUBLIC}, False),
]


@pytest.mark.parametrize(("said", "with_token"), FORGERIES)
@pytest.mark.parametrize("path", ["/connect/slack", "/connect/slack/disconnect", "/sso/sign-out"])
async def test_a_form_that_is_not_ours_changes_nothing(
    tmp_path: Path, path: str, said: dict[str, str], with_token: bool
) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        token = await browser.csrf()
        answer = await browser.post(path, **said, **({"csrf": token} if with_token else {"csrf": token[::-1]}))
        assert answer.status_code == 403
        assert here.refusals()[-1]
        assert "concluded account.disconnect" not in here.audit.whats()
        assert (await browser.get("/connect")).status_code == 200


async def test_a_token_of_another_session_is_none(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser, other = await signed_in(here), await signed_in(here)
        assert (await browser.post("/connect/slack", csrf=await other.csrf())).status_code == 403
        assert (await browser.post("/connect/slack", csrf=await browser.csrf())).status_code == 200


@pytest.mark.parametrize("body", [b"csrf=a&csrf=b", b"x" * 20_000, b"\xff=1", b"&".join([b"a=1"] * 30)])
async def test_a_form_that_is_none(tmp_path: Path, body: bytes) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await browser.client.post(f"{BASE}/connect/slack", content=body, headers=headers)
        assert answer.status_code == 400
        headers["Content-Type"] = "application/json"
        assert (await browser.client.post(f"{BASE}/connect/slack", content=b"{}", headers=headers)).status_code == 400


async def test_a_state_comes_back_once_in_its_session_for_its_account_in_time(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser, other = await signed_in(here), await signed_in(here)

        async def over(who: Browser, path: str) -> None:
            answer = await who.get(path)
            assert answer.status_code == 400, answer.text
            assert "the state is not one" in here.refusals()[-1]

        state = await begun(browser)
        await over(other, f"{CALLBACK}?state={state}&code=c")
        await over(browser, f"/connect/teams/callback?state={state}&code=c")
        await over(browser, f"{CALLBACK}?state={state}&code=c")  # it was used, by coming back to the wrong account
        state = await begun(browser)
        assert (await browser.get(f"{CALLBACK}?state={state}&code=c")).status_code == 303
        await over(browser, f"{CALLBACK}?state={state}&code=c")
        state = await begun(browser)
        here.clock.time_us += 600_000_000
        await over(browser, f"{CALLBACK}?state={state}&code=c")
        for wrong in ("", "x", "A" * 43, "é"):
            await over(browser, f"{CALLBACK}?state={wrong}&code=c")
        stranger = await here.browser().get(f"{CALLBACK}?state={await begun(browser)}&code=c")
        assert stranger.headers["location"] == f"{BASE}/sso"
        assert len(here.desk.finished) == 1


async def test_who_asks_for_headers_alone_does_not_spend_the_code(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        way_back = f"{BASE}{CALLBACK}?state={await begun(browser)}&code=c"
        answer = await browser.client.head(way_back)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, OPTIONS")
        assert not here.desk.finished
        assert (await browser.client.get(way_back)).status_code == 303
        assert len(here.desk.finished) == 1


async def test_a_session_is_about_so_much_at_a_time(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        states = []
        for _ in range(12):
            here.clock.time_us += 1
            states.append(await begun(browser))
        answers = [(await browser.get(f"{CALLBACK}?state={state}&code=c")).status_code for state in states]
        assert answers == [400, 400] + [303] * 10


async def test_what_fails_says_so_and_no_more(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        here.desk.fails = "begin"
        refused = await browser.post("/connect/slack", csrf=await browser.csrf())
        assert (refused.status_code, "words" in refused.text) == (409, False)
        here.desk.fails = "finish"
        failed = await browser.get(f"{CALLBACK}?state={await begun(browser)}&code=c")
        assert (failed.status_code, "words" in failed.text) == (502, False)
        assert "Nothing was changed" not in failed.text  # a vendor that was too slow may have done it
        assert here.audit.told[-1].detail == "words of the vendor, for the log"
        here.desk.fails = "disconnect"
        failed = await browser.post("/connect/slack/disconnect", csrf=await browser.csrf())
        assert (failed.status_code, "words" in failed.text) == (502, False)
        here.desk.fails = ""
        declined = await browser.get(f"{CALLBACK}?state={await begun(browser)}&error=access_denied")
        assert declined.status_code == 403
        odd = await browser.get(
            f"{CALLBACK}?state={await begun(browser)}&error=%3Cscript%3E&error_description=%3Cb%3Ewords%3C/b%3E"
        )
        assert (odd.status_code, "words" in odd.text, "<script" in odd.text) == (403, False, False)
        bare = await browser.get(f"{CALLBACK}?state={await begun(browser)}")
        assert bare.status_code == 400
        for unknown in ("nothing", "fixed"):
            answer = await browser.post(f"/connect/{unknown}", csrf=await browser.csrf())
            assert answer.status_code == 404
        here.audit.full = True
        unwritten = await browser.get(f"{CALLBACK}?state={await begun(browser)}&code=c")
        assert unwritten.status_code == 503
        assert here.desk.finished == []


async def test_where_nobody_knows_whether_it_was_done_the_audit_does_not_say_that_it_failed(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        here.desk.known = False
        here.desk.fails = "finish"
        failed = await browser.get(f"{CALLBACK}?state={await begun(browser)}&code=c")
        assert (failed.status_code, "Nothing was changed" in failed.text) == (502, False)
        here.desk.fails = "disconnect"
        assert (await browser.post("/connect/slack/disconnect", csrf=await browser.csrf())).status_code == 502
        assert [deed.what for deed in here.audit.unfinished] == ["account.connect", "account.disconnect"]


async def test_who_may_not_connect_is_told_so_and_it_is_on_record(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        here.provider.claims = {"groups": ["staff"]}
        browser = await signed_in(here)
        for path in ("/connect", CALLBACK, "/connect/slack/disconnect"):
            answer = await browser.get(path)
            assert answer.status_code == 403
            assert 'id="sign-out"' in answer.text
        [first, *_] = [each for each in here.audit.told if each.how == "refused"]
        assert first.deed.who == "oidc:ada (https://idp.example.edu)"
        assert first.detail.startswith("connecting takes the role admin, in the group staff")


async def test_the_address_bar_makes_no_notice(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        browser = await signed_in(here)
        here.desk.states["slack"] = "lost"
        for done in ("slack", "fixed", "evil", "%3Cb%3E"):
            assert "notice" not in (await browser.get(f"/connect?done={done}")).text.partition("<main")[2]


# ── what every page has ──────────────────────────────────────────────────────────────────────────────


class Outline(HTMLParser):
    """What a page is made of, for people who do not see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def sound(page: httpx.Response, language: str) -> None:
    """Headers that let a browser do nothing else, and what assistive technology needs."""
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-language"] == language
    outline = Outline(page.text)
    assert outline.all("html") == [{"lang": language}]
    assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("title")) == 1
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert outline.all("script", "img", "iframe", "object", "embed") == []
    ids = [str(attributes["id"]) for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in outline.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for refers in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(refers) is None or attributes[refers] in ids
    assert all(field.get("type") == "hidden" for field in outline.all("input"))  # nothing needs a label
    for button in re.findall(r"<button[^>]*>(.*?)</button>", page.text, re.DOTALL):
        assert button.strip()


@pytest.mark.parametrize(("locale", "language"), [("de-CH", "de"), ("en-GB", "en"), ("fr", "en")])
async def test_every_page_is_plain_and_says_its_language(tmp_path: Path, locale: str, language: str) -> None:
    async with people(tmp_path) as here:
        here.tenants["acme"] = signing_on(locale=locale)
        stranger = here.browser()
        for path in ("/sso", "/sso/signed-out", "/sso/oidc/callback?state=x"):
            sound(await stranger.get(path), language)
        browser = await signed_in(here)
        here.desk.states["teams"] = "connected"
        for path in ("/connect", "/connect/slack/disconnect", CALLBACK):
            sound(await browser.get(path), language)
        sound(await browser.post("/connect/slack", csrf=await browser.csrf()), language)
        sound(await browser.post("/connect/slack", csrf="x"), language)
        sound(await browser.post("/sso/sign-out", csrf=await browser.csrf()), language)


def test_both_languages_say_the_same_things() -> None:
    for key, said in SAID["en"].items():
        assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", SAID["de"][key])), key
        assert said.strip() == said
        assert SAID["de"][key]
