"""What is read of any vendor's answer before its meaning: what it says to a refusal, and the time it names.

Words go into logs and to operators: on one line, bounded, without anything that a terminal would obey.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar, assert_never
from urllib.parse import urlsplit

from actors.domain.flow import Lost, NotSent, Outcome, Response, decode_object
from actors.domain.veiling import veiled
from actors.domain.verdicts import Doubtful, Unavailable

T = TypeVar("T")

SAID_CHARS_MAX = 300
_READ_BYTES_MAX = 65_536
_PLAIN_BYTES_MAX = 2_000
_NAMES = ("detail", "message", "error_description", "error", "title")
"""Of a JSON object: whoever has several of them says most in the first."""


def understood(outcome: Outcome, meaning: Callable[[Response], T]) -> T | Unavailable | Doubtful:
    """What came of one request, whatever it was: ``meaning`` judges what was answered."""
    match outcome:
        case NotSent(detail):
            return Unavailable(detail)
        case Lost(detail):
            return Doubtful(detail)
        case Response():
            return meaning(outcome)
        case _:
            assert_never(outcome)


def said(response: Response, hidden: Iterable[str] = ()) -> str:
    """What a refusal says: ``errors[].message``, one of the usual fields, or plain text; empty where it says nothing.
    ``hidden`` are secrets that it may repeat."""
    texts: list[object] = []
    fields = decode_object(response.body[:_READ_BYTES_MAX])
    if fields is not None:
        errors = fields.get("errors")
        texts = [each.get("message") for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        texts += [fields.get(name) for name in _NAMES]
    elif response.headers.get("content-type", "").startswith("text/plain"):
        texts = [response.body[:_PLAIN_BYTES_MAX].decode("utf-8", "replace")]
    told = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    return one_line(veiled(told, hidden))


def one_line(text: str, chars_max: int = SAID_CHARS_MAX) -> str:
    """Without line breaks and control characters, bounded."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * chars_max])
    return " ".join(printable.split())[:chars_max]


def retry_after(response: Response) -> str | None:
    """The header as it came, None where there is none."""
    return response.headers.get("retry-after", "").strip()[:64] or None


def leads_to(response: Response) -> str:
    """The host a redirect leads to, without the path: it may be a secret."""
    try:
        host = urlsplit(response.headers.get("location", "")).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return one_line(host, 120) or "elsewhere"
