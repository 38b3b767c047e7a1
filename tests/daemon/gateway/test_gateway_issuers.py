"""Whose word a session stands on: it ends when its tenant believes somebody else, and nobody is taken for another
person of the same name there.
"""

from pathlib import Path

import msgspec
from openid_double import BASE, Browser, People, people, signing_on
from saml_metadata import entity

from config.model import Secret
from config.saml import Saml, SamlKey
from config.sso import Sso, SsoRoles
from daemon.gateway.sessions import _id, _text
from daemon.gateway.sso.saml_provider import MD
from daemon.store.sessions import StoredSession

FIRST, SECOND = "https://one.example.edu/idp", "https://two.example.edu/idp"
TOKEN = b"t" * 32


def by_saml(folder: Path, *issuers: str, idp: str | None = None) -> Sso:
    """Sign-on at the providers of these entity ids, by their metadata in a file; none: there is no such file."""
    file = folder / f"{len(issuers)}-{''.join(issuers).replace('/', '')}.xml"
    if issuers:
        several = "".join(entity(name=issuer) for issuer in issuers)
        file.write_text(f'<EntitiesDescriptor xmlns="{MD[1:-1]}">{several}</EntitiesDescriptor>')
    key = SamlKey(certificate=folder / "none.pem", key=Secret(env="none"))
    saml = Saml(metadata_file=file, keys=(key,), idp=idp)
    return Sso(saml=saml, roles=SsoRoles(admins=("lms-admins",)))


async def signed_in_by_saml(here: People, issuer: str) -> Browser:
    """As somebody would be who was signed in by that provider."""
    now_us = here.clock.now_us()
    stored = StoredSession(
        id=_id(TOKEN),
        tenant="acme",
        via="saml",
        issuer=issuer,
        subject="ada",
        email="",
        name="Ada",
        person="",
        roles=("lms-admins",),
        role=4,
        place="",
        began_us=now_us,
        seen_us=now_us,
        until_us=now_us + 3_600_000_000,
        sealed=b"",
    )
    await here.store.sessions.begin(stored, None)
    browser = here.browser()
    browser.client.cookies.set("__Host-lmsyncd-acme", _text(TOKEN))
    return browser


def believes(here: People, sso: Sso) -> None:
    """A reload."""
    here.tenants["acme"] = msgspec.structs.replace(here.tenants["acme"], sso=sso)


async def test_a_session_by_saml_ends_when_its_tenant_has_another_provider(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        believes(here, by_saml(tmp_path, FIRST))
        browser = await signed_in_by_saml(here, FIRST)
        assert (await browser.get("/connect")).status_code == 200
        believes(here, by_saml(tmp_path, SECOND))
        answer = await browser.get("/connect")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/sso")
        assert here.events[-1][1]["why"] == "its tenant believes another identity provider now"
        believes(here, by_saml(tmp_path, FIRST))
        assert (await browser.get("/connect")).status_code == 303
        assert await here.store.sessions.all() == []


async def test_of_several_the_one_that_is_named_counts(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        believes(here, by_saml(tmp_path, FIRST, SECOND, idp=SECOND))
        browser = await signed_in_by_saml(here, SECOND)
        assert (await browser.get("/connect")).status_code == 200
        believes(here, by_saml(tmp_path, FIRST, SECOND, idp=FIRST))
        assert (await browser.get("/connect")).status_code == 303


async def test_while_nobody_knows_whom_a_tenant_believes_nobody_is_signed_in_and_no_session_ends(
    tmp_path: Path,
) -> None:
    async with people(tmp_path) as here:
        believes(here, by_saml(tmp_path))
        browser = await signed_in_by_saml(here, FIRST)
        assert (await browser.get("/connect")).status_code == 303
        believes(here, by_saml(tmp_path, FIRST))
        assert (await browser.get("/connect")).status_code == 200


async def test_the_same_subject_is_somebody_else_at_another_provider(tmp_path: Path) -> None:
    async with people(tmp_path) as here:
        await here.browser().sign_in()
        here.tenants["acme"] = signing_on(issuer="https://idp.example.edu/other")
        here.provider.document = {"issuer": "https://idp.example.edu/other"}
        here.provider.claims = {"iss": "https://idp.example.edu/other"}
        browser = here.browser()
        state = (await browser.begin())["state"]
        assert (await browser.come_back(state, iss="https://idp.example.edu/other")).status_code == 303
        assert [each.who for each in here.desk.seen] == [
            "oidc:ada (https://idp.example.edu)",
            "oidc:ada (https://idp.example.edu/other)",
        ]
