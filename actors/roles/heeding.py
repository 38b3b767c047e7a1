"""What vendors tell is kept, acted on and told on: the one way in, whether it came by a call, over a socket or because
we asked.

The store keeps and acts in one transaction; whoever waits on what it changed is hinted afterwards, and hints may be
lost: couriers look at the store, and what only asking shows is on disk as something to be asked.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, assert_never

import msgspec

from actors.domain.tidings import (
    AppGone,
    ChannelArchived,
    ChannelBack,
    ChannelDeleted,
    ChannelRenamed,
    ChannelSeen,
    Clicked,
    MembersChanged,
    Missed,
    Note,
    PeopleMissed,
    PersonCame,
    PersonChanged,
    PersonGone,
    Tiding,
    TokensRevoked,
    WatchGone,
    WatchLapsing,
)
from actors.ports import StoreUnavailable
from actors.ports.audit import Deed
from actors.ports.listening import Noted
from actors.roles.world import World

Via = Literal["call", "socket", "survey"]
SETTLED_MAX = 200
"""Deliveries of a place that closed or is back, in one transaction."""
OF_PLACES = (ChannelArchived, ChannelBack, ChannelDeleted)
OF_PEOPLE = (PeopleMissed, PersonCame, PersonChanged, PersonGone)
OF_MEMBERS = (MembersChanged, *OF_PLACES, *OF_PEOPLE)
CLICK = "click"
"""The kind under which what was clicked is sealed."""


class Heed:
    """One lane's."""

    def __init__(self, tenant: str, name: str, kind: str, world: World) -> None:
        self.lane = f"{tenant}/{name}"
        self._tenant = tenant
        self._name = name
        self._kind = kind
        self._world = world
        self._unsettled = True  # an earlier life may have died over it
        self.told: Counter[str] = Counter()
        self.repeated = 0

    async def take(self, notes: Sequence[Note], via: Via, correlation_id: str = "") -> Noted:
        """On disk and acted on when this returns. Raises StoreUnavailable."""
        world = self._world
        kept = [await self._sealed(note) for note in notes]
        noted = await world.tidings.take(self.lane, kept, world.clock.now_us())
        self._unsettled = self._unsettled or any(isinstance(note.tiding, OF_PLACES) for note in noted.fresh)
        self.repeated += len(notes) - len(noted.fresh)
        for note in noted.fresh:
            if isinstance(note.tiding, ChannelSeen | MembersChanged):  # the latter mostly what we did
                continue
            self.told[name_of(note.tiding)] += 1
            world.witness.event(
                "vendor.told",
                lane=self.lane,
                tiding=name_of(note.tiding),
                subject=subject_of(note.tiding),
                via=via,
                correlation_id=correlation_id,
            )
        if any(isinstance(note.tiding, Clicked) for note in noted.fresh):
            world.switchboard.weigh(self._tenant)
        if any(isinstance(note.tiding, OF_MEMBERS) for note in noted.fresh):
            world.switchboard.reconcile(self._tenant)
        if any(isinstance(note.tiding, OF_PEOPLE) for note in noted.fresh):
            world.switchboard.people_told_us[self.lane] = world.clock.now_us()
        if noted.forgotten:
            world.witness.event("lane.addresses_forgotten", lane=self.lane, addresses=noted.forgotten)
        if noted.suspended:
            await self._suspended(noted, correlation_id)
        return noted

    async def settle(self) -> bool:
        """Some of the deliveries of places that closed or are back. Whether there may be more. Raises
        StoreUnavailable."""
        if not self._unsettled:
            return False
        world, self._unsettled = self._world, False
        try:
            ended, revived = await world.tidings.settle(self.lane, world.clock.now_us(), SETTLED_MAX)
        except StoreUnavailable:
            self._unsettled = True
            raise
        if ended or revived:
            world.witness.event("lane.place_settled", lane=self.lane, ended=ended, revived=revived)
            world.switchboard.ready(self.lane)
            self._unsettled = True
        return self._unsettled

    async def lost(self, why: str) -> None:
        """Asking showed that our credentials died: the lane is suspended as if we had been told. Raises
        StoreUnavailable."""
        world = self._world
        await world.outbox.suspend(self.lane, why, world.clock.now_us())
        world.witness.event("lane.suspended", lane=self.lane, reason=why)
        world.switchboard.ready(self.lane)

    async def _sealed(self, note: Note) -> Note:
        """What was clicked holds addresses that answer in our name."""
        if not isinstance(note.tiding, Clicked):
            return note
        name = f"{self._name}/{note.id}"
        sealed = await self._world.seal(self._tenant, CLICK, name, note.tiding.body)
        return msgspec.structs.replace(note, tiding=msgspec.structs.replace(note.tiding, body=sealed))

    async def _suspended(self, noted: Noted, correlation_id: str) -> None:
        """The lane learns it at once, the custodian too; and it stands in the audit."""
        world = self._world
        for note in noted.fresh:
            match note.tiding:
                case AppGone(why=why) | TokensRevoked(why=why, ours=True):
                    world.witness.event("lane.suspended", lane=self.lane, reason=why)
                    world.switchboard.lost(self.lane, why)
                    await self._audited(note.tiding, why, correlation_id)
                case _:
                    pass
        world.switchboard.ready(self.lane)

    async def _audited(self, tiding: Tiding, why: str, correlation_id: str) -> None:
        deed = Deed(
            who=f"vendor:{self._kind}",
            what=f"vendor.{name_of(tiding)}",
            on=self.lane,
            correlation_id=correlation_id,
        )
        try:
            await self._world.audit.note(self._tenant, deed, "done", why)
        except StoreUnavailable as error:  # what it told is on disk; only who told it would not be
            self._world.witness.trouble("listener.store_unavailable", error, lane=self.lane)


def name_of(tiding: Tiding) -> str:
    """``channel_archived``."""
    return str(type(tiding).__struct_config__.tag)


def subject_of(tiding: Tiding) -> str:
    """What it is about, by the vendor's id; never an address or a name of somebody."""
    match tiding:
        case AppGone(why=why) | TokensRevoked(why=why) | Missed(why=why) | PeopleMissed(why=why):
            return why
        case PersonCame(person=person) | PersonChanged(person=person) | PersonGone(person=person):
            return person
        case Clicked(form=form):
            return form
        case ChannelSeen(place=place) | ChannelRenamed(place=place) | ChannelArchived(place=place):
            return place
        case ChannelBack(place=place) | ChannelDeleted(place=place) | MembersChanged(place=place):
            return place
        case WatchLapsing(watch=watch) | WatchGone(watch=watch):
            return watch
        case _ as never:
            assert_never(never)
