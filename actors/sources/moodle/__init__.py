"""Moodle: read by its web services. Its xAPI plugin (logstore_xapi) sends to a source of kind ``xapi``; both tell of
one thing under one name, so that it is announced once, whoever tells first.

Read in this order: ``settings``, ``flow`` (what a reading does, in which order), ``people`` (who sits where), ``work``,
``completions``, ``memory`` (what need not be asked again), ``records`` (answers as records), ``wire`` (calls, and what
answers mean). ``fake`` is a believable Moodle.
"""

from actors.ports import SourceKind
from actors.sources.moodle.fake import FakeMoodle
from actors.sources.moodle.flow import MoodleSource
from actors.sources.moodle.settings import MoodleSettings

CONNECTOR = SourceKind(settings=MoodleSettings, build=MoodleSource, fake=FakeMoodle)
"""``[sources.NAME] kind = "moodle"``."""
