"""What operators change at a fake vendor (its terms) and what they let happen there, told as JSON."""

from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from actors.domain.flow import Response
from actors.ports.vendors import Answer

S = TypeVar("S", bound=msgspec.Struct)
HAPPENINGS_MAX = 1000


class Unclear(ValueError):
    """What was said is nothing that can be changed, or that can happen."""


@runtime_checkable
class Adjustable(Protocol):
    """A fake whose terms operators change, and where they let things happen."""

    def terms_told(self) -> object: ...

    def adjust(self, body: bytes, now_s: float) -> Answer:
        """Some of the terms; those left out stay. Raises Unclear."""

    def happen(self, body: bytes, now_s: float) -> object:
        """One happening or a list of them; what became of it. Raises Unclear, and then nothing happened from the
        mistaken one on."""


def merged(terms: S, body: bytes) -> S:
    """The terms with what ``body`` changes. Raises Unclear."""
    try:
        given = msgspec.json.decode(body, type=dict[str, object])
        return msgspec.convert(msgspec.to_builtins(terms) | given, type(terms))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise Unclear(str(error)) from None


def assign(terms: S, other: S) -> None:
    """Whoever holds ``terms`` sees what ``other`` says from now on."""
    for name in terms.__struct_fields__:
        setattr(terms, name, getattr(other, name))


def told(value: object) -> Response:
    """As JSON."""
    return Response(status=200, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))


def refused(what: str, why: str) -> Response:
    """Terms that cannot be (RFC 9457)."""
    body = {"type": "about:blank", "title": "Nothing that can change", "status": 400, "detail": f"{what}: {why}"}
    headers = {"content-type": "application/problem+json"}
    return Response(status=400, headers=headers, body=msgspec.json.encode(body))


def read(body: bytes, kinds: Any) -> list[Any]:
    """One happening of these ``kinds`` (a union of structs), or a list of them. Raises Unclear."""
    try:
        said = msgspec.json.decode(body, type=kinds | list[kinds])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unclear(str(error)) from None
    happenings = said if isinstance(said, list) else [said]
    if len(happenings) > HAPPENINGS_MAX:
        raise Unclear(f"at most {HAPPENINGS_MAX} happenings at a time")
    return happenings
