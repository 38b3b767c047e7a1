"""Another LRS: statements are forwarded to it with their ids. Read ``flow`` first, then ``wire`` (statements on the way
out, answers on the way in) and ``batch`` (many in one request); ``fake`` is a believable LRS."""

from actors.ports import Connector
from actors.targets.lrs.fake import FakeLrs
from actors.targets.lrs.flow import TAKING, build
from actors.targets.lrs.settings import LrsSettings

CONNECTOR = Connector(settings=LrsSettings, build=build, fake=FakeLrs, taking=TAKING)
"""``[targets.NAME] kind = "lrs"``."""
