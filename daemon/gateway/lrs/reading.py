"""Queries as xAPI writes them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from actors.domain.xapi.faults import Refusal
from actors.domain.xapi.guard import parse
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import Wanted
from actors.domain.xapi.moments import instant_us
from actors.domain.xapi.patterns import IRI, UUID, Version
from actors.domain.xapi.rules import agent_faults, timestamp_faults
from daemon.gateway.ports import StatementQuery
from daemon.gateway.problems import Problem

PAGE_MAX = 500
_FILTERS = frozenset(("verb", "activity", "agent", "registration", "related_activities", "related_agents"))
_RANGE = frozenset(("since", "until", "ascending", "limit", "cursor"))
_SHAPED = frozenset(("format", "attachments"))
_iri = re.compile(IRI)
_uuid = re.compile(UUID)
_NO_CHARACTER = "\ufffd"
"""What stands for bytes that are no UTF-8 after decoding."""


def check_names(parameters: QueryParams, allowed: Iterable[str]) -> dict[str, str]:
    """By name. Raises Problem 400 for one that is unknown here, given twice, or not in UTF-8."""
    known = frozenset(allowed)
    found: dict[str, str] = {}
    for name, value in parameters.multi_items():
        if name not in known:
            raise _bad(name, "is not a parameter that can be given here")
        if name in found:
            raise _bad(name, "is given more than once")
        if _NO_CHARACTER in value:  # different bytes would become one and the same name of a document
            raise _bad(name, "must be UTF-8, percent-encoded")
        found[name] = value
    return found


def single_id(parameters: QueryParams, name: str) -> str:
    """The UUID of a request for one statement, in lower case. Raises Problem 400."""
    given = check_names(parameters, (name, "format", "attachments"))
    _check_shape(given)
    return uuid(given[name], name)


def uuid(text: str, name: str) -> str:
    if not _uuid.search(text):
        raise _bad(name, "must be a UUID")
    return text.lower()


def read_query(parameters: QueryParams, *, authority: bytes | None, version: Version) -> StatementQuery:
    """What a request for many asks for; its ``limit`` is already within bounds. Raises Problem 400."""
    given = check_names(parameters, _RANGE | _FILTERS | _SHAPED)
    _check_shape(given)
    ascending = _boolean(given, "ascending")
    cursor = _whole(given, "cursor")
    limit = _whole(given, "limit") or PAGE_MAX
    return StatementQuery(
        limit=min(limit, PAGE_MAX),
        ascending=ascending,
        since_us=moment_us(given, "since", version),
        until_us=moment_us(given, "until", version),
        after_seq=cursor if ascending else None,
        before_seq=None if ascending else cursor,
        wanted=Wanted(
            verb=_iri_of(given, "verb"),
            activity=_iri_of(given, "activity"),
            agent=agent_key(read_agent(given["agent"], version)) if "agent" in given else None,
            registration=uuid(given["registration"], "registration") if "registration" in given else None,
            related_activities=_boolean(given, "related_activities"),
            related_agents=_boolean(given, "related_agents"),
        ),
        authority=authority,
    )


def _bad(name: str, rule: str) -> Problem:
    return Problem(400, f"{name} {rule}", reason="parameter", members={"parameter": name})


def _check_shape(given: Mapping[str, str]) -> None:
    """``format`` is checked where it is chosen (``formats``)."""
    _boolean(given, "attachments")


def _boolean(given: Mapping[str, str], name: str) -> bool:
    """Capitals do not matter: clients in Python write ``True``."""
    match given.get(name, "false").lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise _bad(name, "must be true or false")


def _whole(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _bad(name, "must be a whole number, not negative")
    return int(text)


def moment_us(given: Mapping[str, str], name: str, version: Version) -> int | None:
    """Microseconds since the epoch; None if it is not given. Raises Problem 400."""
    if name not in given:
        return None
    if found := next(timestamp_faults(given[name], version), None):
        raise _bad(name, str(found))
    return instant_us(given[name])


def _iri_of(given: Mapping[str, str], name: str) -> str | None:
    if name in given and not _iri.search(given[name]):
        raise _bad(name, "must be an IRI with a scheme")
    return given.get(name)


def read_agent(text: str, version: Version) -> dict[str, Any]:
    """An agent or identified group as the parameter ``agent`` gives it. Raises Problem 400."""
    try:
        agent = parse(text.encode("utf-8", "surrogateescape"))
    except Refusal as refusal:
        raise _bad("agent", f"must be an agent in JSON: {refusal}") from None
    if found := next(agent_faults(agent, version), None):
        raise _bad("agent", f"must be an agent: {found}")
    if not isinstance(agent, dict) or agent_key(agent) is None:
        raise _bad("agent", "must be identified")
    return agent


def more_link(path: str, parameters: QueryParams, last_seq: int) -> str:
    """Where the page after this one is: relative to the server's root, valid for as long as the log is kept."""
    kept = [(name, value) for name, value in parameters.multi_items() if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', str(last_seq))])}"
