"""OneRoster: a student information system's classes, people and enrolments, as CSV bundles or by REST.

Read in this order: ``settings``, ``flow`` (which way it is read), ``bundle`` with ``sheets`` (CSV) and ``once`` (ids
that stand in a file twice), ``rest`` with ``wire`` and ``tokens`` (the service), ``bodies`` (what both lay beside a
record), ``fake`` (a service, and bundles, of a school).
"""

from actors.ports import SourceKind
from actors.sources.oneroster.fake import FakeOneRoster
from actors.sources.oneroster.flow import OneRosterSource
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.tokens import dialect

CONNECTOR = SourceKind(settings=OneRosterSettings, build=OneRosterSource, fake=FakeOneRoster, dialect=dialect)
"""``[sources.NAME] kind = "oneroster"``."""
