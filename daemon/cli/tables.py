"""Rows that come in numbers, as tables: one function a kind of row."""

from collections.abc import Sequence
from typing import assert_never

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from daemon.cli import (
    audited,
    balances,
    chronicled,
    clients,
    conflicts,
    erasures,
    keeping,
    mappings,
    outlooks,
    piloted,
    pulses,
    quarantined,
    readings,
    remembered,
    rostered,
    safekeeping,
    seated,
    tokened,
    trees,
    vaulted,
)
from daemon.cli.cells import age, at, number, pairs, plain, short, state, took
from daemon.control import views as v

Listed = (
    v.LaneRow
    | v.TenantRow
    | v.CheckRow
    | v.ActorRow
    | v.CacheRow
    | v.TargetRow
    | v.ExchangeRow
    | v.DeliveryRow
    | v.ArrivalRow
    | v.SpanRow
    | v.ChangedRow
    | v.ProblemRow
    | outlooks.Listed
    | v.KeptRow
    | v.SourceRow
    | v.CredentialRow
    | v.MappingRow
    | v.ImportFaultRow
    | v.ErasureRow
    | quarantined.Listed
    | v.ConflictRow
    | v.SessionRow
    | audited.Listed
    | balances.Listed
    | safekeeping.Listed
    | chronicled.Listed
    | piloted.Listed
    | pulses.Listed
    | rostered.Listed
    | vaulted.Listed
    | tokened.Listed
)

HELD_FOR = {"quiet": "quiet hours until {}", "digest": "for the digest of {}", "route": "its route is disabled"}
EVERYDAY = ("waiting", "claimed", "unknown", "delivered", "dead", "parked")


def table(rows: Sequence[Listed], now_us: int) -> RenderableType:
    """Rows of one kind."""
    if isinstance(rows[0], v.ActorRow):
        return trees.tree([row for row in rows if isinstance(row, v.ActorRow)], now_us)
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in _headings(rows[0]):
        made.add_column(heading, justify="right" if heading in _NUMBERS else "left", overflow="fold")
    for row in rows:
        made.add_row(*_cells(row, now_us))
    return made


_FIGURES = (
    "other", "oldest", "in flight", "since start", "attempts", "people", "routes", "unrouted", "took", "line", "number",
)  # fmt: skip
_NUMBERS = {
    *EVERYDAY,
    *_FIGURES,
    *outlooks.NUMBERS,
    *keeping.NUMBERS,
    *quarantined.NUMBERS,
    *conflicts.NUMBERS,
    *readings.NUMBERS,
    *pulses.NUMBERS,
    *audited.NUMBERS,
    *balances.NUMBERS,
    *safekeeping.NUMBERS,
    *(*rostered.NUMBERS, *piloted.NUMBERS, *remembered.NUMBERS),
    *vaulted.NUMBERS,
}


def _headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.LaneRow():
            return ("lane", *EVERYDAY, "other", "oldest", "in flight", "since start", "held back")
        case v.TenantRow():
            return ("tenant", "state", "sources", "targets", "routes", "people", "unrouted", "time zone", "locale")
        case v.CheckRow():
            return ("check", "", "found")
        case v.CacheRow():
            return remembered.HEADINGS
        case v.TargetRow():
            return (
                "target",
                "platform",
                "waiting",
                "routes",
                "settling",
                "late landing",
                "held back",
                "heard",
                "known",
            )
        case v.ExchangeRow():
            return ("request", "outcome", "took", "vendor's ids")
        case v.DeliveryRow():
            return ("delivery", "lane", "state", "destination", "change", "about", "attempts", "accepted", "detail")
        case v.ArrivalRow():
            return ("accepted", "from", "by", "correlation id", "trace id", "new", "stored before")
        case v.SpanRow():
            return ("when", "took", "step", "of", "detail", "vendor's ids", "trace id")
        case v.ChangedRow():
            return ("what", "lane", "before", "after", "", "note")
        case v.ProblemRow():
            return ("where", "key", "problem")
        case v.CauseRow() | v.UnroutedRow() | v.PlannedRow() | v.CaughtUpRow() | v.SlaRow() | v.LateRow():
            return outlooks.headings(row)
        case v.KeptRow():
            return keeping.HEADINGS
        case v.SourceRow():
            return readings.HEADINGS
        case v.CredentialRow():
            return clients.HEADINGS
        case v.MappingRow():
            return mappings.HEADINGS
        case v.ImportFaultRow():
            return ("line", "statement", "refused because")
        case v.ErasureRow():
            return erasures.HEADINGS
        case v.QuarantinedRow() | v.FieldDiffRow() | v.ActivationRow():
            return quarantined.headings(row)
        case v.EventRow() | v.AlarmRow() | v.AlertRow():
            return chronicled.headings(row)
        case v.PulseRow() | v.SourcePulseRow() | v.FigureRow() | v.MoveRow():
            return pulses.headings(row)
        case v.ConflictRow():
            return conflicts.HEADINGS
        case v.SessionRow():
            return seated.HEADINGS
        case v.AuditRow() | v.MisfitRow():
            return audited.headings(row)
        case v.BalanceRow() | v.ContradictionRow():
            return balances.headings(row)
        case v.VerifiedRow() | v.WrongRow() | v.StorageRow() | v.SupportPartRow():
            return safekeeping.headings(row)
        case v.NeedRow():
            return piloted.HEADINGS
        case (
            v.RosterPlanRow()
            | v.RosterChangeRow()
            | v.RosterMoveRow()
            | v.RosterRow()
            | v.StandingRow()
            | v.DriftRow()
            | v.RuleRow()
        ):
            return rostered.headings(row)
        case v.PutRow() | v.DataKeyRow():
            return vaulted.headings(row)
        case v.TokenRow() | v.ScopeRow():
            return tokened.headings(row)
        case v.ActorRow():
            return ()
        case _ as never:
            assert_never(never)


def _cells(row: Listed, now_us: int) -> list[Text | str]:
    match row:
        case v.LaneRow():
            return _lane(row, now_us)
        case v.TenantRow():
            return [
                plain(row.name),
                state(row.state),
                plain(pairs(row.sources)),
                plain(pairs(row.targets)),
                number(row.routes),
                number(row.people),
                number(row.unrouted) + ("+" if row.unrouted_more else ""),
                plain(row.timezone),
                plain(row.locale),
            ]
        case v.CheckRow():
            return [plain(row.name), Text("ok", "green") if row.ok else Text("FAILED", "red"), plain(row.detail)]
        case v.CacheRow():
            return remembered.cells(row, now_us)
        case v.TargetRow():
            return [
                plain(row.lane),
                plain(row.platform),
                number(row.waiting),
                plain(", ".join(row.routes)),
                f"{row.settle_s:g} s",
                f"{row.late_landing_s:g} s",
                plain("; ".join(row.held), "yellow"),
                plain("; ".join(row.heard)),
                f"{row.remembered:,} of {row.remembered + row.looked_up:,}" if row.remembered + row.looked_up else "",
            ]
        case v.ExchangeRow():
            return [plain(row.operation), plain(row.outcome), f"{row.elapsed_ms:.0f} ms", plain(pairs(row.request_ids))]
        case v.DeliveryRow():
            return _delivery(row)
        case v.ArrivalRow():
            return [
                at(row.at_us),
                plain(f"{row.tenant}/{row.source}"),
                plain(row.credential),
                plain(row.correlation_id),
                plain(row.trace_id),
                number(row.fresh),
                number(row.collapsed),
            ]
        case v.SpanRow():
            return [
                at(row.at_us),
                took(row.at_us, row.until_us),
                state(row.name),
                plain(row.subject),
                plain(row.detail),
                plain(pairs(row.request_ids)),
                plain(row.trace_id),
            ]
        case v.ChangedRow():
            return _changed(row)
        case v.ProblemRow():
            place = f"{row.file}:{row.line}" if row.line else row.file
            said = f"{row.message} ({row.suggestion})" if row.suggestion else row.message
            return [
                plain(place),
                plain(row.key),
                plain(f"{row.severity}: {said}", "red" if row.severity == "error" else ""),
            ]
        case v.CauseRow() | v.UnroutedRow() | v.PlannedRow() | v.CaughtUpRow() | v.SlaRow() | v.LateRow():
            return outlooks.cells(row)
        case v.KeptRow():
            return keeping.cells(row)
        case v.SourceRow():
            return readings.cells(row)
        case v.CredentialRow():
            return clients.cells(row)
        case v.MappingRow():
            return mappings.cells(row)
        case v.ImportFaultRow():
            return [number(row.at), plain(row.id), plain(row.rule)]
        case v.ErasureRow():
            return erasures.cells(row)
        case v.QuarantinedRow() | v.FieldDiffRow() | v.ActivationRow():
            return quarantined.cells(row)
        case v.EventRow() | v.AlarmRow() | v.AlertRow():
            return chronicled.cells(row)
        case v.PulseRow() | v.SourcePulseRow() | v.FigureRow() | v.MoveRow():
            return pulses.cells(row, now_us)
        case v.ConflictRow():
            return conflicts.cells(row)
        case v.SessionRow():
            return seated.cells(row)
        case v.AuditRow() | v.MisfitRow():
            return audited.cells(row)
        case v.BalanceRow() | v.ContradictionRow():
            return balances.cells(row)
        case v.VerifiedRow() | v.WrongRow() | v.StorageRow() | v.SupportPartRow():
            return safekeeping.cells(row)
        case v.NeedRow():
            return piloted.cells(row)
        case (
            v.RosterPlanRow()
            | v.RosterChangeRow()
            | v.RosterMoveRow()
            | v.RosterRow()
            | v.StandingRow()
            | v.DriftRow()
            | v.RuleRow()
        ):
            return rostered.cells(row)
        case v.PutRow() | v.DataKeyRow():
            return vaulted.cells(row)
        case v.TokenRow() | v.ScopeRow():
            return tokened.cells(row)
        case v.ActorRow():
            return []
        case _ as never:
            assert_never(never)


def _lane(row: v.LaneRow, now_us: int) -> list[Text | str]:
    other = sum(n for name, n in row.depths.items() if name not in EVERYDAY)
    held = list(row.held)
    if not row.configured:
        held.append("not configured any more")
    elif not row.answering:
        held.append("its courier does not answer")
    return [
        plain(row.lane, "red" if row.degraded else ""),
        *(Text(number(row.depths.get(name, 0)), "red" if name == "dead" else "") for name in EVERYDAY),
        number(other),
        age(row.oldest_us, now_us),
        f"{row.in_flight}/{row.window}" if row.answering else "-",
        number(row.delivered),
        plain("; ".join(held), "yellow"),
    ]


def _delivery(row: v.DeliveryRow) -> list[Text | str]:
    detail = f"{row.cause}: {row.detail}" if row.cause else row.detail
    if row.held_for in HELD_FOR:
        detail = f"{HELD_FOR[row.held_for].format(at(row.due_us))}" + (f" ({detail})" if detail else "")
    return [
        short(row.id),
        plain(row.lane),
        state(row.state),
        plain(row.destination),
        plain(row.change),
        plain(row.about),
        f"{row.attempts}/{row.attempts_max}",
        at(row.accepted_us),
        plain(detail),
    ]


def _changed(row: v.ChangedRow) -> list[Text | str]:
    if row.done:
        mark = Text("done", "green")
    else:
        mark = Text("rehearsed", "cyan") if row.dry_run and row.before != row.after else Text("unchanged", "yellow")
    note = f"{row.note}; now {short(row.made)}" if row.made else row.note
    return [plain(row.what), plain(row.lane), state(row.before), state(row.after), mark, plain(note)]
