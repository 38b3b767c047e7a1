"""What a depot promises, of a disk and of memory alike."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from memory_depot import MemoryDepot
from memory_http import InMemoryHttp
from oneroster_desk import bundle

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import BundleInfo
from actors.domain.school import sample
from actors.ports import Depot
from actors.sources.oneroster.fake import FakeOneRoster, zipped
from daemon.depot import FileDepot

EXPORT = Request(
    method="GET",
    url="http://sis.test/oneroster/export.zip",
    operation="bundle.get",
    headers={"authorization": "Basic c2FuZGJveDpzYW5kYm94"},
)


class Standing:
    def now_us(self) -> int:
        return 0


class Saver:
    """The memory's network as the disk wants it."""

    def __init__(self, http: InMemoryHttp) -> None:
        self._http = http

    async def save(self, request: Request, into: object) -> Outcome:
        outcome = await self._http.send(request)
        if isinstance(outcome, Response) and outcome.status == 200:
            into(outcome.body)  # type: ignore[operator]
        return outcome

    async def aclose(self) -> None:
        """Nothing is open."""


class Setting:
    def __init__(self, kind: str, root: Path) -> None:
        self.inbox = str(root / "inbox")
        Path(self.inbox).mkdir()
        self._memory = MemoryDepot(http := InMemoryHttp([FakeOneRoster(sample(0.0))], now_s=lambda: 0.0))
        self._disk = FileDepot(root / "spool", Standing(), lambda: Saver(http), inline=True, wall_ns=lambda: 2**62)
        self.depot: Depot = self._memory if kind == "memory" else self._disk

    def drop(self, name: str, at_hour: int) -> None:
        self._memory.drop(self.inbox, name, bundle(), made_us=at_hour)
        (Path(self.inbox) / name).write_bytes(zipped(bundle(), (2026, 9, 1, at_hour, 0, 0)))

    def close(self) -> None:
        self._disk.close()


@pytest.fixture(params=["memory", "disk"])
async def setting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Setting]:
    made = Setting(request.param, tmp_path)
    yield made
    made.close()


async def test_bundles_are_told_oldest_first_with_their_tables(setting: Setting) -> None:
    assert await setting.depot.bundles(setting.inbox) == ()
    for name, hour in (("b.zip", 8), ("a.zip", 9)):
        setting.drop(name, hour)
    first, second = await setting.depot.bundles(setting.inbox)
    assert (first.name, second.name) == ("b.zip", "a.zip")
    assert first.settled
    assert first.digest == second.digest != ""
    assert set(first.names) == set(bundle())


async def test_rows_go_on_where_they_were_and_begin_anew_with_a_listing(setting: Setting) -> None:
    setting.drop("a.zip", 8)
    [info] = await setting.depot.bundles(setting.inbox)
    rows = [await setting.depot.rows(info.key, "enrollments.csv", count) for count in (0, 3, 3)]
    assert [len(read.rows) for read in rows] == [0, 3, 1]
    assert [read.last for read in rows] == [False, False, True]
    assert rows[0].columns[0] == "sourcedId"
    await setting.depot.rows(info.key, "users.csv", 1)
    await setting.depot.bundles(setting.inbox)
    assert len((await setting.depot.rows(info.key, "users.csv", 10)).rows) == 3


async def test_what_was_put_away_is_not_listed_any_more(setting: Setting) -> None:
    setting.drop("a.zip", 8)
    [info] = await setting.depot.bundles(setting.inbox)
    assert await setting.depot.put(info.key, "done", "") == ""
    assert await setting.depot.bundles(setting.inbox) == ()
    [again] = await setting.depot.bundles(f"{setting.inbox}/done")
    assert (again.digest, again.settled) == (info.digest, True)


async def test_a_download_is_a_bundle_or_its_outcome(setting: Setting) -> None:
    info = await setting.depot.download(EXPORT, 10_000_000)
    assert isinstance(info, BundleInfo)
    assert info.headers["etag"]
    assert len((await setting.depot.rows(info.key, "users.csv", 100)).rows) == 12
    assert await setting.depot.put(info.key, "done", "") == ""
    refused = await setting.depot.download(Request(method="GET", url=EXPORT.url, operation="bundle.get"), 10_000_000)
    assert isinstance(refused, Response)
    assert refused.status == 401
