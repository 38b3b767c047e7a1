"""Names for those who would leave a place, or are strangers in it: whoever decides wants to know who they are."""

import msgspec

from actors.domain.rosters.shown import with_names
from actors.ports.rosters import Rosters
from actors.roles.drafts import Part
from actors.roles.matching import Matching


async def named(parts: dict[str, Part], matching: Matching, rosters: Rosters) -> dict[str, Part]:
    """The same parts, with them. Raises StoreUnavailable."""
    ids = {each.member.id for part in parts.values() for each in part.plan.difference.leaves}
    ids |= {each.id for part in parts.values() for each in part.plan.difference.strangers}
    ids |= {each.id for part in parts.values() for each in part.plan.difference.odd if not each.name}
    if not ids:
        return parts
    persons = {each.person for part in parts.values() for each in part.plan.difference.leaves if each.person}
    called = await rosters.called(sorted(persons))
    accounts = await matching.remembered(sorted(ids))
    known = {id_: (each.name, each.emails[0] if each.emails else "") for id_, each in accounts.items()}
    found = {}
    for key, part in parts.items():
        told = with_names(part.plan.difference, known, called)
        found[key] = msgspec.structs.replace(part, plan=msgspec.structs.replace(part.plan, difference=told))
    return found
