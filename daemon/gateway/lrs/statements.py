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
from daemon.gateway.lrs.formats import look_of, result, shown
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
                response = await self._one(request, account, version, "statementId")
            elif "voidedStatementId" in request.query_params:
                response = await self._one(request, account, version, "voidedStatementId")
            else:
                response = await self._many(request, account, version)
        except StoreUnavailable as error:
            raise unavailable(error) from error
        response.headers[CONSISTENT] = through
        return response

    async def _one(self, request: Request, account: Account, version: Version, name: str) -> Response:
        statement_id = single_id(request.query_params, name)
        look = look_of(request, version)
        row = await self._ports.reads.get(account.tenant, statement_id)
        own = account.may_read_all or (row is not None and row.authority == account.authority)
        if row is None or not own or row.voided != (name == "voidedStatementId"):
            raise Problem(404, "there is no such statement" + (" that is voided" if name != "statementId" else ""))
        modified = formatdate(row.stored_us // 1_000_000, usegmt=True)
        (statement,) = await shown([row], look, account.tenant, self._ports.activities)
        answer = Response(statement, media_type=JSON, headers={"Last-Modified": modified, **look.headers})
        if not wanted(request.query_params):
            return answer
        _, contents = await self._enclosed(account, [row])
        return self._mixed(account, answer, contents)

    async def _many(self, request: Request, account: Account, version: Version) -> Response:
        look = look_of(request, version)
        query = read_query(
            request.query_params,
            authority=None if account.may_read_all else account.authority,
            version=version,
        )
        page = await self._ports.reads.page(account.tenant, query)
        statements = await shown(page.rows, look, account.tenant, self._ports.activities)
        contents: Sequence[Attached] = ()
        if enclosing := wanted(request.query_params):
            kept, contents = await self._enclosed(account, page.rows[: len(statements)])
            statements = statements[: len(kept)]
        more_from = page.rows[len(statements) - 1].seq if len(statements) < len(page.rows) else page.more_from
        more = "" if more_from is None else more_link(request.url.path, request.query_params, more_from)
        answer = Response(result(statements, more), media_type=JSON, headers=look.headers)
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
