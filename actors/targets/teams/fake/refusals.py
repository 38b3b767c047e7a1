"""How Graph and Entra say no: with an error, to who has no token, to who asks too much."""

import base64
from math import ceil

import msgspec

from actors.domain.flow import Request
from actors.ports import Answer
from actors.targets.teams.fake.calls import Call
from actors.targets.teams.fake.kinds import SIGNING_IN, status_of
from actors.targets.teams.fake.replies import EntraRefusal, Letterhead

PENDING_MAX = 10_000
TOLD = "As the sandbox was told to say."


class Refusals:
    """Remembers who was told to wait (``rate_limited_rearm``)."""

    def __init__(self, letters: Letterhead) -> None:
        self._letters = letters
        self._closed: dict[str, tuple[float, float]] = {}

    def clear(self) -> None:
        self._closed.clear()

    def close(self, call: Call, request: Request, now_s: float, wait_s: float) -> Answer | None:
        """Whoever asks for this in the next ``wait_s`` is refused, and waits anew."""
        if len(self._closed) < PENDING_MAX:
            self._closed[_place(call)] = (now_s, wait_s)
        return self.still_closed(call, request, now_s)

    def error(self, code: str, call: Call, request: Request, now_s: float) -> Answer:
        if call.operation in SIGNING_IN:
            refusal = EntraRefusal(code, TOLD, 401 if code == "invalid_client" else 400)
            return self._letters.entra_error(request, now_s, refusal)
        return self._letters.graph_error(request, now_s, status_of(code, otherwise=400), code, TOLD)

    def unauthorised(self, request: Request, now_s: float, *, challenge: int | None = None) -> Answer:
        says = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
        if challenge is not None:
            demand = msgspec.json.encode({"access_token": {"nbf": {"essential": True, "value": str(challenge)}}})
            says += f', error="insufficient_claims", claims="{base64.b64encode(demand).decode()}"'
        message = (
            "Continuous access evaluation: sign in anew."
            if challenge is not None
            else "Access token is empty or expired."
        )
        more = {"www-authenticate": says}
        return self._letters.graph_error(request, now_s, 401, "InvalidAuthenticationToken", message, **more)

    def throttled(self, call: Call, request: Request, now_s: float, retry_after: str) -> Answer:
        more = {"retry-after": retry_after} if retry_after else {}
        if call.operation in SIGNING_IN:
            refusal = EntraRefusal("temporarily_unavailable", "The directory is throttled.", 429)
            return self._letters.entra_error(request, now_s, refusal, **more)
        return self._letters.graph_error(request, now_s, 429, "TooManyRequests", "Too many requests.", **more)

    def still_closed(self, call: Call, request: Request, now_s: float) -> Answer | None:
        """The refusal of whoever asks too early after ``rate_limited_rearm``."""
        place = _place(call)
        began_s, wait_s = self._closed.get(place, (now_s, 0.0))
        if now_s >= began_s + wait_s:
            self._closed.pop(place, None)
            return None
        self._closed[place] = (now_s, wait_s)
        return self.throttled(call, request, now_s, str(ceil(wait_s)))


def _place(call: Call) -> str:
    return f"{call.operation} {call.destination}"
