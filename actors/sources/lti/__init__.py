"""A platform in which we are registered as an LTI 1.3 tool: its courses' members (NRPS 2.0) and results (AGS 2.0).

Read in this order: ``settings``, ``flow`` (the conversation), ``tokens`` (the assertion that our key signs), ``wire``
(what the platform says), ``fake``.
"""

from actors.ports import SourceKind
from actors.sources.lti.fake import FakeLti
from actors.sources.lti.flow import LtiSource
from actors.sources.lti.settings import LtiSettings

CONNECTOR = SourceKind(settings=LtiSettings, build=LtiSource, fake=FakeLti)
"""``[sources.NAME] kind = "lti"``."""
