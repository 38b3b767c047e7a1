"""A provider's metadata: when they are read again, and what holds while they cannot be."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from gateway_world import ManualClock
from saml_metadata import certificate, entity, key_text, made
from trio.testing import MockClock

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from config.referred import Secret
from config.saml import Saml, SamlKey
from daemon.gateway.sso.saml_provider import Unusable
from daemon.gateway.sso.saml_providers import AGAIN_S, EARLY_S, FILE_S, Providers
from daemon.store.database import open_store

URL = "https://idp.example.edu/metadata"
HOURS_6_S = 6 * 3600.0
KEY = SamlKey(certificate=Path("sp.pem"), key=Secret(env="KEY"))


class Site:
    """``Http``: answers with what it has."""

    def __init__(self) -> None:
        self.answer: Outcome = NotSent("nobody is there")
        self.asked: list[str] = []

    def has(self, number: int) -> None:
        self.answer = Response(status=200, body=entity(keys=key_text(certificate(made(number)))).encode())

    async def send(self, request: Request) -> Outcome:
        self.asked.append(request.url)
        return self.answer

    async def aclose(self) -> None:
        """Nothing is open."""


class World:
    """Providers over a real store."""

    def __init__(self, providers: Callable[[], Providers], site: Site, clock: ManualClock) -> None:
        self.make = providers
        self.providers = providers()
        self.site = site
        self.clock = clock
        self.told: list[str] = []

    async def key(self, words: Saml) -> bytes:
        [one] = (await self.providers.get("acme", words)).certificates
        return one

    async def later(self, seconds: float) -> None:
        self.clock.time_us += int(seconds * 1e6)
        await trio.sleep(seconds)


@asynccontextmanager
async def world(path: Path) -> AsyncIterator[World]:
    clock, site = ManualClock(), Site()
    async with open_store(path / "s.db", clock, inline=True) as store:

        def made_anew() -> Providers:
            def trouble(name: str, error: BaseException | None = None, /, **fields: object) -> None:
                found.told.append(f"{name}: {fields['detail']}")

            return Providers(store.saml, lambda: site, clock, trouble, lambda: Path("/nowhere"))

        found = World(made_anew, site, clock)
        yield found


def by_url(**more: object) -> Saml:
    return Saml(metadata_url=URL, keys=(KEY,), **more)  # type: ignore[arg-type]


async def test_they_are_read_again_when_it_is_time(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as each:
        each.site.has(1)
        assert await each.key(by_url()) == await each.key(by_url()) == certificate(made(1))
        each.site.has(2)
        await each.later(HOURS_6_S - 1)
        assert await each.key(by_url()) == certificate(made(1))
        await each.later(2)
        assert await each.key(by_url()) == certificate(made(2))
        assert each.site.asked == [URL, URL]


async def test_what_was_read_holds_while_nobody_answers_and_after_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as each:
        each.site.has(1)
        await each.key(by_url())
        for answer in (
            NotSent("nobody is there"),
            Lost("cut"),
            Response(status=500),
            Response(status=200, body=b"<x/>"),
        ):
            each.site.answer = answer
            await each.later(HOURS_6_S + 1)
            assert await each.key(by_url()) == certificate(made(1))
        assert len(each.site.asked) == 5
        await each.key(by_url())
        assert len(each.site.asked) == 5, "not again at once"
        await each.later(AGAIN_S + 1)
        await each.key(by_url())
        assert len(each.site.asked) == 6
        each.providers = each.make()
        assert await each.key(by_url()) == certificate(made(1))
        assert [line.partition(":")[0] for line in each.told] == ["sso.metadata_unusable"] * 6


async def test_what_was_never_read_is_no_provider_and_it_is_said_why(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as each:
        with pytest.raises(Unusable, match="they cannot be read: nobody is there"):
            await each.key(by_url())
        each.site.has(1)
        with pytest.raises(Unusable):
            await each.key(by_url())
        await each.later(AGAIN_S)
        assert await each.key(by_url()) == certificate(made(1))


async def test_a_doubt_has_them_read_early_and_seldom(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as each:
        assert not each.providers.doubt("acme"), "nobody has been read of"
        each.site.has(1)
        await each.key(by_url())
        each.site.has(2)
        assert each.providers.doubt("acme")
        assert await each.key(by_url()) == certificate(made(2))
        assert not each.providers.doubt("acme")
        await each.later(EARLY_S)
        assert each.providers.doubt("acme")


async def test_other_words_are_another_provider(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as each:
        each.site.has(1)
        await each.key(by_url())
        each.site.has(2)
        other = Saml(metadata_url=f"{URL}/b", keys=(KEY,))
        assert await each.key(other) == certificate(made(2))
        with pytest.raises(Unusable, match=r"no SAML 2\.0 identity provider https://who"):
            await each.key(by_url(idp="https://who.example"))


async def test_metadata_end_by_themselves(tmp_path: Path, autojump_clock: MockClock) -> None:
    from saml_texts import at

    async with world(tmp_path) as each:
        until = at(each.clock.time_us + 3_600_000_000)
        text = entity(keys=key_text(certificate(made(1))), attributes=f' validUntil="{until}"')
        each.site.answer = Response(status=200, body=text.encode())
        await each.key(by_url())
        await each.later(3_601)
        with pytest.raises(Unusable, match="valid no more"):
            await each.key(by_url())


async def test_a_file_is_looked_at_every_minute(tmp_path: Path, autojump_clock: MockClock) -> None:
    file = tmp_path / "idp.xml"
    words = Saml(metadata_file=file, keys=(KEY,))
    async with world(tmp_path) as each:
        with pytest.raises(Unusable, match="no such file"):
            await each.key(words)
        file.write_text(entity(keys=key_text(certificate(made(1)))))
        await each.later(FILE_S)
        assert await each.key(words) == certificate(made(1))
        file.write_text(entity(keys=key_text(certificate(made(2)))))
        assert await each.key(words) == certificate(made(1))
        await each.later(FILE_S)
        assert await each.key(words) == certificate(made(2))
        assert each.site.asked == []
