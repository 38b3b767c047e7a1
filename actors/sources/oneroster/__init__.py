"""OneRoster: a student information system's classes, people and enrolments, as CSV bundles or by REST.

Read in this order: ``settings``, ``flow`` (which way it is read), ``bundle`` with ``sheets`` (CSV) and ``once`` (ids
that stand in a file twice), ``rest`` with ``wire`` (the service), ``bodies`` (what both lay beside a record), ``fake``
(a service, and bundles, of a school).
"""

from typing import cast

import msgspec

from actors.ports import Bearing, Reveal, Source, SourceKind
from actors.sources.oneroster.fake import FakeOneRoster
from actors.sources.oneroster.flow import OneRosterSource
from actors.sources.oneroster.settings import OneRosterSettings


def _build(settings: msgspec.Struct, reveal: Reveal, bearing: Bearing) -> Source:
    return OneRosterSource(cast(OneRosterSettings, settings), reveal, bearing)


CONNECTOR = SourceKind(settings=OneRosterSettings, build=_build, fake=FakeOneRoster)
"""``[sources.NAME] kind = "oneroster"``."""
