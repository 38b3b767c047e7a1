"""Signing on by SAML in a browser without scripts: off to a provider that others have made, back by its form
(HTTP-POST), which a person sends by its button, and out again.
"""

import json
import re
from base64 import urlsafe_b64encode
from functools import partial
from pathlib import Path

import pytest
import trio
from chrome import AUDIT, chrome
from saml_stage import SamlStage, lacking, metadata, saml_stage
from samlp_idp import samlp, samlp_script
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
]
PATIENCE_S = 60
ROLES = """\
[sso.roles]
claims = ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"]
admins = ["ada@example.edu"]
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samlp_script(tmp_path_factory.mktemp("saml_idp"))


class Person:
    """What somebody sees and does, by the keyboard alone; blocking, so it runs in a thread."""

    def __init__(self, browser: WebDriver, base: str) -> None:
        self.browser = browser
        self.base = base

    def go(self, path: str) -> None:
        self.browser.get(f"{self.base}/t/acme{path}")

    def at(self, part: str) -> None:
        WebDriverWait(self.browser, PATIENCE_S).until(lambda browser: part in browser.current_url)

    def press(self, selector: str) -> None:
        self.browser.find_element(By.CSS_SELECTOR, selector).send_keys(Keys.ENTER)

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    def sound(self) -> None:
        """The page can be used by everybody; nothing in it was held back by the browser for being unsafe."""
        assert self.browser.execute_script(AUDIT) == [], self.browser.page_source
        said = [entry["message"] for entry in self.browser.get_log("browser") if "favicon" not in entry["message"]]
        assert [each for each in said if "Content Security Policy" in each] == []

    def sign_on(self) -> None:
        self.go("/connect")
        self.at("/t/acme/sso")
        self.sound()
        self.press("#sign-in-saml")
        self.at("/login/")
        self.press("form [type=submit]")
        self.at("/t/acme/connect")


def believe(stage: SamlStage, file: Path, port: int) -> None:
    """The provider's metadata with its real address, and no address to end sessions at: it has none."""
    wish = json.dumps({"acs": f"{stage.base}/t/acme/sso/saml/acs"}).encode()
    login = f"http://127.0.0.1:{port}/login/{urlsafe_b64encode(wish).rstrip(b'=').decode()}"
    file.write_text(re.sub(r"<md:SingleLogoutService [^>]*/>", "", metadata(stage.keys, "idp", login=login)))


async def test_somebody_signs_on_without_scripts_and_out_again(script: Path, tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ROLES}) as stage, samlp(script, stage.keys) as port:
        believe(stage, tmp_path / "idp.xml", port)
        with chrome(tmp_path / "profile") as browser:
            ada = Person(browser, stage.base)
            doing = partial(trio.to_thread.run_sync, abandon_on_cancel=True)
            await doing(ada.sign_on)
            assert "Ada" in ada.text(), ada.text()
            ada.sound()
            [row] = await stage.audit("acme", "--what", "session.begin")
            assert str(row["who"]).startswith("saml:ada-7 (")
            browser.back()  # to the provider's form, which is sent once more
            ada.at("/login/")
            ada.press("form [type=submit]")
            ada.at("/sso/saml/acs")
            assert "could not be signed in" in ada.text()
            ada.sound()
            ada.go("/connect")
            ada.press("#sign-out")
            ada.at("/sso/sign-out")
            assert "You are signed out" in ada.text()
            ada.go("/connect")
            ada.at("/t/acme/sso")
        rows = await stage.audit("acme", "--what", "session.refused")
        assert {row["detail"] for row in rows} == {"the assertion was used before"}
