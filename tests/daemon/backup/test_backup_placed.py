"""Where a backup goes: under its name when it is whole, and older ones leave after that."""

from pathlib import Path

import pytest

from daemon.backup.placing import Placed, name_of, retire, siblings
from daemon.backup.refusing import BackupRefused


def test_a_file_has_its_name_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "b.backup"
    with Placed(path, 10) as file:
        file.write(b"one")
        assert not path.exists()
        file.write(b"two")
        file.keep()
    assert path.read_bytes() == b"onetwo"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["b.backup"]
    with pytest.raises(BackupRefused, match="there already"):
        Placed(path, 10)


def test_nothing_is_left_where_it_does_not_come_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "b.backup"
    with Placed(path, 10) as file:
        file.write(b"one")
    (tmp_path / ".b.backup.part").write_bytes(b"of one that was killed")
    with Placed(path, 10):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_room_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="MB free"):
        Placed(tmp_path / "b.backup", 1 << 60)
    assert list(tmp_path.iterdir()) == []


def test_only_older_ones_of_the_same_store_leave(tmp_path: Path) -> None:
    days = [name_of("4fe1", 1_800_000_000_000_000 + day * 86_400_000_000) for day in range(5)]
    others = [name_of("77aa", 1_800_000_000_000_000), "before-the-upgrade.backup", f"{days[0]}.gz"]
    for name in (*days, *others, f".{days[0]}.part"):
        (tmp_path / name).touch()
    assert [path.name for path in siblings(tmp_path, "4fe1")] == sorted(days, reverse=True)
    assert [path.name for path in retire(tmp_path, "4fe1", 2, days[-1])] == sorted(days[:3], reverse=True)
    assert {path.name for path in tmp_path.iterdir()} == {*days[3:], *others}, "what was left of one went as well"
    with Placed(tmp_path / days[0], 10) as at_work:
        assert retire(tmp_path, "4fe1", 2, days[-1]) == []
        at_work.keep()


def test_what_a_clock_that_was_ahead_has_named_keeps_nothing_newer_from_staying(tmp_path: Path) -> None:
    ahead = [name_of("4fe1", 1_900_000_000_000_000 + day * 86_400_000_000) for day in range(3)]
    before, made = (name_of("4fe1", 1_800_000_000_000_000 + day * 86_400_000_000) for day in range(2))
    for name in (*ahead, before, made):
        (tmp_path / name).touch()
    assert [path.name for path in retire(tmp_path, "4fe1", 2, made)] == sorted(ahead, reverse=True)
    assert {path.name for path in tmp_path.iterdir()} == {before, made}
