"""Canvas: read by its REST API, and heard by Live Events.

Read in this order: ``settings``, ``flow`` (what it does when), ``harvesting`` (one reading), ``telling`` (a listing,
and when it is whole), ``reading`` (one request, and what is done about its answer), ``wire`` (what answers mean),
``records`` (objects as records), ``dates`` (whose due date is which), ``tokens``; for Live Events ``hearing``, ``keys``
(whether they are genuine) and ``events``. ``fake`` is a believable Canvas.
"""

from actors.ports import SourceKind
from actors.sources.canvas.fake import FakeCanvas
from actors.sources.canvas.flow import CanvasSource
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.tokens import dialect

CONNECTOR = SourceKind(settings=CanvasSettings, build=CanvasSource, fake=FakeCanvas, dialect=dialect)
"""``[sources.NAME] kind = "canvas"``."""
