"""One request to Graph, or several as one call: with the speaker's token, and with another where the first is refused.

Several questions that belong together travel as one ``$batch`` whoever asks them; each has an answer of its own, and
those whose token was refused are asked once more. Where Graph takes no bundles they go one after another.
"""

from collections.abc import Mapping, Sequence

import msgspec

from actors.domain.flow import Flow, Outcome, Request
from actors.domain.tokens import Missing
from actors.domain.verdicts import Revoked, Unavailable
from actors.ports import Bundler
from actors.ports.speaking import authorized
from actors.ports.tokens import Keys
from actors.targets.teams.marks import Trail
from actors.targets.teams.settings import TeamsSettings
from actors.targets.teams.wire import Answered, Failure, Purpose, Stale, understand
from config.secrets import SecretUnavailable

TRIES = 2
UNTAKEN_MAX = 3
"""After so many bundles in a row that were not taken this process makes no more of its own."""


class Caller:
    """Speaks with Graph for the app or a person of one directory."""

    def __init__(self, settings: TeamsSettings, keys: Keys, bundler: Bundler | None) -> None:
        self._settings = settings
        self._keys = keys
        self._bundler = bundler
        self._talks = 0
        self._untaken = 0

    def request(
        self,
        method: str,
        path: str,
        operation: str,
        draws: tuple[str, ...] = (),
        body: bytes = b"",
        more: Mapping[str, str] | None = None,
    ) -> Request:
        """``more``: further headers."""
        headers = {"accept": "application/json"} | ({"content-type": "application/json; charset=utf-8"} if body else {})
        url = self._settings.graph + path
        return Request(
            method=method, url=url, operation=operation, headers=headers | dict(more or {}), body=body, draws=draws
        )

    def talk(self, about: str) -> Trail:
        """A trail for a conversation that belongs to no delivery; the count keeps its ids apart."""
        self._talks += 1
        return Trail("", f"{self._settings.client_id}|{about}|{self._talks}")

    def call(self, speaker: str, request: Request, purpose: Purpose, trail: Trail) -> Flow[Answered | Failure]:
        """One request, with another token where the first one is no longer taken."""
        claims = detail = ""
        for _ in range(TRIES):
            token = yield from self.token(speaker, trail.now_us, claims)
            if not isinstance(token, str):
                return token
            answer = understand((yield authorized(_trailed(request, trail), token)), purpose)
            if not isinstance(answer, Stale):
                return answer
            claims, detail = answer.claims, answer.detail
            if not self._keys.refused(speaker, token, claims):
                break
        return _unaccepted(detail)

    def several(
        self, speaker: str, requests: Sequence[Request], purpose: Purpose, trail: Trail
    ) -> Flow[list[Answered | Failure]]:
        """As many requests as a bundle takes, in one call; what came of each, in their order."""
        found: list[Answered | Failure | None] = [None] * len(requests)
        waiting, claims = list(range(len(requests))), ""
        for _ in range(TRIES):
            token = yield from self.token(speaker, trail.now_us, claims)
            if not isinstance(token, str):
                for each in waiting:
                    found[each] = token
                return [answer for answer in found if answer is not None]
            trailed = [authorized(_trailed(requests[each], trail), token) for each in waiting]
            outcomes = yield from self._together(trailed)
            stale: list[int] = []
            for each, outcome in zip(waiting, outcomes, strict=True):
                answer = understand(outcome, purpose)
                if isinstance(answer, Stale):
                    stale.append(each)
                    claims = claims or answer.claims
                    found[each] = _unaccepted(answer.detail)
                else:
                    found[each] = answer
            waiting = stale
            if not stale or not self._keys.refused(speaker, token, claims):
                break
        return [answer for answer in found if answer is not None]

    def _together(self, requests: Sequence[Request]) -> Flow[list[Outcome]]:
        if self._bundler is not None and len(requests) > 1 and self._untaken < UNTAKEN_MAX:
            packed = self._bundler.pack(requests)
            draws = tuple(dict.fromkeys(name for each in requests for name in each.draws))
            outcome = yield msgspec.structs.replace(packed, draws=draws)
            heard = self._bundler.unpack(requests, outcome)
            self._untaken = 0 if heard is not None else self._untaken + 1
            if heard is not None:
                return heard
        alone: list[Outcome] = []
        for each in requests:
            alone.append((yield each))
        return alone

    def token(self, speaker: str, now_us: int | None, claims: str = "") -> Flow[str | Missing]:
        """A secret that cannot be read now costs nothing: it is waited for."""
        try:
            return (yield from self._keys.token(speaker, now_us, claims))
        except SecretUnavailable as error:
            return Unavailable(str(error))


def _trailed(request: Request, trail: Trail) -> Request:
    return msgspec.structs.replace(request, headers={**request.headers, **trail.headers()})


def _unaccepted(detail: str) -> Revoked:
    return Revoked(f"{detail}: the token is not accepted; connect the account again")
