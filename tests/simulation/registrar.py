"""What operators do to sources while they are read: pause and resume, a reading asked for, another mapping brought into
force and taken back, quarantine tried again; and what the systems call about. Each needs a life that listens, and hears
nothing more of one that has died."""

import sqlite3
from collections.abc import Awaitable, Callable

import trio

from actors.domain.harvest import Inbound
from actors.kernel import ActorDied, Address, DeadlineExceeded
from actors.messages import Backfill, HarvesterMessage, Hear, HookAnswer, Sync
from actors.ports import SourceName, StoreUnavailable
from actors.ports.remapping import Activation, Overtaken
from actors.roles.remapping import carry_on
from actors.roles.undertaking import Undertaking
from config.polling import Polling
from tests.simulation.campus import Life, SimulatedCampus
from tests.simulation.systems import SYSTEMS

NAME = "campus"
ANSWER_S_MAX = 120.0
LONG_AGO = "2020-01-01T00:00:00Z"


class Registrar:
    """Of one campus."""

    def __init__(self, campus: SimulatedCampus) -> None:
        self._campus = campus

    async def _while_it_lives(self, job: Callable[[Life], Awaitable[object]]) -> bool:
        """Whether it was done, as far as anybody heard."""
        campus = self._campus
        life, done = campus.life, False
        if life is None:
            return False
        with trio.move_on_after(ANSWER_S_MAX):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(life.hang_up, nursery.cancel_scope)
                try:
                    await job(life)
                    done = True
                except (StoreUnavailable, Overtaken, ActorDied, DeadlineExceeded, sqlite3.Error) as error:
                    campus.record.note("not operated", type(error).__name__)
                nursery.cancel_scope.cancel()
        return done

    async def pause(self, tenant: str, lasts_s: float) -> None:
        campus = self._campus

        async def paused(life: Life) -> None:
            await life.ports["sources"].pause(self.no(tenant), "an operator", campus.clock.now_us())
            campus.switchboard.switched(f"{tenant}/{NAME}")

        if self.no(tenant) and await self._while_it_lives(paused):
            campus.record.counts["operator pause"] += 1
        await trio.sleep(lasts_s)
        while not await self.resume(tenant):
            await trio.sleep(5)

    async def resume(self, tenant: str) -> bool:
        """Also where nobody was told that it was paused."""
        campus = self._campus

        async def resumed(life: Life) -> None:
            await life.ports["sources"].resume(self.no(tenant))
            campus.switchboard.switched(f"{tenant}/{NAME}")

        return not self.no(tenant) or await self._while_it_lives(resumed)

    async def sync(self, tenant: str, mode: str = "full") -> bool:
        """Whether it said that it would."""
        said = ["not heard"]

        async def asked(life: Life) -> None:
            del life
            harvester = await self._harvester(tenant)
            said[0] = await harvester.ask(lambda reply: Sync(mode, reply))  # type: ignore[arg-type]

        await self._while_it_lives(asked)
        return said[0] == ""

    async def backfill(self, tenant: str) -> bool:
        """All that there ever was, announced as far as it is news. Whether it said that it would."""
        said = ["not heard"]

        async def asked(life: Life) -> None:
            del life
            harvester = await self._harvester(tenant)
            said[0] = await harvester.ask(lambda reply: Backfill(LONG_AGO, "", True, reply))

        await self._while_it_lives(asked)
        return said[0] == ""

    async def hear(self, tenant: str, inbound: Inbound) -> int:
        """The status that the system is answered with; 0: none."""
        heard = [0]

        async def posted(life: Life) -> None:
            del life
            harvester = await self._harvester(tenant)
            answer: HookAnswer = await harvester.ask(lambda reply: Hear(inbound, "call", "", reply))
            heard[0] = answer.status

        await self._while_it_lives(posted)
        return heard[0]

    async def listen(self, lane: str, inbound: Inbound) -> int:
        """The status that the vendor of a target is answered with; 0: none."""
        heard = [0]

        async def posted(life: Life) -> None:
            del life
            listener = self._campus.switchboard.listeners.get(lane)
            if listener is not None:
                answer: HookAnswer = await listener.ask(lambda reply: Hear(inbound, "call", "", reply))
                heard[0] = answer.status

        await self._while_it_lives(posted)
        return heard[0]

    async def _harvester(self, tenant: str) -> Address[HarvesterMessage]:
        """As soon as this life has one."""
        while (found := self._campus.switchboard.harvesters.get(f"{tenant}/{NAME}")) is None:
            await trio.sleep(1)
        return found

    async def remap(self, tenant: str) -> None:
        """To the other version, or back to where it came from; what was begun is gone on with."""
        campus = self._campus

        async def remapped(life: Life) -> None:
            del life
            world, no = campus.undertaken, self.no(tenant)
            remappings, now_us = world.remappings, campus.clock.now_us
            async with campus.switchboard.alone(f"{tenant}/{NAME}"):
                try:
                    begun = await remappings.unfinished(no)
                    if begun is None:
                        version, _ = await remappings.in_force(no)
                        last = await remappings.last(no)
                        if version == 1:
                            begun = await remappings.begin(no, 2, "an operator", now_us())
                        elif last is not None:
                            begun = await remappings.begin(
                                no, last.version_before, "an operator", now_us(), undoes=last.no
                            )
                    if begun is not None:
                        ended = await self._carried_on(tenant, begun)
                        campus.record.note("mapping", tenant, ended.kind, ended.count, count=f"operator {ended.kind}")
                finally:
                    campus.switchboard.renewed(f"{tenant}/{NAME}")

        if self._known(tenant):
            await self._while_it_lives(remapped)

    async def _carried_on(self, tenant: str, begun: Activation) -> Activation:
        world, told = self._campus.undertaken, self._campus.tenants[tenant]
        home_page = self._campus.connected(told)[NAME].home_page
        before, after = (
            world.meanings.meaning(told, NAME, home_page, each) for each in (begun.version_before, begun.version)
        )
        return await carry_on(begun, before, after, world.remappings, world.records, world.clock.now_us)

    async def retry(self, tenant: str) -> None:
        """``quarantine retry ALL``."""
        campus = self._campus

        async def tried(life: Life) -> None:
            told = campus.tenants[tenant]
            connection = told.sources[NAME]
            polling = connection.settings if isinstance(connection.settings, Polling) else None
            source = campus.connected(told)[NAME]
            undertaking = Undertaking(told, NAME, source, polling, campus.undertaken)
            name = SourceName(tenant=tenant, name=NAME, kind=connection.kind)
            async with campus.switchboard.alone(f"{tenant}/{NAME}"):
                state = await life.ports["sources"].state(name)
                rows = campus.look(
                    "SELECT no FROM records WHERE source = ? AND state = 'quarantined' ORDER BY no", state.no
                )
                await undertaking.again(state, [no for (no,) in rows], "retry")
            campus.record.note("retried", tenant, len(rows), count="operator retry")

        if self._known(tenant):
            await self._while_it_lives(tried)

    # ── what the database says ───────────────────────────────────────────────────────────────────────

    def no(self, tenant: str) -> int:
        """The source's number; 0: it has none yet."""
        rows = self._campus.look("SELECT no FROM sources WHERE tenant = ? AND name = ?", tenant, NAME)
        return rows[0][0] if rows else 0

    def _known(self, tenant: str) -> bool:
        return bool(self._campus.look("SELECT 1 FROM sources WHERE tenant = ? AND mapping > 0", tenant))

    def whole_since(self, tenant: str, since_us: int) -> bool:
        """Whether a full reading that began since then has ended well."""
        return bool(
            self._campus.look(
                "SELECT 1 FROM readings WHERE source = ? AND mode = 'full' AND how = 'finished' AND began_us >= ?",
                self.no(tenant),
                since_us,
            )
        )

    def newest(self, tenant: str) -> int:
        """The number of its newest reading: for who cannot go by a clock."""
        return int(
            self._campus.look("SELECT coalesce(max(no), 0) FROM readings WHERE source = ?", self.no(tenant))[0][0]
        )

    def whole_after(self, tenant: str, no: int) -> bool:
        """Whether a full reading that began after that one has ended well."""
        sql = "SELECT 1 FROM readings WHERE source = ? AND mode = 'full' AND how = 'finished' AND no > ?"
        return bool(self._campus.look(sql, self.no(tenant), no))

    def records(self, tenant: str) -> list[tuple[object, ...]]:
        """All there is, to the letter."""
        columns = "no, entity, id, form, state, digest, mapping, rev, changed_us, canonical, raw"
        return self._campus.look(f"SELECT {columns} FROM records WHERE source = ? ORDER BY no", self.no(tenant))

    def kind(self, tenant: str) -> str:
        return SYSTEMS[tenant].kind
