"""Slack. Read ``flow`` first, then ``wire`` (what answers mean) and ``render``; ``fake`` is a believable Slack."""

from actors.ports import Connector
from actors.targets.slack.fake import FakeSlack
from actors.targets.slack.flow import build
from actors.targets.slack.oauth import dialect
from actors.targets.slack.settings import SlackSettings

CONNECTOR = Connector(settings=SlackSettings, build=build, fake=FakeSlack, dialect=dialect)
