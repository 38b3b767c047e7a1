"""When more goes wrong than usual, and no outage is the reason."""

from actors.domain.spikes import BAD_MIN, MINUTE_US, Tally

NOW_US = 1_800_000_000_000_000


def after(*minutes: tuple[int, int], verdict: str = "refused") -> Tally:
    """A tally of minutes, each with so many (bad, good) attempts, up to now."""
    tally = Tally()
    for age, (bad, good) in zip(range(len(minutes) - 1, -1, -1), minutes, strict=True):
        for n in range(bad + good):
            said = verdict if n < bad else "delivered"
            tally.note("acme/slack", said, "invalid_blocks" if n < bad else "", NOW_US - age * MINUTE_US)
    return tally


def test_many_at_once_after_a_good_hour() -> None:
    [spike] = after(*[(0, 20)] * 40, (25, 0)).spikes(NOW_US)
    assert (spike.lane, spike.bad, spike.of, spike.usual, spike.detail) == (
        "acme/slack",
        25,
        105,
        0.0,
        "invalid_blocks",
    )


def test_a_few_are_none() -> None:
    assert list(after(*[(0, 20)] * 40, (BAD_MIN - 1, 0)).spikes(NOW_US)) == []


def test_what_is_as_bad_as_ever_is_none() -> None:
    assert list(after(*[(10, 10)] * 60).spikes(NOW_US)) == []


def test_little_among_much_is_none() -> None:
    assert list(after(*[(0, 500)] * 10, (20, 480)).spikes(NOW_US)) == []


def test_a_vendor_that_is_out_is_not_our_fault() -> None:
    assert list(after((50, 0), verdict="unavailable").spikes(NOW_US)) == []


def test_it_passes_and_is_forgotten() -> None:
    tally = after((50, 0))
    assert list(tally.spikes(NOW_US + 4 * MINUTE_US))
    assert list(tally.spikes(NOW_US + 5 * MINUTE_US)) == []
    assert list(tally.spikes(NOW_US + 200 * MINUTE_US)) == []
    tally.note("acme/slack", "refused", "", NOW_US)
    assert list(tally.spikes(NOW_US)) == []  # the fifty are gone


def test_what_was_said_is_forgotten_and_how_many_there_were_is_not() -> None:
    tally = after(*[(0, 20)] * 40, (25, 0))
    tally.forget("beta")
    [spike] = tally.spikes(NOW_US)
    assert spike.detail
    tally.forget("acme")
    assert [(each.bad, each.detail) for each in tally.spikes(NOW_US)] == [(spike.bad, "")]


def test_nobodys_address_is_posted() -> None:
    tally = Tally()
    for _ in range(BAD_MIN):
        tally.note("acme/lrs", "refused", "HTTP 400: <mailto:ada.l+x@example.edu> is unknown, ada@x.test too", NOW_US)
    [spike] = tally.spikes(NOW_US)
    assert spike.detail == "HTTP 400: <mailto:…> is unknown, … too"


def test_what_was_put_off_is_no_attempt() -> None:
    """However many wait for their turn, what goes wrong stands out from what was tried."""
    tally = after(*[(0, 20)] * 40, (25, 0))
    for _ in range(10_000):
        tally.note("acme/slack", "not_sent", "waits for its turn to be looked up", NOW_US)
    [spike] = tally.spikes(NOW_US)
    assert (spike.bad, spike.of) == (25, 105)
