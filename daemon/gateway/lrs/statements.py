"""POST, PUT and GET of statements. Nothing is answered 2xx before ``append`` has returned, that is before its fsync."""

from email.utils import formatdate

import trio
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.patterns import Version
from actors.ports import LoggedStatement, Provenance, StatementConflict, StoreUnavailable
from daemon.gateway.credentials import Account
from daemon.gateway.limits import facts
from daemon.gateway.lrs.access import READING_OWN, WRITING, Access
from daemon.gateway.lrs.headers import CONSISTENT, Carried, demanded
from daemon.gateway.lrs.reading import (
    check_names,
    more_link,
    outward,
    outward_page,
    read_query,
    single_id,
    uuid,
)
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem, refused

LARGE_BYTES = 256 * 1024
"""Larger bodies are read in a thread, so that everybody else's small ones do not wait behind them."""
JSON = "application/json"


class StatementsResource:
    """``/t/{tenant}/xapi/statements``."""

    def __init__(self, ports: GatewayPorts, carried: Carried, access: Access) -> None:
        self._ports = ports
        self._carried = carried
        self._access = access

    async def post(self, request: Request) -> Response:
        account = self._access.demand(request, *WRITING, what="write statements")
        with _Watched(self._ports, account):
            version = demanded(request)
            check_names(request.query_params, ())
            batch = await self._read(request, account, version)
            await self._append(request, account, version, batch)
        ids = ",".join([f'"{statement.id}"' for statement in batch])
        return Response(f"[{ids}]", media_type=JSON)

    async def put(self, request: Request) -> Response:
        account = self._access.demand(request, *WRITING, what="write statements")
        with _Watched(self._ports, account):
            version = demanded(request)
            given = check_names(request.query_params, ("statementId",))
            if "statementId" not in given:
                raise Problem(400, "statementId is missing", reason="parameter")
            put_id = uuid(given["statementId"], "statementId")
            batch = await self._read(request, account, version, put_id)
            await self._append(request, account, version, batch)
        return Response(status_code=204)

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
            raise _unavailable(error) from error
        response.headers[CONSISTENT] = through
        return response

    async def _one(self, request: Request, account: Account, name: str) -> Response:
        statement_id = single_id(request.query_params, name)
        row = await self._ports.reads.get(account.tenant, statement_id)
        own = account.may_read_all or (row is not None and row.authority == account.authority)
        if row is None or not own or row.voided != (name == "voidedStatementId"):
            raise Problem(404, "there is no such statement" + (" that is voided" if name != "statementId" else ""))
        modified = formatdate(row.stored_us // 1_000_000, usegmt=True)
        return Response(outward(row), media_type=JSON, headers={"Last-Modified": modified})

    async def _many(self, request: Request, account: Account, version: Version) -> Response:
        query = read_query(
            request.query_params,
            supported=self._ports.reads.filters,
            authority=None if account.may_read_all else account.authority,
            version=version,
        )
        rows: list[LoggedStatement] = await self._ports.reads.page(account.tenant, query)
        full = len(rows) == query.limit
        more = more_link(request.url.path, request.query_params, rows[-1].seq) if full else ""
        return Response(outward_page(rows, more), media_type=JSON)

    # ── the steps ────────────────────────────────────────────────────────────────────────────────────

    async def _read(
        self, request: Request, account: Account, version: Version, put_id: str | None = None
    ) -> list[NewStatement]:
        _check_content_type(request.headers.get("content-type", ""))
        body = await request.body()

        def read() -> list[NewStatement]:
            return read_batch(
                body,
                tenant=account.tenant,
                source=account.source,
                dedupe=account.dedupe,
                version=version,
                fresh_id=self._ports.dice.token,
                put_id=put_id,
            )

        return await trio.to_thread.run_sync(read) if len(body) > LARGE_BYTES else read()

    async def _append(self, request: Request, account: Account, version: Version, batch: list[NewStatement]) -> None:
        if not batch:
            return
        known = facts(request.scope)
        appended = await self._ports.statements.append(
            batch,
            Provenance(
                tenant=account.tenant,
                source=account.source,
                correlation_id=known.correlation_id,
                traceparent=known.span.traceparent,
                version=version,
                authority=account.authority,
            ),
        )
        known.span.set(statements=len(batch), fresh=appended.fresh)
        if appended.fresh:
            self._ports.counted("statements_accepted", account.tenant, appended.fresh)
            self._ports.arrived(account.tenant)
        if appended.collapsed:
            self._ports.counted("statements_collapsed", account.tenant, appended.collapsed)


class _Watched:
    """What can go wrong with a write, as problems, each counted by its reason."""

    def __init__(self, ports: GatewayPorts, account: Account) -> None:
        self._ports = ports
        self._tenant = account.tenant

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        match error:
            case Refusal():
                problem = refused(error)
            case StatementConflict():
                problem = Problem(409, str(error), reason="conflict")
            case StoreUnavailable():
                problem = _unavailable(error)
            case Problem():
                problem = error
            case _:
                return
        self._ports.counted("statements_refused", self._tenant, 1, problem.reason)
        if problem is not error:
            raise problem from error


def _unavailable(error: StoreUnavailable) -> Problem:
    retry = {"Retry-After": str(error.retry_after_s)}
    return Problem(503, "the store cannot take this now; nothing was written", reason="unavailable", headers=retry)


def _check_content_type(given: str) -> None:
    kind, _, parameters = given.partition(";")
    if kind.strip().lower() != JSON:
        raise Problem(400, f"Content-Type must be {JSON}", reason="content_type")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise Problem(400, "JSON is always UTF-8", reason="content_type")
