"""POST and PUT of statements. Nothing is answered 2xx before ``append`` has returned, that is before its fsync."""

import trio
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.patterns import Version
from actors.ports import Provenance, StatementConflict, StoreUnavailable
from daemon.gateway.credentials import Account
from daemon.gateway.limits import facts
from daemon.gateway.lrs.access import DEFINING, WRITING, Access
from daemon.gateway.lrs.headers import demanded
from daemon.gateway.lrs.multipart import boundary_of, is_json, opened
from daemon.gateway.lrs.reading import check_names, uuid
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem, refused, unavailable

LARGE_BYTES = 256 * 1024
"""Larger bodies are read in a thread, so that everybody else's small ones do not wait behind them."""
JSON = "application/json"


class StatementsWriting:
    """The writing half of ``/t/{tenant}/xapi/statements``."""

    def __init__(self, ports: GatewayPorts, access: Access) -> None:
        self._ports = ports
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
                raise Problem(400, "statementId is missing", reason="parameter", members={"parameter": "statementId"})
            put_id = uuid(given["statementId"], "statementId")
            batch = await self._read(request, account, version, put_id)
            await self._append(request, account, version, batch)
        return Response(status_code=204)

    # ── the steps ────────────────────────────────────────────────────────────────────────────────────

    async def _read(
        self, request: Request, account: Account, version: Version, put_id: str | None = None
    ) -> list[NewStatement]:
        content_type = request.headers.get("content-type", "")
        boundary = boundary_of(content_type)
        if boundary is None and not is_json(content_type):
            raise Problem(400, "Content-Type must be application/json or multipart/mixed", reason="content_type")
        body = await request.body()

        def read() -> list[NewStatement]:
            document, contents = (body, None) if boundary is None else opened(body, boundary)
            return read_batch(
                document,
                tenant=account.tenant,
                source=account.source,
                dedupe=account.dedupe,
                version=version,
                fresh_id=self._ports.dice.token,
                contents=contents,
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
                defines=account.may(*DEFINING),
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
                problem = unavailable(error)
            case Problem():
                problem = error
            case _:
                return
        self._ports.counted("statements_refused", self._tenant, 1, problem.reason)
        if problem is not error:
            raise problem from error
