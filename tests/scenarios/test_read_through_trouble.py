"""A source is read whatever happens: kills between any two steps, throttling, dead credentials, an outage of days."""

from pathlib import Path

import pytest
import trio
from toy_source import TOKEN
from world import Campus, Severed, open_campus, route, source, tenant

from actors.domain.flow import NotSent, Outcome
from actors.messages import Look
from actors.ports import Fault

NEWS = route("news", "enrolled", "unenrolled", "graded", "submitted")
ACME = tenant(NEWS, sources=source(full=None))


async def known(campus: Campus) -> list[tuple[object, ...]]:
    """What it knows of the school, without places and times."""
    return await campus.rows("SELECT entity, id, state, canonical FROM records ORDER BY entity, id")


def news(campus: Campus) -> None:
    """Somebody joins every course, and has a mark in one."""
    now_s, school = campus.clock.now_us() / 1e6, campus.school
    person = school.add_person("Alan", "Turing", now_s)
    for course in school.courses.values():
        school.enrol(person, course, now_s)
    school.grade(next(iter(school.works.values())), person, 77, now_s)


class Dying(Severed):
    """A port of a process that dies at its ``at``-th call: before it, or after it was done."""

    calls = 0

    def __init__(self, port: object, at: int, *, done: bool, dead: trio.Event) -> None:
        super().__init__(port)
        self._at, self._done, self._death = at, done, dead

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        method = getattr(self._port, name)

        async def call(*args: object, **kwargs: object) -> object:
            Dying.calls += 1
            dying = Dying.calls == self._at
            if dying and not self._done:
                self._death.set()
            if self.dead or self._death.is_set():
                await trio.sleep_forever()
            answer = await method(*args, **kwargs)
            if dying:
                self._death.set()
            if self.dead or self._death.is_set():
                await trio.sleep_forever()
            return answer

        return call


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6, 8, 11, 17, 29, 44, 52, 57, 58, 59, 60, 61, 62])
async def test_killed_between_any_two_steps_it_knows_and_tells_the_same(
    tmp_path: Path, autojump_clock: object, at: int, done: bool
) -> None:
    async with open_campus(tmp_path, ACME, limited=False) as campus:
        await campus.die()
        death, Dying.calls = trio.Event(), 0
        real = campus.store.records, campus.store.sources, campus.http
        campus.store.records, campus.store.sources, campus.http = (  # type: ignore[assignment]
            Dying(port, at, done=done, dead=death) for port in real
        )
        await campus.again()
        with trio.move_on_after(60):
            await death.wait()
        await campus.die()
        campus.store.records, campus.store.sources, campus.http = real
        await campus.again()
        while not await campus.rows("SELECT 1 FROM sources WHERE first_us IS NOT NULL"):
            await trio.sleep(10)
        news(campus)
        await campus.sync("full")
        await campus.quiet(3_600)
        assert len(campus.journal("slack")) == 4
        first = await known(campus)
        await campus.sync("full")
        assert await known(campus) == first
        assert not await campus.rows("SELECT 1 FROM records WHERE state = 'quarantined'")
        assert len(first) == 51 + 5


async def test_the_time_that_it_names_is_kept_also_over_a_restart(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        campus.sources["toy"].fault(Fault(kind="rate_limited", value="7200"))
        throttled = await campus.until_read(2)
        assert throttled.how == "throttled"
        await trio.sleep(1)
        assert campus.view().state == "throttled"
        await campus.stop()
        await campus.again()
        third = await campus.until_read(3)
        assert third.began_us - (throttled.ended_us or 0) >= 7_200_000_000
        assert third.how == "finished"


async def test_dead_credentials_suspend_it_until_they_live_again(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        campus.sources["toy"].fault(Fault(kind="revoked", times=0))
        assert (await campus.until_read(2)).how == "revoked"
        await trio.sleep(86_400)
        assert campus.view().state == "suspended"
        assert len(campus.readings()) == 2, "nothing is read meanwhile"
        asked = len(campus.notes.named("source.still_suspended"))
        assert 20 < asked < 120, "but it is asked whether they live, not all the time"
        news(campus)
        campus.sources["toy"].clear_faults()
        assert (await campus.until_read(3)).statements == 5
        assert campus.notes.named("source.unsuspended") == [{"source": "acme/campus"}]


async def test_what_a_suspended_source_says_last_is_why(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        campus.sources["toy"].fault(Fault(kind="revoked", times=0))
        await campus.until_read(2)
        await trio.sleep(60)
        assert (campus.view().state, campus.view().detail) == ("suspended", "the token is refused")
        [(since_us,)] = await campus.rows("SELECT suspended_us FROM sources")
        campus.sources["toy"].clear_faults()
        campus.sources["toy"].fault(Fault(kind="status", value="503", times=0))
        await trio.sleep(3_600)
        assert (campus.view().state, campus.view().detail) == ("suspended", "HTTP 503")
        assert await campus.rows("SELECT suspended, suspended_us FROM sources") == [("HTTP 503", since_us)]


async def test_a_secret_that_a_source_repeats_is_neither_kept_nor_shown(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()

        async def repeating(request: object) -> Outcome:
            return NotSent(detail=f"who is Bearer {TOKEN}?")

        send, campus.http.send = campus.http.send, repeating  # type: ignore[method-assign,assignment]
        assert (await campus.sync()).detail == "who is Bearer ***?"
        assert (await campus.rows("SELECT detail FROM readings ORDER BY no DESC LIMIT 1")) == [("who is Bearer ***?",)]
        await trio.sleep(1)
        assert "***" in str(campus.view())
        assert TOKEN not in str(campus.view())
        campus.http.send = send  # type: ignore[method-assign]
        campus.sources["toy"].fault(Fault(kind="revoked", times=0))
        await campus.sync()
        campus.http.send = repeating  # type: ignore[method-assign,assignment]
        await trio.sleep(3_600)
        assert (campus.view().state, campus.view().detail) == ("suspended", "who is Bearer ***?")
        assert TOKEN not in str(campus.notes.named("source.still_suspended"))


async def test_an_outage_of_three_days_loses_nothing_and_is_asked_seldom(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, tenant(NEWS, sources=source())) as campus:
        await campus.until_read()
        campus.sources["toy"].fault(Fault(kind="status", value="503", times=0))
        await trio.sleep(86_400)
        news(campus)
        await trio.sleep(2 * 86_400)
        tried = [each for each in campus.readings() if each.how == "unavailable"]
        assert 100 < len(tried) < 350
        assert campus.view().state == "unavailable"
        assert [name for name, _ in campus.notes.troubles].count("source.failed") == 1
        campus.sources["toy"].clear_faults()
        back = await campus.until_read(len(campus.readings()) + 1)
        assert (back.how, back.mode, back.statements) == ("finished", "full", 5)
        await campus.quiet()
        assert len(campus.journal("slack")) == 4
        assert campus.notes.named("source.recovered") == [{"source": "acme/campus"}]


async def test_whoever_makes_no_progress_is_abandoned(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()

        async def hanging(request: object) -> object:
            await trio.sleep_forever()
            raise AssertionError

        send, campus.http.send = campus.http.send, hanging  # type: ignore[method-assign,assignment]
        campus.switchboard.harvesters["acme/campus"].hint(Look())
        abandoned = await campus.until_read(2)
        assert abandoned.how == "abandoned"
        assert (abandoned.ended_us or 0) - abandoned.began_us == pytest.approx(600e6, rel=0.01)
        assert "changes" in abandoned.detail
        campus.http.send = send  # type: ignore[method-assign]
        assert (await campus.until_read(3)).how == "finished"


async def test_one_that_fails_harms_no_other(tmp_path: Path, autojump_clock: object) -> None:
    both = {**source(name="campus"), **source(name="other", base_url="http://elsewhere.test/nothing")}
    async with open_campus(tmp_path, tenant(NEWS, sources=both)) as campus:
        await campus.until_read()
        await campus.until_read(1, "acme/other")
        assert campus.readings("acme/other")[0].how == "unavailable"
        news(campus)
        await campus.until_read(2)
        await campus.quiet()
        assert len(campus.journal("slack")) == 4


async def test_a_mistake_of_a_connector_ends_its_reading_and_no_more(tmp_path: Path, autojump_clock: object) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()

        async def broken(request: object) -> object:
            return "nonsense"

        send, campus.http.send = campus.http.send, broken  # type: ignore[method-assign,assignment]
        faulted = await campus.sync()
        assert faulted.how == "faulted"
        assert "source.fault" in [name for name, _ in campus.notes.troubles]
        campus.http.send = send  # type: ignore[method-assign]
        assert (await campus.sync()).how == "finished"


async def test_what_a_person_has_mended_is_tried_at_once_after_a_restart(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with open_campus(tmp_path, ACME) as campus:
        await campus.until_read()
        campus.sources["toy"].fault(Fault(kind="status", value="403", times=0))
        assert (await campus.until_read(2)).how == "refused"
        await trio.sleep(6 * 3_600)
        tried = len(campus.readings())
        assert tried < 12, "it is tried seldom"
        campus.sources["toy"].clear_faults()
        await campus.stop()
        began_us = campus.clock.now_us()
        await campus.again()
        mended = await campus.until_read(tried + 1)
        assert (mended.how, mended.began_us - began_us < 10_000_000) == ("finished", True)
