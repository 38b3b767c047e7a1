"""What one run would do, place by place, and the hash by which a person says that it may (pure).

The hash is over what would be done and to whom, not over when it was worked out: the same plan made again has the same.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from actors.domain.rosters.brake import Toll, held, held_together
from actors.domain.rosters.difference import Difference
from actors.domain.rosters.model import Place
from config.rosters import Roster

NAMES_SHOWN = 5
HASH_BYTES = 8


class PlacePlan(msgspec.Struct, frozen=True, kw_only=True):
    """For one place. ``create``: it does not exist yet. ``held``: why it waits for a person; empty: it does not."""

    place: Place
    difference: Difference
    create: bool = False
    held: str = ""
    problem: str = ""
    """Why nothing can be done there at all; empty: it can."""

    @property
    def toll(self) -> Toll:
        told = self.difference
        seats = told.in_step + len(told.joins) + len(told.unmatched) + len(told.refused) + len(told.sought)
        return Toll(unit=self.place.unit.key, leaving=len(told.counted), inside=told.inside, seats=seats)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``hash`` is empty where there is nothing to do. ``held``: why all of it waits: the sum of what it takes out."""

    tenant: str
    roster: str
    course: str = ""
    places: tuple[PlacePlan, ...] = ()
    hash: str = ""
    held: str = ""

    @property
    def is_held(self) -> bool:
        return bool(self.held) or any(each.held for each in self.places)


def planned(tenant: str, rule: Roster, places: Sequence[PlacePlan], course: str = "") -> Plan:
    """The plan, with the brake on each place and on all of them."""
    judged = tuple(msgspec.structs.replace(each, held=held(rule.brake, each.toll)) for each in places)
    together = held_together(rule.brake, [each.toll for each in judged])
    return Plan(
        tenant=tenant,
        roster=rule.name,
        course=course,
        places=judged,
        hash=_hash(tenant, rule.name, judged),
        held=together,
    )


def _hash(tenant: str, roster: str, places: Sequence[PlacePlan]) -> str:
    deeds = sorted(deed for each in places if (deed := _deeds(each)))
    if not deeds:
        return ""
    told = msgspec.json.encode([tenant, roster, deeds])
    return blake2b(told, digest_size=HASH_BYTES).hexdigest()


def _deeds(each: PlacePlan) -> tuple[object, ...]:
    told = each.difference
    if each.problem or not (each.create or told.does):
        return ()
    return (
        each.place.unit.key,
        each.place.id,
        each.create,
        tuple(sorted((join.id, join.seat.owner) for join in told.joins)),
        tuple(sorted(join.id for join in told.promotes)),
        tuple(sorted(member.id for member in told.demotes)),
        tuple(sorted(leave.member.id for leave in told.leaves)),
    )


def samples(told: Difference) -> tuple[str, ...]:
    """Some of those who would be taken out, by name where there is one: for whoever decides."""
    shown = [each.member.name or each.member.email or each.member.id for each in told.counted[:NAMES_SHOWN]]
    more = len(told.counted) - len(shown)
    return (*shown, f"and {more} more") if more > 0 else tuple(shown)
