"""ONE table of attacks over real HTTP against a real daemon: each is refused, on record, and tells nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from attack import Attack
from attacks_on_credentials import CREDENTIALS
from attacks_on_events import EVENTS, event, slack, standard
from attacks_on_hooks import HOOKS
from attacks_on_notifications import NOTIFICATIONS, graph
from attacks_on_sessions import SESSIONS
from attacks_on_sign_on import SIGN_ON
from attacks_on_the_wire import WIRE
from besieged import SECRETS, WORDS, Answer, Besieged, basic, lrs
from besieged import request as http
from browser import sign_in

GROUPS: dict[str, list[Attack]] = {
    "clients and the wire": [*CREDENTIALS, *WIRE],
    "vendors and systems that call": [*HOOKS, *EVENTS, *NOTIFICATIONS],
    "people": [*SIGN_ON, *SESSIONS],
}
"""A daemon each: one tenant's audit names sixty refusals at once, and only counts what is beyond."""
LEAST = 60
TRIES = 5


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Besieged]:
    """Started once for a group; at the end it must still be well, and end well."""
    assert request.param in GROUPS
    stage = Besieged(tmp_path_factory.mktemp("besieged"))
    try:
        trio.run(stage.open)
        yield stage
    finally:
        code = trio.run(stage.close)
    assert code == 0


@pytest.mark.parametrize(
    ("besieged", "attack"),
    [pytest.param(group, each, id=each.name) for group, attacks in GROUPS.items() for each in attacks],
    indirect=["besieged"],
    scope="module",
)
def test_it_is_refused_and_tells_nothing(besieged: Besieged, attack: Attack) -> None:
    for _ in range(TRIES):
        made = attack.make(besieged)
        answer = besieged.send(*(made if isinstance(made, tuple) else (made,)))
        if answer.status != 404 or 404 in attack.status:
            break  # else what was laid there for it (``Besieged.watch``) was cleared away before it came
    assert answer.status in attack.status, answer.raw[:2000]
    assert besieged.leaks(answer) == []
    if attack.also is not None:
        assert attack.also(besieged, answer), answer.raw[:2000]
    if attack.audited is not None:
        assert besieged.audited(attack.tenant, attack.audited)
    assert besieged.daemon.alive


def test_the_checker_would_notice() -> None:
    """It finds what it looks for, or it would be no use."""
    stage = object.__new__(Besieged)
    stage.root, stage.admin_port = Path("/nowhere/else"), 65_535
    secrets = (WORDS["acme"], SECRETS["globex-signing"], "/nowhere/else/x", "127.0.0.1:65535")
    for text in (*secrets, "Traceback (most recent call last)", "serve.py", "sqlite3.OperationalError"):
        assert stage.leaks(Answer(500, {}, b"", text.encode()))
    assert stage.leaks(Answer(401, {}, b"", b"a valid credential is needed")) == []


def test_there_are_enough_and_none_twice() -> None:
    names = [attack.name for attacks in GROUPS.values() for attack in attacks]
    assert len(names) == len(set(names))
    assert len(names) >= LEAST


@pytest.mark.parametrize("besieged", ["vendors and systems that call"], indirect=True, scope="module")
def test_the_tenants_see_what_is_theirs(besieged: Besieged) -> None:
    """The same requests with the right credential are answered: the table would prove nothing otherwise."""
    for tenant in ("acme", "globex"):
        credential = basic("reader", SECRETS[f"{tenant}-reader"])
        assert besieged.send(lrs("GET", tenant, credential, path="statements?limit=1")).status == 200
    genuine = besieged.token("acme", {"metadata": {"event_name": "nothing_we_know"}, "body": {}})
    assert besieged.send(http("POST", "/t/acme/hooks/canvas", genuine)).status < 300
    assert besieged.send(slack(event(event={"type": "nothing_we_know"}))(besieged)).status == 200
    assert besieged.send(standard()(besieged)).status < 300
    assert besieged.send(graph({"clientState": SECRETS["acme-state"]})(besieged)).status == 202
    assert sign_in(besieged).csrf
