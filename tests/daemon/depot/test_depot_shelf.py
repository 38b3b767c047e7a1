"""Inboxes on a disk: when something is looked at, where it goes, and what nobody gets us to do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from depot_place import ZIP, Place
from oneroster_desk import bundle

from actors.domain.flow import Lost, Outcome, Request, Response
from actors.domain.harvest import BundleInfo
from actors.sources.oneroster.fake import zipped
from daemon.depot import FileDepot
from daemon.depot.inbox import SETTLE_FOLDER_US, SETTLE_ZIP_US


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(tmp_path)
    yield here
    here.depot.close()


async def test_a_zip_is_looked_at_once_nothing_writes_to_it(place: Place) -> None:
    path = place.inbox / "a.zip"
    path.write_bytes(ZIP[:500])
    assert not (await place.look())["a.zip"].settled
    place.clock.at_us += SETTLE_ZIP_US
    half = (await place.look())["a.zip"]
    assert not half.settled
    assert "no whole zip" in half.trouble
    path.write_bytes(ZIP)
    assert not (await place.look())["a.zip"].settled
    place.clock.at_us += SETTLE_ZIP_US
    info = (await place.look())["a.zip"]
    assert info.settled
    assert "users.csv" in info.names
    assert (await place.depot.rows(info.key, "users.csv", 10)).rows[0][0] == "u1"


async def test_half_a_zip_is_given_up_in_the_end(place: Place) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP[:500])
    info = (await place.settled())["a.zip"]
    assert info.settled
    assert info.trouble


async def test_a_whole_zip_that_is_no_bundle_is_not_waited_for(place: Place) -> None:
    """Nobody goes on writing it: it would only lie there for ten minutes."""
    (place.inbox / "a.zip").write_bytes(zipped({"export.zip": "a zip"}, (2026, 9, 1, 6, 0, 0)))
    await place.look()
    place.clock.at_us += SETTLE_ZIP_US
    info = (await place.look())["a.zip"]
    assert (info.settled, info.patience_s) == (True, 0.0)
    assert "another zip, 'export.zip'" in info.trouble


async def test_what_the_disk_says_has_not_changed_for_long_needs_no_waiting(place: Place) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    wall_ns = (place.inbox / "a.zip").stat().st_ctime_ns + SETTLE_ZIP_US * 1000
    depot = FileDepot(place.spool, place.clock, lambda: place.net, inline=True, wall_ns=lambda: wall_ns)
    assert (await depot.bundles(str(place.inbox)))[0].settled


async def test_a_folder_is_filled_file_by_file(place: Place) -> None:
    folder = place.inbox / "monday"
    folder.mkdir()
    files = bundle()
    for name, text in files.items():
        (folder / name).write_text(text)
        assert not (await place.look())["monday"].settled
        place.clock.at_us += SETTLE_FOLDER_US - 1
    place.clock.at_us += 1
    await place.look()
    place.clock.at_us += SETTLE_FOLDER_US
    assert (await place.look())["monday"].names == tuple(sorted(files))


async def test_loose_tables_are_one_bundle_and_move_together(place: Place) -> None:
    for name, text in bundle().items():
        (place.inbox / name).write_text(text)
    info = (await place.settled())["tables in the inbox"]
    assert "enrollments.csv" in info.names
    assert await place.depot.put(info.key, "done", "") == ""
    assert {path.name for path in (place.inbox / "done" / "tables-1").iterdir()} == set(info.names)
    assert await place.look() == {}


async def test_copying_programs_and_what_was_dealt_with_are_left_alone(place: Place) -> None:
    for name in (".a.zip", "a.zip.part", "a.zip~", "notes.txt"):
        (place.inbox / name).write_bytes(ZIP)
    (place.inbox / "done").mkdir()
    (place.inbox / "done" / "b.zip").write_bytes(ZIP)
    assert await place.settled() == {}


async def test_nothing_outside_is_reached(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.zip"
    secret.write_bytes(ZIP)
    (place.inbox / "link.zip").symlink_to(secret)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "users.csv").write_text("sourcedId\n1\n")
    (place.inbox / "folder").symlink_to(elsewhere)
    (place.inbox / "users.csv").symlink_to(elsewhere / "users.csv")
    found = await place.settled()
    assert list(found) == ["link.zip"]
    assert "link" in found["link.zip"].trouble
    assert await place.depot.put(found["link.zip"].key, "failed", "no") == ""
    assert secret.read_bytes() == ZIP


async def test_done_may_not_be_a_way_out(place: Place, tmp_path: Path) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    (tmp_path / "out").mkdir()
    (place.inbox / "done").symlink_to(tmp_path / "out")
    info = (await place.settled())["a.zip"]
    assert "cannot be moved" in await place.depot.put(info.key, "done", "")
    assert list((tmp_path / "out").iterdir()) == []


async def test_nothing_is_overwritten(place: Place) -> None:
    for number in range(3):
        (place.inbox / "a.zip").write_bytes(ZIP)
        info = (await place.settled())["a.zip"]
        assert await place.depot.put(info.key, "failed", f"note {number}") == ""
    there = {path.name for path in (place.inbox / "failed").iterdir()}
    assert there == {"a.zip", "a.zip.txt", "a-2.zip", "a-2.zip.txt", "a-3.zip", "a-3.zip.txt"}
    assert (place.inbox / "failed" / "a-3.zip.txt").read_text() == "note 2\n"


async def test_where_nothing_can_be_moved_it_says_so_and_reads_it_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert "Permission denied" in await place.depot.put(info.key, "done", "")
    assert await place.settled() == {}
    (place.inbox / "a.zip").write_bytes(ZIP + b" ")
    assert "a.zip" in await place.look()


async def test_what_was_put_away_can_be_read_there_at_once(place: Place) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    await place.depot.put(info.key, "done", "")
    [again] = await place.depot.bundles(str(place.inbox / "done"))
    assert again.settled
    assert again.digest == info.digest
    assert (await place.depot.rows(again.key, "users.csv", 10)).rows[0][0] == "u1"
    assert await place.depot.bundles(str(place.inbox / "failed")) != ()


async def test_oldest_first(place: Place) -> None:
    for name, hour in (("b.zip", 8), ("a.zip", 9), ("c.zip", 7)):
        (place.inbox / name).write_bytes(zipped(bundle(), (2026, 9, 1, hour, 0, 0)))
    assert list(await place.settled()) == ["c.zip", "b.zip", "a.zip"]


async def test_a_listing_begins_anew(place: Place) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    first = await place.depot.rows(info.key, "users.csv", 2)
    await place.look()
    assert await place.depot.rows(info.key, "users.csv", 2) == first


async def test_what_is_written_to_after_it_was_listed_is_not_read(place: Place) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    (place.inbox / "a.zip").write_bytes(zipped(bundle(users=[])))
    assert "somebody writes to it" in (await place.depot.rows(info.key, "users.csv", 2)).trouble


async def test_a_flipped_bit_is_found(place: Place) -> None:
    spoiled = bytearray(ZIP)
    place_of = ZIP.find(b"enrollments.csv") + 25
    spoiled[place_of] ^= 0x10
    (place.inbox / "a.zip").write_bytes(bytes(spoiled))
    info = (await place.settled())["a.zip"]
    assert (await place.depot.rows(info.key, "enrollments.csv", 100)).trouble


async def test_an_inbox_that_is_not_there_is_said(place: Place) -> None:
    [info] = await place.depot.bundles(str(place.inbox / "nowhere"))
    assert info.key == str(place.inbox / "nowhere")
    assert "No such file" in info.trouble


async def test_a_download_is_spooled_and_removed(place: Place) -> None:
    place.spool.mkdir()
    (place.spool / "download-9.zip").write_bytes(b"left by a process that was killed")
    request = Request(method="GET", url="https://sis.test/a.zip", operation="bundle.get")
    info = await place.depot.download(request, 10_000_000)
    assert isinstance(info, BundleInfo)
    assert info.headers == {"etag": '"1"'}
    assert (await place.depot.rows(info.key, "orgs.csv", 5)).rows[0][0] == "o1"
    assert [path.name for path in place.spool.iterdir()] == ["download-1.zip"]
    assert os.stat(place.spool / "download-1.zip").st_mode & 0o077 == 0
    assert await place.depot.put(info.key, "done", "") == ""
    assert list(place.spool.iterdir()) == []
    assert place.net.closed == 1
    assert place.net.asked[0].answer_bytes_max == 10_000_000


@pytest.mark.parametrize("answer", [Response(status=304), Response(status=404), Lost("reset")])
async def test_what_is_no_200_leaves_nothing(place: Place, answer: Outcome) -> None:
    place.net.answer = answer
    request = Request(method="GET", url="https://sis.test/a.zip", operation="bundle.get")
    assert await place.depot.download(request, 10_000_000) == answer
    assert list(place.spool.iterdir()) == []


async def test_a_spool_that_is_full_is_no_exception(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.net.body = ZIP * 100
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(place.depot, "_make", lambda: (place.spool / "download-1.zip", full))
    request = Request(method="GET", url="https://sis.test/a.zip", operation="bundle.get")
    outcome = await place.depot.download(request, 10_000_000)
    assert isinstance(outcome, Lost)
    assert "No space left" in outcome.detail


async def test_a_download_that_is_no_zip_says_so(place: Place) -> None:
    place.net.body = b"<html>Sign in</html>"
    request = Request(method="GET", url="https://sis.test/a.zip", operation="bundle.get")
    info = await place.depot.download(request, 10_000_000)
    assert isinstance(info, BundleInfo)
    assert "no whole zip" in info.trouble
    await place.depot.put(info.key, "failed", info.trouble)
    assert list(place.spool.iterdir()) == []


async def test_what_was_being_read_is_let_go_of_when_it_closes(place: Place) -> None:
    def held() -> int:
        return sum("a.zip" in os.readlink(f"/proc/self/fd/{fd}") for fd in open_fds())

    def open_fds() -> list[str]:
        return [fd for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}")]

    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    await place.depot.rows(info.key, "users.csv", 1)
    assert held() == 1
    place.depot.close()
    assert held() == 0
    assert (await place.depot.rows(info.key, "users.csv", 1)).line == 2, "asked again it begins at its beginning"
