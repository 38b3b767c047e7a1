"""A frame of ``top`` as it is drawn: what is in trouble first, as much as the terminal has room for.

Frames come with the rows of an answer; ``Frames`` keeps what brief ones leave out, and draws one as a whole.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from daemon.cli import pulses
from daemon.cli.cells import age, number, plain
from daemon.control import views as v
from daemon.control.times import span

NARROW, MIDDLING = 70, 110
AROUND = 3
"""Lines of a part that are no rows of it."""
_SLOW = ("attempts", "failed", "p50_us", "p95_us", "token", "token_expires_us")
_BAD = {"suspended": 0, "outage": 1, "gone": 2, "throttled": 3, "paused": 4}


class Frames:
    """What was told last, and how much processor time there was between two frames."""

    def __init__(self) -> None:
        self._before: v.FrameRow | None = None
        self.frame: v.FrameRow | None = None
        self._slow: dict[str, v.PulseRow] = {}
        self._pulses: list[v.PulseRow] = []
        self._promises: list[v.SlaRow] = []
        self._sources: list[v.SourcePulseRow] = []
        self._alarms: list[v.AlarmRow] = []

    def take(self, rows: Sequence[v.View]) -> None:
        """A whole answer."""
        frame = next(row for row in rows if isinstance(row, v.FrameRow))
        self._before, self.frame = self.frame, frame
        fresh = [row for row in rows if isinstance(row, v.PulseRow)]
        if frame.brief:
            fresh = [self._with_slow(row) for row in fresh]
        else:
            self._slow = {row.lane: row for row in fresh}
            self._promises = [row for row in rows if isinstance(row, v.SlaRow)]
        self._pulses = fresh
        self._sources = [row for row in rows if isinstance(row, v.SourcePulseRow)]
        alarms = [row for row in rows if isinstance(row, v.AlarmRow)]
        self._alarms = sorted(alarms, key=lambda row: row.severity != "critical")  # else as they came: the oldest first

    def _with_slow(self, row: v.PulseRow) -> v.PulseRow:
        known = self._slow.get(row.lane)
        return row if known is None else msgspec.structs.replace(row, **{name: getattr(known, name) for name in _SLOW})

    def drawn(self, width: int, height: int | None, note: str = "") -> RenderableType:
        """``height`` None: all of it, however long."""
        if self.frame is None:
            return Text(note or "waiting for the daemon …")
        head = self._head(self.frame)
        parts: list[RenderableType] = [head]
        if note:
            parts.append(Text(note, style="bold red"))
        used = len(head.wrap(Console(width=width), width)) + bool(note) + 1
        free = None if height is None else height - used
        wanted = [len(self._alarms), len(self._pulses), len(self._promises), len(self._sources)]
        room = _shared(wanted, free)
        now_us = self.frame.now_us
        if self._alarms and room[0] >= 0:
            parts += [_title("alarms", len(self._alarms)), _alarms(self._alarms[: room[0]], now_us, width)]
            parts += _more(len(self._alarms) - room[0], "alarms")
        lanes = sorted(self._pulses, key=_worst_first)
        parts += [_title("lanes", len(lanes)), _lanes(lanes[: room[1]], now_us, width)]
        parts += _more(len(lanes) - room[1], "lanes, in less trouble")
        if self._promises and room[2] >= 0:
            routes = sorted(self._promises, key=lambda row: (not row.red, row.kept or 0.0, row.tenant, row.route))
            parts += [_title("promises, last 24 h", len(routes)), _promises(routes[: room[2]], width)]
            parts += _more(len(routes) - room[2], "routes that do better")
        if self._sources and room[3] >= 0:
            sources = sorted(self._sources, key=_source_in_trouble_first)
            parts += [_title("sources", len(sources)), _sources(sources[: room[3]], now_us, width)]
            parts += _more(len(sources) - room[3], "sources")
        return Group(*parts)

    def _head(self, frame: v.FrameRow) -> Text:
        before = self._before
        if before is not None and frame.now_us > before.now_us and frame.started_us == before.started_us:
            cpu = (frame.cpu_s - before.cpu_s) / ((frame.now_us - before.now_us) / 1e6)
        else:
            cpu = frame.cpu_s / max(1.0, (frame.now_us - frame.started_us) / 1e6)
        lag_ms = None if frame.loop_lag_s is None else frame.loop_lag_s * 1e3
        local = datetime.fromtimestamp(frame.now_us / 1e6).astimezone()
        said = Text.assemble(
            (f"lmsyncd {frame.version}", "bold"),
            f"  {local:%H:%M:%S}  up {span((frame.now_us - frame.started_us) / 1e6)}",
            f"  CPU {100 * cpu:.1f} %  memory {frame.memory_bytes / pulses.MIB:,.0f} MiB  tasks {frame.tasks:,}",
            ("" if lag_ms is None else f"  loop lag {lag_ms:.0f} ms", "red" if (lag_ms or 0) > 200 else ""),
            (f"  {pulses.rate(frame.per_s)}/s", "bold cyan"),
            f"  to be routed {number(frame.unrouted)}",
        )
        if frame.store_error:
            said.append(f"\nthe store does not write: {frame.store_error}", style="bold red")
        return said


def _shared(wanted: Sequence[int], free: int | None) -> list[int]:
    """How many rows each part gets (alarms, lanes, promises, sources; -1: it is left out). A part has a title, headings
    and perhaps a line that says how many more there are; the last parts go where there is no room for all."""
    if free is None:
        return list(wanted)
    got, left = [0 if n or at == 1 else -1 for at, n in enumerate(wanted)], free
    for at in (1, 0, 2, 3):  # one row each, in the order in which they matter
        if got[at] == 0:
            if left < AROUND + (1 if at < 2 else 6) and at != 1:
                got[at] = -1
                continue
            got[at], left = min(1, wanted[at]), left - AROUND - 1
    for share in (1, 3, max(3, free // 6), free):
        for at in (1, 0, 2, 3):
            if got[at] >= 0:
                more = max(0, min(wanted[at], share) - got[at])
                more = min(more, max(0, left))
                got[at], left = got[at] + more, left - more
    return got


def _worst_first(row: v.PulseRow) -> tuple[int, int, float, int, str]:
    return (_BAD.get(row.state, 5), -bool(row.token), -row.per_s, -(row.waiting + row.stuck), row.lane)


def _source_in_trouble_first(row: v.SourcePulseRow) -> tuple[bool, str]:
    well = row.state in ("starting", "running", "resting", "pushed") and not row.silent_since_us
    return well, row.source


def _title(what: str, n: int) -> Rule:
    return Rule(f"[bold]{what}[/bold] {n:,}", align="left", style="dim", characters="─")


def _more(n: int, what: str) -> list[RenderableType]:
    return [Text(f"and {n:,} more {what}", style="dim")] if n > 0 else []


def _table(headings: Sequence[str], numbers: frozenset[str], names: Iterable[str], width: int) -> Table:
    """``names``: of the first column, which is the last to be cut."""
    made = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    longest = max(map(len, names), default=0)
    for at, heading in enumerate(headings):
        made.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=min(longest, width // 3) if at == 0 else None,
        )
    return made


def _fill(made: Table, rows: Sequence[Sequence[Text | str]], width: int, wordy: int) -> None:
    """Its rows, of which the column ``wordy``, words of any length, is cut first: to what all others leave."""
    headings = [str(column.header) for column in made.columns]
    taken = [max([len(heading), *(cell_len(str(row[at])) for row in rows)]) for at, heading in enumerate(headings)]
    left = max(len(headings[wordy]), width - sum(taken) + taken[wordy] - 2 * (len(taken) - 1))
    for row in rows:
        cells = [Text(cell) if isinstance(cell, str) else cell for cell in row]
        cells[wordy].truncate(left, overflow="ellipsis")
        made.add_row(*cells)


_NUMBERS = pulses.NUMBERS | {"waiting", "oldest", "sends", "read", "heard", "goal", "budget", "promise", "posts"}


def _lanes(rows: Sequence[v.PulseRow], now_us: int, width: int) -> Table:
    all_of = pulses.headings(v.PulseRow(lane="", state=""))
    shown = list(range(len(all_of)))
    if width < NARROW:
        shown = [0, 1, 2, 3]
    elif width < MIDDLING:
        shown = [0, 1, 2, 3, 4, 5, 7, 10]
    made = _table([all_of[at] for at in shown], _NUMBERS, (row.lane for row in rows), width)
    found = [pulses.cells(row, now_us) for row in rows]
    _fill(made, [[cells[at] for at in shown] for cells in found], width, len(shown) - 1)
    return made


def _promises(rows: Sequence[v.SlaRow], width: int) -> Table:
    wide, names = width >= NARROW, [f"{row.tenant}/{row.route}" for row in rows]
    heads = ("route", "kept", "goal", "budget", *(("p95", "promise", "posts") if wide else ()))
    made = _table(heads, _NUMBERS, names, width)
    for row in rows:
        left = 1.0 if not row.late else 1.0 - row.late / row.allowed if row.allowed else -1.0
        style = "bold red" if row.red else "yellow" if left < 0.3 else "green"
        cells: list[Text | str] = [
            plain(f"{row.tenant}/{row.route}"),
            Text("-" if row.kept is None else f"{row.kept:.2f} %", style=style),
            "-" if row.goal is None else f"{row.goal:g} %",
            Text(f"{100 * left:.0f} %", style=style),
        ]
        if wide:
            cells += [pulses.took(row.p95_us), pulses.took(row.sla_us), number(row.n)]
        made.add_row(*cells)
    return made


def _sources(rows: Sequence[v.SourcePulseRow], now_us: int, width: int) -> Table:
    all_of = pulses.headings(v.SourcePulseRow(source="", state=""))
    shown = range(3) if width < NARROW else range(len(all_of))
    made = _table([all_of[at] for at in shown], _NUMBERS, (row.source for row in rows), width)
    found = [pulses.cells(row, now_us) for row in rows]
    _fill(made, [[cells[at] for at in shown] for cells in found], width, len(shown) - 1)
    return made


def _alarms(rows: Sequence[v.AlarmRow], now_us: int, width: int) -> Table:
    names = [row.about for row in rows]
    narrow, wide = width < NARROW, width >= MIDDLING
    heads = ("about", "of", *(() if narrow else ("since",)), "what is so", *(("what helps",) if wide else ()))
    made = _table(heads, _NUMBERS, names, width)
    drawn: list[list[Text | str]] = []
    for row in rows:
        style = "bold red" if row.severity == "critical" else "yellow"
        cells: list[Text | str] = [
            plain(row.about.replace("_", " "), style),
            plain(row.subject or "the daemon"),
            *(() if narrow else (age(row.since_us, now_us),)),
            plain(row.words),
            *((plain(row.command, "cyan"),) if wide else ()),
        ]
        drawn.append(cells)
    _fill(made, drawn, width, heads.index("what is so"))
    return made
