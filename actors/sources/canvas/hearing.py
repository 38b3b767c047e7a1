"""Live Events: whether a delivery is genuine, and which events are in it.

How the JWT's claims hold the events is not documented, so they are looked for: an event is what has ``metadata`` and
``body``, at the top, below a key, in a list, or as JSON in a text.
"""

from collections.abc import Iterator

import msgspec

from actors.domain.harvest import Heard, Hearing, Inbound, Record, Unheard
from actors.ports import Reveal
from actors.sources.canvas.events import understand
from actors.sources.canvas.keys import Doubted, Keyring
from actors.sources.canvas.settings import LiveEvents

EVENTS_MAX = 1_000
DEPTH_MAX = 5
RECORDS_MAX = 4_000


class Ears:
    """One source's."""

    def __init__(self, settings: LiveEvents, reveal: Reveal, *, totals: bool) -> None:
        self._totals = totals
        self.keyring = Keyring(settings, reveal)

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        opened = yield from self.keyring.open(inbound.body, now_us)
        if isinstance(opened, Doubted):
            return Unheard(status=opened.status, detail=opened.detail)
        records: list[Record] = []
        ignored, look = 0, False
        for count, event in enumerate(events_in(opened.claims)):
            if count == EVENTS_MAX or len(records) > RECORDS_MAX:
                look = True  # more than anybody sends; what is left out is read
                break
            told = understand(event, totals=self._totals) if event is not None else None
            if told is None:
                ignored += 1
                continue
            records += told.records
            look = look or told.look
        return Heard(records=tuple(records), look=look, ignored=ignored)


def events_in(claims: object, depth: int = 0) -> Iterator[dict[str, object] | None]:
    """The events, in order; None for one in another format (Caliper)."""
    if depth > DEPTH_MAX:
        return
    match claims:
        case {"metadata": dict(metadata), "body": dict(body)}:
            yield {"metadata": metadata, "body": body}
        case {"sensor": _, "data": list(data)} | {"dataVersion": _, "data": list(data)}:
            yield from [None] * min(len(data), EVENTS_MAX)
        case dict():
            for value in claims.values():
                if isinstance(value, dict | list) or _is_json(value):
                    yield from events_in(value, depth + 1)
        case list():
            for value in claims[: EVENTS_MAX + 1]:
                yield from events_in(value, depth + 1)
        case str() if _is_json(claims):
            try:
                decoded = msgspec.json.decode(claims)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return
            yield from events_in(decoded, depth + 1)
        case _:
            return


def _is_json(value: object) -> bool:
    return isinstance(value, str) and value[:1] in ("{", "[")
