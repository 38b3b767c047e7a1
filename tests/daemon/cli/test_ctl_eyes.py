"""``top``, ``watch``, ``stats`` and ``report`` as they are typed, over a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio
from click.testing import CliRunner, Result
from control_office import Desk
from control_socket import served
from world import completed, graded

from actors.domain.outbox import State
from daemon.cli.lmsyncctl import cli
from daemon.control.exits import Exit


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with served(tmp_path) as office:
        yield Desk(office)


async def typed(folder: Path, *words: str) -> Result:
    """In a thread, as whoever types it is another process."""

    def run() -> Result:
        runner = CliRunner(env={"COLUMNS": "150", "LMSYNCCTL_SOCKET": str(folder / "control.sock")})
        return runner.invoke(cli, list(words))

    return await trio.to_thread.run_sync(run)


async def delivered(desk: Desk) -> None:
    await desk.tell(completed("ada"), completed("ben"))
    await desk.route()
    await desk.carry(State.DELIVERED)
    await desk.carry(State.DEAD)


async def test_one_frame(desk: Desk, tmp_path: Path) -> None:
    await delivered(desk)
    found = await typed(tmp_path, "top", "--once")
    assert (found.exit_code, found.exception) == (0, None)
    assert "acme/slack" in found.output
    assert "running" in found.output
    lines = (await typed(tmp_path, "top", "--once", "--json")).output.splitlines()
    first, *lanes, last = [msgspec.json.decode(line)["kind"] for line in lines]
    assert (first, set(lanes), last) == ("frame", {"pulse"}, "done")


async def test_watching_ends_after_so_many_lines(desk: Desk, tmp_path: Path) -> None:
    await delivered(desk)
    found = await typed(tmp_path, "watch", "acme", "--after", "0", "--limit", "4", "--no-events")
    lines = found.output.splitlines()
    assert (found.exit_code, len(lines)) == (0, 4)
    assert [sum(state in line for line in lines) for state in ("waiting", "delivered", "dead")] == [2, 1, 1]
    found = await typed(tmp_path, "watch", "--json", "--after", "0", "--state", "dead", "--limit", "1")
    dead, cursor = [msgspec.json.decode(line) for line in found.output.splitlines()]
    assert (dead["kind"], dead["state"], cursor["kind"], cursor["after"]) == ("move", "dead", "watched", dead["no"])
    nobody = await typed(tmp_path, "watch", "beta")
    assert nobody.exit_code == Exit.NOTHING


async def test_figures_as_a_table_and_drawn(desk: Desk, tmp_path: Path) -> None:
    empty = await typed(tmp_path, "stats", "--plot")
    assert empty.exit_code == Exit.NOTHING
    await delivered(desk)
    assert "calls each" in (await typed(tmp_path, "stats", "acme")).output
    for by in ("hour", "day", "route", "target", "method"):
        drawn = await typed(tmp_path, "stats", "acme", "--by", by, "--plot", "--since", "6h")
        assert (drawn.exit_code, drawn.exception) == (0, None)
        assert f"acme, by {by}" in drawn.output
        assert ("delivered" in drawn.output) == (by != "method")


async def test_a_page_is_written_whole_or_not_at_all(desk: Desk, tmp_path: Path) -> None:
    await delivered(desk)
    page = tmp_path / "acme.html"
    found = await typed(tmp_path, "report", "acme", "--html", str(page), "--since", "7d")
    assert (found.exit_code, found.output) == (0, f"{page}: acme, 1 changes\n")
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_mode & 0o777 in (0o600, 0o640, 0o644)
    assert [each.name for each in await trio.to_thread.run_sync(lambda: list(tmp_path.glob(".acme*")))] == []
    nowhere = await typed(tmp_path, "report", "acme", "--html", str(tmp_path / "no" / "where.html"))
    assert nowhere.exit_code == Exit.FAILURE
    assert (await typed(tmp_path, "report", "acme")).exit_code == Exit.USAGE
    row = msgspec.json.decode((await typed(tmp_path, "report", "acme", "--json")).output.splitlines()[0])
    assert row["whole"]["delivered"] == 1


async def test_nobody_is_there(tmp_path: Path) -> None:
    for words in (
        ("top", "--once"),
        ("watch",),
        ("stats", "--plot"),
        ("report", "acme", "--html", str(tmp_path / "x")),
    ):
        assert (await typed(tmp_path, *words)).exit_code == Exit.UNREACHABLE


async def test_a_late_grade_is_a_figure_too(desk: Desk, tmp_path: Path) -> None:
    await desk.tell(graded("ada", 80))
    await desk.route()
    found = await typed(tmp_path, "stats", "acme")
    assert found.exit_code == Exit.NOTHING, "no route wants it"
