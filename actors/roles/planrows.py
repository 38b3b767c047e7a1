"""A run as it is kept and shown: one plan, of one rule or of all of a tenant's."""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from actors.domain.rosters.holding import Judged
from actors.domain.rosters.shown import PlaceShown, shown
from actors.ports.rosters import Cause, Parked, PlanRow, PlanState
from actors.roles.drafts import Draft

SHOWN_PLACES_MAX = 2_000
"""Places without anything to be done are left out first, then others."""


def joint_hash(hashes: Sequence[str]) -> str:
    """Of several rules' plans together; empty where nothing would be done."""
    told = [each for each in hashes if each]
    if len(told) < 2:
        return "".join(told)
    return blake2b(msgspec.json.encode(sorted(told)), digest_size=8).hexdigest()


def plan_row(tenant: str, drafts: Sequence[Draft], scope: str, cause: Cause, by: str, state: PlanState) -> PlanRow:
    places = [each for draft in drafts for each in shown(draft.judged)]
    told = sorted(places, key=lambda each: each.is_clean)[:SHOWN_PLACES_MAX]
    now_us = max(draft.now_us for draft in drafts)
    return PlanRow(
        tenant=tenant,
        hash=joint_hash([draft.judged.hash for draft in drafts]),
        scope=scope,
        cause=cause,
        state=state,
        by=by,
        made_us=now_us,
        done_us=now_us if state == "applied" else None,
        adds=sum(each.adds for each in places),
        removes=sum(each.removes for each in places),
        why="; ".join(dict.fromkeys(why for draft in drafts for why in _why(draft.judged))),
        body=msgspec.json.encode(told),
    )


def parked_rows(tenant: str, rule: str, draft: Draft) -> tuple[Parked, ...]:
    """What waits for a person, as plans of their own."""
    parked: dict[str, list[PlaceShown]] = {}
    for each in shown(draft.judged):
        if each.parked:
            parked.setdefault(each.parked, []).append(each)
    return tuple(
        Parked(
            plan=PlanRow(
                tenant=tenant,
                hash=hash_,
                scope=f"{rule}|{places[0].unit if len(places) == 1 else ''}",
                cause="change",
                state="parked",
                by="",
                made_us=draft.now_us,
                removes=sum(each.removes for each in places),
                why=places[0].held,
                body=msgspec.json.encode(places),
            ),
            places=tuple(draft.parts[each.unit].place.no for each in places),
        )
        for hash_, places in parked.items()
    )


def _why(judged: Judged) -> list[str]:
    """Why some of it waits for a person."""
    return [each.held for each in judged.places if each.held]


def places_of(row: PlanRow) -> list[PlaceShown]:
    """As the plan shows them."""
    return msgspec.json.decode(row.body, type=list[PlaceShown]) if row.body != b"{}" else []
