"""A platform in which we are registered as an LTI 1.3 tool: its courses' members (NRPS 2.0) and results (AGS 2.0).

Read in this order: ``settings``, ``flow`` (the conversation), ``tokens`` (what is asked for by our key), ``wire``
(what the platform says), ``fake``.
"""

from actors.ports import SourceKind
from actors.sources.lti.fake import FakeLti
from actors.sources.lti.flow import LtiSource
from actors.sources.lti.settings import LtiSettings
from actors.sources.lti.tokens import dialect

CONNECTOR = SourceKind(settings=LtiSettings, build=LtiSource, fake=FakeLti, dialect=dialect)
"""``[sources.NAME] kind = "lti"``."""
