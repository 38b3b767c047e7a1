"""A report's charts as inline SVG: columns over days, lines on a scale of steps, bars against a goal.

No scripts; colours are the page's variables, so that they follow the reader's light or dark, and each mark says its
figure when pointed at.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 880, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 30
LABELS_MAX = 8
STEPS_US = tuple(
    round(seconds * 1e6)
    for seconds in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 1_800, 7_200, 28_800, 86_400, 604_800, 2_592_000)
)
"""Where the lines of a scale of durations are: each a few times the one before, at times people know."""
COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")


class Series(NamedTuple):
    """A name, its colour (a class of the page's style), and a value a day; None: nothing is known of that day."""

    name: str
    colour: str
    values: Sequence[float | None]


class Frame(NamedTuple):
    """What charts of the same days share."""

    days: Sequence[str]
    said: Callable[[float], str]
    """A value in words."""
    label: str
    """What it shows, for whoever cannot see it."""


def stacked(frame: Frame, series: Sequence[Series]) -> str:
    """A column a day, the series on top of one another."""
    totals = [sum(value or 0.0 for value in day) for day in zip(*(each.values for each in series), strict=True)]
    top = _rounded_up(max(totals, default=0.0))
    x, wide = _places(len(frame.days))
    marks = _grid([(top * part / 4, frame.said(top * part / 4)) for part in range(5)], lambda value: _y(value / top))
    for at, day in enumerate(frame.days):
        base = 0.0
        for each in series:
            value = each.values[at] or 0.0
            if value:
                low, high = _y(base / top), _y((base + value) / top)
                title = escape(f"{day}: {each.name} {frame.said(value)}")
                marks.append(
                    f"<rect class='{each.colour}' x='{x[at] - wide / 2:.1f}' y='{high:.1f}' width='{wide:.1f}' "
                    f"height='{max(1.0, low - high):.1f}'><title>{title}</title></rect>"
                )
                base += value
    return _svg(frame, [*marks, *_days(frame.days, x)], series)


def lines(frame: Frame, series: Sequence[Series], *, durations: bool) -> str:
    """A line a series. ``durations``: microseconds, on a scale of steps; else from nothing upwards."""
    known = [value for each in series for value in each.values if value is not None]
    y: Callable[[float], float]
    if durations:
        steps = _steps(min(known, default=1e6), max(known, default=1e6))

        def y(value: float) -> float:
            return _y(_part(steps, value))

        marks = _grid([(float(step), frame.said(step)) for step in steps], y)
    else:
        top = _rounded_up(max(known, default=0.0))

        def y(value: float) -> float:
            return _y(value / top)

        marks = _grid([(top * part / 4, frame.said(top * part / 4)) for part in range(5)], y)
    x, _ = _places(len(frame.days))
    for each in series:
        for run in _runs(each.values):
            points = " ".join(f"{x[at]:.1f},{y(value):.1f}" for at, value in run)
            marks.append(f"<polyline class='line {each.colour}' points='{points}'/>")
        for at, value in enumerate(each.values):
            if value is not None:
                title = escape(f"{frame.days[at]}: {each.name} {frame.said(value)}")
                marks.append(
                    f"<circle class='{each.colour}' cx='{x[at]:.1f}' cy='{y(value):.1f}' r='3'>"
                    f"<title>{title}</title></circle>"
                )
    return _svg(frame, [*marks, *_days(frame.days, x)], series)


def kept(rows: Sequence[tuple[str, float, float, bool, str]], label: str) -> str:
    """Bars against a goal: (name, percent kept, percent promised, broken, in words). The scale begins where it tells
    something: promises are seldom kept by half."""
    low = min((min(percent, goal) for _, percent, goal, _, _ in rows), default=0.0)
    low = max(0.0, min(90.0, low - 5.0))
    name_w, height = 220, 30
    inner = WIDTH - name_w - 130

    def x(percent: float) -> float:
        return name_w + inner * (percent - low) / (100.0 - low)

    marks = []
    for at, (name, percent, goal, broken, words) in enumerate(rows):
        top = 8 + at * height
        wide, title = max(1.0, x(percent) - name_w), escape(f"{name}: {words}")
        marks += [
            f"<text x='{name_w - 10}' y='{top + 14}' text-anchor='end'>{escape(_short(name))}</text>",
            f"<rect class='rail' x='{name_w}' y='{top}' width='{inner}' height='20' rx='2'/>",
            f"<rect class='{'bad' if broken else 'good'}' x='{name_w}' y='{top}' width='{wide:.1f}' height='20' "
            f"rx='2'><title>{title}</title></rect>",
            f"<line class='mark' x1='{x(goal):.1f}' y1='{top - 4}' x2='{x(goal):.1f}' y2='{top + 24}'/>",
            f"<text x='{name_w + inner + 10}' y='{top + 14}'>{escape(words)}</text>",
        ]
    box = f"0 0 {WIDTH} {16 + height * len(rows)}"
    drawn = f"<svg viewBox='{box}' role='img' aria-label='{escape(label, quote=True)}'>{''.join(marks)}</svg>"
    return f"<div class='chart'>{drawn}</div>"


def _svg(frame: Frame, marks: Sequence[str], series: Sequence[Series]) -> str:
    legend = "".join(
        f"<span class='key'><svg viewBox='0 0 10 10' aria-hidden='true'><rect class='{each.colour}' width='10' "
        f"height='10'/></svg>{escape(each.name)}</span>"
        for each in series
    )
    return (
        f"<div class='chart'><svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' "
        f"aria-label='{escape(frame.label, quote=True)}'>{''.join(marks)}</svg></div><p class='legend'>{legend}</p>"
    )


def _grid(levels: Sequence[tuple[float, str]], y: Callable[[float], float]) -> list[str]:
    return [
        f"<line class='grid' x1='{LEFT}' y1='{y(value):.1f}' x2='{WIDTH - RIGHT}' y2='{y(value):.1f}'/>"
        f"<text x='{LEFT - 8}' y='{y(value) + 4:.1f}' text-anchor='end'>{escape(words)}</text>"
        for value, words in levels
    ]


def _days(days: Sequence[str], x: Sequence[float]) -> list[str]:
    every = max(1, -(-len(days) // LABELS_MAX))
    shown = range(len(days) - 1, -1, -every)  # the last one is always named
    return [f"<text x='{x[at]:.1f}' y='{HEIGHT - 8}' text-anchor='middle'>{escape(days[at])}</text>" for at in shown]


def _places(n: int) -> tuple[list[float], float]:
    """Where each day is, and how wide its column."""
    each = (WIDTH - LEFT - RIGHT) / max(1, n)
    return [LEFT + each * (at + 0.5) for at in range(n)], max(1.0, min(48.0, each * 0.72))


def _y(part: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - part)


def _rounded_up(value: float) -> float:
    """The least of 1, 2, 4, 8 times a power of ten (or, below 4, of a quarter) that is no less: a quarter of it is a
    figure that people like to read."""
    if value <= 0:
        return 4.0
    power = 1.0
    while power * 8 < value:
        power *= 10
    while power > 0.01 and power / 10 * 8 >= value:
        power /= 10
    return next(power * times for times in (1, 2, 4, 8) if power * times >= value)


def _steps(low: float, high: float) -> Sequence[int]:
    """The scale's lines: from the one below the least to the one above the greatest, two at least."""
    first = max((at for at, step in enumerate(STEPS_US) if step <= low), default=0)
    last = min((at for at, step in enumerate(STEPS_US) if step >= high), default=len(STEPS_US) - 1)
    return STEPS_US[first : max(last, first + 1) + 1]


def _part(steps: Sequence[int], value: float) -> float:
    """How far up: steps are equally far apart, and between two of them it goes evenly."""
    if value <= steps[0]:
        return 0.0
    for at in range(len(steps) - 1):
        if value <= steps[at + 1]:
            return (at + (value - steps[at]) / (steps[at + 1] - steps[at])) / (len(steps) - 1)
    return 1.0


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap."""
    found: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((at, value))
    return [run for run in found if len(run) > 1]


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
