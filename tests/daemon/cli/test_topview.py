"""What ``top`` draws at every width and height, what it keeps of brief frames; terminal charts."""

import io

import msgspec
import pytest
from eye_samples import AT, FRAME, PULSE, SOURCE
from rich.console import Console

from daemon.cli import plots, pulses
from daemon.cli.consoles import Lines
from daemon.cli.topview import Frames
from daemon.control import views as v

SLA = v.SlaRow(
    tenant="acme", route="done", target="slack", n=9, p95_us=5, sla_us=9, late=9, kept=0.0, goal=99.0, red=True
)
ALARM = v.AlarmRow(
    no=1, about="suspended", severity="critical", tenant="acme", subject="acme/teams", words="the token died",
    command="lmsyncctl token list", since_us=AT, told=1,
)  # fmt: skip
WELL = tuple(v.PulseRow(lane=f"t{number:03}/slack", state="running", per_s=0.1) for number in range(200))


def shown(frames: Frames, width: int, height: int | None) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    console.print(frames.drawn(width, height))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [30, 60, 80, 120, 200])
@pytest.mark.parametrize("height", [16, 24, 50])
def test_it_fits_and_trouble_comes_first(width: int, height: int) -> None:
    frames = Frames()
    frames.take([FRAME, *WELL, PULSE, SLA, SOURCE, ALARM])
    lines = shown(frames, width, height)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    if width >= 60:
        assert text.index("suspended") < text.index("acme/slack")
        assert len(lines) <= height
        assert "more lanes" in text
    if width >= 60 and height > 20:
        assert text.index("acme/slack") < text.index("t000/slack")
        assert "acme/done" in text


@pytest.mark.parametrize("width", [80, 100, 160])
def test_words_about_trouble_take_no_room_from_figures(width: int) -> None:
    wordy = msgspec.structs.replace(
        PULSE, lane="acme/slack", state="running", why="", waiting=12_345, fault="refused", fault_us=AT,
        fault_words="channel_not_found: there is no such channel, or the app cannot see it " * 3,
    )  # fmt: skip
    frames = Frames()
    frames.take([FRAME, wordy, msgspec.structs.replace(ALARM, words="of 77 deliveries 56 were late, and more " * 5)])
    text = "\n".join(shown(frames, width, None))
    assert "12,345" in text
    assert "running" in text
    assert "headroom" in text or width < 160
    assert "refused" in text
    assert "acme/teams" in text
    assert ALARM.command in text or width < 160


def test_what_wants_somebody_now_is_the_first_alarm() -> None:
    warnings = [
        msgspec.structs.replace(ALARM, severity="warning", subject=f"acme/s{n}", about="source") for n in range(9)
    ]
    frames = Frames()
    frames.take([FRAME, PULSE, SLA, SOURCE, *warnings, ALARM])
    text = "\n".join(shown(frames, 80, 24))
    assert text.index("acme/teams") < text.index("acme/s0")
    assert "more alarms" in text


def test_all_of_it_where_there_is_no_height() -> None:
    frames = Frames()
    frames.take([FRAME, *WELL, PULSE])
    assert sum("/slack" in line for line in shown(frames, 160, None)) == 201


def test_a_brief_frame_keeps_what_changes_slowly_and_two_tell_the_load() -> None:
    frames = Frames()
    frames.take([FRAME, PULSE, SLA])
    later = msgspec.structs.replace(FRAME, brief=True, now_us=AT + 2_000_000, cpu_s=FRAME.cpu_s + 0.5)
    fresh = msgspec.structs.replace(PULSE, state="running", why="", attempts=0, failed=0, p95_us=None)
    frames.take([later, fresh])
    text = "\n".join(shown(frames, 160, None))
    assert "CPU 25.0 %" in text
    assert "420 ms" in text
    assert "acme/done" in text
    assert "outage" not in text


def test_nothing_yet() -> None:
    assert shown(Frames(), 80, 24) == ["waiting for the daemon …"]


def test_text_from_outside_does_nothing_to_the_terminal() -> None:
    frames = Frames()
    frames.take([FRAME, msgspec.structs.replace(PULSE, why="\x1b[2J[bold]x[/bold]")])
    text = "\n".join(shown(frames, 200, None))
    assert "\x1b" not in text
    assert "[bold]x[/bold]" in text


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("n", [0, 1, 24, 400])
def test_columns_fit_whatever_there_is(n: int, blocks: bool) -> None:
    values = [float(number) for number in range(n)]
    drawn = plots.columns(
        "volume",
        values,
        [str(number) for number in range(n)],
        80,
        blocks=blocks,
        style="green",
        shown=lambda x: f"{x:g}",
    ).plain
    assert max(map(len, drawn.splitlines())) <= 80
    assert drawn.isascii() or blocks
    assert ("█" in drawn) == (blocks and n > 1)


def test_the_axis_is_straight_whatever_is_written_beside_it() -> None:
    drawn = plots.columns(
        "p95", [1.1, 0.4], ["a", "b"], 60, blocks=True, style="", shown=lambda x: "538 ms" if x < 1 else "1.1 s"
    ).plain.splitlines()[1:-1]
    assert {min(at for at, sign in enumerate(line) if sign in "┤│") for line in drawn} == {7}


def test_bars_are_as_long_as_their_values() -> None:
    drawn = plots.bars(
        "t", [("a", 10.0), ("long" * 30, 5.0), ("c", 0.0)], 60, blocks=True, style="", shown=lambda x: f"{x:g}"
    ).plain.splitlines()[1:]
    assert [line.count("█") for line in drawn][2] == 0
    assert abs(drawn[0].count("█") - 2 * drawn[1].count("█")) <= 1
    assert max(map(len, drawn)) <= 60


def test_a_move_is_one_line() -> None:
    row = v.MoveRow(no=1, lane="acme/slack", route="r", state="dead", detail="gone\nfor good", about="x")
    assert "dead" in pulses.move_line(row).plain


def test_whoever_reads_no_further_makes_nobody_fail() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Lines(file=Gone()).print("x")
