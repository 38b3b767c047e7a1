"""Where a tenant's file may lead: what addresses are, however they are written, and what the host allows."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from config_world import GOOD_TENANT, VOCABULARY, look, told, write
from hypothesis import given
from hypothesis import strategies as st

from config.outward import METADATA, Allowed, entry_for, kind_of, literal, unwrapped
from config.taking import Taking

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "2a00:1450::1"]
SPECIAL = {
    "0.0.0.0": "this host itself",
    "::": "this host itself",
    "0.1.2.3": "this host itself",
    "10.0.0.1": "a private address",
    "172.16.0.1": "a private address",
    "172.31.255.255": "a private address",
    "192.168.1.1": "a private address",
    "fd12::1": "a private address",
    "fec0::1": "a private address",
    "127.0.0.1": "a loopback address",
    "127.255.255.254": "a loopback address",
    "::1": "a loopback address",
    "169.254.169.254": "a link-local address",
    "fe80::1": "a link-local address",
    "100.64.0.1": "a carrier's shared address",
    "100.127.255.255": "a carrier's shared address",
    "224.0.0.1": "a multicast address",
    "ff02::1": "a multicast address",
    "255.255.255.255": "a reserved address",
    "192.0.2.1": "a reserved address",
    "198.19.0.1": "a reserved address",
    "2001:db8::1": "a reserved address",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "a reserved address",  # Teredo
    "4000::1": "a reserved address",
    # What only wraps another address is that other address.
    "::ffff:127.0.0.1": "a loopback address",
    "::ffff:a9fe:a9fe": "a link-local address",
    "::10.0.0.1": "a private address",
    "64:ff9b::10.0.0.1": "a private address",
    "64:ff9b:1::127.0.0.1": "a loopback address",
    "2002:7f00:1::1": "a loopback address",
    "2002:a9fe:a9fe::": "a link-local address",
    "2a00::5efe:c0a8:101": "a private address",
    "2a00::200:5efe:7f00:1": "a loopback address",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_the_public_internet_is_for_everybody(text: str) -> None:
    assert kind_of(ip_address(text)) is None
    assert Allowed().refusal(ip_address(text), "hooks.example.edu", 443) is None


@pytest.mark.parametrize(("text", "kind"), SPECIAL.items())
def test_everything_else_is_refused_with_its_kind(text: str, kind: str) -> None:
    assert kind_of(ip_address(text)) == kind
    assert Allowed().refusal(ip_address(text), "hooks.example.edu", 443) == kind


@given(st.ip_addresses(v=4))
def test_nothing_passes_that_is_not_global(address: object) -> None:
    """Python's own table, where it is stricter than ours or as strict: what passes here is global there."""
    found = ip_address(str(address))
    if kind_of(found) is None:
        assert found.is_global
        assert not found.is_multicast


@given(st.ip_addresses(v=6))
def test_nothing_passes_that_is_not_global_v6(address: object) -> None:
    found = ip_address(str(address))
    if kind_of(found) is None:
        assert unwrapped(found).is_global
        assert not found.is_multicast


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "017700000001",
        "256.1.1.1",
        "1.2.3.4.5",
        "127.0.0.0x1",
        "999",
        "1.2.3.",
        "fe80::1%eth0",
        "::g",
        "a..b",
        "%31%32%37.0.0.1",
        "a!b",
        "",
    ],
)
def test_an_address_in_disguise_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match=r"host|address"):
        literal(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1.", "::1", "[::1]", "::ffff:7f00:1"])
def test_an_address_is_one_however_it_is_written(host: str) -> None:
    address = literal(host)
    assert address is not None
    assert kind_of(address) == "a loopback address"


@pytest.mark.parametrize(
    "host", ["hooks.example.edu", "localhost", "a_b.test", "xn--bcher-kva.example", "1and1.example"]
)
def test_a_name_is_a_name(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    ("entry", "address", "host", "port", "passes"),
    [
        ("10.20.0.0/16", "10.20.3.4", "10.20.3.4", 443, True),
        ("10.20.0.0/16", "10.21.3.4", "10.21.3.4", 443, False),
        ("10.20.0.0/16", "10.20.3.4", "moodle.internal", 443, True),
        ("127.0.0.1:8490", "127.0.0.1", "127.0.0.1", 8490, True),
        ("127.0.0.1:8490", "127.0.0.1", "127.0.0.1", 8480, False),
        ("127.0.0.1", "::ffff:127.0.0.1", "x", 80, True),
        ("[::1]:80", "::1", "::1", 80, True),
        ("::1", "::1", "::1", 99, True),
        ("fd00::/8", "fd12::1", "x", 443, True),
        ("moodle.internal", "10.0.0.1", "moodle.internal", 443, True),
        ("moodle.internal", "10.0.0.1", "MOODLE.internal.", 443, True),
        ("moodle.internal", "10.0.0.1", "evil.moodle.internal", 443, False),
        (".campus.internal", "10.0.0.1", "moodle.campus.internal", 443, True),
        (".campus.internal", "10.0.0.1", "campus.internal", 443, True),
        (".campus.internal", "10.0.0.1", "evilcampus.internal", 443, False),
        ("moodle.internal:8443", "10.0.0.1", "moodle.internal", 443, False),
        # A name never leads to where a machine's own credentials are told, nor to nobody.
        ("moodle.internal", "169.254.169.254", "moodle.internal", 80, False),
        ("moodle.internal", "fd00:ec2::254", "moodle.internal", 80, False),
        ("169.254.0.0/16", "169.254.169.254", "moodle.internal", 80, True),
        ("0.0.0.0/0", "0.0.0.0", "x", 80, False),
        ("::/0", "ff02::1", "x", 80, False),
    ],
)
def test_what_the_host_allows(entry: str, address: str, host: str, port: int, passes: bool) -> None:
    assert (Allowed([entry]).refusal(ip_address(address), host, port) is None) is passes


@pytest.mark.parametrize(
    "entry", ["*", "http://x.test", "a b", "", "moodle.internal:0", "moodle.internal:70000", "a/8"]
)
def test_an_entry_is_a_network_or_a_name(entry: str) -> None:
    with pytest.raises(ValueError, match="private_targets"):
        Allowed([entry])


def test_metadata_addresses_are_none_of_the_public_internet() -> None:
    assert all(kind_of(each) for each in METADATA)
    assert all(kind_of(network.network_address) for network in map(ip_network, ("10.0.0.0/8", "fc00::/7")))


# ── as the check says it ─────────────────────────────────────────────────────────────────────────────


CHOSEN = VOCABULARY._replace(taking={"chat": Taking(outward=True)})
"""Where the kind is one whose address is a receiver's of the tenant's choice."""


LOOPBACK, PRIVATE, LINK_LOCAL = (
    f"nothing is sent to a {kind} address unless the host allows it" for kind in ("loopback", "private", "link-local")
)


@pytest.mark.parametrize(
    ("url", "message", "suggestion"),
    [
        ("http://127.0.0.1:8490/", LOOPBACK, '["127.0.0.1:8490"]'),
        ("https://localhost/", LOOPBACK, '["localhost:443"]'),
        ("https://10.1.2.3/x", PRIVATE, '["10.1.2.3:443"]'),
        ("https://[::ffff:10.1.2.3]/", PRIVATE, '["10.1.2.3:443"]'),
        ("https://169.254.169.254/", LINK_LOCAL, '["169.254.169.254:443"]'),
        ("https://2130706433/", "an address is written as four decimal numbers (192.0.2.7)", ""),
        ("https://0x7f.1/", "an address is written as four decimal numbers (192.0.2.7)", ""),
        ("https://0.0.0.0/", "nothing is sent to this host itself", ""),
        ("https://mail.example.edu:25/", "nothing is sent to port 25: it belongs to another protocol", "another port"),
    ],
)
def test_the_check_says_which_line_to_add(tmp_path: Path, url: str, message: str, suggestion: str) -> None:
    tenant = GOOD_TENANT.replace("[[routes]]", f'api_url = "{url}"\n[[routes]]')
    configuration, problems = look(write(tmp_path, {"tenants.d/acme.toml": tenant}), vocabulary=CHOSEN)
    assert configuration is None
    [problem] = [each for each in problems if each.severity == "error"]
    assert (problem.key, problem.line, problem.message) == ("targets.chat.api_url", 12, message)
    assert suggestion in problem.suggestion


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "10.1.2.3", "169.254.1.1", "192.0.2.7", "[::1]", "[fd00:ec2::254]", "[fe80::1]",
        "[::ffff:10.1.2.3]", "[64:ff9b::a01:203]", "[2002:a01:203::1]", "[fd12::5efe:a01:203]", "[2001:db8::1]",
    ],
)  # fmt: skip
def test_the_line_to_add_allows_that_host_at_that_port_and_no_other(host: str) -> None:
    address = literal(host)
    assert address is not None
    assert Allowed().refusal(address, host, 8443) is not None
    allowed = Allowed([entry_for(host, 8443)])
    assert allowed.refusal(address, host, 8443) is None
    assert allowed.refusal(address, host, 8444) is not None
    assert allowed.refusal(ip_address("10.1.2.4"), host, 8443) is not None


def test_the_line_to_add_for_a_name_is_the_name() -> None:
    assert entry_for("Hooks.Internal.", 443) == "hooks.internal:443"
    assert Allowed(["hooks.internal:443"]).refusal(ip_address("10.1.2.3"), "hooks.internal", 443) is None


def test_what_the_host_allows_is_good(tmp_path: Path) -> None:
    tenant = GOOD_TENANT.replace("[[routes]]", 'api_url = "https://10.1.2.3/x"\n[[routes]]')
    daemon = '[network]\nprivate_targets = ["10.1.0.0/16"]\n'
    files = {"tenants.d/acme.toml": tenant, "lmsyncd.toml": daemon}
    configuration, problems = look(write(tmp_path, files), vocabulary=CHOSEN)
    assert configuration is not None
    assert problems == []


def test_a_vendor_stands_wherever_it_stands(tmp_path: Path) -> None:
    tenant = GOOD_TENANT.replace("[[routes]]", 'api_url = "http://127.0.0.1:8490/slack/api/"\n[[routes]]')
    configuration, problems = look(write(tmp_path, {"tenants.d/acme.toml": tenant}))
    assert configuration is not None
    assert problems == []


def test_a_bad_entry_is_said_where_it_stands(tmp_path: Path) -> None:
    daemon = '[network]\nprivate_targets = ["*"]\n'
    configuration, problems = look(write(tmp_path, {"tenants.d/acme.toml": GOOD_TENANT, "lmsyncd.toml": daemon}))
    assert configuration is None
    assert [(where, line, key) for where, line, key, *_ in told(problems, tmp_path)] == [("lmsyncd.toml", 1, "network")]
