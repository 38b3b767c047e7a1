"""What becomes history, and how it is written while the store takes nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
import trio.lowlevel
from notes import Notes
from world import VirtualClock

from actors.ports import StoreUnavailable
from daemon.chronicler import NOTED, WAITING_MAX, Chronicler
from daemon.store.chronicle import KEPT_MAX, Happening
from daemon.store.database import Store, open_store


async def told(store: Store) -> list[tuple[str, str, str]]:
    return [(each.kind, each.subject, each.words) for each in await store.chronicle.happenings()]


async def test_a_day_in_the_life(tmp_path: Path, autojump_clock: object) -> None:
    notes, clock = Notes(), VirtualClock()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store, trio.open_nursery() as nursery:
        chronicler = Chronicler(notes, clock)
        await chronicler.begin(store.chronicle, "1.0", "boot1")
        nursery.start_soon(chronicler.run, store.chronicle)
        chronicler.event("lane.outage", lane="acme/slack", detail="HTTP 503")
        chronicler.event("source.read", source="acme/campus")  # the journal's, not history
        await trio.sleep(90)
        chronicler.event("lane.recovered", lane="acme/slack")
        chronicler.trouble("config.refused", problems=1, first="acme.toml:3: unknown key")
        chronicler.event("config.reloaded", applied=["acme"], restart_needed=["gateway.listen"])
        chronicler.event("daemon.stopping")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        chronicler = Chronicler(notes, clock)
        await chronicler.begin(store.chronicle, "1.1", "boot2")
        await chronicler.end(store.chronicle)
        crashed = Chronicler(notes, clock)
        await crashed.begin(store.chronicle, "1.1", "boot3")
        await crashed.end(store.chronicle)
        assert await told(store) == [
            ("start", "", "version 1.0, boot boot1"),
            ("outage", "acme/slack", "the vendor is out: HTTP 503"),
            ("recovered", "acme/slack", "the vendor answers again, after 90 s"),
            ("reload", "", "a new configuration was refused, the old one stays: acme.toml:3: unknown key"),
            ("reload", "", "the configuration was reloaded; started anew: acme; needs a restart: gateway.listen"),
            ("stop", "", "the daemon stops in good order"),
            ("deploy", "", "version 1.1 instead of 1.0"),
            ("start", "", "version 1.1 (before: 1.0), boot boot2"),
            ("start", "", "version 1.1, after an end that was not in good order, boot boot3"),
        ]
        assert [each.tenant for each in await store.chronicle.happenings(tenant="acme")].count("acme") == 2
    assert [name for name, _ in notes.events].count("source.read") == 1  # everything was passed on


async def test_what_the_store_does_not_take_waits_as_far_as_there_is_room(autojump_clock: object) -> None:
    class Full:
        written: Sequence[Happening] = ()
        full = True

        async def note(self, happenings: Sequence[Happening]) -> None:
            if self.full:
                raise StoreUnavailable("the disk is full")
            self.written = happenings

    disk, chronicler = Full(), Chronicler(Notes(), VirtualClock())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(chronicler.run, disk)
        for n in range(WAITING_MAX + 10):
            chronicler.event("lane.suspended", lane=f"acme/{n}", reason="invalid_auth")
            await trio.lowlevel.checkpoint()
        await trio.sleep(60)
        disk.full = False
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert len(disk.written) == WAITING_MAX


async def test_what_is_on_its_way_when_the_daemon_ends_is_not_lost(autojump_clock: object) -> None:
    class Failing:
        """Its disk fails the first time, after everybody was told to end."""

        def __init__(self) -> None:
            self.written: list[Happening] = []
            self.asked = trio.Event()
            self.failed = False

        async def note(self, happenings: Sequence[Happening]) -> None:
            if not self.failed:
                self.asked.set()
                await trio.sleep(1)
                self.failed = True
                raise StoreUnavailable("the disk is full")
            self.written += happenings

    disk, chronicler = Failing(), Chronicler(Notes(), VirtualClock())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(chronicler.run, disk)
        chronicler.event("daemon.stopping")
        await disk.asked.wait()
        nursery.cancel_scope.cancel()
    await chronicler.end(disk)  # type: ignore[arg-type]
    assert [each.kind for each in disk.written] == ["stop"]


async def test_a_disk_that_says_nothing_holds_up_no_end(autojump_clock: object) -> None:
    class Stuck:
        async def note(self, happenings: Sequence[Happening]) -> None:
            await trio.sleep_forever()

    notes = Notes()
    chronicler = Chronicler(notes, VirtualClock())
    chronicler.event("daemon.stopping")
    await chronicler.end(Stuck())  # type: ignore[arg-type]
    assert [name for name, _ in notes.troubles] == ["chronicle.unwritten"]


async def test_each_lasts_from_its_own_beginning(tmp_path: Path, autojump_clock: object) -> None:
    clock = VirtualClock()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        chronicler = Chronicler(Notes(), clock)
        for name, lane in (
            ("config.reloaded", ""),
            ("courier.clock_stepped", "acme/slack"),
            ("lane.outage", "acme/slack"),
            ("lane.suspended", "acme/slack"),
            ("lane.unsuspended", "acme/slack"),
            ("store.unavailable", ""),
            ("store.recovered", ""),
            ("lane.recovered", "acme/slack"),
            ("lane.recovered", "acme/slack"),
        ):
            await trio.sleep(10)
            chronicler.event(name, lane=lane)
        await chronicler.end(store.chronicle)
        assert [words for kind, _, words in await told(store) if kind == "recovered"] == [
            "the vendor takes our credentials again, after 10 s",
            "the store takes writes again, after 10 s",
            "the vendor answers again, after 50 s",
            "the vendor answers again",
        ]


async def test_secrets_are_masked_and_what_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        chronicler = Chronicler(Notes(), VirtualClock(), lambda text: text.replace("hunter2", "***"))
        chronicler.trouble("config.refused", first="tenants.d/\udcff.toml:1: it says hunter2")
        chronicler.event("lane.outage", lane="acme/\udcff")
        await chronicler.end(store.chronicle)
        [refused, outage] = await told(store)
        assert refused[2].endswith("tenants.d/?.toml:1: it says ***")
        assert outage[1] == "acme/?"


async def test_a_disk_that_fails_at_the_start_keeps_nobody_from_starting(tmp_path: Path) -> None:
    class Deaf:
        async def last(self, kind: str) -> Happening | None:
            raise StoreUnavailable("the disk reports an I/O error")

    notes, clock = Notes(), VirtualClock()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        chronicler = Chronicler(notes, clock)
        await chronicler.begin(Deaf(), "1.0", "boot1")  # type: ignore[arg-type]
        await chronicler.end(store.chronicle)
        assert await told(store) == [("start", "", "version 1.0, boot boot1")]
    assert [name for name, _ in notes.troubles] == ["chronicle.unread"]


async def test_an_end_without_a_store_is_said(autojump_clock: object) -> None:
    class Full:
        async def note(self, happenings: Sequence[Happening]) -> None:
            raise StoreUnavailable("the disk is full")

    notes = Notes()
    chronicler = Chronicler(notes, VirtualClock())
    chronicler.event("daemon.stopping")
    await chronicler.end(Full())  # type: ignore[arg-type]
    assert [name for name, _ in notes.troubles] == ["chronicle.unwritten"]


@pytest.mark.parametrize("name", sorted(NOTED))
def test_each_can_be_told_without_any_field(name: str) -> None:
    kind, subject, words = NOTED[name]({})
    assert kind
    assert words
    assert subject == ""


async def test_the_line_keeps_its_newest_rows(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", VirtualClock(), inline=True) as store:
        rows = [Happening(at_us=n, kind="reload", words=str(n)) for n in range(KEPT_MAX + 5)]
        await store.chronicle.note(rows)
        found = await store.chronicle.happenings(limit=KEPT_MAX + 5)
        assert (len(found), found[0].words) == (KEPT_MAX, "5")
        assert [each.words for each in await store.chronicle.happenings(limit=2)] == [
            str(KEPT_MAX + 3),
            str(KEPT_MAX + 4),
        ]
        [after] = await store.chronicle.happenings(after=found[-2].no)
        assert after == found[-1]
        await store.chronicle.note([Happening(at_us=KEPT_MAX + 9, kind="deploy", words="at last")])
        for behind in (0, 1, found[-2].no):  # however many others are in between
            [only] = await store.chronicle.happenings(after=behind, of=("deploy", "stop"), limit=1)
            assert only.words == "at last"
        assert await store.chronicle.happenings(after=only.no, of=("deploy",)) == []
