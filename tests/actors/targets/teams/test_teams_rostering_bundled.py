"""Orders about teams in the lane's bundles: which travel with others, and how long their common answer may be."""

import msgspec
import pytest
from teams_roster_stage import Campus
from teams_stage import build

from actors.domain.flow import Request
from actors.domain.rosters.model import Member
from actors.domain.rosters.order import RosterOrder
from actors.targets.teams.batch import SIZE_MAX, TOLD_BYTES_MAX, GraphBundler

GRAPH = "http://s/graph/v1.0/"
BUNDLER = GraphBundler(GRAPH)
TEAM = "5f0e1c5a-0000-4000-8000-00000000c0de"
GRAPH_BYTES_MAX = 4 * 1024 * 1024
"""Of a request to Graph, bundled or not."""


def sent(campus: Campus, order: RosterOrder) -> Request:
    """The first request to Graph, with its token."""
    flow = campus.rostering.perform(order, campus.slip())
    request = next(flow)
    while request.operation == "token":
        request = flow.send(campus.ask(request))
    flow.close()
    return request


def people(count: int) -> tuple[str, ...]:
    return tuple(f"0e5d7a30-0000-4000-8000-{n:012x}" for n in range(count))


@pytest.mark.parametrize(
    ("wanted", "operation"),
    [
        ({"place": TEAM, "add": people(200)}, "members.add"),
        ({"place": TEAM, "remove": (Member(id="u-1", membership="m-1"),)}, "members.delete"),
        ({"place": TEAM, "promote": (Member(id="u-1", membership="m-1"),)}, "members.patch"),
        ({"place": "", "name": "Course", "add_owners": people(1)}, "teams.post"),
    ],
)
def test_what_is_one_request_travels_with_others(wanted: dict[str, object], operation: str) -> None:
    campus = Campus()
    (order,) = campus.orders(**wanted)  # type: ignore[arg-type]
    request = sent(campus, order)
    assert request.operation == operation
    assert BUNDLER.fits(request)


def test_what_is_a_bundle_itself_travels_alone() -> None:
    campus = Campus()
    leaving = tuple(Member(id=f"u-{n}", membership=f"m-{n}") for n in range(3))
    (order,) = campus.orders(TEAM, remove=leaving)
    request = sent(campus, order)
    assert request.operation == "$batch"
    assert not BUNDLER.fits(request)


def test_a_bundle_of_full_orders_is_no_larger_than_graph_takes_and_its_answer_is_read() -> None:
    campus = Campus()
    (order,) = campus.orders(TEAM, add=people(200))
    request = sent(campus, order)
    assert len(request.body) <= TOLD_BYTES_MAX
    packed = BUNDLER.pack([request] * SIZE_MAX)
    assert len(packed.body) <= GRAPH_BYTES_MAX
    errors = [
        {"@odata.type": "#microsoft.graph.aadUserConversationMemberResult", "userId": each, "error": {"code": "x" * 40}}
        for each in people(200)
    ]
    assert packed.answer_bytes_max is not None
    assert request.answer_bytes_max is not None
    assert len(msgspec.json.encode(errors)) <= request.answer_bytes_max
    assert packed.answer_bytes_max >= SIZE_MAX * request.answer_bytes_max
    assert packed.patience_s == request.patience_s


def test_a_bundle_of_posts_is_as_short_as_ever() -> None:
    target = build()
    assert target.bundler is not None
    request = Request(method="GET", url=f"{GRAPH}users/x", operation="users.get", headers={"authorization": "Bearer x"})
    packed = target.bundler.pack([request, request])
    assert packed.answer_bytes_max is None
    assert packed.patience_s is None
