"""A flood at one tenant's sign-on, over real HTTP: others come through, at this tenant and at every other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import trio
from besieged import PATIENCE_S, Answer, Besieged
from browser import back, begin, sign_in

from daemon.gateway.sso.oidc_desk import AT_ONCE_MAX

FLOOD, OTHER, HONEST = "203.0.113.66", "203.0.113.67", "198.51.100.1"
KNOCKS = 500


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    stage = Besieged(tmp_path_factory.mktemp("flooded"))
    try:
        trio.run(stage.open)
        yield stage
    finally:
        stage.idp.let_go.set()
        code = trio.run(stage.close)
    assert code == 0


def test_whoever_is_at_the_provider_with_many_codes_keeps_nobody_out(besieged: Besieged) -> None:
    begun_before = begin(besieged, address=HONEST)

    def come(number: int) -> Answer:
        begun = begin(besieged, address=FLOOD)
        return besieged.send(back(begun, f"held-{number}", address=FLOOD))

    with ThreadPoolExecutor(2 * AT_ONCE_MAX) as pool:
        flood = [pool.submit(come, number) for number in range(2 * AT_ONCE_MAX)]
        for _ in range(AT_ONCE_MAX - 1):  # all places but one
            assert besieged.idp.held.acquire(timeout=PATIENCE_S)
        assert sign_in(besieged, address=HONEST).csrf
        assert sign_in(besieged, "globex", address=FLOOD).csrf
        claims = besieged.idp.claims("acme", begun_before.nonce, sub="ben")
        besieged.idp.put("bens", "acme", besieged.idp.signed("acme", claims))
        assert besieged.send(back(begun_before, "bens", address=HONEST)).status == 303
        assert not any(each.done() for each in flood)
        besieged.idp.let_go.set()
        answers = [each.result(PATIENCE_S) for each in flood]
    assert {answer.status for answer in answers} == {403}
    assert all(besieged.leaks(answer) == [] for answer in answers)


def test_whoever_comes_without_end_is_kept_out_alone(besieged: Besieged) -> None:
    assert set(besieged.knocked("/t/acme/sso/oidc", [OTHER] * KNOCKS)) == {303, 429}
    assert sign_in(besieged, address=HONEST).csrf
    assert sign_in(besieged, "globex", address=FLOOD).csrf
    assert besieged.audited("acme", "too many requests from one address")
