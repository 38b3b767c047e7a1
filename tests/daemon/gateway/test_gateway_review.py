"""Pages for reviewers: who may see them, what they show, and that a decision is made once, by whom and about what was
seen."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from markupsafe import escape
from openid_double import BASE, Browser, People, people, signing_on
from seeded_conflicts import NOW_US, WHERE, seeded

from actors.domain.conflicts.model import Conflict
from actors.domain.conflicts.spoken import facts_in
from config.sso import Sso, SsoRoles
from daemon.gateway.pages.said import SAID
from daemon.gateway.pages.said_review import REVIEW

APPROVERS = SsoRoles(approvers=("lms-admins",))


@asynccontextmanager
async def asked(
    tmp_path: Path, *conflicts: Conflict, locale: str = "en", roles: SsoRoles = APPROVERS
) -> AsyncIterator[People]:
    async with people(tmp_path) as here:
        tenant = signing_on(locale=locale)
        assert tenant.sso is not None
        sso = Sso(oidc=tenant.sso.oidc, roles=roles)
        here.tenants["acme"] = msgspec.structs.replace(tenant, sso=sso)
        await here.store.conflicts.raise_("acme", conflicts, NOW_US)
        yield here


async def approver(here: People) -> Browser:
    browser = here.browser()
    assert (await browser.sign_in()).status_code == 303
    return browser


async def forms(browser: Browser, no: int = 1) -> dict[str, str]:
    """The hidden fields of the first form of a conflict's page."""
    text = (await browser.get(f"/review/{no}")).text
    return dict(re.findall(r'name="(csrf|mark)" value="([^"]+)"', text))


async def state_of(here: People, no: int = 1) -> str:
    case = await here.store.conflicts.one("acme", no)
    assert case is not None
    return case.state


async def test_whoever_is_not_signed_in_signs_in_and_comes_back(tmp_path: Path) -> None:
    async with asked(tmp_path, seeded()["stranger"]) as here:
        browser = here.browser()
        away = await browser.get("/review/1")
        assert (away.status_code, away.headers["location"]) == (303, f"{BASE}/sso?to=/t/acme/review/1")
        entrance = await browser.get("/sso?to=/t/acme/review/1")
        assert f'href="{BASE}/sso/oidc?to=/t/acme/review/1"' in entrance.text
        elsewhere = await browser.get("/sso?to=https://evil.example.org/")
        assert "evil" not in elsewhere.text
        await browser.sign_in()
        assert (await browser.get("/review/1")).status_code == 200
        there = await browser.get("/sso?to=/t/acme/review/1")
        assert (there.status_code, there.headers["location"]) == (303, f"{BASE}/review/1")


@pytest.mark.parametrize("path", ["/review", "/review/1"])
async def test_who_may_not_decide_sees_nothing(tmp_path: Path, path: str) -> None:
    stranger = seeded()["stranger"]
    async with asked(tmp_path, stranger, roles=SsoRoles(operators=("lms-admins",), connect="operator")) as here:
        page = await (await approver(here)).get(path)
        assert page.status_code == 403
        assert stranger.about not in page.text
        assert "role approver" in here.refusals()[-1]


async def test_a_page_has_the_facts_and_a_form_for_each_fix(tmp_path: Path) -> None:
    conflict = seeded()["near_miss"]
    async with asked(tmp_path, conflict) as here:
        browser = await approver(here)
        assert "Somebody cannot be found" in (await browser.get("/review")).text
        page = (await browser.get("/review/1")).text
        assert conflict.detail in page
        assert all(side.record in page for side in conflict.sides)
        assert 'id="approve-0"' in page
        assert 'id="reject"' in page
        assert "<script" not in page


async def test_a_decision_is_made_once_and_taken_back(tmp_path: Path) -> None:
    async with asked(tmp_path, seeded()["stranger"]) as here:
        browser = await approver(here)
        fields = await forms(browser)
        done = await browser.post("/review/1", decision="approve", fix="0", **fields)
        assert (done.status_code, done.headers["location"]) == (303, f"{BASE}/review/1?done=approved")
        again = await browser.post("/review/1", decision="approve", fix="0", **fields)
        assert again.status_code == 303
        other = await browser.post("/review/1", decision="approve", fix="1", **fields)
        assert other.status_code == 409
        [ruling] = (await here.store.conflicts.rulings("acme", [WHERE.scope]))[WHERE.scope]
        assert (ruling.fix.name, ruling.by) == ("let_stay", "oidc:ada (https://idp.example.edu)")
        assert "It is decided." in (await browser.get("/review/1?done=approved")).text
        assert "It is decided." not in (await browser.get("/review/1?done=rejected")).text
        undone = await browser.post("/review/1", decision="undo", **await forms(browser))
        assert undone.status_code == 303
        assert await here.store.conflicts.rulings("acme", [WHERE.scope]) == {}
        told = [each for each in here.audit.whats("acme") if "conflict." in each]
        assert told[:2] == ["intended conflict.approve", "concluded conflict.approve"]
        assert told[-2:] == ["intended conflict.undo", "concluded conflict.undo"]


async def test_a_page_of_a_former_decision_takes_back_no_later_one(tmp_path: Path) -> None:
    async with asked(tmp_path, seeded()["stranger"]) as here:
        browser = await approver(here)
        await browser.post("/review/1", decision="reject", **await forms(browser))
        old = await forms(browser)
        await browser.post("/review/1", decision="undo", **old)
        await browser.post("/review/1", decision="reject", **await forms(browser))
        late = await browser.post("/review/1", decision="undo", **old)
        assert (late.status_code, await state_of(here)) == (409, "rejected")
        assert "decided otherwise since" in late.text


async def test_a_form_from_elsewhere_or_about_something_else_decides_nothing(tmp_path: Path) -> None:
    one = seeded()["email_differs"]
    other = msgspec.structs.replace(one, sides=(msgspec.structs.replace(one.sides[0], value="x@y.org"), *one.sides[1:]))
    async with asked(tmp_path, one) as here:
        browser = await approver(here)
        fields = await forms(browser)
        forged = await browser.post("/review/1", site="cross-site", decision="approve", fix="0", **fields)
        assert forged.status_code == 403
        without = await browser.post("/review/1", decision="approve", fix="0", mark=fields["mark"], csrf="x")
        assert without.status_code == 403
        for nonsense in ({"decision": "drop"}, {"decision": "approve", "fix": "x"}, {"decision": "approve"}):
            assert (await browser.post("/review/1", **{**fields, **nonsense})).status_code == 400
        await here.store.conflicts.raise_("acme", [other], NOW_US + 1)
        late = await browser.post("/review/1", decision="approve", fix="0", **fields)
        assert late.status_code == 409
        assert "x@y.org" in late.text
        assert await state_of(here) == "open"


async def test_what_people_are_called_is_no_markup(tmp_path: Path) -> None:
    evil = msgspec.structs.replace(seeded()["stranger"], about="<b>Eve</b>", detail='"><script>x</script>')
    async with asked(tmp_path, evil) as here:
        browser = await approver(here)
        for path in ("/review", "/review/1"):
            text = (await browser.get(path)).text
            assert "<b>Eve" not in text
            assert "<script" not in text
            assert "&lt;b&gt;Eve" in text


@pytest.mark.parametrize("number", ["0", "01", "2", "x", "1e3", "9" * 20])
async def test_what_is_no_conflict_of_this_tenant_is_nowhere(tmp_path: Path, number: str) -> None:
    async with asked(tmp_path, seeded()["stranger"]) as here:
        assert (await (await approver(here)).get(f"/review/{number}")).status_code == 404


@pytest.mark.parametrize("kind", seeded())
async def test_every_class_has_a_page_in_german(tmp_path: Path, kind: str) -> None:
    async with asked(tmp_path, *seeded().values(), locale="de-DE") as here:
        browser = await approver(here)
        no = [*seeded()].index(kind) + 1  # type: ignore[arg-type]  # a class
        page = await browser.get(f"/review/{no}")
        assert (page.status_code, page.headers["content-language"]) == (200, "de")
        assert "So belassen" in page.text
        told = facts_in(seeded()[kind], "de")  # type: ignore[index]  # a class
        for text in (told.detail, told.fixes[0].why, told.fixes[-1].undoes or told.about):
            assert str(escape(text)) in page.text


def test_both_languages_say_all() -> None:
    for key, both in REVIEW.items():
        assert SAID["en"][key] == both[0]
        assert SAID["de"][key] == both[1]
        assert both[0] != both[1], key
