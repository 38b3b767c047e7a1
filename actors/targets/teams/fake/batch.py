"""``$batch`` as Graph takes it: at most 20 requests with ids of their own; answers in any order, errors inside.

Bodies that are no JSON travel as base64, in both directions. A request whose ``dependsOn`` failed is not tried (424).
"""

import base64
from collections.abc import Mapping
from random import Random

import msgspec

from actors.domain.flow import Request, decode_object
from actors.ports import Answer
from actors.targets.teams.fake.replies import Fields, Refusal

PARTS_MAX = 20
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
INNER_HEADERS = frozenset({"content-type", "retry-after", "www-authenticate", "location", "content-location"})
"""What an inner answer carries; ids and dates stand on the outer one."""


class Part(msgspec.Struct, frozen=True):
    """One request of a bundle; ``wrong`` says why it cannot be tried."""

    id: str
    request: Request
    depends: tuple[str, ...] = ()
    wrong: str = ""


def parts_of(request: Request, mount: str) -> list[Part]:
    """Raises Refusal for what is no bundle."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal(415, "UnsupportedMediaType", "The content type is application/json.")
    fields = decode_object(request.body)
    given = fields.get("requests") if fields is not None else None
    if not isinstance(given, list) or not given:
        raise Refusal(400, "BadRequest", "Invalid batch payload format.")
    if len(given) > PARTS_MAX:
        raise Refusal(400, "BadRequest", f"Number of batch request steps exceeds the maximum value of {PARTS_MAX}.")
    parts = [_part(each, request, mount) for each in given]
    ids = {part.id.casefold() for part in parts}
    if len(ids) < len(parts):
        raise Refusal(400, "BadRequest", "Ids of a batch's requests must be unique.")
    earlier: set[str] = set()
    for part in parts:
        if not earlier.issuperset(part.depends):
            raise Refusal(400, "BadRequest", "dependsOn names earlier requests of the batch.")
        earlier.add(part.id)
    return parts


def _part(given: object, outer: Request, mount: str) -> Part:
    fields = given if isinstance(given, dict) else {}
    name, method, url = fields.get("id"), fields.get("method"), fields.get("url")
    depends, headers = fields.get("dependsOn", []), fields.get("headers", {})
    if not (isinstance(name, str) and name and isinstance(url, str) and url and method in METHODS):
        raise Refusal(400, "BadRequest", "A request of a batch has an id, a method and a url.")
    if not (isinstance(headers, dict) and isinstance(depends, list) and all(isinstance(each, str) for each in depends)):
        raise Refusal(400, "BadRequest", "Invalid headers or dependsOn.")
    if "://" in url.partition("?")[0]:
        raise Refusal(400, "BadRequest", "The url of a request in a batch is relative.")
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    body, wrong = _body(fields.get("body"), lowered.get("content-type", ""))
    if url.lstrip("/").startswith("$batch"):
        wrong = "A batch within a batch."
    request = Request(
        method=str(method),
        url=mount + url.lstrip("/"),
        operation="",
        headers=lowered | {"authorization": outer.headers.get("authorization", "")},
        body=body,
    )
    return Part(name, request, tuple(map(str, depends)), wrong)


def _body(given: object, content_type: str) -> tuple[bytes, str]:
    """The bytes of a body, and what is wrong with it."""
    if given is None:
        return b"", ""
    if not content_type:
        return b"", "Write requests with a body must have a Content-Type header."
    if content_type.startswith("application/json"):
        return msgspec.json.encode(given), ""
    try:
        return base64.b64decode(str(given), validate=True), ""
    except ValueError:
        return b"", "A body that is not JSON is base64."


def envelope(answers: Mapping[str, Answer | None], dice: Random) -> tuple[Fields, float]:
    """The outer answer, and after how many seconds it comes. None: an answer that is left out."""
    given = [(name, answer) for name, answer in answers.items() if answer is not None]
    dice.shuffle(given)
    delay_s = max((answer.delay_s for answer in answers.values() if answer is not None), default=0.0)
    return {"responses": [_shown(name, answer) for name, answer in given]}, delay_s


def _shown(name: str, answer: Answer) -> Fields:
    response = answer.response
    headers = {name.title(): value for name, value in response.headers.items() if name in INNER_HEADERS}
    shown: Fields = {"id": name, "status": response.status, "headers": headers}
    if not response.body:
        return shown
    whole = decode_object(response.body)
    return shown | {"body": base64.b64encode(response.body).decode() if whole is None else whole}
