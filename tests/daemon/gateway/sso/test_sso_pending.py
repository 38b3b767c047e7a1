"""Sign-ons that are pending, sealed: in one browser, at one tenant, for a while, once; no flood is another tenant's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.gateway.sso import pending
from daemon.gateway.sso.pending import STATE_CHARS_MAX, WAY_CHARS_MAX, Fresh, Known, SignOns, Used

NOW_US, LIFE_S = 1_800_000_000_000_000, 600
END_US = NOW_US + LIFE_S * 1_000_000
WAY = "/t/acme/connect/slack"
RELAY_CHARS_MAX = 80
"""What SAML promises to carry."""


def begun(sign_ons: SignOns, browser: str = "", way: str = WAY) -> Fresh:
    return sign_ons.begin("acme", browser, way, NOW_US, LIFE_S)


def test_it_opens_where_it_was_begun_and_nowhere_else() -> None:
    sign_ons = SignOns("oidc")
    fresh = begun(sign_ons)
    known = sign_ons.open("acme", fresh.browser, fresh.state, NOW_US)
    assert known is not None
    assert (known.way, known.begun_us, known.until_us) == (WAY, NOW_US, END_US)
    assert (known.nonce, known.verifier) == (fresh.nonce, fresh.verifier)
    assert sign_ons.open("acme", fresh.browser, fresh.state, END_US - 1) is not None
    other = begun(sign_ons)
    for tenant, browser, state, now_us in (
        ("globex", fresh.browser, fresh.state, NOW_US),
        ("acme", other.browser, fresh.state, NOW_US),
        ("acme", "", fresh.state, NOW_US),
        ("acme", fresh.browser, other.state, NOW_US),
        ("acme", fresh.browser, "", NOW_US),
        ("acme", fresh.browser, "A" * 60, NOW_US),
        ("acme", fresh.browser, fresh.state[:-1], NOW_US),
        ("acme", fresh.browser, fresh.state + "=", NOW_US),
        ("acme", fresh.browser, fresh.state, NOW_US - 1),
        ("acme", fresh.browser, fresh.state, END_US),
    ):
        assert sign_ons.open(tenant, browser, state, now_us) is None


def test_one_key_knows_its_own_in_another_process_and_for_one_use_only() -> None:
    fresh = begun(SignOns("saml", b"key"))
    known = SignOns("saml", b"key").open("acme", fresh.browser, fresh.state, NOW_US)
    assert known is not None
    assert known.nonce == fresh.nonce
    for stranger in (SignOns("saml", b"other"), SignOns("oidc", b"key"), SignOns("saml"), SignOns("oidc")):
        assert stranger.open("acme", fresh.browser, fresh.state, NOW_US) is None


def test_a_browser_keeps_what_it_was_given_and_anything_else_is_replaced() -> None:
    sign_ons = SignOns("oidc")
    first = begun(sign_ons)
    second = begun(sign_ons, first.browser)
    assert second.browser == first.browser
    assert {first.state, first.nonce, first.verifier}.isdisjoint({second.state, second.nonce, second.verifier})
    for odd in ("x", "A" * 42, "A" * 44, "é" * 43, "A" * 42 + ";"):
        assert begun(sign_ons, odd).browser != odd


def test_what_goes_to_the_provider_is_as_short_as_it_takes() -> None:
    sign_ons = SignOns("saml")
    assert len(begun(sign_ons, way="/t/acme/connect").state) <= RELAY_CHARS_MAX
    longest = begun(sign_ons, way="/t/acme/" + "x" * (WAY_CHARS_MAX - len("/t/acme/")))
    assert len(longest.state) <= STATE_CHARS_MAX
    assert sign_ons.open("acme", longest.browser, longest.state, NOW_US) is not None
    assert "***" in repr(longest)


@given(at=st.integers(0, 200), to=st.sampled_from("AQgw_-9"))
def test_no_character_of_it_can_be_another(at: int, to: str) -> None:
    sign_ons = SignOns("oidc", b"key")
    fresh = begun(sign_ons)
    at %= len(fresh.state) - 1  # of the last one, some bits say nothing
    changed = fresh.state[:at] + to + fresh.state[at + 1 :]
    assert (sign_ons.open("acme", fresh.browser, changed, NOW_US) is None) == (changed != fresh.state)


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────


def known(number: int, until_us: int = END_US) -> Known:
    return Known(id=b"%d" % number, begun_us=NOW_US, until_us=until_us, way="", nonce="", verifier="")


def test_each_is_used_once_and_forgotten_when_its_time_is_over() -> None:
    used = Used()
    assert used.first("acme", known(1), NOW_US)
    assert not used.first("acme", known(1), END_US - 1)
    assert used.first("globex", known(1), NOW_US)
    assert len(used) == 2
    assert used.first("acme", known(2, END_US + 9), END_US)
    assert len(used) == 2


def test_a_flood_at_one_tenant_makes_nothing_be_forgotten_at_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "USED_MAX", 10)
    used = Used()
    assert used.first("globex", known(0), NOW_US)
    for number in range(50):
        assert used.first("acme", known(number), NOW_US)
    assert not used.first("globex", known(0), NOW_US)
    for _ in range(20):
        assert not used.first("acme", known(49), NOW_US)  # nor does trying it again
    assert not used.first("acme", known(40), NOW_US)
    assert len(used) == 11
