"""The three ways in which people decide about a conflict of a campus: on the control socket, by a button in Slack, and
on a page behind a sign-in. Each takes the number of a fix, and each can take it back.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
import trio
from control_office import Office, ask
from gateway_world import ManualClock
from openid_double import Browser, People, signing_on
from review_cards import ANN, buttons, posts, press
from roster_hall import workspace
from world import Campus

from actors.domain.conflicts.cards import pressed
from actors.domain.conflicts.model import Case
from config.sso import Sso, SsoRoles
from daemon.control import protocol as p
from daemon.control.views import ConflictStory

SEEN_S = 300.0


class Way(Protocol):
    async def approve(self, case: Case, choice: int) -> None:
        """Its fix at this place; what it says of it was looked at before."""

    async def undo(self, case: Case) -> None: ...


class OnSocket:
    def __init__(self, campus: Campus) -> None:
        self._office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)

    async def approve(self, case: Case, choice: int) -> None:
        name = f"{case.tenant}/{case.no}"
        [story], _ = await ask(self._office, p.ConflictShow(names=(name,)))
        assert isinstance(story, ConflictStory)
        told = story.fixes[choice]
        assert story.sides
        assert told.why
        assert 0 < told.confidence <= 100
        assert told.people or told.places
        [row], _ = await ask(self._office, p.ConflictApprove(names=(name,), fix=choice + 1, dry_run=True))
        assert not row.done
        [row], _ = await ask(self._office, p.ConflictApprove(names=(name,), fix=choice + 1))
        assert row.done, row.note

    async def undo(self, case: Case) -> None:
        [row], _ = await ask(self._office, p.ConflictUndo(names=(f"{case.tenant}/{case.no}",)))
        assert row.done, row.note


class ByButton:
    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._pressed = 0

    async def approve(self, case: Case, choice: int) -> None:
        value = await self._button(case, choice)
        for _ in range(2):  # told twice by Slack
            await self._press(value)
        await self._decided(case, "approved")

    async def undo(self, case: Case) -> None:
        await self._press(await self._button(case, "undo"))
        await self._decided(case, "undone")

    async def _button(self, case: Case, choice: int | str) -> str:
        with trio.fail_after(SEEN_S):
            while True:
                for post in posts(self._campus):
                    for each in buttons(post):
                        said = pressed(each["value"])
                        if said is not None and (said.conflict, said.choice) == (case.no, choice):
                            return str(each["value"])
                await trio.sleep(1.0)

    async def _press(self, value: str) -> None:
        self._pressed += 1
        answer = await press(self._campus, value, workspace(self._campus).person(ANN), str(self._pressed))
        assert answer.status == 200

    async def _decided(self, case: Case, state: str) -> None:
        with trio.fail_after(SEEN_S):
            while (now := await self._campus.store.conflicts.one(case.tenant, case.no)) and now.state != state:
                await trio.sleep(1.0)


class OnPage:
    """Nobody hints that something was decided there: it stands in the store, and whoever plans finds it by itself."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._clock = ManualClock()
        self._people = People(campus.store, self._clock)
        acme = signing_on()
        assert acme.sso is not None
        sso = Sso(oidc=acme.sso.oidc, roles=SsoRoles(approvers=("lms-admins",)))
        self._people.tenants["acme"] = msgspec.structs.replace(acme, sso=sso)
        self._browser: Browser | None = None

    async def approve(self, case: Case, choice: int) -> None:
        browser = await self._signed_in()
        page = (await browser.get(f"/review/{case.no}")).text
        assert f'id="approve-{choice}"' in page
        await self._post(browser, page, case, decision="approve", fix=str(choice))

    async def undo(self, case: Case) -> None:
        browser = await self._signed_in()
        await self._post(browser, (await browser.get(f"/review/{case.no}")).text, case, decision="undo")

    async def _signed_in(self) -> Browser:
        self._clock.time_us = self._campus.clock.now_us()
        if self._browser is None:
            self._browser = self._people.browser()
            assert (await self._browser.sign_in()).status_code == 303
        return self._browser

    async def _post(self, browser: Browser, page: str, case: Case, **decision: str) -> None:
        fields: dict[str, str] = dict(re.findall(r'name="(csrf|mark)" value="([^"]+)"', page))
        answer = await browser.post(f"/review/{case.no}", **{**fields, **decision})
        assert answer.status_code == 303, answer.text

    async def aclose(self) -> None:
        if self._browser is not None:
            await self._browser.client.aclose()


@asynccontextmanager
async def way_of(name: str, campus: Campus) -> AsyncIterator[Way]:
    match name:
        case "socket":
            yield OnSocket(campus)
        case "button":
            yield ByButton(campus)
        case _:
            page = OnPage(campus)
            try:
                yield page
            finally:
                await page.aclose()
