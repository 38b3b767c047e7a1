"""What is remembered of the members of a place, and what a reading of it changes in that (pure)."""

from collections.abc import Iterable

import msgspec

from actors.domain.rosters.model import Actual, Kept

FORGOTTEN_US = 30 * 86_400_000_000
"""Who was taken out by somebody so long ago is put in again as if it had never been."""
NEW = Kept(id="")


def remembered(kept: Iterable[Kept], actual: Actual | None, now_us: int, visible_us: int) -> dict[str, Kept]:
    """What is known of everybody in a place once ``actual`` has been read, by vendor's id. Who was put in lately may
    not show up yet; who was seen, and is not there any more, was taken out by somebody."""
    known = {each.id: each for each in kept}
    if actual is None:
        return known
    seen = {member.id: member for member in actual.members if not member.bot}
    for id_, member in seen.items():
        before = known.get(id_, NEW)
        same = before.owner == member.owner and before.membership == member.membership
        if before.inside and same and not before.tries:
            continue
        known[id_] = msgspec.structs.replace(
            before,
            id=id_,
            inside=True,
            owner=member.owner,
            membership=member.membership,
            tries=0,
            left_us=before.left_us if before.put_us > before.left_us else 0,
            refused="",
            refused_us=0,
        )
    if not actual.whole:
        return known
    for id_ in known.keys() - seen.keys():
        before = known[id_]
        if not before.inside or (before.tries and now_us - before.put_us < visible_us):
            continue
        left_us = 0 if before.tries and not before.left_us else before.left_us or now_us
        known[id_] = msgspec.structs.replace(
            before, inside=False, owner=False, membership="", left_us=left_us, refused="", refused_us=0
        )
    return known


def is_gone_long(kept: Kept, now_us: int) -> bool:
    """Whether it was so long ago that somebody took them out that it counts no more."""
    return bool(kept.left_us) and now_us - max(kept.left_us, kept.put_us) > FORGOTTEN_US
