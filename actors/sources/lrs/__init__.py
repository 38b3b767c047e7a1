"""Another LRS as a source: its statements are read by ``since`` and stand in the log with their own ids.

Read in this order: ``settings``, ``flow`` (the conversation, and where the cursor may stand), ``wire`` (what it says),
``fake`` (an LRS that tells of a school).
"""

from actors.ports import SourceKind
from actors.sources.lrs.fake import FakeLrs
from actors.sources.lrs.flow import LrsSource
from actors.sources.lrs.settings import LrsSettings

CONNECTOR = SourceKind(settings=LrsSettings, build=LrsSource, fake=FakeLrs)
"""``[sources.NAME] kind = "lrs"``."""
