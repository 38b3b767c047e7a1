"""What strikes a request instead of its answer, or after it was served: each kind of fault, as the package tells."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer, Fault
from actors.targets.slack.fake.arguments import Arguments, bearer
from actors.targets.slack.fake.replies import Letterhead, page
from actors.targets.slack.fake.scopes import BY_HAND
from actors.targets.slack.fake.tokens import Tokens

PENDING_MAX = 10_000


class Strikes:
    """``late`` holds what lands after its connection was reset: when, which method, with what."""

    def __init__(self, letters: Letterhead, tokens: Tokens) -> None:
        self.late: list[tuple[float, str, Arguments]] = []
        self._letters = letters
        self._tokens = tokens
        self._closed: dict[str, tuple[float, float]] = {}

    def clear(self) -> None:
        self._closed.clear()

    def before(self, fault: Fault, given: Arguments, method: str, request: Request, now_s: float) -> Answer | None:
        """What strikes instead of the request."""
        match fault.kind:
            case "reset_before_commit":
                return Answer(response=Response(status=0), reset=True)
            case "late_commit":
                if len(self.late) < PENDING_MAX:
                    self.late.append((now_s + float(fault.value), method, given))
                return Answer(response=Response(status=0), reset=True)
            case "status":
                return Answer(response=page(int(float(fault.value))))
            case "html":
                return Answer(response=page(500))
            case "rate_limited":
                return self._letters.throttled("ratelimited", fault.value)
            case "rate_limited_date":
                until = datetime.fromtimestamp(math.ceil(now_s + float(fault.value)), UTC)
                return self._letters.throttled("ratelimited", format_datetime(until, usegmt=True))
            case "rate_limited_rearm":
                wait_s = max(1.0, float(fault.value))
                self._closed[method] = (now_s + wait_s, wait_s)
                return self.still_closed(method, now_s)
            case "keepalive_closed":
                more = {"connection": "close"} | ({"retry-after": fault.value} if fault.value else {})
                return Answer(response=page(503, more))
            case "error":
                more = {"needed": "chat:write", "provided": BY_HAND} if fault.value == "missing_scope" else {}
                return self._letters.answer({"ok": False, "error": fault.value, **more})
            case "token_expired":
                self._tokens.expire_one(bearer(given, request), now_s)
                return self._letters.answer({"ok": False, "error": "token_expired"})
            case "revoked":
                return self._letters.answer({"ok": False, "error": fault.value or "account_inactive"})
            case "archived" if method == "conversations.info":
                seen = {"id": given.text("channel"), "name": given.text("channel").lower(), "is_archived": True}
                return self._letters.answer({"ok": True, "channel": seen})
            case "archived":
                error = "is_inactive" if method == "chat.update" else "is_archived"
                return self._letters.answer({"ok": False, "error": error})
            case "deleted":
                return self._letters.answer({"ok": False, "error": "channel_not_found"})
            case "kicked":
                return self._letters.answer({"ok": False, "error": "not_in_channel"})
            case _:
                return None

    def after(self, fault: Fault, answer: Answer) -> Answer:
        """What strikes after the request was served as usual."""
        response = answer.response
        match fault.kind:
            case "reset_after_commit":
                return Answer(response=Response(status=0), reset=True)
            case "truncated_after_commit":
                half = msgspec.structs.replace(response, body=response.body[: len(response.body) // 2])
                return Answer(response=half)
            case "error_after_commit":
                return self._letters.answer({"ok": False, "error": fault.value or "internal_error"})
            case "status_after_commit":
                return Answer(response=page(int(float(fault.value))))
            case "slow":
                return msgspec.structs.replace(answer, delay_s=float(fault.value))
            case "trickle":
                return msgspec.structs.replace(answer, body_s=float(fault.value))
            case "hangup":
                return msgspec.structs.replace(answer, hangup=True)
            case _:
                raise AssertionError(fault.kind)

    def still_closed(self, method: str, now_s: float) -> Answer | None:
        """The refusal of whoever asks too early after ``rate_limited_rearm``."""
        until_s, wait_s = self._closed.get(method, (now_s, 0.0))
        if now_s >= until_s:
            self._closed.pop(method, None)
            return None
        self._closed[method] = (now_s + wait_s, wait_s)
        return self._letters.throttled("ratelimited", str(math.ceil(wait_s)))
