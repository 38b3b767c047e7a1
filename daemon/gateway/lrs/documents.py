"""Documents over HTTP: what State, agent profiles and activity profiles have in common.

One resource reads the request (which parameters, which precondition), the pure half decides (``actors.domain.xapi.
documents``), inside the store's transaction. What a kind of document is about is said in ``state`` and ``profiles``.
"""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial
from typing import assert_never

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.xapi.documents import (
    Content,
    Decide,
    Document,
    Precondition,
    Rejected,
    Shelf,
    check_object,
    content,
    deleting,
    is_json,
    posting,
    putting,
    read_tags,
)
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.patterns import Version
from actors.ports import StoreUnavailable
from actors.sources.xapi.settings import Scope
from daemon.gateway.credentials import Account
from daemon.gateway.lrs.access import Access
from daemon.gateway.lrs.headers import demanded
from daemon.gateway.lrs.reading import check_names, moment_us
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem, unavailable

LARGE_BYTES = 256 * 1024
"""Larger documents are hashed and read in a thread."""
PLAIN = "application/octet-stream"
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
"""A document is whatever a client has put there, and never a page of ours."""


class DocumentKind(msgspec.Struct, frozen=True, kw_only=True):
    """What is special about one kind. ``shelf`` reads the parameters beside the document's own id (``id_name``) and
    may raise Problem 400; ``clearable``: DELETE without an id removes all that lie on a shelf."""

    noun: str
    id_name: str
    names: frozenset[str]
    shelf: Callable[[Mapping[str, str], Version], Shelf]
    reading: tuple[Scope, ...]
    writing: tuple[Scope, ...]
    clearable: bool = False


class DocumentResource:
    """``/t/{tenant}/xapi/activities/state``, ``agents/profile`` or ``activities/profile``."""

    def __init__(self, ports: GatewayPorts, access: Access, kind: DocumentKind, bytes_max: int) -> None:
        self._ports = ports
        self._access = access
        self._kind = kind
        self._bytes_max = bytes_max

    async def get(self, request: Request) -> Response:
        account = self._access.demand(request, *self._kind.reading, what=f"read {self._kind.noun}")
        version = demanded(request)
        given = check_names(request.query_params, self._kind.names | {self._kind.id_name, "since"})
        shelf = self._kind.shelf(given, version)
        if self._kind.id_name in given:
            if "since" in given:
                raise bad("since", f"goes without {self._kind.id_name}: it is for lists of ids")
            return await self._one(request, account, shelf, self._id(given))
        since_us = moment_us(given, "since", version)
        try:
            ids = await self._ports.documents.ids(account.tenant, shelf, since_us)
        except StoreUnavailable as error:
            raise unavailable(error) from error
        return Response(msgspec.json.encode(ids), media_type="application/json")

    async def _one(self, request: Request, account: Account, shelf: Shelf, document_id: str) -> Response:
        asked = precondition(request)
        try:
            document = await self._ports.documents.get(account.tenant, shelf, document_id)
            asked.check_match(document)
        except Rejected as error:
            raise rejected(error) from error
        except StoreUnavailable as error:
            raise unavailable(error) from error
        if document is None:
            raise Problem(404, "there is no such document", reason="unknown")
        if not asked.matches_none(document):
            return Response(status_code=304, headers=_validators(document))
        headers = {"Content-Type": document.content_type, **_validators(document), **_HARMLESS}
        return Response(document.body, headers=headers)

    async def put(self, request: Request) -> Response:
        account, version = self._writer(request)
        shelf, document_id = self._addressed(request, version)
        asked = precondition(request)
        new = await self._content(request)
        return await self._change(
            account, shelf, document_id, putting(new, kind=shelf.kind, version=version, precondition=asked)
        )

    async def post(self, request: Request) -> Response:
        account, version = self._writer(request)
        shelf, document_id = self._addressed(request, version)
        asked = precondition(request)
        new = await self._content(request, object_expected=True)
        return await self._change(
            account, shelf, document_id, posting(new, precondition=asked, bytes_max=self._bytes_max)
        )

    async def delete(self, request: Request) -> Response:
        account, version = self._writer(request)
        asked = precondition(request)
        if self._kind.clearable and self._kind.id_name not in request.query_params:
            shelf = self._kind.shelf(check_names(request.query_params, self._kind.names), version)
            if asked.given:
                raise Problem(
                    400, f"If-Match and If-None-Match go with {self._kind.id_name} only", reason="precondition"
                )
            try:
                await self._ports.documents.clear(account.tenant, shelf)
            except StoreUnavailable as error:
                raise unavailable(error) from error
            return Response(status_code=204)
        shelf, document_id = self._addressed(request, version)
        return await self._change(account, shelf, document_id, deleting(asked))

    # ── the steps ────────────────────────────────────────────────────────────────────────────────────

    def _writer(self, request: Request) -> tuple[Account, Version]:
        account = self._access.demand(request, *self._kind.writing, what=f"write {self._kind.noun}")
        return account, demanded(request)

    def _addressed(self, request: Request, version: Version) -> tuple[Shelf, str]:
        given = check_names(request.query_params, self._kind.names | {self._kind.id_name})
        return self._kind.shelf(given, version), self._id(given)

    def _id(self, given: Mapping[str, str]) -> str:
        name = self._kind.id_name
        if not demand(given, name):
            raise bad(name, "must not be empty")
        return given[name]

    async def _content(self, request: Request, *, object_expected: bool = False) -> Content:
        """The document that was sent. ``object_expected``: JSON must be an object (other types may be anything)."""
        content_type = request.headers.get("content-type", "").strip() or PLAIN
        body = await request.body()

        def read() -> Content:
            if object_expected and is_json(content_type):
                check_object(body)
            return content(body, content_type)

        try:
            return await trio.to_thread.run_sync(read) if len(body) > LARGE_BYTES else read()
        except Refusal as error:
            raise Problem(400, f"the document is not what Content-Type says: {error}", reason="invalid") from error
        except Rejected as error:
            raise rejected(error) from error

    async def _change(self, account: Account, shelf: Shelf, document_id: str, decide: Decide) -> Response:
        try:
            document = await self._ports.documents.change(account.tenant, shelf, document_id, decide)
        except Rejected as error:
            raise rejected(error) from error
        except StoreUnavailable as error:
            raise unavailable(error) from error
        return Response(status_code=204, headers=_validators(document) if document is not None else None)


def _validators(document: Document) -> dict[str, str]:
    modified = formatdate(document.updated_us // 1_000_000, usegmt=True)
    return {"ETag": f'"{document.etag}"', "Last-Modified": modified}


def precondition(request: Request) -> Precondition:
    """Raises Problem 400 for what is neither ``*`` nor a list of entity tags."""
    read = partial(_tags, request)
    return Precondition(match=read("If-Match"), none_match=read("If-None-Match"))


def _tags(request: Request, name: str) -> frozenset[str] | None:
    try:
        return read_tags(request.headers.getlist(name), name)
    except ValueError as error:
        raise Problem(400, str(error), reason="precondition") from None


def rejected(error: Rejected) -> Problem:
    match error.complaint:
        case "mismatch":
            status = 412
        case "unconditional":
            status = 409
        case "unsaid" | "unmergeable":
            status = 400
        case "too_large":
            status = 413
        case _:
            assert_never(error.complaint)
    return Problem(status, str(error), reason=error.complaint)


def demand(given: Mapping[str, str], name: str) -> str:
    """A parameter that must be there. Raises Problem 400."""
    if name not in given:
        raise bad(name, "is missing")
    return given[name]


def bad(name: str, rule: str) -> Problem:
    return Problem(400, f"{name} {rule}", reason="parameter", members={"parameter": name})
