"""A Canvas as a source: read by its REST API (``harvesting``), and hearing its Live Events (``hearing``)."""

from actors.domain.harvest import Finished, Halted, Harvest, Hearing, Inbound, Order, Unheard
from actors.domain.outbox import Rate
from actors.ports import Bearing, Reveal
from actors.sources.calls import called
from actors.sources.canvas.harvesting import Harvesting
from actors.sources.canvas.hearing import Ears
from actors.sources.canvas.reading import Closed, Reader, closed
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.tokens import tokens


class CanvasSource:
    """One Canvas. It remembers its token, the keys of Live Events, and which courses have no module requirements."""

    kind = "canvas"
    polls = True

    def __init__(self, settings: CanvasSettings, reveal: Reveal, bearing: Bearing) -> None:
        self.home_page = settings.home
        self._settings = settings
        self._reveal = reveal
        self._bearing = bearing
        self._tokens = tokens(settings, reveal)
        self._ears = Ears(settings.live_events, reveal, totals=settings.course_grades) if settings.live_events else None
        self._plain: set[str] = set()

    def rate(self, bucket: str) -> Rate:
        return self._settings.rate

    def harvest(self, order: Order) -> Harvest:
        reader = Reader(self._settings, self._tokens, order.now_us)
        return (yield from Harvesting(self._settings, reader, order, self._plain).run())

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        if self._settings.hook_secret is not None and "webhook-id" in inbound.headers:
            return (yield from called(self._settings, self._reveal, inbound, now_us, self._bearing.source))
        if self._ears is None:
            return Unheard(status=404, detail=f"{self._bearing.source} has no live_events: it is read")
        return (yield from self._ears.hear(inbound, now_us))

    def hello(self) -> Harvest:
        """Who we are there, as far as the token may tell; and that it may list what it is to read."""
        reader = Reader(self._settings, self._tokens, 0)
        said = yield from reader.get("self", reader.url("users/self"))
        if isinstance(said, Halted):
            return said
        who = ""
        if not isinstance(said, Closed) and isinstance(said.body, dict):
            who = f"{said.body.get('name') or 'somebody'} ({said.body.get('id')}) "[:200]
        ids = self._settings.courses.ids
        if ids:
            operation, url = "course_users", reader.url(f"courses/{ids[0]}/users", [("per_page", "1")])
        else:
            operation, url = "courses", reader.url(f"accounts/{self._settings.account}/courses", [("per_page", "1")])
        proof = yield from reader.get(operation, url)
        if isinstance(proof, Halted):
            return proof
        if isinstance(proof, Closed):
            return closed(proof)
        what = f"course {ids[0]}" if ids else f"account {self._settings.account}"
        return Finished(note=f"{who}may read {what}".strip())
