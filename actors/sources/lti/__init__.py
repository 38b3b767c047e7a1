"""A platform in which we are registered as an LTI 1.3 tool: its courses' members (NRPS 2.0) and results (AGS 2.0).

Read in this order: ``settings``, ``flow`` (the conversation), ``tokens`` (the assertion that our key signs), ``wire``
(what the platform says), ``fake``.
"""

from typing import cast

import msgspec

from actors.ports import Bearing, Reveal, Source, SourceKind
from actors.sources.lti.fake import FakeLti
from actors.sources.lti.flow import LtiSource
from actors.sources.lti.settings import LtiSettings


def _build(settings: msgspec.Struct, reveal: Reveal, bearing: Bearing) -> Source:
    return LtiSource(cast(LtiSettings, settings), reveal, bearing)


CONNECTOR = SourceKind(settings=LtiSettings, build=_build, fake=FakeLti)
"""``[sources.NAME] kind = "lti"``."""
