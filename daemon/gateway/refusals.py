"""Who was refused at the gateway stands in the audit: whatever ends with 401 or 403, wherever it was found.

It is told in one place, by the frame, and without waiting. What a stranger sent does not come into it: they are called
by a name only where that is a client's of this tenant, and a tenant that is not configured is the host's affair.
"""

import re
from collections.abc import Callable

from starlette.types import Scope

from actors.ports.audit import HOST, Deed
from daemon.gateway.limits import facts
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.problems import Problem

REFUSALS = frozenset({401, 403})
UNKNOWN = "unknown"
_TENANT = re.compile(r"^/t/([^/]+)/")


def noting(ports: GatewayPorts, template: Callable[[str], str]) -> Callable[[Scope, Problem], None]:
    """What the frame calls for each Problem that it answers with. ``template`` names a path."""

    def note(scope: Scope, problem: Problem) -> None:
        if problem.status not in REFUSALS or problem.noted:
            return
        found = _TENANT.match(scope["path"])
        tenant = found.group(1) if found and found.group(1) in ports.doors() else HOST
        known = facts(scope)
        deed = Deed(
            who=known.who or UNKNOWN,
            where=str((scope.get("client") or ("",))[0]),
            what="gateway.refused",
            on=f"{scope['method']} {template(scope['path'])}",
            correlation_id=known.correlation_id,
        )
        ports.audit.refused(tenant, deed, problem.reason or str(problem.status))

    return note
