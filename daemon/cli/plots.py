"""Charts for a terminal: columns over time, bars side by side. Block characters, or plain ones where the terminal's
encoding has none.
"""

from collections.abc import Callable, Sequence

from rich.text import Text

LEVELS = "▁▂▃▄▅▆▇█"
PLAIN_LEVELS = ".:-=+*#@"
PARTS = "▏▎▍▌▋▊▉█"
HEIGHT = 8
LABEL_CHARS_MAX = 40


def columns(
    title: str,
    values: Sequence[float],
    labels: Sequence[str],
    width: int,
    *,
    blocks: bool,
    style: str,
    shown: Callable[[float], str],
) -> Text:
    """One column a value, or of some neighbours the highest where there are more than fit. ``shown``: a value in
    words."""
    top = max(values, default=0.0) or 1.0
    margin = max(len(shown(value)) for value in (top, top / 2)) + 1
    room = max(10, width - margin - 1)
    each = max(1, -(-len(values) // room))
    heights = [max(values[at : at + each]) for at in range(0, len(values), each)]
    wide = max(1, min(6, room // max(1, len(heights))))
    said = Text(f"{title}\n", style="bold")
    for row in range(HEIGHT - 1, -1, -1):
        mark = shown(top) if row == HEIGHT - 1 else shown(top / 2) if row == HEIGHT // 2 - 1 else ""
        said.append(f"{mark:>{margin - 1}} ", style="dim")
        said.append("|" if not blocks else "┤" if mark else "│", style="dim")
        bar, gap_of = (wide - 1, " ") if wide > 1 else (1, "")
        line = "".join(_cell(value / top * HEIGHT - row, blocks) * bar + gap_of for value in heights)
        said.append(f"{line.rstrip()}\n", style=style)
    first, last = (labels[0], labels[-1]) if labels else ("", "")
    span = len(heights) * wide
    gap = max(1, span - len(first) - len(last))
    said.append(" " * margin + " " + (first if first == last else f"{first}{' ' * gap}{last}") + "\n", style="dim")
    return said


def _cell(eighths_of: float, blocks: bool) -> str:
    """How far a column fills a row: 1 or more all of it, 0 or less nothing."""
    levels = LEVELS if blocks else PLAIN_LEVELS
    if eighths_of <= 0:
        return " "
    return levels[-1] if eighths_of >= 1 else levels[min(7, int(eighths_of * 8))]


def bars(
    title: str,
    rows: Sequence[tuple[str, float]],
    width: int,
    *,
    blocks: bool,
    style: str,
    shown: Callable[[float], str],
) -> Text:
    """One line a row, its length by its value."""
    labels = [label if len(label) <= LABEL_CHARS_MAX else f"{label[: LABEL_CHARS_MAX - 1]}…" for label, _ in rows]
    margin = max((len(label) for label in labels), default=0)
    figures = [shown(value) for _, value in rows]
    room = max(5, width - margin - max((len(each) for each in figures), default=0) - 3)
    top = max((value for _, value in rows), default=0.0) or 1.0
    said = Text(f"{title}\n", style="bold")
    for label, figure, (_, value) in zip(labels, figures, rows, strict=True):
        said.append(f"{label:<{margin}} ")
        said.append(_bar(value / top * room, blocks), style=style)
        said.append(f" {figure}\n")
    return said


def _bar(length: float, blocks: bool) -> str:
    if not blocks:
        return "#" * max(1 if length > 0 else 0, round(length))
    whole, part = int(length), int((length - int(length)) * 8)
    return "█" * whole + (PARTS[part - 1] if part else "" if whole or length <= 0 else PARTS[0])
