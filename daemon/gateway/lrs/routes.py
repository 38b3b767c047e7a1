"""The resources of the LRS and their addresses, below ``/t/{tenant}/xapi/``; and beside them the feed of changes, which
is not xAPI and has the same door.
"""

from starlette.routing import Route

from daemon.gateway import feed
from daemon.gateway.lrs.about import about
from daemon.gateway.lrs.access import Access
from daemon.gateway.lrs.activities import ActivitiesResource
from daemon.gateway.lrs.agents import AgentsResource
from daemon.gateway.lrs.documents import DocumentKind, DocumentResource
from daemon.gateway.lrs.headers import Carried
from daemon.gateway.lrs.profiles import ACTIVITY_PROFILE, AGENT_PROFILE
from daemon.gateway.lrs.state import STATE
from daemon.gateway.lrs.statements import StatementsResource
from daemon.gateway.lrs.writing import StatementsWriting
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.resource import Resource

BASE = "/t/{tenant}/xapi/"


def lrs_routes(ports: GatewayPorts, carried: Carried, body_bytes_max: int) -> list[Route]:
    """Every resource that the standard names, and the feed, for all tenants."""
    access = Access(ports)
    statements = StatementsResource(ports, carried, access)
    writing = StatementsWriting(ports, access)

    def documents(kind: DocumentKind) -> Resource:
        resource = DocumentResource(ports, access, kind, body_bytes_max)
        return Resource(get=resource.get, put=resource.put, post=resource.post, delete=resource.delete)

    resources = {
        "about": Resource(get=about),
        "activities": Resource(get=ActivitiesResource(ports, access).get),
        "activities/profile": documents(ACTIVITY_PROFILE),
        "activities/state": documents(STATE),
        "agents": Resource(get=AgentsResource(ports, access).get),
        "agents/profile": documents(AGENT_PROFILE),
        "statements": Resource(get=statements.get, post=writing.post, put=writing.put),
    }
    changes = Route(feed.PATH, Resource(get=feed.FeedResource(ports, access).get))
    return [*(Route(BASE + name, resource) for name, resource in resources.items()), changes]
