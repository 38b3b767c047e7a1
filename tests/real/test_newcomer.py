"""A newcomer connects the accounts of their school: in a browser without scripts they sign in at the identity
provider's own pages, give Slack and Microsoft Teams their consent, and what was waiting is delivered with the tokens of
that.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from chrome import AUDIT, chrome
from openid_stage import CHANNEL, PATIENCE_S, TEAM, Stage, packages, stage
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from daemon.control import protocol as p

pytestmark = pytest.mark.real
STATEMENT = {
    "actor": {"account": {"homePage": "https://lms.example.edu", "name": "ada"}, "name": "Ada"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example.edu/course/1", "definition": {"name": {"en": "Algebra"}}},
}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages(tmp_path_factory.mktemp("provider"))


class Newcomer:
    """What a person sees and does; blocking, so it runs in a thread."""

    def __init__(self, browser: WebDriver, made: Stage) -> None:
        self.browser = browser
        self.made = made

    def go(self, path: str) -> None:
        self.browser.get(f"{self.made.base}{path}")

    def until(self, what: Callable[[WebDriver], object]) -> None:
        WebDriverWait(self.browser, PATIENCE_S).until(what)

    def at(self, part: str) -> None:
        """Wait until the address has this in it."""
        self.until(lambda browser: part in browser.current_url)

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    def press(self, selector: str) -> None:
        """By the keyboard alone."""
        element = self.browser.find_element(By.CSS_SELECTOR, selector)
        element.send_keys(Keys.ENTER)

    def sound(self) -> None:
        """The page can be used by everybody; nothing in it was held back by the browser for being unsafe."""
        assert self.browser.execute_script(AUDIT) == [], self.browser.page_source
        said = [entry["message"] for entry in self.browser.get_log("browser") if "favicon" not in entry["message"]]
        assert [each for each in said if "Content Security Policy" in each] == []

    def sign_in(self, name: str) -> None:
        self.go("/connect")
        self.at("/sso")
        self.sound()
        self.press("#sign-in-oidc")
        self.at("/interaction/")
        self.browser.find_element(By.NAME, "login").send_keys(name)
        self.browser.find_element(By.NAME, "password").send_keys("anything")
        self.press("button[type=submit]")
        self.until(lambda browser: "consent" in browser.page_source)
        self.press("button[type=submit]")
        self.at("/t/acme/connect")

    def connect(self, name: str) -> None:
        """By way of the vendor's page of consent."""
        self.press(f"#connect-{name}")
        self.at(f":{self.made.sandbox_port}/")
        self.press("#allow")
        self.at(f"/connect?done={name}")
        assert f"{name} is connected" in self.text(), self.text()
        self.sound()


async def tell(made: Stage) -> None:
    async with httpx.AsyncClient(trust_env=False, auth=("moodle", "lrs")) as client:
        answer = await client.post(
            f"{made.base}/xapi/statements", json=STATEMENT, headers={"X-Experience-API-Version": "1.0.3"}
        )
    assert answer.status_code == 200, answer.text


async def delivered(made: Stage, vendors: set[str]) -> list[dict[str, Any]]:
    """What the vendors have, as soon as all of these have something."""
    async with httpx.AsyncClient(trust_env=False) as client:
        with trio.fail_after(PATIENCE_S):
            while True:
                journal = await client.get(f"http://127.0.0.1:{made.sandbox_port}/sandbox/journal")
                effects = [json.loads(line) for line in journal.text.splitlines()]
                if {effect["vendor"] for effect in effects} >= vendors:
                    return effects
                await trio.sleep(0.05)


async def test_a_newcomer_connects_slack_and_teams_and_what_waited_goes_out(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path) as made:
        await tell(made)
        with chrome(tmp_path / "profile") as browser:
            ada = Newcomer(browser, made)
            doing = partial(trio.to_thread.run_sync, abandon_on_cancel=True)
            await doing(ada.sign_in, "ada")
            assert "Ada Lovelace" in ada.text()
            assert ada.text().count("not connected") >= 2
            ada.sound()
            await doing(ada.connect, "slack")
            await doing(ada.connect, "teams")
            effects = await delivered(made, {"slack", "teams"})
            assert len(effects) == 2
            assert {effect["destination"] for effect in effects} == {"C0123456789", f"{TEAM}/{CHANNEL}"}
            [session] = made.ask(p.SessionList(tenant="acme"))
            whats = {row["what"]: row for row in made.ask(p.AuditList(tenant="acme", limit=100))}
            assert str(whats["account.connect"]["who"]).startswith("oidc:ada (http")
            assert whats["session.begin"]["arguments"]["session"] == session["id"]
            text = "".join(file.read_text(errors="replace") for file in logs(tmp_path))
            assert "xoxe" not in text  # no token is in any log
            ada.press("#sign-out")
            ada.at("/session/end")
            made.ask(p.SessionRevoke(names=("acme/ALL",)))
            ada.go("/connect")
            ada.at("/sso")


async def test_the_pages_fit_a_narrow_screen_and_speak_german(script: Path, tmp_path: Path) -> None:
    async with stage(script, tmp_path, locale="de-DE") as made:
        with chrome(tmp_path / "profile", width=420) as browser:
            ben = Newcomer(browser, made)
            await trio.to_thread.run_sync(ben.sign_in, "ben")
            ben.sound()
            assert "Das dürfen Sie nicht" in ben.text()


def logs(folder: Path) -> list[Path]:
    return [folder / "daemon.log", folder / "sandbox.log"]
