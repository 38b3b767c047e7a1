"""The Depot port without a disk: bundles are tables of names and texts; downloads come from the Http port."""

import hashlib
import io
from collections.abc import Mapping

import msgspec

from actors.domain.flow import Outcome, Request, Response
from actors.domain.harvest import BundleInfo, RowsRead
from actors.ports import Http
from daemon.depot.opening import Unusable, ZipBundle
from daemon.depot.tables import Table


class MemoryDepot:
    """Implements ``ports.Depot``. ``placed``: where each bundle went, with its note. ``stuck``: what ``put`` answers
    instead of moving anything."""

    def __init__(self, http: Http | None = None) -> None:
        self._http = http
        self._files: dict[str, dict[str, bytes]] = {}
        self._infos: dict[str, BundleInfo] = {}
        self._inbox: dict[str, str] = {}
        self._tables: dict[tuple[str, str], Table] = {}
        self.placed: list[tuple[str, str, str]] = []
        self.stuck = ""
        self._downloads = 0

    def drop(
        self,
        inbox: str,
        name: str,
        files: Mapping[str, str | bytes],
        *,
        made_us: int = 1_000_000,
        settled: bool = True,
        trouble: str = "",
    ) -> None:
        """As if somebody had put it there."""
        key = f"{inbox}/{name}"
        held = {file: text.encode() if isinstance(text, str) else text for file, text in files.items()}
        content = repr(sorted(held.items())).encode()
        self._files[key] = held
        self._inbox[key] = inbox
        self._infos[key] = BundleInfo(
            key=key,
            name=name,
            names=() if trouble else tuple(sorted(held)),
            digest=hashlib.sha256(content).hexdigest(),
            made_us=made_us,
            settled=settled,
            trouble=trouble,
        )

    async def bundles(self, inbox: str) -> tuple[BundleInfo, ...]:
        self._tables.clear()
        here = [self._infos[key] for key, where in self._inbox.items() if where == inbox]
        return tuple(sorted(here, key=lambda info: (info.made_us, info.name)))

    async def download(self, request: Request, bytes_max: int) -> BundleInfo | Outcome:
        assert self._http is not None, "this depot has no way out"
        outcome = await self._http.send(msgspec.structs.replace(request, answer_bytes_max=bytes_max))
        if not isinstance(outcome, Response) or outcome.status != 200:
            return outcome
        self._downloads += 1
        key = f"spool/{self._downloads}"
        headers = {name: outcome.headers[name] for name in ("etag", "last-modified") if name in outcome.headers}
        try:
            bundle = ZipBundle(io.BytesIO(outcome.body))
        except Unusable as error:
            self._infos[key] = BundleInfo(key=key, name="download", headers=headers, trouble=str(error))
            return self._infos[key]
        self._files[key] = {name: bundle.open(name).read() for name in bundle.names}
        self._infos[key] = BundleInfo(
            key=key, name="download", names=bundle.names, digest=bundle.digest, made_us=bundle.made_us, headers=headers
        )
        return self._infos[key]

    async def rows(self, bundle: str, name: str, count: int) -> RowsRead:
        table = self._tables.get((bundle, name))
        if table is None:
            table = self._tables[bundle, name] = Table(io.BytesIO(self._files[bundle][name]))
        return table.read(count)

    async def put(self, bundle: str, where: str, note: str) -> str:
        self.placed.append((self._infos[bundle].name, where, note))
        if self.stuck:
            self._infos[bundle] = msgspec.structs.replace(self._infos[bundle], settled=False)
            return self.stuck
        info, files = self._infos.pop(bundle), self._files.pop(bundle, {})
        inbox = self._inbox.pop(bundle, None)
        if inbox is not None:  # else it came by a download, and is gone
            key = f"{inbox}/{where}/{info.name}"
            self._infos[key] = msgspec.structs.replace(info, key=key)
            self._files[key], self._inbox[key] = files, f"{inbox}/{where}"
        return ""
