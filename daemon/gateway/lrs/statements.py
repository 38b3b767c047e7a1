"""GET of statements: one by its id, or a page of those that a query asks for. ``writing`` is the other half."""

from collections.abc import Sequence
from email.utils import formatdate
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from actors.domain.xapi.patterns import Version
from actors.ports import Attached, LoggedStatement, StoreUnavailable
from daemon.gateway.credentials import Account
from daemon.gateway.lrs.access import READING_OWN, Access
from daemon.gateway.lrs.enclosing import Mixed, fitting, wanted
from daemon.gateway.lrs.formats import outward, outward_page
from daemon.gateway.lrs.headers import CONSISTENT, Carried, demanded
from daemon.gateway.lrs.reading import more_link, read_query, single_id
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem, unavailable

JSON = "application/json"


class StatementsResource:
    """``/t/{tenant}/xapi/statements``."""

    def __init__(self, ports: GatewayPorts, carried: Carried, access: Access) -> None:
        self._ports = ports
        self._carried = carried
        self._access = access

    async def get(self, request: Request) -> Response:
        account = self._access.demand(request, *READING_OWN, what="read statements")
        version = demanded(request)
        try:
            through = await self._carried.through(account.tenant)
            if "statementId" in request.query_params:
                response = await self._one(request, account, "statementId")
            elif "voidedStatementId" in request.query_params:
                response = await self._one(request, account, "voidedStatementId")
            else:
                response = await self._many(request, account, version)
        except StoreUnavailable as error:
            raise unavailable(error) from error
        response.headers[CONSISTENT] = through
        return response

    async def _one(self, request: Request, account: Account, name: str) -> Response:
        statement_id = single_id(request.query_params, name)
        row = await self._ports.reads.get(account.tenant, statement_id)
        own = account.may_read_all or (row is not None and row.authority == account.authority)
        if row is None or not own or row.voided != (name == "voidedStatementId"):
            raise Problem(404, "there is no such statement" + (" that is voided" if name != "statementId" else ""))
        modified = formatdate(row.stored_us // 1_000_000, usegmt=True)
        answer = Response(outward(row), media_type=JSON, headers={"Last-Modified": modified})
        if not wanted(request.query_params):
            return answer
        _, contents = await self._enclosed(account, [row])
        return self._mixed(account, answer, contents)

    async def _many(self, request: Request, account: Account, version: Version) -> Response:
        query = read_query(
            request.query_params,
            supported=self._ports.reads.filters,
            authority=None if account.may_read_all else account.authority,
            version=version,
        )
        rows: list[LoggedStatement] = await self._ports.reads.page(account.tenant, query)
        full = len(rows) == query.limit
        contents: Sequence[Attached] = ()
        if enclosing := wanted(request.query_params):
            kept, contents = await self._enclosed(account, rows)
            full, rows = full or len(kept) < len(rows), kept
        more = more_link(request.url.path, request.query_params, rows[-1].seq) if full else ""
        answer = Response(outward_page(rows, more), media_type=JSON)
        return self._mixed(account, answer, contents) if enclosing else answer

    async def _enclosed(
        self, account: Account, rows: Sequence[LoggedStatement]
    ) -> tuple[list[LoggedStatement], list[Attached]]:
        """The part of a page that may enclose its contents, and these."""
        seqs = [row.seq for row in rows]
        return fitting(rows, await self._ports.attachments.attachments_of(account.tenant, seqs))

    def _mixed(self, account: Account, answer: Response, contents: Sequence[Attached]) -> Response:
        read = partial(self._ports.attachments.content, account.tenant)
        return Mixed(answer, contents, read, self._ports.dice.token())
