"""Orders and answers about rosters in Slack, for tests that play Slack by hand."""

from typing import Any, TypeVar

import msgspec
from slack_stage import NOW_S, build

from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.rosters.model import Member, PlaceKind
from actors.domain.rosters.order import Deed, RosterOrder, order
from actors.ports.rostering import Rostering, Slip, Wanted

T = TypeVar("T")
CHANNEL, GROUP = "C0123456789", "S0123456789"
AT = "2026-09-21T14:13:20Z"


def rostering() -> Rostering:
    found = build().rostering
    assert found is not None
    return found


def ordered(deed: Deed, *members: str, kind: PlaceKind = "channel", **more: Any) -> RosterOrder:
    place = "" if deed == "create" else CHANNEL if kind == "channel" else GROUP
    given = {"place": place, "name": "course-101", "members": members} | more
    return order(plan="p", n=0, roster="classes", unit="course:1", at=AT, place_kind=kind, deed=deed, **given)


def wanted(kind: PlaceKind, **more: Any) -> Wanted:
    place = CHANNEL if kind == "channel" else GROUP
    if "remove" in more:
        more["remove"] = tuple(Member(id=each) for each in more["remove"])
    return Wanted(kind=kind, **({"place": place} | more))


def slip(attempt: int = 1, now_s: float = NOW_S, sent_s: float | None = None) -> Slip:
    return Slip(
        delivery_id="d-1",
        correlation_id="c-1",
        tenant="acme",
        traceparent="",
        attempt=attempt,
        now_us=int(now_s * 1e6),
        sent_us=int((now_s if sent_s is None else sent_s) * 1e6),
    )


def play(flow: Flow[T], *answers: Outcome | dict[str, Any]) -> tuple[T, list[Request]]:
    """What it concludes from these answers, and what it asked; it must ask for exactly as many."""
    waiting, asked = list(answers), list[Request]()
    outcome: Outcome | None = None
    while True:
        try:
            request = flow.send(outcome)
        except StopIteration as end:
            assert not waiting, f"not asked for: {waiting}"
            return end.value, asked
        asked.append(request)
        assert waiting, f"one too many: {request.operation}"
        answer = waiting.pop(0)
        outcome = Response(status=200, body=msgspec.json.encode(answer)) if isinstance(answer, dict) else answer


def body(request: Request) -> dict[str, Any]:
    """What was posted."""
    return msgspec.json.decode(request.body)


def fine(**more: Any) -> dict[str, Any]:
    return {"ok": True, **more}


def wrong(error: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": error, **more}


def not_ok(**errors: str) -> list[dict[str, Any]]:
    """The list that goes with an invitation."""
    return [{"user": user, "ok": False, "error": error} for user, error in errors.items()]


RATIONED = Response(status=429, headers={"retry-after": "9"}, body=b'{"ok":false,"error":"ratelimited"}')
DOWN = Response(status=503)
