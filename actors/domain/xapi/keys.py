"""What a statement can be found by: the values that the query parameters of xAPI ask for."""

import json
from typing import Any

import msgspec

from actors.domain.xapi.rules import IDENTIFIERS


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """``agents`` are those of actor and object, ``activity`` the object's; related ones are not in here."""

    verb: str
    activity: str | None
    agents: tuple[str, ...]
    registration: str | None


def agent_key(agent: dict[str, Any]) -> str | None:
    """One spelling of an agent's or group's identifier; None for an anonymous group."""
    for name in IDENTIFIERS:
        if name in agent:
            return json.dumps([name, agent[name]], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return None


def keys(statement: dict[str, Any]) -> Keys:
    """Of a valid statement."""
    thing = statement["object"]
    kind = thing.get("objectType", "Activity")
    people = [statement["actor"], *([thing] if kind in ("Agent", "Group") else [])]
    registration = statement.get("context", {}).get("registration")
    return Keys(
        verb=statement["verb"]["id"],
        activity=thing["id"] if kind == "Activity" else None,
        agents=tuple(key for person in people if (key := agent_key(person)) is not None),
        registration=registration.lower() if registration is not None else None,
    )
