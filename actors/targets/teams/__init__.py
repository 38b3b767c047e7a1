"""Microsoft Teams through Microsoft Graph. Read ``flow`` first, then ``wire`` (what answers mean), ``oauth``
(tokens), ``render`` and ``marks``; ``fake`` is a believable Graph with its Entra."""

from actors.ports import Connector
from actors.targets.teams.fake import FakeTeams
from actors.targets.teams.flow import build
from actors.targets.teams.oauth import dialect
from actors.targets.teams.settings import TeamsSettings

CONNECTOR = Connector(settings=TeamsSettings, build=build, fake=FakeTeams, dialect=dialect)
