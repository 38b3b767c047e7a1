"""Refusals, so many and no more: what anybody can cause must not fill the disk. Pure.

The first few refusals of somebody for a reason are rows at once, each with its own address and correlation id, for
people who were refused twice give the second reference. More of the same within a minute are one row with their number
at its end. Each tenant may have so many rows at once and so many an hour, and so may all together; beyond that
refusals are still counted, by what was refused and why, under the name of nobody in particular. Whatever a stranger can
vary, there are few rows a minute, and none is left out of the count.
"""

from collections.abc import Iterator

import msgspec

from actors.domain.outbox import Rate
from actors.domain.throttle import Bucket
from actors.ports.audit import HOST, Deed

WINDOW_S = 60.0
ALIKE_MAX = 5
"""Refusals of somebody for one reason within a minute that are rows of their own. Strangers are one somebody."""
EACH = Rate(per_s=0.1, burst=240.0)
"""Rows of one tenant: so many at once, in the long run 360 an hour."""
ALL = Rate(per_s=1.0, burst=600.0)
KEYS_MAX = 2_000
"""So many different refusals are counted apart within a minute."""
CROWDS_MAX = 8
"""So many crowds of one tenant are counted apart within a minute, by what was refused and why."""
MANY = "many"
"""Who was refused, where they are too many to be told apart."""
VARIOUS = "various reasons"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be written: this refusal, met so often."""

    tenant: str
    deed: Deed
    reason: str
    times: int = 1


class _Counted:
    """``rows``: how many were written at once; ``times``: how many were not, since ``since_s``."""

    __slots__ = ("deed", "rows", "since_s", "times")

    def __init__(self, deed: Deed, since_s: float, rows: int = 0) -> None:
        self.deed = deed
        self.since_s = since_s
        self.rows = rows
        self.times = 0


_Key = tuple[str, str, str, str, str]


class Floods:
    """``now_s`` is any clock that never goes back."""

    def __init__(self) -> None:
        self._counted: dict[_Key, _Counted] = {}
        self._each: dict[str, Bucket] = {}
        self._crowds: dict[str, int] = {}
        self._all = Bucket(ALL, float("-inf"))

    def __len__(self) -> int:
        return len(self._counted)

    def met(self, tenant: str, deed: Deed, reason: str, now_s: float) -> Refused | None:
        """The row to write at once, or None: it is counted."""
        key = (tenant, deed.who, deed.what, deed.on, reason)
        known = self._counted.get(key)
        if known is None and len(self._counted) < KEYS_MAX and self._allowed(tenant, now_s):
            self._counted[key] = _Counted(deed, now_s, rows=1)
            return Refused(tenant=tenant, deed=deed, reason=reason)
        if known is not None and 0 < known.rows < ALIKE_MAX and self._allowed(tenant, now_s):
            known.rows += 1
            return Refused(tenant=tenant, deed=deed, reason=reason)
        if known is None:
            known = self._crowd(tenant, deed, reason, now_s)
        known.times += 1
        return None

    def due(self, now_s: float, *, all_of_them: bool = False) -> Iterator[Refused]:
        """What was counted and has had its minute."""
        for key, each in list(self._counted.items()):
            if all_of_them or now_s - each.since_s >= WINDOW_S:
                del self._counted[key]
                if key[1] == MANY and key[4] != VARIOUS and key[0] in self._crowds:
                    self._crowds[key[0]] -= 1
                if each.times:
                    yield Refused(tenant=key[0], deed=each.deed, reason=key[4], times=each.times)
        self._each = {tenant: bucket for tenant, bucket in self._each.items() if not bucket.forgettable(now_s)}
        self._crowds = {tenant: n for tenant, n in self._crowds.items() if n > 0}

    def again(self, refused: Refused, now_s: float) -> None:
        """It could not be written: it is counted on."""
        key = (refused.tenant, refused.deed.who, refused.deed.what, refused.deed.on, refused.reason)
        known = self._counted.get(key)
        if known is None:
            if len(self._counted) < KEYS_MAX:
                known = self._counted[key] = _Counted(refused.deed, now_s)
            else:
                known = self._crowd(refused.tenant, refused.deed, refused.reason, now_s)
        known.times += refused.times

    def _crowd(self, tenant: str, deed: Deed, reason: str, now_s: float) -> _Counted:
        """Where those are counted who are too many: by what was refused and why, as long as there are few of these;
        else by what alone, with the host. What is refused is always a word of ours."""
        key = (tenant, MANY, deed.what, "", reason)
        if key not in self._counted:
            if self._crowds.get(tenant, 0) < CROWDS_MAX and self._all.ready_at(now_s) <= now_s:
                self._crowds[tenant] = self._crowds.get(tenant, 0) + 1
                self._all.take(now_s)
                self._all.settle(now_s)
            else:
                key = (HOST, MANY, deed.what, "", VARIOUS)
        return self._counted.setdefault(key, _Counted(Deed(who=MANY, what=deed.what), now_s))

    def _allowed(self, tenant: str, now_s: float) -> bool:
        mine = self._each.setdefault(tenant, Bucket(EACH, float("-inf")))
        if mine.ready_at(now_s) > now_s or self._all.ready_at(now_s) > now_s:
            return False
        for bucket in (mine, self._all):
            bucket.take(now_s)
            bucket.settle(now_s)
        return True
