"""Nothing of one tenant is ever shown to another, changed by another, or can be told from how it is answered.

Two tenants are asked in turns. Whatever one of them is answered must be, to the byte, what it is answered by a daemon
that never heard of the other; and no words of the other may be in it.
"""

from collections.abc import Sequence

import msgspec
import pytest
from gateway_world import World
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from two_tenants import IDS, MARKS, OTHERS, RESOURCES, TENANTS, Ask, Said, answers, many_asks, of_two_clients

from daemon.gateway.lrs.headers import Carried
from daemon.gateway.lrs.routes import BASE, lrs_routes


def check(asked: Sequence[Ask]) -> list[Said | None]:
    """All of them together, and each tenant alone."""
    together = answers(asked)
    for name, other in (TENANTS, TENANTS[::-1]):
        alone = answers(asked, lambda ask, name=name: ask.tenant == name)
        for ask, mixed, pure in zip(asked, together, alone, strict=True):
            if ask.tenant == name:
                assert mixed == pure, ask
                assert MARKS[other] not in repr(mixed), ask
                assert not ask.stranger or (mixed is not None and mixed.status == 401)
    return together


@settings(max_examples=examples(8))
@given(many_asks)
def test_a_tenant_is_answered_as_if_it_were_alone(asked: list[Ask]) -> None:
    check(asked)


@settings(max_examples=examples(8))
@given(st.lists(of_two_clients(), min_size=10, max_size=30))
def test_who_may_read_only_its_own_is_answered_as_if_nobody_else_had_written(asked: list[Ask]) -> None:
    """Also by way of references to others' statements, of filters that those meet, and of their attachments."""
    together = answers(asked)
    alone = answers(asked, lambda ask: ask.key == "moodle")
    for ask, mixed, pure in zip(asked, together, alone, strict=True):
        if ask.key == "moodle":
            assert mixed == pure, ask
            assert OTHERS not in repr(mixed), ask


def test_every_resource_that_there_is_takes_part() -> None:
    world = World()
    routes = lrs_routes(world.ports, Carried(world.ports), 1_000)
    assert {route.path.removeprefix(BASE).removeprefix("/t/{tenant}/") for route in routes} == RESOURCES


def statement(mark: str = "MARK", **more: object) -> dict[str, object]:
    return {
        "id": IDS[0],
        "actor": {"mbox": "mailto:ada@example.edu", "name": mark},
        "verb": {"id": "https://verbs.test/passed"},
        "object": {"id": "https://lms.test/course/1", "definition": {"name": {"en": mark}}},
        "timestamp": "2026-11-23T10:00:00Z",
        **more,
    }


def both(**words: object) -> list[Ask]:
    return [msgspec.convert({"tenant": name, **words}, Ask) for name in TENANTS]


VOID = {"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}, "object": {"objectType": "StatementRef", "id": IDS[0]}}


@pytest.mark.parametrize("last", TENANTS)
def test_what_the_search_must_meet_at_least(last: str) -> None:
    """The same of both, one of them voids; the other still has it. The words in it are each tenant's own."""
    asked = [
        *both(method="PUT", path="statements", params={"statementId": IDS[0]}, body=statement()),
        Ask(tenant=last, method="POST", path="statements", body=[statement(id=IDS[1], **VOID)]),
        *both(method="GET", path="statements", params={"statementId": IDS[0]}),
        *both(method="GET", path="statements", params={"limit": "1"}, paging=True),
        *both(method="GET", path="activities", params={"activityId": "https://lms.test/course/1"}),
        *both(method="GET", path="agents", params={"agent": '{"mbox": "mailto:ada@example.edu"}'}),
    ]
    found = check(asked)
    statuses = {
        ask.tenant: said.status
        for ask, said in zip(asked, found, strict=True)
        if said is not None and ask.params == {"statementId": IDS[0]} and ask.method == "GET"
    }
    assert statuses == {name: 404 if name == last else 200 for name in TENANTS}
    for ask, said in zip(asked, found, strict=True):
        if ask.method == "GET" and said is not None and said.status == 200:
            assert MARKS[ask.tenant] in repr(said)


def test_the_check_sees_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that takes both tenants for one is found out."""
    from daemon.store.finding import SqlFinding

    get = SqlFinding.get
    monkeypatch.setattr(SqlFinding, "get", lambda self, tenant, name: get(self, "acme", name))
    with pytest.raises(AssertionError):
        test_what_the_search_must_meet_at_least("globex")
