"""Any HTTP endpoint: changes and statements as signed messages (Standard Webhooks). Read ``flow`` first, then
``render`` (what is said, plainly or as a CloudEvent), ``signing`` and ``wire`` (answers on the way in); ``fake`` is a
receiver that verifies."""

from actors.ports import Connector
from actors.targets.webhook.fake import FakeWebhook
from actors.targets.webhook.flow import TAKING, build
from actors.targets.webhook.settings import WebhookSettings

CONNECTOR = Connector(settings=WebhookSettings, build=build, fake=FakeWebhook, taking=TAKING)
"""``[targets.NAME] kind = "webhook"``."""
