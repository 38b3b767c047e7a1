"""``reconcile report --html``: how everybody stands, as one page with a chart of drift over time.

No scripts and no fonts from elsewhere: it can be mailed, printed and kept.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from daemon.control.reconciled import DriftRow, RosterRow, StandingRow

WIDTH, HEIGHT, LEFT, TOP = 900, 220, 50, 20
STANDINGS = ("in_step", "pending", "unmatched", "refused", "excluded", "asked")
COLOURS = {
    "pending": "#8a8f98",
    "unmatched": "#c0392b",
    "refused": "#d35400",
    "asked": "#8e44ad",
    "strangers": "#2980b9",
}
"""Of what is drawn: all that is out of step."""
STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: #1c1e21 }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem; vertical-align: top }
th { border-bottom: 2px solid #ccd0d5; white-space: nowrap } td.key { white-space: nowrap }
.wide { overflow-x: auto } td { border-bottom: 1px solid #ebedf0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .out { color: #b02a1c } .dim { color: #65676b }
svg { width: 100%; height: auto } text { font: 12px system-ui, sans-serif; fill: #65676b }
"""


def page(
    tenant: str, places: Sequence[RosterRow], people: Sequence[StandingRow], drift: Sequence[DriftRow], note: str
) -> str:
    """The whole document."""
    rosters = sorted({each.roster for each in drift})
    charts = "".join(
        f"<h2>Out of step over time: {escape(name)}</h2>{chart([each for each in drift if each.roster == name])}"
        for name in rosters
    )
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Rosters of {escape(tenant)}</title><style>{STYLE}</style></head><body>"
        f"<h1>Rosters of {escape(tenant)}</h1><p><strong>{escape(note)}</strong></p>"
        f"{charts}<h2>Places</h2>{_places(places)}<h2>People who are not in step</h2>{_people(people)}</body></html>\n"
    )


def chart(drift: Sequence[DriftRow]) -> str:
    """Lines of who is out of step, one a standing, with the figures of the last comparison and when that was; words
    alone where there were fewer than two."""
    if len(drift) < 2:
        return "<p class='dim'>There is a chart once there were two whole comparisons.</p>"
    first, last = drift[0].at_us, drift[-1].at_us
    most: int = max(1, *(getattr(row, name) for row in drift for name in COLOURS))
    inner_w, inner_h = WIDTH - LEFT - 20, HEIGHT - TOP - 40

    def x(at_us: int) -> float:
        return LEFT + inner_w * (at_us - first) / max(1, last - first)

    def y(n: int) -> float:
        return TOP + inner_h * (1 - n / most)

    lines = []
    for place, (name, colour) in enumerate(COLOURS.items()):
        points = " ".join(f"{x(row.at_us):.1f},{y(getattr(row, name)):.1f}" for row in drift)
        lines.append(f"<polyline fill='none' stroke='{colour}' stroke-width='2' points='{points}'/>")
        at = LEFT + 130 * place
        lines.append(f"<rect x='{at}' y='{HEIGHT - 12}' width='10' height='10' fill='{colour}'/>")
        lines.append(f"<text x='{at + 14}' y='{HEIGHT - 3}'>{name} {getattr(drift[-1], name):,}</text>")
    said = "; ".join(f"{name} {getattr(drift[-1], name):,}" for name in COLOURS)
    seen = f"figures: the last comparison of all, {_moment(last)}"
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='People out of step, {_moment(last)}: {said}'>"
        f"<line x1='{LEFT}' y1='{y(0):.1f}' x2='{WIDTH - 20}' y2='{y(0):.1f}' stroke='#ccd0d5'/>"
        f"<text x='{LEFT - 6}' y='{y(0):.1f}' text-anchor='end'>0</text>"
        f"<text x='{LEFT - 6}' y='{y(most) + 4:.1f}' text-anchor='end'>{most:,}</text>"
        f"<text x='{LEFT}' y='{HEIGHT - 22}'>{_day(first)}</text>"
        f"<text x='{WIDTH - 20}' y='{HEIGHT - 22}' text-anchor='end'>{_day(last)}</text>"
        f"<text x='{WIDTH / 2:.0f}' y='{HEIGHT - 22}' text-anchor='middle'>{seen}</text>{''.join(lines)}</svg>"
    )


def _places(rows: Sequence[RosterRow]) -> str:
    heads = ["Roster", "Of", "Place"]
    numbers = ["People", *(name.replace("_", " ") for name in STANDINGS), "strangers"]
    body = []
    for row in rows:
        counts = [row.people, *(getattr(row, name) for name in STANDINGS), row.strangers]
        cells = [f"<td class='key'>{escape(text)}</td>" for text in (row.roster, row.label, row.place or "–")]
        cells += [f"<td class='n'>{n:,}</td>" if n else "<td class='n dim'>·</td>" for n in counts]
        body.append(f"<tr>{''.join(cells)}</tr>")
        if row.note:
            body.append(
                f"<tr><td></td><td class='out' colspan='{len(heads) + len(numbers) - 1}'>{escape(row.note)}</td></tr>"
            )
    heading = "".join(f"<th>{each}</th>" for each in heads) + "".join(f"<th class='n'>{each}</th>" for each in numbers)
    table = f"<table><thead><tr>{heading}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f"<div class='wide'>{table}</div>"


def _people(rows: Iterable[StandingRow]) -> str:
    out = [row for row in rows if row.standing != "in_step"]
    if not out:
        return "<p>Everybody is in step.</p>"
    heading = "".join(f"<th>{each}</th>" for each in ("Of", "Who", "E-mail", "Stands", "Why"))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(text)}</td>"
            for text in (row.label, row.name or row.user or row.account, row.email, row.standing, row.detail)
        )
        + "</tr>"
        for row in out
    )
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"


def _day(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).date().isoformat()


def _moment(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
