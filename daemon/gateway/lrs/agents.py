"""GET of an agent: the Person that it is, as far as the tenant's people directory and its newest statements know.

The directory joins a person's accounts and address. Names are those of statements about any of these. A client that
may only define activities is told no more than it said.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from actors.domain.people import Directory
from actors.domain.xapi.keys import agent_key
from actors.domain.xapi.matching import Wanted
from actors.domain.xapi.persons import directory_key, names_borne, person, same_person
from actors.ports import StoreUnavailable
from config.model import PersonRow
from daemon.gateway.lrs.access import READING, Access
from daemon.gateway.lrs.activities import JSON, KNOWING
from daemon.gateway.lrs.headers import demanded
from daemon.gateway.lrs.reading import check_names, read_agent
from daemon.gateway.ports import GatewayPorts, StatementQuery
from daemon.gateway.problems import Problem, unavailable

STATEMENTS_MAX = 20
"""The newest of each identifier, looked through for names."""
IDENTIFIERS_MAX = 5
"""So many of a person's identifiers are looked for in statements."""
DIRECTORIES_MAX = 64
"""People directories kept, of the tenants that were asked last."""


class AgentsResource:
    """``/t/{tenant}/xapi/agents``."""

    def __init__(self, ports: GatewayPorts, access: Access) -> None:
        self._ports = ports
        self._access = access
        self._directories: dict[str, tuple[Sequence[PersonRow], Directory]] = {}

    async def get(self, request: Request) -> Response:
        account = self._access.demand(request, *KNOWING, what="read agents")
        version = demanded(request)
        given = check_names(request.query_params, ("agent",))
        if "agent" not in given:
            raise _bad("is missing")
        agent = read_agent(given["agent"], version)
        if agent.get("objectType", "Agent") != "Agent":
            raise _bad("must be an agent, not a group")
        agents, names = [agent], list[str]()
        if account.may(*READING, "profile"):
            rows = self._directory(account.tenant).rows(directory_key(agent))
            agents = same_person(agent, rows)
            names += [row.display_name for row in rows]
            try:
                names += await self._names(account.tenant, agents[:IDENTIFIERS_MAX])
            except StoreUnavailable as error:
                raise unavailable(error) from error
        return Response(msgspec.json.encode(person(agents, names)), media_type=JSON)

    def _directory(self, tenant: str) -> Directory:
        """Built when the configuration has other people than the last time."""
        people = self._ports.people(tenant)
        kept = self._directories.pop(tenant, None)
        if kept is None or kept[0] is not people:
            kept = (people, Directory(people))
            if len(self._directories) >= DIRECTORIES_MAX:
                del self._directories[next(iter(self._directories))]
        self._directories[tenant] = kept
        return kept[1]

    async def _names(self, tenant: str, agents: Sequence[dict[str, Any]]) -> list[str]:
        found: list[str] = []
        for agent in agents:
            key = agent_key(agent) or ""
            query = StatementQuery(limit=STATEMENTS_MAX, wanted=Wanted(agent=key))
            page = await self._ports.reads.page(tenant, query)
            for row in page.rows:
                found += names_borne(msgspec.json.decode(row.body), key)
        return found


def _bad(rule: str) -> Problem:
    return Problem(400, f"agent {rule}", reason="parameter", members={"parameter": "agent"})
