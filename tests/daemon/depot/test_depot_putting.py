"""Putting bundles away: what took their place meanwhile, a death in the middle of it, a disk that is full."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from depot_place import ZIP, Place
from oneroster_desk import bundle

from actors.domain.harvest import BundleInfo
from actors.sources.oneroster.fake import zipped


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(tmp_path)
    yield here
    here.depot.close()


class Killed(Exception):
    """What the process was about to do does not happen."""


async def test_what_took_the_place_of_what_was_read_is_not_put_away_unread(place: Place) -> None:
    path = place.inbox / "a.zip"
    path.write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    await place.depot.rows(info.key, "users.csv", 1)
    newer = place.inbox / "a.zip.part"
    newer.write_bytes(zipped(bundle(users=[])))
    newer.rename(path)
    assert "read anew" in await place.depot.put(info.key, "done", "")
    assert (await place.settled())["a.zip"].digest != info.digest
    path.unlink()
    assert "not there any more" in await place.depot.put(info.key, "done", "")


async def test_who_dies_putting_it_away_leaves_one_bundle(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.inbox / "a.zip").write_bytes(ZIP)
    info = (await place.settled())["a.zip"]
    link = os.link

    def linked(*args: object, **more: object) -> None:
        link(*args, **more)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(os, "link", linked)
        with pytest.raises(Killed):
            await place.depot.put(info.key, "done", "")
    place.depot = place.again()
    assert await place.settled()
    assert await place.depot.put(info.key, "done", "") == ""
    assert [path.name for path in (place.inbox / "done").iterdir()] == ["a.zip"]
    assert await place.settled() == {}


async def loose(place: Place) -> BundleInfo:
    for name, text in bundle().items():
        (place.inbox / name).write_text(text)
    [info] = (await place.settled()).values()
    return info


async def test_who_dies_putting_loose_tables_away_leaves_tables_that_lack_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = await loose(place)
    rename = os.rename

    def renamed(*args: object) -> None:
        rename(*args)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(os, "rename", renamed)
        with pytest.raises(Killed):
            await place.depot.put(info.key, "done", "")
    place.depot = place.again()
    [left] = (await place.settled()).values()
    assert set(left.names) == set(info.names) - {"manifest.csv"}


@pytest.mark.parametrize("newer", [False, True])
async def test_loose_tables_that_cannot_all_be_moved_stay_together(
    place: Place, monkeypatch: pytest.MonkeyPatch, newer: bool
) -> None:
    """And never take the place of one that came meanwhile."""
    info = await loose(place)
    rename, left = os.rename, iter(range(3))

    def renamed(source: Path, target: Path) -> None:
        if target.parent != place.inbox and next(left, None) is None:
            if newer:
                (place.inbox / "manifest.csv").write_text("newer")
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    with monkeypatch.context() as filling:
        filling.setattr(os, "rename", renamed)
        assert "No space left" in await place.depot.put(info.key, "done", "")
    assert {path.name for path in place.inbox.iterdir()} == {*info.names, "done"}
    assert ((place.inbox / "manifest.csv").read_text() == "newer") is newer
    assert [path.name for path in (place.inbox / "done").rglob("*.csv")] == ["manifest.csv"] * newer
