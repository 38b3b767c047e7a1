"""Alarms through a whole daemon: found, told through the outbox, again, over; never twice, whatever dies."""

import inspect
import re
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import trio
from click.testing import CliRunner
from control_office import Office, ask, opened
from notes import Notes
from world import Campus, completed, route, tenant

from actors.domain.alarms import CLEAR_US
from actors.domain.conserving import DAY_US, Balance
from actors.messages import SourceView
from actors.ports import StoreUnavailable
from actors.targets.slack.fake import FakeSlack
from actors.targets.webhook.fake import FakeWebhook
from config.alerts import AlarmKind, Alert
from daemon import lookout
from daemon.chronicler import Chronicler
from daemon.cli.lmsyncctl import cli
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.protocol import Refusal
from daemon.lookout import CARDS_MAX, LOOK_S, Lookout

HERE = Alert(to="slack", channel="C0ALERTS01")
HOOK = Alert(to="webhook", about=("suspended", "token"))
COURSE = route("courses", "completed")


def watching(office: Office, campus: Campus) -> Lookout:
    return Lookout(office, Chronicler(Notes(), campus.clock))


def texts(campus: Campus) -> list[str]:
    """What stands in the channel, each as posted."""
    _, channel = cast(FakeSlack, campus.fakes["slack"]).space.channel("C0ALERTS01")
    return [post.body.decode() for post in channel.posts.values()]


def told_to_hook(campus: Campus) -> list[str]:
    return [str(each) for each in cast(FakeWebhook, campus.fakes["webhook"]).messages.values()]


async def alarms(office: Office) -> list[Any]:
    return [row for row in (await ask(office, p.AlertList()))[0] if isinstance(row, v.AlarmRow)]


def test_whatever_may_be_asked_for_is_looked_for() -> None:
    assert set(re.findall(r'kind="(\w+)"', inspect.getsource(lookout))) >= set(get_args(AlarmKind))


async def test_a_dead_letter_is_told_and_that_somebody_dealt_with_it(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE,))) as (office, campus):
        looking = watching(office, campus)
        assert await looking.look() == 0
        campus.fault("slack", "error", operation="chat.postMessage", value="invalid_blocks", times=1)
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert await looking.look() == 1
        assert await looking.look() == 0
        await campus.quiet()
        [post] = texts(campus)
        assert "Deliveries wait for a person: acme/slack" in post
        assert "lmsyncctl dlq list --lane acme/slack" in post
        assert await watching(office, campus).look() == 0  # another life knows what was told
        [row] = await alarms(office)
        assert (row.about, row.subject, row.told, row.no) == ("dead_letters", "acme/slack", 1, 1)
        await ask(office, p.DlqDiscard(everything=True))
        await looking.look()
        await trio.sleep(CLEAR_US / 1e6)
        assert await looking.look() == 1
        await campus.quiet()
        assert [post[:200] for post in texts(campus) if "Over: " in post]
        assert await alarms(office) == []
        told = (await ask(office, p.Events(of=("alarm",))))[0]
        assert [row.words.partition(":")[0] for row in told] == ["Deliveries wait for a person", "Over"]


async def test_a_lane_that_is_out_is_told_elsewhere(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE, HOOK))) as (office, campus):
        looking = watching(office, campus)
        campus.fault("slack", "revoked", times=0)
        await campus.tell(completed("ada"))
        await trio.sleep(60)
        await looking.look()
        await trio.sleep(60)
        [told] = told_to_hook(campus)
        assert "suspended" in told
        kinds = {row.about for row in await alarms(office)}
        assert "suspended" in kinds
        rows, done = await ask(office, p.AlertList(tenant="acme"))
        assert done.exit_code == 2
        assert [row.lane for row in rows if isinstance(row, v.AlertRow)] == ["acme/slack", "acme/webhook"]


async def test_a_vendor_that_is_out_for_long_and_a_backlog(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HOOK, Alert(to="webhook")))) as (office, campus):
        looking = watching(office, campus)
        campus.fault("slack", "status", value="503", times=0)
        await campus.tell(completed("ada"), completed("bob"), completed("eve"), completed("sam"))
        for _ in range(3):
            await trio.sleep(LOOK_S)
            await looking.look()
        assert [row.told for row in await alarms(office)] == [0]
        for _ in range(25):
            await trio.sleep(LOOK_S)
            await looking.look()
        [row] = await alarms(office)
        assert (row.about, row.told) == ("outage", 1)


async def test_what_is_the_daemons_own_goes_where_that_is_wanted(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemons = Alert(to="webhook", daemon=True, about=("disk",))
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE, daemons))) as (office, campus):
        looking = watching(office, campus)
        monkeypatch.setattr("daemon.lookout.DISK_BYTES_MIN", 1 << 62)
        monkeypatch.setattr("daemon.lookout.DISK_SHARE_MIN", 2.0)
        assert await looking.look() == 1
        await campus.quiet()
        [told] = told_to_hook(campus)
        assert "disk" in told
        assert texts(campus) == []


async def test_a_fault_of_looking_ends_nobody_and_secrets_do_not_leave(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HOOK, Alert(to="webhook", daemon=True)))) as (office, campus):
        office.store.audit.mask = lambda text: text.replace("hunter2", "***")
        monkeypatch.setattr("daemon.lookout.troubled", lambda _: [("root", "it said hunter2")])
        with monkeypatch.context() as broken, trio.move_on_after(LOOK_S * 1.5):
            broken.setattr("os.statvfs", lambda _: 1 / 0)
            await watching(office, campus).run()
        [(name, _)] = [each for each in office.witness.troubles if each[0].startswith("lookout.")]
        assert name == "lookout.fault"
        with trio.move_on_after(LOOK_S * 5):
            await watching(office, campus).run()
        await campus.quiet()
        [told] = told_to_hook(campus)
        assert "it said ***" in told


async def test_a_store_that_took_nothing_is_told_of_when_it_does_again(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(Alert(to="webhook", daemon=True),))) as (office, campus):

        async def full() -> Any:
            raise StoreUnavailable("the disk is full")

        looking = watching(office, campus)
        with monkeypatch.context() as broken, trio.move_on_after(LOOK_S * 11.5):
            broken.setattr(office.store.chronicle, "standings", full)
            await looking.run()
        assert told_to_hook(campus) == []
        with trio.move_on_after(LOOK_S * 40):
            await looking.run()
        begun, over = told_to_hook(campus)
        assert "it took nothing for 5 min: the disk is full" in begun
        assert "Over: The store does not write" in over


async def test_how_often_one_is_told_again_is_said_by_those_who_are_told(
    tmp_path: Path, autojump_clock: object
) -> None:
    hourly = Alert(to="slack", channel="C0ALERTS01", repeat="1h", about=("disk",))
    async with opened(tmp_path, tenant(COURSE, alerts=(Alert(to="webhook"), hourly))) as (office, campus):
        looking = watching(office, campus)
        campus.fault("slack", "error", operation="chat.postMessage", value="invalid_blocks", times=1)
        await campus.tell(completed("ada"))
        await campus.quiet()
        assert await looking.look() == 1
        await trio.sleep(2 * 3600)
        assert await looking.look() == 0
        await trio.sleep(22 * 3600)
        assert await looking.look() == 1


async def test_what_is_unaccounted_for_is_told(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(Alert(to="webhook", about=("loss",)),))) as (office, campus):
        now_us, books = campus.clock.now_us(), office.store.conserving
        kept = [Balance(tenant="acme", day=now_us // DAY_US - 2, source="s", accepted=3, counts={"delivered": 3})]
        lost = [Balance(tenant="acme", day=now_us // DAY_US - 1, source="s", accepted=3, counts={"lost": 1})]
        await books.close("acme", kept[0].day, kept, now_us)
        assert await watching(office, campus).look() == 0
        await books.close("acme", lost[0].day, lost, now_us)
        assert await watching(office, campus).look() == 1
        await campus.quiet()
        [told] = told_to_hook(campus)
        assert "acme/s" in told
        assert "lmsyncctl conservation verify" in told


async def test_one_cause_with_many_effects_is_no_flood(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE,))) as (office, campus):
        lookout = watching(office, campus)
        for n in range(25):
            name = f"acme/source{n}"
            view = SourceView(source=name, kind="toy", state="braked", detail="half of it would be gone")
            office.switchboard.source_views[name] = view
        assert await lookout.look() == CARDS_MAX
        assert await lookout.look() == 0
        await campus.quiet()
        told = texts(campus)
        assert len(told) == CARDS_MAX
        [rest] = [post for post in told if "Many alarms at once" in post]
        assert f"{25 - CARDS_MAX + 1} more alarms" in rest
        assert len(await alarms(office)) == 25


async def test_a_test_arrives_everywhere_and_stands_nowhere(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE, HOOK))) as (office, campus):
        planned, _ = await ask(office, p.AlertTest(tenant="acme", dry_run=True))
        assert [row.lane for row in planned] == ["acme/slack", "acme/webhook"]
        await campus.quiet()
        assert texts(campus) == []
        await ask(office, p.AlertTest(tenant="acme"))
        await ask(office, p.AlertTest(tenant="acme"))
        await campus.quiet()
        assert len(texts(campus)) == len(told_to_hook(campus)) == 2
        assert all("Only a test" in told and "is down" not in told for told in told_to_hook(campus))
        assert await alarms(office) == []


async def test_no_number_is_given_away_twice(
    tmp_path: Path, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody asks for a test after a look has read what stands, and before it writes what is told."""
    async with opened(tmp_path, tenant(COURSE, alerts=(HERE,))) as (office, campus):
        campus.fault("slack", "error", operation="chat.postMessage", value="invalid_blocks", times=1)
        await campus.tell(completed("ada"))
        await campus.quiet()
        chronicle = office.store.chronicle
        read = chronicle.standings

        async def overtaken() -> Any:
            found = await read()
            monkeypatch.undo()
            await ask(office, p.AlertTest(tenant="acme"))
            return found

        monkeypatch.setattr(chronicle, "standings", overtaken)
        assert await watching(office, campus).look() == 1
        await campus.quiet()
        assert len(texts(campus)) == 2
        _, last_no = await read()
        assert ([row.no for row in await alarms(office)], last_no) == ([2], 2)


async def test_whoever_is_told_nothing_hears_how_that_is_changed(tmp_path: Path, autojump_clock: object) -> None:
    async with opened(tmp_path, tenant(COURSE)) as (office, _):
        with pytest.raises(Refusal, match="nobody is told"):
            await ask(office, p.AlertTest(tenant="acme"))
        rows, done = await ask(office, p.AlertList())
        assert rows == []
        assert "[[alerts]]" in done.note
        _, nothing = await ask(office, p.Events())
        assert nothing.exit_code == 3


async def test_commands_that_help_are_commands(tmp_path: Path, autojump_clock: object) -> None:
    """Each that an alarm may name is one that lmsyncctl understands."""
    both = tenant(COURSE, route("t", "completed", to="teams"), alerts=(HERE,))
    async with opened(tmp_path, both) as (office, campus):
        looking = watching(office, campus)
        campus.fault("slack", "revoked", times=0)
        campus.fault("teams", "error", value="Forbidden", operation="channelMessages.post", times=0)
        await campus.tell(completed("ada"))
        await trio.sleep(1200)
        await looking.look()
        named = {row.command for row in await alarms(office)}
        assert len(named) >= len(("slack", "teams"))
    for command in named:
        words = command.split()
        assert words[0] == "lmsyncctl"
        seen = CliRunner().invoke(cli, [*words[1:], "--help"])
        assert seen.exit_code == 0, command
