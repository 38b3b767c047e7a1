"""``report --html``: a tenant's report as one page. Sentences first, then charts, each with its figures as a table.

No scripts, no fonts and nothing else from elsewhere: it can be mailed, printed and kept. Everything that comes from the
store or the configuration is escaped where it is put in.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from daemon.cli import reportcharts as charts
from daemon.cli.reportstyle import STYLE
from daemon.cli.reportwords import Words, sentences
from daemon.control import views as v

ERRORS = {"throttled": "c4", "unavailable": "c2", "doubtful": "c5", "refused": "c3", "revoked": "c6", "faulted": "c1"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
Cell = str | tuple[str, str]
"""Text, or (class, text)."""


def page(row: v.ReportRow) -> str:
    """The whole document."""
    words = Words(row.locale, row.timezone)
    title = words.text("title", tenant=row.tenant)
    subtitle = words.text("subtitle", since=words.day(row.since_us), until=words.day(row.now_us), zone=row.timezone)
    foot = words.text("foot", version=row.version, now=words.moment(row.now_us))
    said = "".join(f"<li class='{tone}'>{escape(sentence)}</li>" for tone, sentence in sentences(row, words))
    parts = [_volume(row, words), _propagation(row, words), _promises(row, words), _errors(row, words)]
    parts += [_cost(row, words), _routes(row, words), _targets(row, words), _drift(row, words)]
    parts += [_letters(row, words), _conflicts(row, words)]
    return (
        f"<!doctype html>\n<html lang='{words.language}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<meta http-equiv='Content-Security-Policy' content=\"{POLICY}\">"
        f"<meta name='color-scheme' content='light dark'><title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><header><h1>{escape(title)}</h1><p class='dim'>{escape(subtitle)}</p></header>"
        f"<section class='short'><h2>{escape(words.text('short'))}</h2><ul>{said}</ul></section>"
        f"{''.join(parts)}</main><footer class='dim'>{escape(foot)}</footer></body></html>\n"
    )


# ── charts over days ─────────────────────────────────────────────────────────────────────────────────


def _volume(row: v.ReportRow, words: Words) -> str:
    if not _any(row.days, lambda day: day.delivered or _stuck(day) or day.made):
        return ""
    series = [
        charts.Series(words.text("delivered"), "c1", [day.delivered for day in row.days]),
        charts.Series(words.text("stuck_head"), "c3", [_stuck(day) for day in row.days]),
    ]
    chart = charts.stacked(_frame(row, words, "volume", words.n), series)
    table = _table(
        [words.text(name) for name in ("day", "made", "delivered", "stuck_head")],
        [[words.day(day.from_us), words.n(day.made), words.n(day.delivered), words.n(_stuck(day))] for day in row.days],
    )
    return _section(words, "volume", chart, table)


def _propagation(row: v.ReportRow, words: Words) -> str:
    if not _any(row.days, lambda day: day.p50_us is not None):
        return ""
    series = [
        charts.Series(words.text("half"), "c1", [day.p50_us for day in row.days]),
        charts.Series(words.text("most"), "c4", [day.p95_us for day in row.days]),
    ]
    chart = charts.lines(_frame(row, words, "propagation", words.took), series, durations=True)
    table = _table(
        [words.text(name) for name in ("day", "delivered", "half", "most")],
        [
            [words.day(day.from_us), words.n(day.delivered), words.took(day.p50_us), words.took(day.p95_us)]
            for day in row.days
        ],
    )
    return _section(words, "propagation", chart, table)


def _errors(row: v.ReportRow, words: Words) -> str:
    if not row.whole.attempts:
        return ""
    names = [name for name in ERRORS if row.whole.errors.get(name)]
    if not names:
        return _section(words, "errors", f"<p>{escape(words.text('errors_none'))}</p>", "", note=False)
    series = [
        charts.Series(words.error(name), ERRORS[name], [day.errors.get(name, 0) for day in row.days]) for name in names
    ]
    chart = charts.stacked(_frame(row, words, "errors", words.n), series)
    table = _table(
        [words.text("day"), words.text("sends"), *(words.error(name) for name in names)],
        [
            [words.day(day.from_us), words.n(day.attempts), *(words.n(day.errors.get(name, 0)) for name in names)]
            for day in row.days
        ],
    )
    return _section(words, "errors", chart, table)


def _cost(row: v.ReportRow, words: Words) -> str:
    if not row.whole.calls:
        return ""
    series = [charts.Series(words.text("each"), "c2", [day.calls_each for day in row.days])]
    chart = charts.lines(_frame(row, words, "cost_title", lambda value: words.n(value, 2)), series, durations=False)
    table = _table(
        [words.text(name) for name in ("day", "requests", "delivered", "each")],
        [
            [
                words.day(day.from_us),
                words.n(sum(day.calls.values())),
                words.n(day.delivered),
                "–" if day.calls_each is None else words.n(day.calls_each, 2),
            ]
            for day in row.days
        ],
    )
    return _section(words, "cost", chart, table, title="cost_title")


def _drift(row: v.ReportRow, words: Words) -> str:
    """A line a roster, at each comparison; they are compared together, so that comparisons are as good as days."""
    if not row.drift:
        return ""
    rosters = sorted({each.roster for each in row.drift})
    times = sorted({each.at_us for each in row.drift})
    by_place = {(each.roster, each.at_us): float(_out(each)) for each in row.drift}
    chart = f"<p class='dim'>{escape(words.text('one_day'))}</p>"
    if len(times) > 1:
        series = [
            charts.Series(
                name, charts.COLOURS[at % len(charts.COLOURS)], _held([by_place.get((name, us)) for us in times])
            )
            for at, name in enumerate(rosters)
        ]
        frame = charts.Frame([words.short_day(us) for us in times], words.n, words.text("drift"))
        chart = charts.lines(frame, series, durations=False)
    last = {each.roster: each for each in row.drift}
    table = _table(
        [words.text(name) for name in ("roster", "people", "in_step", "out", "compared")],
        [
            [name, words.n(each.people), words.n(each.in_step), words.n(_out(each)), words.moment(each.at_us)]
            for name, each in sorted(last.items())
        ],
    )
    return _section(words, "drift", chart, table, closed=False)


# ── side by side ─────────────────────────────────────────────────────────────────────────────────────


def _promises(row: v.ReportRow, words: Words) -> str:
    if not row.promises:
        return ""
    chart = charts.kept(
        [(each.route, each.kept, each.goal, each.red, words.percent(each.kept)) for each in row.promises if each.n],
        words.text("promises_note"),
    )
    table = _table(
        [words.text(name) for name in ("route", "promise", "goal", "kept", "delivered", "late")],
        [
            [
                each.route,
                words.took(each.sla_us),
                words.percent(each.goal),
                ("out", words.percent(each.kept)) if each.red else words.percent(each.kept),
                words.n(each.n),
                words.n(each.late),
            ]
            for each in row.promises
        ],
    )
    return _section(words, "promises", chart if any(each.n for each in row.promises) else "", table, closed=False)


def _routes(row: v.ReportRow, words: Words) -> str:
    if not row.routes:
        return ""
    heads = ("route", "delivered", "stuck_head", "half", "most", "failed", "requests", "each")
    return _section(words, "routes", "", _figures(heads, [*row.routes, row.whole], words), note=False, closed=False)


def _targets(row: v.ReportRow, words: Words) -> str:
    if not row.targets:
        return ""
    heads = ("target", "delivered", "stuck_head", "sends", "failed", "requests", "each")
    return _section(words, "targets", "", _figures(heads, row.targets, words), note=False, closed=False)


def _figures(heads: Sequence[str], rows: Iterable[v.FigureRow], words: Words) -> str:
    def cell(name: str, one: v.FigureRow) -> Cell:
        match name:
            case "route" | "target":
                return words.text("all") if one.total else one.group
            case "delivered":
                return words.n(one.delivered)
            case "stuck_head":
                return ("out", words.n(_stuck(one))) if _stuck(one) else "–"
            case "half":
                return words.took(one.p50_us)
            case "most":
                return words.took(one.p95_us)
            case "sends":
                return words.n(one.attempts)
            case "failed":
                return words.n(sum(one.errors.values())) if one.errors else "–"
            case "requests":
                return words.n(sum(one.calls.values())) if one.calls else "–"
            case _:
                return "–" if one.calls_each is None else words.n(one.calls_each, 2)

    return _table([words.text(name) for name in heads], [[cell(name, one) for name in heads] for one in rows])


def _letters(row: v.ReportRow, words: Words) -> str:
    if not row.letters:
        return ""
    table = _table(
        [words.text(name) for name in ("cause", "number", "whose", "since", "helps")],
        [
            [
                words.cause(each.cause),
                words.n(each.n),
                words.text(each.whose),
                words.day(each.oldest_us),
                ("text", words.advice(each.cause, each.advice)),
            ]
            for each in row.letters
        ],
    )
    return _section(words, "stuck", "", table, note=False, closed=False)


def _conflicts(row: v.ReportRow, words: Words) -> str:
    if not row.conflicts:
        return ""
    table = _table(
        [words.text(name) for name in ("kind", "number", "since")],
        [[words.conflict(each.what), words.n(each.n), words.day(each.oldest_us)] for each in row.conflicts],
    )
    return _section(words, "open", "", table, note=False, closed=False)


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────


def _section(
    words: Words, name: str, chart: str, table: str, *, title: str = "", note: bool = True, closed: bool = True
) -> str:
    said = f"<p class='dim'>{escape(words.text(f'{name}_note'))}</p>" if note else ""
    if table and closed:
        table = f"<details><summary>{escape(words.text('as_table'))}</summary>{table}</details>"
    return f"<section><h2>{escape(words.text(title or name))}</h2>{said}{chart}{table}</section>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The first column says what a row is of; the others are figures, unless their class says that they are text."""
    texts = {0} | {
        at for row in rows[:1] for at, cell in enumerate(row) if isinstance(cell, tuple) and cell[0] == "text"
    }
    heading = "".join(
        f"<th scope='col'{_class('text' if at and at in texts else '' if at in texts else 'n')}>{escape(each)}</th>"
        for at, each in enumerate(heads)
    )
    body = "".join(f"<tr>{''.join(_cell(at, cell) for at, cell in enumerate(row))}</tr>" for row in rows)
    return f"<div class='wide' tabindex='0'><table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(at: int, cell: Cell) -> str:
    name, text = cell if isinstance(cell, tuple) else ("", cell)
    if not at:
        return f"<th scope='row'>{escape(text)}</th>"
    return f"<td{_class(name if name == 'text' else f'n {name}'.strip())}>{escape(text)}</td>"


def _class(name: str) -> str:
    return f" class='{name}'" if name else ""


def _frame(row: v.ReportRow, words: Words, name: str, said: Callable[[float], str]) -> charts.Frame:
    return charts.Frame([words.short_day(day.from_us) for day in row.days], said, words.text(name))


def _any(days: Iterable[v.FigureRow], has: Callable[[v.FigureRow], object]) -> bool:
    return any(has(day) for day in days)


def _stuck(one: v.FigureRow) -> int:
    return one.ended.get("dead", 0) + one.ended.get("parked", 0)


def _out(each: v.DriftRow) -> int:
    return each.pending + each.unmatched + each.refused + each.asked + each.strangers


def _held(values: Sequence[float | None]) -> list[float | None]:
    """Of a roster that was not compared at a time: as it was before."""
    found: list[float | None] = []
    for value in values:
        found.append(value if value is not None else found[-1] if found else None)
    return found
