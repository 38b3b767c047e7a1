"""Looks, twice a minute, for what needs a person, and has it told where ``[[alerts]]`` say.

What is found is what ``status`` shows as well, so that an alarm and the command it names never disagree. Alarms that
stand are in the store: a restart forgets none and tells none twice.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import trio

from actors.domain.alarms import TRAITS, Alarm, News, Standing, card, judge
from actors.domain.conserving import DAY_US, Balance, date_of
from actors.domain.spikes import unaddressed
from actors.messages import SourceView
from actors.ports import StoreUnavailable
from config.durations import seconds
from config.numbers import number_of
from daemon.alerting import Ear, concerns, dispatches, ears, the_rest, wanted
from daemon.chronicler import Chronicler
from daemon.control.office import Office
from daemon.control.times import span
from daemon.control.verbs.lanes import Lane, all_lanes
from daemon.control.verbs.overview import red_in_words, troubled
from daemon.control.verbs.promises import red_routes
from daemon.store.chronicle import Dispatch, Happening, Settlement

LOOK_S = 30.0
REPEAT_US = 86_400_000_000
DISK_SHARE_MIN, DISK_BYTES_MIN = 0.05, 1 << 30
"""Less than both of it free is an alarm."""
BACKLOG_OLD_US = 15 * 60_000_000
CARDS_MAX = 10
"""At one place after one look."""
LOSS_DAYS = 7
"""So long a day of which something is unaccounted for is an alarm."""
MIB = 1 << 20
LETTERS = ("dead", "parked")
TOLD_LATER_US = 300_000_000
"""A store that takes nothing takes no alarm either: so long afterwards it is told of."""


class Out(NamedTuple):
    """The store took nothing, as far as it was looked."""

    since_us: int
    until_us: int
    why: str


class Lookout:
    """``run`` beside everything else. ``office`` is the running daemon."""

    def __init__(self, office: Office, chronicler: Chronicler) -> None:
        self._office = office
        self._chronicler = chronicler
        self._open: dict[str, int] = {}
        self._said: set[str] = set()
        self._out: Out | None = None

    async def run(self) -> None:
        """Until cancelled. While the store gives nothing, what it says of that waits for it."""
        while True:
            await trio.sleep(LOOK_S)
            try:
                await self.look()
            except StoreUnavailable as error:
                self._out = _out_again(self._out, str(error), self._office.clock.now_us())
                self._office.witness.trouble("lookout.store_unavailable", error)
            except Exception as error:  # noqa: BLE001  # a connector's bug, or ours, is not worth a daemon that delivers
                self._office.witness.trouble("lookout.fault", error)

    async def look(self) -> int:
        """Once. How many posts were ordered. Raises StoreUnavailable."""
        office = self._office
        now_us = office.clock.now_us()
        mask = office.store.audit.mask  # they leave the house
        found = [
            msgspec.structs.replace(each, words=unaddressed(mask(each.words))) async for each in self._found(now_us)
        ]
        before, last_no = await office.store.chronicle.standings()
        judged = judge(before, found, now_us, self._repeat_us, last_no)
        if judged.standings == before and not judged.news:
            return 0
        listening = ears(office)
        news: list[News] = []

        def decide(before: Mapping[str, Standing], last_no: int) -> Settlement:
            """Once more, of what stands within the transaction: somebody may have been told or erased meanwhile."""
            judged = judge(before, found, now_us, self._repeat_us, last_no)
            last_no = max([last_no, *(each.no for each in judged.standings.values())])
            news[:] = judged.news
            dispatches = _told(listening, judged.news, last_no, now_us)
            return Settlement(
                standings=judged.standings,
                last_no=max([last_no, *(each.card.no for each in dispatches)]),  # that of the rest has one, too
                dispatches=dispatches,
                happenings=[_happening(each, now_us) for each in judged.news],
            )

        settled, told = await office.store.chronicle.settle(decide, now_us)
        for each in settled.dispatches:
            office.switchboard.ready(each.lane)
        self._say(news, listening)
        return told

    def _say(self, news: Sequence[News], listening: Sequence[Ear]) -> None:
        """In the journal; and where it could not be told."""
        for each in news:
            alarm = each.standing.alarm
            self._office.witness.event(
                "alarm.told", about=alarm.kind, subject=alarm.subject, turn=each.turn, no=each.standing.no
            )
        for ear in listening:
            concerned = any(concerns(ear.tenant, ear.alert, each.standing.alarm) for each in news)
            if concerned and isinstance(ear.place, str) and ear.lane not in self._said:
                self._said.add(ear.lane)
                self._office.witness.trouble("alarm.no_place", None, lane=ear.lane, channel=ear.alert.channel or "")

    # ── what there is ────────────────────────────────────────────────────────────────────────────────

    async def _found(self, now_us: int) -> AsyncIterator[Alarm]:
        office = self._office
        for goal, promise in await red_routes(office, now_us):
            where = f"{goal.tenant}/{goal.route}"
            yield Alarm(
                kind="late",
                subject=where,
                tenant=goal.tenant,
                words=red_in_words(goal, promise),
                command=f"lmsyncctl sla {where} --late",
                weight=promise.late,
            )
        for lane in await all_lanes(office):
            for alarm in self._of_lane(lane, now_us):
                yield alarm
        for view in office.switchboard.source_views.values():
            for alarm in _of_source(view, now_us):
                yield alarm
        for spike in self._chronicler.tally.spikes(now_us):
            yield Alarm(
                kind="errors",
                subject=spike.lane,
                tenant=spike.lane.partition("/")[0],
                words=f"{spike.bad} of {spike.of} attempts in the last minutes were refused or not understood (before: "
                f"{spike.usual:.0%})" + (f": {spike.detail}" if spike.detail else ""),
                command=f"lmsyncctl dlq list --lane {spike.lane}",
                weight=spike.bad,
            )
        for alarm in self._of_accounts():
            yield alarm
        for tenant, plans in (await office.store.chronicle.parked()).parked.items():
            yield _of_plans(tenant, plans)
        for tenant in office.configuration().tenants:
            balances = await office.store.conserving.days(tenant, now_us // DAY_US - LOSS_DAYS)
            for alarm in _of_balances(tenant, balances):
                yield alarm
        for alarm in self._of_daemon(now_us):
            yield alarm

    def _of_lane(self, lane: Lane, now_us: int) -> Iterator[Alarm]:
        tenant = lane.name.partition("/")[0]
        letters = sum(lane.depths.get(state, 0) for state in LETTERS)
        if letters:
            yield Alarm(
                kind="dead_letters",
                subject=lane.name,
                tenant=tenant,
                words=f"{number_of(letters, 'deliveries', 'waits', 'wait')} for a person",
                command=f"lmsyncctl dlq list --lane {lane.name}",
                weight=letters,
            )
        if lane.configured and lane.hold.suspended:
            yield Alarm(
                kind="suspended",
                subject=lane.name,
                tenant=tenant,
                words=f"{lane.hold.suspended}; {number_of(lane.open, 'deliveries', 'waits', 'wait')}",
                command=f"lmsyncctl token list {tenant}",
            )
        elif lane.configured and lane.outage:
            yield Alarm(
                kind="outage",
                subject=lane.name,
                tenant=tenant,
                words=f"{lane.outage}; {number_of(lane.open, 'deliveries', 'waits', 'wait')}",
                command=f"lmsyncctl queue list --lane {lane.name}",
            )
        elif lane.configured and not lane.hold.paused_by:
            yield from self._backlog(lane, tenant, now_us)

    def _backlog(self, lane: Lane, tenant: str, now_us: int) -> Iterator[Alarm]:
        """Old, and not getting less: what drains is no alarm, however much it is."""
        before = self._open.get(lane.name, 0)
        self._open[lane.name] = lane.open
        if lane.oldest_us is None or now_us - lane.oldest_us < BACKLOG_OLD_US or lane.open < before:
            return
        yield Alarm(
            kind="backlog",
            subject=lane.name,
            tenant=tenant,
            words=f"{number_of(lane.open, 'deliveries', 'waits', 'wait')}, the oldest for "
            f"{span((now_us - lane.oldest_us) / 1e6)}, and they do not get fewer",
            command=f"lmsyncctl queue list --lane {lane.name}",
            weight=lane.open,
        )

    def _of_accounts(self) -> Iterator[Alarm]:
        for standing in self._office.desk.everywhere():
            lost = standing.holding.why or "it is not connected any more" if standing.state == "lost" else ""
            why = standing.dying or lost
            if why:
                yield Alarm(
                    kind="token",
                    subject=f"{standing.on} {standing.speaker}".strip(),
                    tenant=standing.tenant,
                    words=why,
                    command=f"lmsyncctl token list {standing.tenant}",
                )
        for lack in self._office.strongroom.awaited.now():
            yield Alarm(
                kind="token",
                subject=f"{lack.tenant}/{lack.name}" if lack.tenant else lack.name,
                tenant=lack.tenant,
                words=str(lack),
                command=f"lmsyncctl secret set {lack.name}",
            )

    def _of_daemon(self, now_us: int) -> Iterator[Alarm]:
        office = self._office
        disk = os.statvfs(office.store.path.parent)
        free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        if free < DISK_BYTES_MIN and free < size * DISK_SHARE_MIN:
            yield Alarm(
                kind="disk",
                subject=str(office.store.path.parent),
                words=f"{free // MIB:,} MiB of {size // MIB:,} MiB are free",
                command="lmsyncctl retention show",
            )
        if office.store.writer.last_error:
            yield Alarm(kind="store", subject="", words=office.store.writer.last_error, command="lmsyncctl health")
        elif self._out is not None and now_us - self._out.until_us < TOLD_LATER_US:
            words = f"it took nothing for {span((self._out.until_us - self._out.since_us) / 1e6)}: {self._out.why}"
            yield Alarm(kind="store", subject="", words=words, command="lmsyncctl health")
        closed = office.strongroom.trouble()
        if closed:
            yield Alarm(kind="store", subject="vault", words=closed, command="lmsyncctl vault status")
        for path, why in troubled(office.registry):
            yield Alarm(kind="actor", subject=path, words=why, command="lmsyncctl actor tree")

    # ── who is told ──────────────────────────────────────────────────────────────────────────────────

    def _repeat_us(self, alarm: Alarm) -> int:
        """The shortest that anybody wants who is told of it: no tenant hears more because of another one."""
        told = (alert for tenant, alert in wanted(self._office) if concerns(tenant, alert, alarm))
        return min((round(seconds(alert.repeat) * 1e6) for alert in told), default=REPEAT_US)


def _told(listening: Sequence[Ear], news: Sequence[News], last_no: int, now_us: int) -> list[Dispatch]:
    """What is posted: at each place a few cards, the worst first, and one that counts the rest: one cause with many
    effects is no flood."""
    made: list[Dispatch] = []
    for ear in listening:
        mine = [each for each in news if concerns(ear.tenant, ear.alert, each.standing.alarm)]
        mine.sort(key=lambda each: TRAITS[each.standing.alarm.kind].severity != "critical")
        shown = mine if len(mine) <= CARDS_MAX else mine[: CARDS_MAX - 1]
        if len(shown) < len(mine):
            shown = [*shown, the_rest(ear.tenant.name, len(mine) - len(shown), last_no + 1, now_us)]
        made += [card for each in shown for card in dispatches(ear, each, now_us)]
    return made


def _out_again(before: Out | None, why: str, now_us: int) -> Out:
    """The same as before, or another one."""
    lasts = before is not None and 0 <= now_us - before.until_us < TOLD_LATER_US
    return Out(before.since_us if before is not None and lasts else now_us, now_us, why)


def _of_plans(tenant: str, plans: Sequence[tuple[str, str, str]]) -> Alarm:
    """Plans of rosters that wait: (what it is of, empty: everything; its hash; why). One alarm a tenant, however many
    places one cause has emptied."""
    rule, hash_, why = plans[0]
    more = f"; {number_of(len(plans) - 1, 'more plans', 'waits', 'wait')}" if len(plans) > 1 else ""
    return Alarm(
        kind="brake",
        subject=f"{tenant} rosters",
        tenant=tenant,
        words=f"a plan of {rule or 'everything'} waits for a person: {why}{more}",
        command=f"lmsyncctl reconcile show {hash_[:12]}" if len(plans) == 1 else f"lmsyncctl reconcile status {tenant}",
        weight=len(plans),
    )


def _of_balances(tenant: str, balances: Sequence[Balance]) -> Iterator[Alarm]:
    """By source: what is unaccounted for."""
    lost: dict[str, list[Balance]] = {}
    for each in balances:
        if not each.fits:
            lost.setdefault(each.source, []).append(each)
    for source, found in lost.items():
        days = ", ".join(sorted({date_of(each.day) for each in found}))
        yield Alarm(
            kind="loss",
            subject=f"{tenant}/{source}",
            tenant=tenant,
            words=f"of what was accepted on {days} something is neither delivered nor anything else",
            command="lmsyncctl conservation verify",
            weight=len(found),
        )


def _of_source(view: SourceView, now_us: int) -> Iterator[Alarm]:
    tenant = view.source.partition("/")[0]
    show = f"lmsyncctl source list {tenant}"
    if view.silent_since_us is not None:
        since = span((now_us - view.silent_since_us) / 1e6)
        yield Alarm(
            kind="silent", subject=view.source, tenant=tenant, words=f"it has not called for {since}", command=show
        )
    if view.state == "braked":
        yield Alarm(kind="brake", subject=view.source, tenant=tenant, words=view.detail, command=show)
    if view.state in ("suspended", "unavailable"):
        yield Alarm(kind="source", subject=view.source, tenant=tenant, words=view.detail or view.state, command=show)


def _happening(news: News, now_us: int) -> Happening:
    alarm = news.standing.alarm
    title = card(news, "", "").title
    words = title if news.turn == "over" else f"{title}: {alarm.words} ({alarm.command})"
    return Happening(at_us=now_us, kind="alarm", tenant=alarm.tenant, subject=alarm.subject, words=words)
