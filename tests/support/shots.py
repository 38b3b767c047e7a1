"""Requests as an ASGI server hands them on, bytes and all, and what every answer of the LRS must be, whatever came."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway_world import World, basic
from starlette.types import ASGIApp, Message

BASE = "/t/acme/xapi/"
STATEMENTS, STATE = "statements", "activities/state"
AGENT_PROFILE, ACTIVITY_PROFILE = "agents/profile", "activities/profile"
RESOURCES = (STATEMENTS, STATE, AGENT_PROFILE, ACTIVITY_PROFILE, "agents", "activities", "about")
VERSIONS = ("1.0.3", "2.0.0")
STATUSES = {200, 204, 304, 400, 404, 405, 409, 412, 413}
"""All that somebody with every right can be answered."""
_NAMED = re.compile(r"Content-|X-Experience-API-Version|If-(?:None-)?Match|\bform\b|parameter method|document|the body")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


class Shot(NamedTuple):
    """``headers`` beside those of somebody who may do everything; None in their place leaves them out."""

    method: str
    resource: str
    query: bytes = b""
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes | None], ...] = ()


class Heard(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def fire(app: ASGIApp, shot: Shot) -> Heard:
    said: dict[bytes, list[bytes]] = {
        b"host": [b"lms-sync.example.edu"],
        b"authorization": [basic("boss")["Authorization"].encode()],
        b"content-type": [b"application/json"],
        b"content-length": [str(len(shot.body)).encode()],
    }
    for name, value in shot.headers:
        if value is None:
            said.pop(name, None)
        elif name in (b"x-experience-api-version", b"if-match", b"if-none-match"):
            said.setdefault(name, []).append(value)
        else:
            said[name] = [value]
    path = BASE + shot.resource
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": shot.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": shot.query,
        "headers": [(name, value) for name, values in said.items() for value in values],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    waiting: list[Message] = [{"type": "http.request", "body": shot.body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent, f"no answer to {shot}"
    start, *rest = sent
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Heard(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


def sound(shot: Shot, heard: Heard) -> None:
    """Whatever the answer is, it is one that xAPI knows, and it says which fault it found."""
    a_form_says_who = shot.query.startswith(b"method") and b"authorization" in shot.body.lower()
    assert heard.status in STATUSES or (heard.status == 401 and a_form_says_who), (shot, heard)
    assert heard.headers["x-experience-api-version"] in VERSIONS
    assert heard.headers["x-correlation-id"]
    if shot.resource == STATEMENTS:
        assert _MOMENT.fullmatch(heard.headers["x-experience-api-consistent-through"])
    if heard.status >= 400:
        explained(shot, heard)
    elif shot.method == "HEAD":
        assert heard.body == b""


def explained(shot: Shot, heard: Heard) -> None:
    assert heard.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(heard.body)
    assert problem["status"] == heard.status
    assert problem["title"]
    assert problem["detail"]
    assert len(heard.body) < 20_000, "what was sent is not sent back"
    if heard.status == 400:
        errors: Sequence[dict[str, Any]] = problem.get("errors", ())
        assert all(isinstance(error["property"], str) and error["rule"] for error in errors)
        assert errors or "parameter" in problem or _NAMED.search(problem["detail"]), (shot, problem)


async def judged(world: World, app: ASGIApp, shot: Shot) -> Heard:
    """Fire, and see that a refusal has changed nothing, and that nothing went wrong unseen."""
    rows, documents = dict(world.log.rows), dict(world.documents.kept)
    contents = dict(world.log.contents)
    heard = await fire(app, shot)
    sound(shot, heard)
    assert world.troubles == [], (shot, world.troubles)
    if heard.status >= 400 or shot.method in ("GET", "HEAD", "OPTIONS"):
        assert world.log.rows == rows, shot
        assert world.log.contents == contents, shot
    if heard.status >= 400:
        assert world.documents.kept == documents, shot
    elif shot.resource == STATEMENTS and shot.method == "POST" and heard.body.startswith(b"["):
        assert {("acme", one) for one in json.loads(heard.body)} <= set(world.log.rows), shot
    return heard
