"""Whether a statement is one that a query asks for: the rules of xAPI, one after the other, for one statement.

The index finds candidates by keys (``keys``); this here decides. Tests compare the two over whole logs.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from actors.domain.xapi.keys import agent_key

CHAIN_MAX = 100
"""So many statements are looked at along one chain of references, the referring one included."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement must say; None: anything. ``agent`` is spelt by ``agent_key``, ``registration`` in lower case.
    With ``related_…`` the value may also stand in the context, in a sub-statement, and the agent in the authority."""

    verb: str | None = None
    activity: str | None = None
    agent: str | None = None
    registration: str | None = None
    related_activities: bool = False
    related_agents: bool = False

    @property
    def anything(self) -> bool:
        """Whether this is no condition at all."""
        return self.verb is self.activity is self.agent is self.registration is None


Told = tuple[dict[str, Any], dict[str, Any] | None]
"""A valid statement and its authority, if it has one."""


def matches(chain: Iterable[Told], wanted: Wanted) -> bool:
    """``chain``: a statement, the one that it refers to as its object, and so on, as far as they are known. One of
    them must meet all conditions."""
    return any(meets(statement, authority, wanted) for statement, authority in chain)


def meets(statement: dict[str, Any], authority: dict[str, Any] | None, wanted: Wanted) -> bool:
    """The same for what the statement itself says."""
    if wanted.verb is not None and statement["verb"]["id"] != wanted.verb:
        return False
    if wanted.registration is not None:
        registration = statement.get("context", {}).get("registration")
        if registration is None or registration.lower() != wanted.registration:
            return False
    if wanted.activity is not None:
        activities = _all_activities(statement) if wanted.related_activities else _object_activity(statement)
        if wanted.activity not in activities:
            return False
    if wanted.agent is not None:
        people = _all_people(statement, authority) if wanted.related_agents else _actor_and_object(statement)
        if not any(_is(person, wanted.agent) for person in people):
            return False
    return True


def _is(person: dict[str, Any], named: str) -> bool:
    """An agent or group of that identifier, or a group that has it among its members."""
    return agent_key(person) == named or any(agent_key(member) == named for member in person.get("member", ()))


def _object_activity(statement: dict[str, Any]) -> Iterator[str]:
    if statement["object"].get("objectType", "Activity") == "Activity":
        yield statement["object"]["id"]


def _all_activities(statement: dict[str, Any]) -> Iterator[str]:
    yield from _object_activity(statement)
    for given in statement.get("context", {}).get("contextActivities", {}).values():
        for activity in given if isinstance(given, list) else [given]:
            yield activity["id"]
    if statement["object"].get("objectType") == "SubStatement":
        yield from _all_activities(statement["object"])


def _actor_and_object(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield statement["actor"]
    if statement["object"].get("objectType") in ("Agent", "Group"):
        yield statement["object"]


def _all_people(statement: dict[str, Any], authority: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    yield from _actor_and_object(statement)
    if authority is not None:
        yield authority
    context = statement.get("context", {})
    yield from (context[name] for name in ("instructor", "team") if name in context)
    yield from (item["agent"] for item in context.get("contextAgents", ()))
    yield from (item["group"] for item in context.get("contextGroups", ()))
    if statement["object"].get("objectType") == "SubStatement":
        yield from _all_people(statement["object"], None)
