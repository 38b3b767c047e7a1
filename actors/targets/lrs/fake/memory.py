"""What the fake LRS remembers, and its statements resource: validated as xAPI says, all of a request or nothing."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.intake import read_batch
from actors.domain.xapi.patterns import Version
from actors.ports import Effect

STATEMENTS_MAX = 1_000_000
"""It never forgets; when it is full, nothing more is accepted."""
PAGE = 100
HASH = "x-experience-api-hash"


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Memory:
    """Statements by id, with the journal of those that were new."""

    def __init__(self) -> None:
        self.journal: list[Effect] = []
        self.strict_voids = False
        """Whether a statement that voids one which is not there is refused."""
        self.no_repeats = False
        """Whether a statement that is there already is a conflict, though it is the same."""
        self.poison = ""
        """Statements that hold this text are refused."""
        self._held: dict[str, NewStatement] = {}
        self._voided: set[str] = set()

    def __len__(self) -> int:
        return len(self._held)

    def statement(self, statement_id: str) -> dict[str, Any] | None:
        """What is kept under an id, voided or not."""
        held = self._held.get(statement_id.lower())
        found: dict[str, Any] | None = msgspec.json.decode(held.body) if held else None
        return found

    # ── the resource ─────────────────────────────────────────────────────────────────────────────

    def get(self, query: str) -> Response:
        given = {name: values[0] for name, values in parse_qs(query).items()}
        for name, voided in (("statementId", False), ("voidedStatementId", True)):
            if name in given:
                key = given[name].lower()
                if key not in self._held or (key in self._voided) is not voided:
                    raise Refused(404, f"no statement {key}")
                return answer(200, self._held[key].body)
        shown = [held.body for key, held in self._held.items() if key not in self._voided]
        limit = int(given.get("limit", PAGE)) if given.get("limit", "0").isdigit() else PAGE
        return answer(200, b'{"statements":[%b],"more":""}' % b",".join(shown[: -min(limit or PAGE, PAGE) - 1 : -1]))

    def put(self, query: str, request: Request, version: Version, now_s: float) -> Response:
        given = parse_qs(query).get("statementId", [])
        if len(given) != 1:
            raise Refused(400, "PUT needs one statementId")
        self._take(request, version, now_s, put_id=given[0])
        return answer(204)

    def post(self, request: Request, version: Version, now_s: float) -> Response:
        return answer(200, msgspec.json.encode(self._take(request, version, now_s)))

    def _take(self, request: Request, version: Version, now_s: float, put_id: str | None = None) -> list[str]:
        body, contents = parts_of(request)
        if self.poison and self.poison.encode() in body:
            raise Refused(400, f"statements with {self.poison!r} are not wanted here")
        try:
            batch = read_batch(
                body,
                tenant="sandbox",
                source="sandbox",
                dedupe=False,
                version=version,
                fresh_id=lambda: f"{len(self._held):032x}",
                contents=contents,
                put_id=put_id,
            )
        except Refusal as refusal:
            raise Refused(400, str(refusal)) from None
        fresh = {each.id for each in batch if not self._known(each)}
        if len(self._held) + len(fresh) > STATEMENTS_MAX:
            raise Refused(503, "the sandbox is full")
        ids = {name: request.headers.get(f"x-{name}-id", "").split(",") for name in ("delivery", "correlation")}
        for place, each in enumerate(batch):
            if each.id in fresh:
                self._keep(each, _at(ids["delivery"], place), _at(ids["correlation"], place), now_s)
        return [each.id for each in batch]

    def _known(self, new: NewStatement) -> bool:
        """Whether it is there already. Raises Refused where another one has its id, or it voids what it may not."""
        held = self._held.get(new.id)
        if held is not None and (self.no_repeats or held.digest != new.digest):
            raise Refused(409, f"another statement has the id {new.id}")
        if held is None and new.voids is not None and self.strict_voids and new.voids not in self._held:
            raise Refused(404, f"there is no statement {new.voids} that could be voided")
        return held is not None

    def _keep(self, new: NewStatement, delivery_id: str, correlation_id: str, now_s: float) -> None:
        self._held[new.id] = msgspec.structs.replace(new, enclosed=())
        if new.voids is not None:
            self._voided.add(new.voids)
        self.journal.append(
            Effect(
                vendor="lrs",
                operation="statements",
                destination="statements",
                delivery_id=delivery_id,
                correlation_id=correlation_id,
                time=now_s,
                id=new.id,
            )
        )


def _at(ids: list[str], place: int) -> str:
    return ids[place] if place < len(ids) else ""


def answer(status: int, body: bytes = b"") -> Response:
    """As the LRS itself answers."""
    headers = {"x-experience-api-version": "1.0.3"} | ({"content-type": "application/json"} if body else {})
    return Response(status=status, headers=headers, body=body)


# ── multipart ────────────────────────────────────────────────────────────────────────────────────────


def parts_of(request: Request) -> tuple[bytes, Mapping[str, bytes]]:
    """The statements, and what is enclosed by its hash. Raises Refused."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip() == "application/json":
        return request.body, {}
    named = re.fullmatch(r'multipart/mixed; *boundary="?([^";]{1,70})"?', kind)
    if named is None:
        raise Refused(400, f"content-type {kind!r}: application/json or multipart/mixed, please")
    mark = f"--{named[1]}".encode()
    pieces = request.body.split(mark)[1:]
    if not pieces or pieces.pop().strip() != b"--":
        raise Refused(400, "the multipart body does not end with its boundary")
    contents: dict[str, bytes] = {}
    statements = b""
    for place, piece in enumerate(pieces):
        head, gap, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap:
            raise Refused(400, "a part without an empty line after its head")
        headers = dict(line.partition(":")[::2] for line in head.decode("latin-1").lower().split("\r\n"))
        content = content.removesuffix(b"\r\n")
        if place == 0:
            statements = content
        elif HASH not in headers:
            raise Refused(400, "a part without X-Experience-API-Hash")
        else:
            contents[headers[HASH].strip()] = content
    return statements, contents
