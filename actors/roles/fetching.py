"""The statements behind a lane's deliveries, for connectors that send them on.

Deliveries that are claimed together ask together: what is asked for in one turn is read in one go, and all who asked
go on in the same turn, so that their requests may travel as one. Attachments are read one after another, and large ones
for one delivery at a time: they are in memory until it is done.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import trio

from actors.domain.changes import StatementStored
from actors.domain.outbox import Delivery, Parcel
from actors.domain.verdicts import Cause, Refused
from actors.domain.xapi.accepted import Enclosed
from actors.domain.xapi.exact import exact
from actors.ports import Attached, LoggedStatement, Target
from actors.roles.world import World

READ_MAX = 50
"""Statements read in one go."""
LARGE_BYTES = 256 * 1024
"""Whoever sends more of attachments does so alone."""
DECLARED = b'"attachments"'


class _Asking:
    """What is asked for in one turn."""

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self.done = trio.Event()
        self.found: dict[str, LoggedStatement] = {}
        self.error: BaseException | None = None


class Fetching:
    """One lane's."""

    def __init__(self, tenant: str, target: Target, world: World) -> None:
        self._tenant = tenant
        self._wanted = target.wants_statement
        self._bytes_max = target.attachment_bytes_max
        self._statements = world.statements
        self._attachments = world.attachments
        self._open: _Asking | None = None
        self._large = trio.Lock()

    @asynccontextmanager
    async def whole(self, parcel: Parcel, delivery: Delivery) -> AsyncIterator[Parcel | Refused]:
        """The parcel with the statement behind it and what came along with that, where the connector sends it on; for
        as long as it is needed. Raises StoreUnavailable."""
        if not self._wanted or not delivery.statement_id:  # behind an alarm there is none
            yield parcel
            return
        statement = await self._statement(delivery)
        if isinstance(statement, Refused):  # a change speaks for itself, also when its statement is gone
            yield statement if isinstance(delivery.change, StatementStored) else parcel
            return
        async with self._enclosed(statement) as enclosed:
            if isinstance(enclosed, Refused):
                yield enclosed
            else:
                yield msgspec.structs.replace(parcel, statement=shown(statement), attachments=enclosed)

    async def _statement(self, delivery: Delivery) -> LoggedStatement | Refused:
        asking = self._open
        if asking is None or len(asking.ids) >= READ_MAX:
            self._open = asking = _Asking()
            asking.ids[delivery.statement_id] = None
            await self._read(asking)
        else:
            asking.ids[delivery.statement_id] = None
            await asking.done.wait()
        if asking.error is not None:
            raise asking.error
        found = asking.found.get(delivery.statement_id)
        if found is None:
            return Refused(Cause.STATEMENT_GONE, f"statement {delivery.statement_id} is not in the log any more")
        return found

    async def _read(self, asking: _Asking) -> None:
        """Once nobody new asks. Whoever joined hears the same, whatever becomes of this task."""
        try:
            size = 0
            while size < len(asking.ids) < READ_MAX:
                size = len(asking.ids)
                await trio.lowlevel.checkpoint()
            self._close(asking)
            rows = await self._statements.these(self._tenant, list(asking.ids))
            asking.found = {row.id: row for row in rows}
        except Exception as error:  # noqa: BLE001  # not swallowed: everybody who asked raises it
            asking.error = error
        except BaseException:
            asking.error = RuntimeError("whoever read for all was cancelled")
            raise
        finally:
            self._close(asking)
            asking.done.set()

    def _close(self, asking: _Asking) -> None:
        if self._open is asking:
            self._open = None

    @asynccontextmanager
    async def _enclosed(self, statement: LoggedStatement) -> AsyncIterator[tuple[Enclosed, ...] | Refused]:
        if not self._bytes_max or DECLARED not in statement.body:
            yield ()
            return
        declared = await self._attachments.attachments_of(self._tenant, [statement.seq])
        size = sum(one.bytes for one in declared)
        if size > self._bytes_max:
            yield Refused(
                Cause.PAYLOAD_REFUSED,
                f"its attachments have {size:,} bytes: more than {self._bytes_max:,} are not sent along",
            )
        elif size > LARGE_BYTES:
            async with self._large:
                yield await self._contents(declared)
        else:
            yield await self._contents(declared)

    async def _contents(self, declared: list[Attached]) -> tuple[Enclosed, ...]:
        found = []
        for one in declared:
            content = b"".join([piece async for piece in self._attachments.content(self._tenant, one)])
            found.append(Enclosed(sha2=one.sha2, content_type=one.content_type, content=content))
        return tuple(found)


def shown(statement: LoggedStatement) -> bytes:
    """As the LRS shows it."""
    return exact(
        statement.body,
        stored_us=statement.stored_us,
        timestamp=statement.timestamp,
        arrived=statement.version,
        authority=statement.authority,
    )
