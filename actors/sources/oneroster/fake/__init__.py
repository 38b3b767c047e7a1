"""A student information system of a school in memory: ``told`` (what it says of each thing), ``service`` (by REST, both
versions) and ``bundles`` (as CSV)."""

from actors.sources.oneroster.fake.bundles import bundle_of as bundle_of
from actors.sources.oneroster.fake.bundles import zipped as zipped
from actors.sources.oneroster.fake.service import FakeOneRoster as FakeOneRoster
