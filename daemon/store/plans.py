"""What somebody was shown would be replayed, kept by its hash: exactly that is done later, or nothing at all.

The hash covers every row as it was shown: its id, state and attempts, and what would be done with it. Replaying a plan
judges all of it again in the transaction that makes the changes, and changes nothing if any row is judged otherwise.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from config.numbers import number_of
from daemon.store import interventions, judging, untaken
from daemon.store.interventions import Intervened
from daemon.store.judging import Judged, Replay
from daemon.store.untaken import Retold

KEPT_US = 7 * 86_400_000_000
PLANS_MAX = 200
STEPS_MAX = 5_000
"""In one plan: it is replayed in one transaction, for which everybody else waits."""

_encode = msgspec.json.Encoder().encode


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a plan, as it was shown. ``does`` is a word of ``judging.Does``."""

    id: str
    lane: str
    destination: str
    state: str
    attempts: int
    does: str
    goes: bool


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is about: dead letters, or with ``tenant`` its unrouted statements (``ids`` of which)."""

    tenant: str = ""
    accept_double: bool = False
    named: bool = False
    ids: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope
    steps: tuple[Step, ...]

    @property
    def hash(self) -> str:
        """16 hexadecimal digits over all of it."""
        return blake2b(_encode(self), digest_size=8).hexdigest()


class Moved(Exception):
    """The state has moved since the plan was made; nothing was changed. ``told`` says where, in words."""

    def __init__(self, told: Sequence[str]) -> None:
        super().__init__("; ".join(told))
        self.told = tuple(told)


_plan: msgspec.json.Decoder[Plan] = msgspec.json.Decoder(Plan)


def step(judged: Judged) -> Step:
    return Step(
        id=judged.id,
        lane=judged.lane,
        destination=judged.destination,
        state=judged.state,
        attempts=judged.attempts,
        does=judged.does.value,
        goes=judged.goes,
    )


def keep(raw: sqlite3.Connection, plan: Plan, *, by: str, now_us: int) -> str:
    """Remember a plan for a week; returns its hash. The oldest make room."""
    raw.execute(
        "INSERT OR REPLACE INTO plans (hash, made_us, made_by, what) VALUES (?, ?, ?, ?)",
        (plan.hash, now_us, by, _encode(plan).decode()),
    )
    raw.execute(
        "DELETE FROM plans WHERE made_us < ? OR hash IN (SELECT hash FROM plans ORDER BY made_us DESC, hash LIMIT -1 "
        "OFFSET ?)",
        (now_us - KEPT_US, PLANS_MAX),
    )
    return plan.hash


def kept(raw: sqlite3.Connection, digest: str, now_us: int) -> Plan | None:
    """The plan with this hash, while it is kept."""
    row = raw.execute("SELECT what FROM plans WHERE hash = ? AND made_us >= ?", (digest, now_us - KEPT_US)).fetchone()
    return _plan.decode(row[0]) if row else None


def judged(raw: sqlite3.Connection, wanted: Sequence[Replay], *, accept_double: bool) -> list[Judged]:
    """What a replay would do with each, now."""
    return [judging.judge(raw, one, judging.find(raw, one.id), accept_double=accept_double) for one in wanted]


def replay(raw: sqlite3.Connection, plan: Plan, wanted: Sequence[Replay], *, by: str, now_us: int) -> list[Intervened]:
    """Do what the plan says. Raises Moved."""
    accept_double = plan.scope.accept_double
    compare(plan.steps, [step(one) for one in judged(raw, wanted, accept_double=accept_double)])
    going = {one.id for one in plan.steps if one.goes}
    return interventions.replay(
        raw, [one for one in wanted if one.id in going], by=by, now_us=now_us, accept_double=accept_double
    )


def replay_untaken(
    raw: sqlite3.Connection, plan: Plan, wanted: Sequence[Retold], *, by: str, now_us: int
) -> list[Intervened]:
    """The same for statements that no route took. Raises Moved."""
    tenant = plan.scope.tenant
    compare(plan.steps, [step(one) for one in untaken.judged(raw, tenant, wanted)])
    return untaken.replay(raw, tenant, wanted, by=by, now_us=now_us)


def compare(shown: Sequence[Step], now: Sequence[Step]) -> None:
    """Raises Moved where what was shown is not what is."""
    if tuple(shown) == tuple(now):
        return
    moved = [
        f"{one.id[:12]} was to be {_told(one)}, and is now {_told(other)}"
        for one, other in zip(shown, now, strict=False)
        if one != other
    ]
    raise Moved(moved or [f"{number_of(len(shown), 'rows', 'was', 'were')} shown, and now it is {len(now)}"])


def _told(one: Step) -> str:
    attempts = f" after {number_of(one.attempts, 'attempts')}" if one.attempts else ""
    return f"{one.does} at {one.destination or 'no destination'} ({one.state or 'gone'}{attempts})"
