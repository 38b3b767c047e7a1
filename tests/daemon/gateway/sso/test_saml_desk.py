"""What blocks runs in a few threads, and only so many may wait for one."""

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from config.model import Configuration, Daemon, Gateway, Tenant
from config.referred import Secret
from config.saml import Saml, SamlKey
from config.sso import SignOn, Sso
from daemon.gateway.sso import saml_desk
from daemon.gateway.sso.saml_desk import NotNow, SamlDesk, SamlPorts
from daemon.gateway.strangers import WAITING_MAX

WORDS = Saml(metadata_file=Path("idp.xml"), keys=(SamlKey(certificate=Path("sp.pem"), key=Secret(env="KEY")),))
ACME = Tenant(name="acme", timezone="UTC", locale="en", sso=Sso(saml=WORDS))
PLAIN = Tenant(name="plain", timezone="UTC", locale="en")


def desk(public_url: str = "https://sync.example.edu", at_once: int = 2) -> SamlDesk:
    words = Daemon(gateway=Gateway(public_url=public_url), sso=SignOn(saml_at_once=at_once))
    there = Configuration(root=Path("/"), daemon=words, tenants={"acme": ACME, "plain": PLAIN}, state=Path("/"))
    nothing: Any = None
    return SamlDesk(
        SamlPorts(
            configuration=lambda: there,
            store=nothing,
            persons=nothing,
            http=nothing,
            reveal=nothing,
            clock=nothing,
            dice=nothing,
            trouble=nothing,
        )
    )


def test_only_tenants_that_sign_on_by_saml_are_here() -> None:
    here = desk()
    assert here.tenant("acme") is ACME
    assert here.tenant("plain") is None
    assert here.tenant("nobody") is None


@pytest.mark.parametrize("public_url", ["", "http://sync.example.edu"])
async def test_nobody_is_sent_away_who_could_not_come_back(public_url: str) -> None:
    here = desk(public_url)
    assert "public_url" in await here.unusable(ACME)
    with pytest.raises(NotNow, match="public_url"):
        await here.depart(ACME, "", "", "")
    assert here.entrance(ACME) == "/t/acme/sso"


async def test_whoever_comes_when_too_many_wait_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    let, running = threading.Event(), threading.Semaphore(0)

    def slow(key: SamlKey) -> bytes:
        running.release()
        assert let.wait(60)
        return b"nonsense"

    monkeypatch.setattr(saml_desk, "_certificate", slow)
    here = desk(at_once=2)  # of which one tenant has one
    ended: list[str] = []

    async def ask(tenant: Tenant = ACME) -> None:
        try:
            await here.metadata(tenant, "")
        except NotNow as error:
            ended.append(str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(1 + WAITING_MAX):
            nursery.start_soon(ask)
        await trio.to_thread.run_sync(running.acquire)
        await trio.testing.wait_all_tasks_blocked()
        assert ended == []
        with pytest.raises(NotNow, match="too many sign on at the same time"):
            await here.metadata(ACME, "")
        other = msgspec.structs.replace(ACME, name="other")
        nursery.start_soon(ask, other)
        await trio.to_thread.run_sync(running.acquire)  # one tenant's crowd is none of another's
        let.set()
    assert ended == ["the certificate is none in PEM"] * (2 + WAITING_MAX)
