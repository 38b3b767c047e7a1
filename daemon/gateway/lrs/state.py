"""State: documents about one agent in one activity, and in one registration if that is said."""

import re
from collections.abc import Mapping

import msgspec

from actors.domain.xapi.documents import Shelf
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.patterns import IRI, Version
from actors.domain.xapi.rules import IDENTIFIERS
from daemon.gateway.lrs.documents import DocumentKind, bad, demand
from daemon.gateway.lrs.reading import read_agent, uuid

_iri = re.compile(IRI)


def activity_of(given: Mapping[str, str]) -> str:
    """Raises Problem 400."""
    activity = demand(given, "activityId")
    if not _iri.search(activity):
        raise bad("activityId", "must be an IRI with a scheme")
    return activity


def agent_of(given: Mapping[str, str], version: Version) -> tuple[str, bytes]:
    """The agent's key, and the identifying part of it as JSON. Raises Problem 400."""
    agent = read_agent(demand(given, "agent"), version)
    identity = {name: agent[name] for name in ("objectType", *IDENTIFIERS) if name in agent}
    return agent_key(agent) or "", msgspec.json.encode(identity)


def _shelf(given: Mapping[str, str], version: Version) -> Shelf:
    activity = activity_of(given)
    agent, agent_json = agent_of(given, version)
    registration = uuid(given["registration"], "registration") if "registration" in given else ""
    return Shelf(kind="state", activity=activity, agent=agent, agent_json=agent_json, registration=registration)


STATE = DocumentKind(
    noun="state",
    id_name="stateId",
    names=frozenset(("activityId", "agent", "registration")),
    shelf=_shelf,
    reading=("all", "all/read", "state"),
    writing=("all", "state"),
    clearable=True,
)
