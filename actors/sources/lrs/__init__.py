"""Another LRS as a source: its statements are read by ``since`` and stand in the log with their own ids.

Read in this order: ``settings``, ``flow`` (the conversation, and where the cursor may stand), ``wire`` (what it says),
``tokens`` (what it is spoken to with), ``fake`` (an LRS that tells of a school).
"""

from actors.ports import SourceKind
from actors.sources.lrs.fake import FakeLrs
from actors.sources.lrs.flow import LrsSource
from actors.sources.lrs.settings import LrsSettings
from actors.sources.lrs.tokens import dialect

CONNECTOR = SourceKind(settings=LrsSettings, build=LrsSource, fake=FakeLrs, dialect=dialect)
"""``[sources.NAME] kind = "lrs"``."""
