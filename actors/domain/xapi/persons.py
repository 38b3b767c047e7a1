"""What is known of an agent, as xAPI's Person: whoever was asked about, and the same person's other names."""

from collections.abc import Iterable, Iterator
from typing import Any

from actors.domain.people import account_key, fold_email
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.rules import IDENTIFIERS
from config.model import PersonRow

NAMES_MAX = 20


def directory_key(agent: dict[str, Any]) -> str:
    """By which the people directory knows a valid agent."""
    match agent:
        case {"account": account}:
            return account_key(account["homePage"], account["name"])
        case {"mbox": mbox}:
            return "mbox:" + fold_email(mbox.removeprefix("mailto:"))
        case {"mbox_sha1sum": digits}:
            return f"sha1:{digits.casefold()}"
        case _:
            return f"openid:{agent['openid']}"


def same_person(agent: dict[str, Any], rows: Iterable[PersonRow]) -> list[dict[str, Any]]:
    """The agent and whoever else these rows of the directory say it is, each with one identifier."""
    found = {directory_key(agent): agent}
    for row in rows:
        if row.account:
            found.setdefault(
                account_key(row.home_page, row.account), {"account": {"homePage": row.home_page, "name": row.account}}
            )
        if row.email:
            found.setdefault("mbox:" + fold_email(row.email), {"mbox": f"mailto:{row.email}"})
    return list(found.values())


def person(agents: Iterable[dict[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """The Person that these agents are; the names they bear themselves come first."""
    found: dict[str, list[Any]] = {name: [] for name in ("name", *IDENTIFIERS)}
    for agent in agents:
        for name, said in found.items():
            if name in agent:
                said.append(agent[name])
    found["name"] = list(dict.fromkeys(name for name in (*found["name"], *names) if name))[:NAMES_MAX]
    return {"objectType": "Person", **{name: said for name, said in found.items() if said}}


def names_borne(statement: dict[str, Any], key: str) -> Iterator[str]:
    """By the agent of this key (``keys.agent_key``) anywhere in a valid statement."""
    for agent in _agents(statement):
        if agent.get("name") and agent_key(agent) == key:
            yield agent["name"]


def _agents(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    context = event.get("context", {})
    given = [event["actor"], *(context[name] for name in ("instructor", "team") if name in context)]
    given += [item["agent"] for item in context.get("contextAgents", ())]
    given += [item["group"] for item in context.get("contextGroups", ())]
    match event["object"].get("objectType", "Activity"):
        case "Agent" | "Group":
            given.append(event["object"])
        case "SubStatement":
            yield from _agents(event["object"])
        case _:
            pass
    for who in given:
        yield who
        yield from who.get("member", ())
