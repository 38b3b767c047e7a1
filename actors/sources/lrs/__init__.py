"""Another LRS as a source: its statements are read by ``since`` and stand in the log with their own ids.

Read in this order: ``settings``, ``flow`` (the conversation, and where the cursor may stand), ``wire`` (what it says),
``fake`` (an LRS that tells of a school).
"""

from typing import cast

import msgspec

from actors.ports import Bearing, Reveal, Source, SourceKind
from actors.sources.lrs.fake import FakeLrs
from actors.sources.lrs.flow import LrsSource
from actors.sources.lrs.settings import LrsSettings


def _build(settings: msgspec.Struct, reveal: Reveal, bearing: Bearing) -> Source:
    return LrsSource(cast(LrsSettings, settings), reveal, bearing)


CONNECTOR = SourceKind(settings=LrsSettings, build=_build, fake=FakeLrs)
"""``[sources.NAME] kind = "lrs"``."""
