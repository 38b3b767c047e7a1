"""A believable LRS, in memory: it validates, compares what comes again, voids, and takes arrays whole or not at all.

The key is ``sandbox`` with the secret ``sandbox``; versions 1.0.3 and 2.0.0 are spoken. It publishes no limits, so
``limited`` changes nothing. ``memory`` holds the statements.

Faults (``Fault.operation`` is ``statements.put``, ``statements.post`` or ``statements.get``) as in ``striking``, and

    error                    HTTP 400 with the message ``value``, nothing done

Switches (while set, whatever ``times`` says):

    poison                   statements that hold the text ``value`` are refused
    no_repeats               a statement that is there already is a conflict (409), though it is the same
    strict_voids             a statement that voids one which is not there is refused
"""

import base64
from typing import cast

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.xapi.patterns import Version
from actors.ports import Answer, Effect, Fault, striking
from actors.ports.striking import Striking
from actors.targets.lrs.fake.memory import Memory, Refused, answer

MOUNT = "/lrs/xapi/"
KEY = "sandbox:sandbox"
VERSIONS = ("1.0.3", "2.0.0")
METHODS = {"PUT": "statements.put", "POST": "statements.post", "GET": "statements.get"}
STRIKES = striking.STRIKES | {"error"}
SWITCHES = frozenset({"poison", "no_repeats", "strict_voids"})
WRITING = frozenset({"statements.put", "statements.post"})


class FakeLrs:
    """One LRS with one key."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self) -> None:
        self.limited = True
        self.memory = Memory()
        self._striking = Striking(
            self._regular, _name, WRITING, _refusal(401, "who is that?"), SWITCHES, error=_bad_request
        )

    @property
    def journal(self) -> list[Effect]:
        return self.memory.journal

    @journal.setter
    def journal(self, journal: list[Effect]) -> None:
        self.memory.journal = journal

    def fault(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a value that is not what the kind needs."""
        if fault.kind == "poison" and not fault.value:
            raise ValueError("poison needs a text as its value")
        self._striking.fault(fault)
        self._switch()

    def clear_faults(self) -> None:
        self._striking.clear()
        self._switch()

    def _switch(self) -> None:
        poison = self._striking.switched("poison")
        self.memory.poison = poison.value if poison else ""
        self.memory.no_repeats = self._striking.switched("no_repeats") is not None
        self.memory.strict_voids = self._striking.switched("strict_voids") is not None

    def settle(self, now_s: float) -> None:
        """What was to land late by now has landed."""
        self._striking.settle(now_s)

    def handle(self, request: Request, now_s: float) -> Answer:
        return self._striking.answer(request, now_s)

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        path, _, query = request.url.partition("?")
        if path.removeprefix(MOUNT) == "about":
            return answer(200, msgspec.json.encode({"version": VERSIONS}))
        if path.removeprefix(MOUNT) != "statements":
            return _refusal(404, "the sandbox has statements, no more")
        if request.headers.get("authorization", "") != "Basic " + base64.b64encode(KEY.encode()).decode():
            return _refusal(401, "this key is not known")
        version = request.headers.get("x-experience-api-version", "")
        if version not in VERSIONS:
            return _refusal(400, "X-Experience-API-Version is 1.0.3 or 2.0.0")
        try:
            match request.method:
                case "GET":
                    return self.memory.get(query)
                case "PUT":
                    return self.memory.put(query, request, cast(Version, version), now_s)
                case "POST":
                    return self.memory.post(request, cast(Version, version), now_s)
                case _:
                    return _refusal(405, f"{request.method} is not for statements")
        except Refused as refused:
            return _refusal(refused.status, str(refused))


def _name(request: Request) -> str:
    return METHODS.get(request.method, "other")


def _bad_request(message: str) -> Response:
    return _refusal(400, message or "no reason")


def _refusal(status: int, message: str) -> Response:
    return answer(status, msgspec.json.encode({"error": True, "message": message}))
