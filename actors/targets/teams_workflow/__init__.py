"""A Teams channel through Power Automate ("When a Teams webhook request is received"). Read ``flow`` first, then
``wire`` (what answers mean; what a 202 does not) and ``render``; ``fake`` is a believable flow."""

from actors.ports import Connector
from actors.targets.teams_workflow.fake import FakeWorkflow
from actors.targets.teams_workflow.flow import TAKING, build
from actors.targets.teams_workflow.settings import WorkflowSettings

CONNECTOR = Connector(settings=WorkflowSettings, build=build, fake=FakeWorkflow, taking=TAKING)
"""``[targets.NAME] kind = "teams_workflow"``."""
