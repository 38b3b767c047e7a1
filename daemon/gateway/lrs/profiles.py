"""Profiles: documents about one agent whatever it does, and about one activity whoever does it."""

from collections.abc import Mapping

from actors.domain.xapi.documents import Shelf
from actors.domain.xapi.patterns import Version
from actors.sources.xapi.settings import Scope
from daemon.gateway.lrs.documents import DocumentKind
from daemon.gateway.lrs.state import activity_of, agent_of

READING: tuple[Scope, ...] = ("all", "all/read", "profile")
WRITING: tuple[Scope, ...] = ("all", "profile")


def _of_agent(given: Mapping[str, str], version: Version) -> Shelf:
    agent, agent_json = agent_of(given, version)
    return Shelf(kind="agent_profile", agent=agent, agent_json=agent_json)


def _of_activity(given: Mapping[str, str], _version: Version) -> Shelf:
    return Shelf(kind="activity_profile", activity=activity_of(given))


AGENT_PROFILE = DocumentKind(
    noun="agent profiles",
    id_name="profileId",
    names=frozenset(("agent",)),
    shelf=_of_agent,
    reading=READING,
    writing=WRITING,
)
ACTIVITY_PROFILE = DocumentKind(
    noun="activity profiles",
    id_name="profileId",
    names=frozenset(("activityId",)),
    shelf=_of_activity,
    reading=READING,
    writing=WRITING,
)
