"""Answers in the shapes Slack gives: JSON with ``ok``, and pages of whatever stands before."""

from collections.abc import Mapping

import msgspec

from actors.domain.flow import Response
from actors.ports import Answer
from actors.targets.slack.fake.methods import Fields


class Letterhead:
    """What each answer carries."""

    def __init__(self) -> None:
        self._count = 0

    def throttled(self, error: str, retry_after: str) -> Answer:
        answer = self.answer({"ok": False, "error": error}, status=429)
        if not retry_after:
            return answer
        headers = {**answer.response.headers, "retry-after": retry_after}
        return Answer(response=msgspec.structs.replace(answer.response, headers=headers))

    def answer(self, fields: Fields, status: int = 200, scopes: str = "") -> Answer:
        self._count += 1
        headers = {"content-type": "application/json; charset=utf-8", "x-slack-req-id": f"{self._count:032x}"}
        if scopes:
            headers["x-oauth-scopes"] = scopes
        return Answer(response=Response(status=status, headers=headers, body=msgspec.json.encode(fields)))


def page(status: int, more: Mapping[str, str] | None = None) -> Response:
    """What stands before Slack answers when Slack does not."""
    body = f"<!DOCTYPE html><html><body><h1>{status}</h1><p>Something went wrong on our end.</p></body></html>"
    return Response(
        status=status, headers={"content-type": "text/html; charset=utf-8", **(more or {})}, body=body.encode()
    )
