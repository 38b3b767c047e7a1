"""What every target's bundler promises, before its own fake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_stage import SETUPS, Stage

from actors.domain.flow import Flow, Lost, NotSent, Outcome, Request, Response
from actors.domain.verdicts import Delivered, Repeatable, Verdict
from actors.ports import Bundler
from actors.targets import discover

KINDS = sorted(kind for kind in SETUPS if Stage(kind, discover()[kind], SETUPS[kind]).target.bundler is not None)


class Bundle:
    """Two deliveries, each at its first request that fits."""

    def __init__(self, kind: str) -> None:
        self.stage = Stage(kind, discover()[kind], SETUPS[kind])
        assert self.stage.target.bundler is not None
        self.bundler: Bundler = self.stage.target.bundler
        self.flows: list[Flow[Verdict]] = []
        self.requests: list[Request] = []
        for delivery_id in ("0198-a", "0198-b"):
            flow = self.stage.target.deliver(self.stage.parcel(delivery_id))
            request = next(flow)
            while not self.bundler.fits(request):
                request = flow.send(self.stage.ask(request))
            self.flows.append(flow)
            self.requests.append(request)

    def tell(self, outcomes: list[Outcome]) -> list[Verdict]:
        return [self.stage.run(_rest(flow, outcome)) for flow, outcome in zip(self.flows, outcomes, strict=True)]


def _rest(flow: Flow[Verdict], outcome: Outcome) -> Flow[Verdict]:
    """The rest of a conversation after this outcome."""
    while True:
        try:
            outcome = yield flow.send(outcome)
        except StopIteration as end:
            return end.value


def test_there_is_one() -> None:
    assert KINDS == ["lrs", "teams"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_delivers_each_once(kind: str) -> None:
    bundle = Bundle(kind)
    packed = bundle.bundler.pack(bundle.requests)
    assert not bundle.bundler.fits(packed), "no bundle within a bundle"
    outcomes = bundle.bundler.unpack(bundle.requests, bundle.stage.ask(packed))
    assert outcomes is not None
    verdicts = bundle.tell(outcomes)
    assert all(isinstance(verdict, Delivered) for verdict in verdicts)
    assert [effect.delivery_id for effect in bundle.stage.fake.journal] == ["0198-a", "0198-b"]
    for delivery_id, verdict in zip(("0198-a", "0198-b"), verdicts, strict=True):
        found = bundle.stage.run(bundle.stage.target.confirm(bundle.stage.parcel(delivery_id)))
        assert isinstance(verdict, Delivered)
        if not isinstance(found, Repeatable):
            assert isinstance(found, Delivered)
            assert found.receipt["message_id"] == verdict.receipt["message_id"], "each has its own receipt"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outcome", [NotSent("no route"), Lost("reset")])
def test_what_became_of_the_call_became_of_each(kind: str, outcome: Outcome) -> None:
    bundle = Bundle(kind)
    assert bundle.bundler.unpack(bundle.requests, outcome) == [outcome, outcome]


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_bounds_and_keeps_secrets(kind: str) -> None:
    bundle = Bundle(kind)
    assert bundle.bundler.size_max >= 2
    for secret in bundle.stage.setup.secrets.values():
        if len(secret) > len("sandbox"):
            assert secret not in repr(bundle.bundler.pack(bundle.requests))


@pytest.mark.parametrize("kind", KINDS)
@given(status=st.integers(100, 599), body=st.binary(max_size=60) | st.sampled_from([b'{"responses":[]}', b"{}"]))
def test_any_answer_is_understood(kind: str, status: int, body: bytes) -> None:
    bundle = Bundle(kind)
    outcomes = bundle.bundler.unpack(bundle.requests, Response(status=status, body=body))
    assert outcomes is None or len(outcomes) == 2
    if outcomes is None:
        assert 400 <= status < 500 or status == 501, "surely nothing was done"
    for flow in bundle.flows:
        flow.close()
