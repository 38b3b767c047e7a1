"""How often a client may come."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.outbox import Rate
from daemon.gateway.credentials import rate_of
from daemon.gateway.turnstile import Turnstile

RATE = Rate(per_s=2.0, burst=4.0)


def test_a_burst_then_the_rate() -> None:
    gate = Turnstile()
    assert [gate.wait_s("acme", "bi", RATE, 100.0) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert gate.wait_s("acme", "bi", RATE, 100.5) == 0
    assert gate.wait_s("acme", "bi", RATE, 100.5) == 0.5
    assert [gate.wait_s("acme", "bi", RATE, 200.0) for _ in range(5)] == [0, 0, 0, 0, 0.5]


def test_everybody_has_tokens_of_their_own_and_a_changed_rate_begins_anew() -> None:
    gate, slow = Turnstile(), Rate(per_s=0.1)
    assert gate.wait_s("acme", "bi", slow, 0.0) == 0
    assert gate.wait_s("acme", "bi", slow, 0.0) == 10.0
    assert gate.wait_s("globex", "bi", slow, 0.0) == 0
    assert gate.wait_s("acme", "lms", slow, 0.0) == 0
    assert gate.wait_s("acme", "bi", Rate(per_s=0.2), 0.0) == 0


@given(st.floats(0.01, 1000), st.integers(1, 50), st.lists(st.floats(0, 100), max_size=200).map(sorted))
def test_never_more_than_burst_and_rate_allow(per_s: float, burst: int, times: list[float]) -> None:
    gate, rate = Turnstile(), Rate(per_s=per_s, burst=float(burst))
    let_in = [at for at in times if gate.wait_s("acme", "bi", rate, at) == 0]
    for first, began in enumerate(let_in):
        for last in range(first, len(let_in)):
            assert last - first + 1 <= burst + (let_in[last] - began) * per_s + 1e-6
    assert not times or let_in[0] == times[0]


def test_full_buckets_are_forgotten() -> None:
    gate = Turnstile()
    for number in range(1_000):
        gate.wait_s("acme", str(number), RATE, float(number * 10))
    assert len(gate) <= 2


def test_no_more_are_remembered_than_may_be() -> None:
    gate, slow = Turnstile(clients_max=3), Rate(per_s=0.001)
    for name in ("a", "b", "c", "d"):
        assert gate.wait_s("acme", name, slow, 0.0) == 0
    assert len(gate) == 3
    assert gate.wait_s("acme", "d", slow, 0.0) > 0
    assert gate.wait_s("acme", "a", slow, 0.0) == 0  # a newcomer again


def test_a_rate_in_words() -> None:
    assert rate_of(None, 7) is None
    assert rate_of(0.1, None) == Rate(per_s=0.1, burst=1.0)
    assert rate_of(2.5, None) == Rate(per_s=2.5, burst=3.0)
    assert rate_of(2.5, 50) == Rate(per_s=2.5, burst=50.0)
