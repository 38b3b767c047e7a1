"""What became of everything: on the control socket, and without a daemon."""

from pathlib import Path

import msgspec
from audited_store import damage
from control_office import Desk
from control_socket import ask, run_ctl, served
from told import graded

from actors.domain.conserving import DAY_US
from daemon.control import protocol as p
from daemon.control.exits import Exit
from daemon.control.views import BalanceRow, decode_view


async def test_today_is_counted_as_it_stands_and_days_that_are_written_are_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        [(rows, done)] = await ask(tmp_path, p.ConservationList())
        assert (rows, done.exit_code) == ([], Exit.NOTHING)
        desk = Desk(office)
        await desk.tell(graded("ada", 80), graded("ben", 70))
        [(rows, done)] = await ask(tmp_path, p.ConservationList(tenant="acme"))
        [row] = map(decode_view, rows)
        assert isinstance(row, BalanceRow)
        assert (row.source, row.accepted, row.waiting, row.written, done.exit_code) == ("campus", 2, 2, False, Exit.OK)
        await desk.route()
        books, now_us = office.store.conserving, office.clock.now_us() + DAY_US
        [day] = [each for each in await books.due("acme", now_us) if each == office.clock.now_us() // DAY_US]
        await books.close("acme", day, await books.count("acme", day), now_us)
        [(rows, _)] = await ask(tmp_path, p.ConservationList(open=True))
        assert rows == []
        [(rows, _)] = await ask(tmp_path, p.ConservationList())
        assert [(row.not_routed, row.written) for row in map(decode_view, rows)] == [(2, False), (2, True)]  # type: ignore[union-attr]
        [(rows, done)] = await ask(tmp_path, p.ConservationVerify())
        assert (len(rows), done.exit_code) == (1, Exit.OK)


async def test_verify_names_the_row_that_does_not_fit_without_a_daemon_too(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        first, _ = await desk.tell(graded("ada", 80), graded("ben", 70), correlation="from-the-lms")
        await desk.route()
    damage(tmp_path / "c.db", "DELETE FROM outcomes WHERE seq = (SELECT min(seq) FROM statements)")
    ended = await run_ctl(tmp_path, "conservation", "verify", "--database", str(tmp_path / "c.db"))
    assert ended.returncode == Exit.FAILURE
    assert f"statement {first} was passed over" in ended.stdout.decode()
    damage(tmp_path / "c.db", "DELETE FROM statements WHERE seq = (SELECT max(seq) FROM statements)")
    ended = await run_ctl(tmp_path, "--json", "conservation", "verify", "--database", str(tmp_path / "c.db"))
    rows = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert {"request", "statement"} <= {row.get("what") for row in rows}
    assert any("from-the-lms" in row.get("detail", "") for row in rows)
    nothing = await run_ctl(tmp_path, "conservation", "verify", "--database", str(tmp_path / "no.db"))
    assert nothing.returncode == Exit.FAILURE


async def test_what_is_lost_is_said(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await Desk(office).tell(graded("ada", 80), graded("ben", 70))
        await office.store.writer.submit(
            lambda raw: raw.execute("DELETE FROM statements WHERE seq = (SELECT min(seq) FROM statements)")
        )
        ended = await run_ctl(tmp_path, "conservation", "list")
        assert ended.returncode == Exit.FAILURE
        assert "1 lost" in ended.stdout.decode()
