"""What a statement can be found by, as numbers: one key for each value that a query of xAPI may ask for.

A key is a hash of tenant, kind and value. Two values may share one, so whoever finds by keys asks ``matching`` as
well. Where a value is a direct and a further one of the same statement, the direct key alone is given: a query for
related ones asks for both.
"""

from hashlib import blake2b
from typing import Any, Literal

from config.recall import remembered

Kind = Literal["verb", "registration", "agent", "activity", "further agent", "further activity", "loose"]
"""Direct: who and what the statement itself is about. Further: in its context, its authority or its sub-statement.
``loose`` has no value: a statement that refers to others which are not all known, and may match anything."""

_SHORT = 256
"""Longer values are hashed each time, so that nobody fills the memory with them."""


def key(tenant: str, kind: Kind, value: str = "") -> int:
    """64 bits, signed."""
    return _remembered(tenant, kind, value) if len(value) < _SHORT else key_once(tenant, kind, value)


def key_once(tenant: str, kind: Kind, value: str = "") -> int:
    """The same, for whoever remembers it: kept twice, the people of an import would take 6 MiB more."""
    named = f"{tenant}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest(), signed=True)


_remembered = remembered("xapi_words", 16384)(key_once)


def agent_key(agent: dict[str, Any]) -> str | None:
    """One spelling of an agent's or group's identifier; None for an anonymous group. No white space can stand in an
    identifier, nor in a home page, so that none reads like another."""
    if "account" in agent:
        return f"account {agent['account']['homePage']} {agent['account']['name']}"
    for name in ("mbox", "openid"):
        if name in agent:
            return f"{name} {agent[name]}"
    return f"mbox_sha1sum {agent['mbox_sha1sum'].lower()}" if "mbox_sha1sum" in agent else None


def keys(statement: dict[str, Any], tenant: str) -> tuple[int, ...]:
    """Of a valid statement, each once; without those of its authority, which the credential gives it."""
    folk = people(statement["actor"])
    things: list[str] = []
    further_people: list[str] = []
    further_things: list[str] = []
    thing = statement["object"]
    match thing.get("objectType", "Activity"):
        case "Activity":
            things.append(thing["id"])
        case "Agent" | "Group":
            folk += people(thing)
        case "SubStatement":
            _within(thing, further_people, further_things)
        case _:
            pass  # a reference: what it refers to has keys of its own
    found = [key(tenant, "verb", statement["verb"]["id"])]
    if context := statement.get("context"):
        if "registration" in context:
            found.append(key(tenant, "registration", context["registration"].lower()))
        around(context, further_people, further_things)
    found += [key(tenant, "agent", value) for value in folk]
    found += [key(tenant, "activity", value) for value in things]
    if further_people:
        found += [key(tenant, "further agent", value) for value in set(further_people).difference(folk)]
    if further_things:
        found += [key(tenant, "further activity", value) for value in set(further_things).difference(things)]
    return tuple(set(found))


def authority_keys(authority: dict[str, Any], tenant: str) -> tuple[int, ...]:
    """What the authority adds to the keys of its statements."""
    return tuple({key(tenant, "further agent", value) for value in people(authority)})


def target(statement: dict[str, Any]) -> str | None:
    """The id (lower case) of the statement that this one refers to as its object."""
    thing = statement["object"]
    return thing["id"].lower() if thing.get("objectType") == "StatementRef" else None


def people(who: dict[str, Any]) -> list[str]:
    """An agent, or a group with its members."""
    named = agent_key(who)
    found = [] if named is None else [named]
    if "member" in who:
        found += [named for member in who["member"] if (named := agent_key(member)) is not None]
    return found


def _within(sub: dict[str, Any], folk: list[str], things: list[str]) -> None:
    folk += people(sub["actor"])
    thing = sub["object"]
    match thing.get("objectType", "Activity"):
        case "Activity":
            things.append(thing["id"])
        case "Agent" | "Group":
            folk += people(thing)
        case _:
            pass  # a reference within a sub-statement is no target of the statement
    if "context" in sub:
        around(sub["context"], folk, things)


def around(context: dict[str, Any], folk: list[str], things: list[str]) -> None:
    """What a context adds: agents and groups, activities."""
    for name in ("instructor", "team"):
        if name in context:
            folk += people(context[name])
    for item in context.get("contextAgents", ()):
        folk += people(item["agent"])
    for item in context.get("contextGroups", ()):
        folk += people(item["group"])
    if "contextActivities" in context:
        for given in context["contextActivities"].values():
            if given.__class__ is list:
                things += [activity["id"] for activity in given]
            else:
                things.append(given["id"])
