"""What was intended stands there as ended, however it did: done, failed, or broken off."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from audit_double import RememberedAudit
from openid_double import Browser, People, fields_of, people

from actors.ports import Deed, StoreUnavailable
from daemon.gateway.undertaking import undertaking

DEED = Deed(who="ada", what="account.connect")


async def test_it_has_done_what_it_says() -> None:
    audit = RememberedAudit()
    async with undertaking(audit, "acme", DEED):
        assert audit.unfinished == [DEED]
    async with undertaking(audit, "acme", DEED) as under_way:
        under_way.ended("failed", "the vendor would not")
    assert [(each.result, each.detail) for each in audit.told if each.how == "concluded"] == [
        ("done", ""),
        ("failed", "the vendor would not"),
    ]


async def test_what_raises_or_is_cancelled_has_failed() -> None:
    audit = RememberedAudit()
    with pytest.raises(RuntimeError, match="secret words"):
        async with undertaking(audit, "acme", DEED):
            raise RuntimeError("secret words")
    with trio.CancelScope() as leaving:
        async with undertaking(audit, "acme", DEED):
            leaving.cancel()
            await trio.sleep_forever()
    assert [(each.result, each.detail) for each in audit.told if each.how == "concluded"] == [
        ("failed", "it broke off: RuntimeError"),
        ("failed", "it was broken off"),
    ]


async def test_where_nothing_can_be_written_what_was_raised_is_what_goes_on() -> None:
    audit = RememberedAudit()

    async def break_off_on_a_full_disk() -> None:
        async with undertaking(audit, "acme", DEED):
            audit.full = True
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await break_off_on_a_full_disk()
    assert audit.unfinished == [DEED]
    with pytest.raises(StoreUnavailable):
        async with undertaking(audit, "acme", DEED):
            raise AssertionError("it must not be done")


async def breaks(*_given: object, **_named: object) -> None:
    raise RuntimeError("words of the vendor")


async def _connects(here: People, browser: Browser) -> int:
    leaving = await browser.post("/connect/slack", csrf=await browser.csrf())
    state = fields_of(leaving.headers["refresh"].removeprefix("0; url="))["state"]
    here.desk.finish = breaks  # type: ignore[method-assign,assignment]  # it breaks
    return (await browser.get(f"/connect/slack/callback?state={state}&code=c0de")).status_code


async def _disconnects(here: People, browser: Browser) -> int:
    here.desk.disconnect = breaks  # type: ignore[method-assign,assignment]  # it breaks
    return (await browser.post("/connect/slack/disconnect", csrf=await browser.csrf())).status_code


async def _signs_in(here: People, _browser: Browser) -> int:
    async def full(*_given: object) -> None:
        raise StoreUnavailable("the disk is full")

    here.store.sessions.begin = full  # type: ignore[method-assign,assignment]  # it cannot write
    return (await here.browser().sign_in()).status_code


@pytest.mark.parametrize(
    ("deed", "does", "status"),
    [
        ("account.connect", _connects, 500),
        ("account.disconnect", _disconnects, 500),
        ("session.begin", _signs_in, 503),
    ],
)
async def test_no_page_leaves_a_deed_under_way(
    tmp_path: Path, deed: str, does: Callable[[People, Browser], Awaitable[int]], status: int
) -> None:
    async with people(tmp_path) as here:
        browser = here.browser()
        await browser.sign_in()
        assert await does(here, browser) == status
        assert here.audit.unfinished == []
        ended = [each for each in here.audit.told if each.how == "concluded"][-1]
        assert (ended.deed.what, ended.result) == (deed, "failed")
        assert "words of the vendor" not in ended.detail
