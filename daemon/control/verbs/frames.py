"""``top``: how everything goes at this moment, in one answer that costs the daemon little.

Couriers are not asked: what is shown stands in the store, in the limiters and with the harvesters anyway. What changes
slowly is left out of brief frames.
"""

import trio

from actors.domain.outbox import OPEN_STATES, State
from actors.domain.sla import Promise, quantile_us
from config.durations import seconds
from daemon.control.exits import Exit
from daemon.control.eye_asks import Top
from daemon.control.eyed import FrameRow, PulseRow, SourcePulseRow
from daemon.control.office import Asking, Office, done
from daemon.control.protocol import Done
from daemon.control.verbs import chronicle
from daemon.control.verbs.lanes import held_in_words
from daemon.control.views import SlaRow
from daemon.store.asking import LaneHold
from daemon.store.figures import FAULTS, Fault, Figure
from daemon.store.promises import Goal
from daemon.store.propagation import HOUR_US
from daemon.telemetry.process import cpu_s, memory_bytes

DAY_US = 86_400_000_000
STUCK = (State.DEAD.value, State.PARKED.value)
DETAIL_CHARS_MAX = 300


async def top(request: Top, asking: Asking) -> Done:
    """Exit code 2 while an alarm stands, or a lane is suspended or its vendor out."""
    office, now_us = asking.office, asking.now_us
    configured = office.configuration().tenants
    names = [asking.tenant(request.tenant).name] if request.tenant else sorted(configured)
    rates = await office.store.moves.rates(now_us)
    pulses = await _pulses(request, names, rates, asking)
    await asking.emit(
        FrameRow(
            now_us=now_us,
            version=office.version,
            started_us=office.started_us,
            brief=request.brief,
            tenants=len(names),
            cpu_s=sum(cpu_s()),
            memory_bytes=memory_bytes(),
            tasks=trio.lowlevel.current_statistics().tasks_living,
            commits=office.store.writer.commits,
            per_s=sum(pulse.per_s for pulse in pulses),
            unrouted=sum([await office.store.queries.unrouted(name) for name in names]),
            loop_lag_s=office.loop_lag_s(),
            store_error=office.store.writer.last_error or "",
        )
    )
    for pulse in pulses:
        await asking.emit(pulse)
    if not request.brief:
        for promised in await _promises(names, asking):
            await asking.emit(promised)
    for source in _sources(office, names):
        await asking.emit(source)
    alarms = await chronicle.standing(office, request.tenant)
    for alarm in alarms:
        await asking.emit(alarm)
    sick = any(alarm.no for alarm in alarms) or any(pulse.state in ("suspended", "outage") for pulse in pulses)
    return done(code=Exit.DEGRADED if sick or office.store.writer.last_error else Exit.OK)


async def _pulses(request: Top, names: list[str], rates: dict[str, float], asking: Asking) -> list[PulseRow]:
    office, now_us = asking.office, asking.now_us
    queries, configured = office.store.queries, office.configuration().tenants
    lanes: dict[str, dict[str, int]] = {f"{name}/{target}": {} for name in names for target in configured[name].targets}
    alive = set(lanes)
    for lane, state, n in await queries.depths():
        if lane in lanes or lane.partition("/")[0] in names or not request.tenant:
            lanes.setdefault(lane, {})[state] = n
    open_of = {lane: sum(found.get(state.value, 0) for state in OPEN_STATES) for lane, found in lanes.items()}
    shown = [lane for lane in sorted(lanes) if lane in alive or open_of[lane]]
    oldest = await queries.oldest_open([lane for lane in shown if open_of[lane]])
    holds, faults = await queries.holds(), await office.store.figures.faults()
    hour = now_us // HOUR_US
    answered = {} if request.brief else await office.store.figures.by_target(names, (hour - 1, hour + 1))
    tokens = {} if request.brief else _tokens(office, names)
    return [
        _pulse(
            lane,
            lanes[lane],
            alive=lane in alive,
            hold=holds.get(lane, LaneHold()),
            oldest_us=oldest.get(lane),
            per_s=rates.get(lane, 0.0),
            fault=faults.get(lane),
            answered=answered.get(lane),
            headrooms=office.switchboard.pacers[lane].headrooms() if lane in office.switchboard.pacers else {},
            token=tokens.get(lane, ("", None)),
            now_us=now_us,
        )
        for lane in shown
    ]


def _pulse(
    lane: str,
    depths: dict[str, int],
    *,
    alive: bool,
    hold: LaneHold,
    oldest_us: int | None,
    per_s: float,
    fault: Fault | None,
    answered: Figure | None,
    headrooms: dict[str, float],
    token: tuple[str, int | None],
    now_us: int,
) -> PulseRow:
    sends = answered.sends if answered is not None else {}
    took = answered.took if answered is not None else {}
    scarcest = min(headrooms, key=lambda name: headrooms[name], default="")
    return PulseRow(
        lane=lane,
        state=_state(hold, now_us) if alive else "gone",
        why="; ".join(held_in_words(hold, None, now_us=now_us)) if alive else "it is not configured any more",
        waiting=sum(depths.get(state.value, 0) for state in OPEN_STATES),
        stuck=sum(depths.get(state, 0) for state in STUCK),
        oldest_us=oldest_us,
        per_s=per_s,
        fault=fault.verdict if fault else "",
        fault_us=fault.at_us if fault else None,
        fault_words=fault.detail[:DETAIL_CHARS_MAX] if fault else "",
        attempts=sum(n for verdict, n in sends.items() if verdict != "not_sent"),
        failed=sum(n for verdict, n in sends.items() if verdict in FAULTS),
        p50_us=quantile_us(took, 0.50),
        p95_us=quantile_us(took, 0.95),
        headroom=headrooms.get(scarcest),
        headroom_of=scarcest,
        token=token[0],
        token_expires_us=token[1],
    )


def _state(hold: LaneHold, now_us: int) -> str:
    if hold.suspended:
        return "suspended"
    if hold.outage:
        return "outage"
    if hold.paused_by:
        return "paused"
    return "throttled" if hold.throttled_until_us > now_us else "running"


def _tokens(office: Office, names: list[str]) -> dict[str, tuple[str, int | None]]:
    """What is wrong with each account, and when its access token ends."""
    found: dict[str, tuple[str, int | None]] = {}
    for each in office.desk.everywhere():
        if each.tenant in names:
            wrong, expires_us = found.get(each.on, ("", None))
            ends = [us for us in (expires_us, each.holding.expires_us) if us is not None]
            found[each.on] = (wrong or each.dying or each.trouble, min(ends, default=None))
    return found


async def _promises(names: list[str], asking: Asking) -> list[SlaRow]:
    promised = {
        (name, route.name): route
        for name in names
        for route in asking.office.configuration().tenants[name].routes
        if route.sla is not None
    }
    goals = [Goal(tenant=name, route=route.name, percent=route.sla_goal) for (name, _), route in promised.items()]
    rows = []
    for goal, counted in await asking.office.store.figures.promised(goals, asking.now_us - DAY_US):
        route = promised[goal.tenant, goal.route]
        promise = Promise(n=counted.n, late=counted.late, goal=goal.percent)
        rows.append(
            SlaRow(
                tenant=goal.tenant,
                route=goal.route,
                target=route.to,
                n=counted.n,
                p50_us=quantile_us(counted.counted, 0.50),
                p95_us=quantile_us(counted.counted, 0.95),
                p99_us=quantile_us(counted.counted, 0.99),
                sla_us=round(seconds(route.sla) * 1e6) if route.sla is not None else None,
                late=counted.late,
                kept=promise.kept,
                goal=promise.goal,
                allowed=promise.allowed,
                red=promise.red,
            )
        )
    return rows


def _sources(office: Office, names: list[str]) -> list[SourcePulseRow]:
    return [
        SourcePulseRow(
            source=name,
            state=view.state,
            detail=view.detail[:DETAIL_CHARS_MAX],
            doing=f"{view.what} {view.done:,}" + (f" of {view.total:,}" if view.total else "") if view.what else "",
            good_us=view.good_us,
            heard_us=view.heard_us,
            next_us=view.next_us,
            silent_since_us=view.silent_since_us,
        )
        for name, view in sorted(office.switchboard.source_views.items())
        if name.partition("/")[0] in names
    ]
