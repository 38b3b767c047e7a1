"""Who called, behind how many proxies, whatever a stranger writes into the header; and whose doing it counts for."""

import pytest
from starlette.requests import Request

from config.model import Gateway
from config.networks import networks
from daemon.gateway.callers import HOPS_MAX, NOBODY, Callers, crowd_of

PROXY, FAR = "10.0.0.1", "198.51.100.7"
CALLERS = Callers(("10.0.0.0/24", "fd00::1"))


@pytest.mark.parametrize(
    ("peer", "told", "called"),
    [
        (PROXY, [], PROXY),
        (PROXY, [FAR], FAR),
        (PROXY, [f"203.0.113.9, {FAR}"], FAR),
        (PROXY, [f"203.0.113.9,{FAR} , 10.0.0.2"], FAR),
        (PROXY, ["203.0.113.9", FAR], FAR),
        (PROXY, [f"{FAR}:4711"], FAR),
        (PROXY, ["[2001:db8::7]:4711"], "2001:db8::7"),
        (PROXY, ["2001:db8::7"], "2001:db8::7"),
        (PROXY, [f"::ffff:{FAR}"], FAR),
        (f"::ffff:{PROXY}", [FAR], FAR),
        ("fd00::1", [FAR], FAR),
        (PROXY, ["10.0.0.3"], "10.0.0.3"),
        (PROXY, ["10.0.0.9, 10.0.0.3"], "10.0.0.9"),
        (PROXY, ["unknown"], PROXY),
        (PROXY, [f"{FAR}, <script>"], PROXY),
        (PROXY, [""], PROXY),
        (PROXY, [f"{FAR}, "], PROXY),
        (PROXY, ["x" * 100_000 + f",{FAR}"], FAR),
        ("203.0.113.1", [FAR], "203.0.113.1"),  # no proxy of ours says so
        ("unix", [FAR], "unix"),
    ],
)
def test_only_what_our_own_proxies_write_counts(peer: str, told: list[str], called: str) -> None:
    assert CALLERS.called(peer, told) == called


def test_without_proxies_the_header_is_nothing() -> None:
    scope = {"type": "http", "client": (PROXY, 9), "headers": [(b"x-forwarded-for", FAR.encode())]}
    Callers().settle(scope)
    assert scope["client"] == (PROXY, 9)
    CALLERS.settle(scope)
    assert scope["client"] == (FAR, 0)
    nobody = {"type": "http", "client": None, "headers": []}
    CALLERS.settle(nobody)
    assert nobody["client"] is None


def test_a_list_without_end_is_read_so_far_and_no_further() -> None:
    told = [", ".join([FAR] + ["10.0.0.5"] * HOPS_MAX)]
    assert CALLERS.called(PROXY, told) == "10.0.0.5"


@pytest.mark.parametrize(
    ("address", "crowd"),
    [
        (FAR, FAR),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        (f"::ffff:{FAR}", FAR),
        ("127.0.0.1", NOBODY),
        ("::1", NOBODY),
        ("::ffff:127.0.0.1", NOBODY),
        ("unix", NOBODY),
        ("", NOBODY),
    ],
)
def test_a_crowd_is_whoever_cannot_be_told_apart(address: str, crowd: str) -> None:
    assert crowd_of(Request({"type": "http", "client": (address, 1), "headers": []})) == crowd
    assert CALLERS.crowd_at(address) == crowd


def test_a_proxy_of_ours_stands_for_everybody() -> None:
    assert CALLERS.crowd_at(PROXY) == CALLERS.crowd_at(f"::ffff:{PROXY}") == NOBODY
    assert Callers().crowd_at(PROXY) == PROXY


@pytest.mark.parametrize("text", ["", "proxy.example.edu", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1:80"])
def test_an_operator_writes_addresses_and_networks(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor a network"):
        networks([text])
    with pytest.raises(ValueError, match="proxies"):
        Gateway(proxies=(text,))
