"""Plans, forecasts and promises as tables and stories: the rows of ``control.outlook``."""

from typing import assert_never

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain, short, state, took
from daemon.control import views as v
from daemon.control.times import span

Listed = v.CauseRow | v.UnroutedRow | v.PlannedRow | v.CaughtUpRow | v.SlaRow | v.LateRow
Alone = v.PlanRow | v.ForecastRow

NUMBERS = frozenset({"how many", "n", "p50", "p95", "p99", "promised", "late", "in time", "goal", "budget left"})
DOES_STYLES = {
    "send": "green",
    "place": "green",
    "probe": "cyan",
    "has_effect": "yellow",
    "obsolete": "yellow",
    "orphan": "red",
    "nowhere": "red",
    "nothing": "",
}
WHOSE_STYLES = {"ours": "red", "theirs": "yellow", "yours": "magenta"}


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.CauseRow():
            return ("whose", "root cause", "how many", "lanes", "oldest", "newest", "what can be done")
        case v.UnroutedRow():
            return ("statement", "tenant", "accepted", "change", "says", "why it was not posted")
        case v.PlannedRow():
            return ("id", "lane", "destination", "state", "change", "about", "a replay would", "because")
        case v.CaughtUpRow():
            return ("lane", "destination", "how many", "")
        case v.SlaRow():
            return ("route", "target", "n", "p50", "p95", "p99", "promised", "late", "in time", "goal", "budget left")
        case v.LateRow():
            return ("delivery", "route", "arrived", "took", "promised", "longest", "stages")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.CauseRow():
            return [
                plain(row.whose, WHOSE_STYLES.get(row.whose, "")),
                plain(row.cause),
                number(row.n) + ("+" if row.more else ""),
                plain(", ".join(f"{lane} {n:,}" for lane, n in row.lanes.items())),
                at(row.oldest_us),
                at(row.newest_us),
                plain(row.advice),
            ]
        case v.UnroutedRow():
            return [
                plain(row.statement_id),
                plain(row.tenant),
                at(row.accepted_us),
                plain(row.change),
                plain(row.about),
                plain(row.reason),
            ]
        case v.PlannedRow():
            return [
                plain(row.id if row.state == "unrouted" else short(row.id)),
                plain(row.lane),
                plain(row.destination),
                state(row.state),
                plain(row.change),
                plain(row.about),
                plain(_does(row), DOES_STYLES.get(row.does, "")),
                plain(row.note),
            ]
        case v.CaughtUpRow():
            done = "replaced by newer ones" if row.superseded else "folded into a digest"
            rehearsed = "would be " if row.dry_run else ""
            return [
                plain(row.lane),
                plain(row.destination),
                number(row.superseded + row.folded),
                f"{rehearsed}{done}",
            ]
        case v.SlaRow():
            return _sla(row)
        case v.LateRow():
            spent = sorted(row.stages.items(), key=lambda item: -item[1])
            return [
                short(row.id),
                plain(f"{row.tenant}/{row.route}"),
                at(row.done_us),
                took(0, row.took_us),
                took(0, row.sla_us),
                plain(f"{row.stage}: {row.explanation}" if row.explanation else row.stage, "yellow"),
                plain(", ".join(f"{stage} {took(0, us)}" for stage, us in spent)),
            ]
        case _ as never:
            assert_never(never)


def _does(row: v.PlannedRow) -> str:
    words = {
        "send": "send it",
        "probe": "look for it first",
        "place": "place it",
        "has_effect": "find it there already",
        "obsolete": "find it obsolete",
        "orphan": "find nobody to carry it",
        "nowhere": "find no destination",
        "nothing": "do nothing",
    }
    said = words.get(row.does, row.does)
    if row.goes and row.does in {"has_effect", "obsolete"}:
        return f"{said}, and act as it was named"
    return said


def _sla(row: v.SlaRow) -> list[Text | str]:
    left = ""
    if row.allowed is not None:
        left = f"{row.allowed - row.late:,.1f} of {row.allowed:,.1f}"
    return [
        plain(f"{row.tenant}/{row.route}", "red" if row.red else ""),
        plain(row.target),
        number(row.n),
        took(0, row.p50_us),
        took(0, row.p95_us),
        took(0, row.p99_us),
        took(0, row.sla_us) or "-",
        number(row.late),
        f"{row.kept:.2f} %" if row.kept is not None and row.n else "-",
        f"{row.goal:g} %" if row.goal is not None else "-",
        Text(left or "-", "red" if row.red else ""),
    ]


# ── alone ────────────────────────────────────────────────────────────────────────────────────────────


def story(row: Alone) -> RenderableType:
    match row:
        case v.PlanRow():
            return _plan(row)
        case v.ForecastRow():
            return _forecast(row)
        case _ as never:
            assert_never(never)


def _plan(row: v.PlanRow) -> RenderableType:
    counts = ", ".join(f"{n:,} {does}" for does, n in row.counts.items())
    head = Text.assemble(("Plan ", "bold"), plain(row.hash, "bold"), f"  until {at(row.until_us)}")
    said = [f"{counts}; a replay would act on {row.goes:,}"]
    if row.calls:
        said.append(f"{number_of(row.calls, 'requests')}, {_at_least(row.seconds, row.limited_by)}")
    if row.left:
        said.append(f"not all of them: {row.left:,} or more are left for another plan")
    return Group(head, *(Padding(plain(line), (0, 0, 0, 2), expand=False) for line in said))


def _forecast(row: v.ForecastRow) -> RenderableType:
    about = "about " if row.estimate else ""
    head = Text.assemble(
        plain(row.lane, "bold"),
        f"  {number_of(row.n, 'deliveries')} to {number_of(row.destinations, 'destinations')}: "
        f"{about}{number_of(row.calls, 'requests')}, "
        f"{about}{_at_least(row.seconds, row.limited_by)}",
    )
    said = [plain(f"held back: {words}", "yellow") for words in row.held]
    if row.estimate:
        said.append(plain("an estimate: not every destination was counted to its end"))
    if row.later:
        said.append(plain(f"{row.later:,} more wait for the end of quiet hours, a digest, their route or a person"))
    said += [
        plain(f"{each.destination}: {each.n:,}, {span(each.seconds)} by itself") for each in row.worst if each.n > 1
    ]
    return Group(head, *(Padding(line, (0, 0, 0, 2), expand=False) for line in said))


def _at_least(seconds: float, limited_by: str) -> str:
    if seconds < 1:
        return "which no limit holds up"
    return f"{span(seconds)} at the vendor's limits" + (f" ({limited_by})" if limited_by else "")
