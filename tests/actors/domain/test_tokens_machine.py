"""The machine of tokens against a vendor of the strict kind: refresh tokens that serve once (and, for a grace, again),
two access tokens alive at most, answers that are lost, and a process that dies between any two steps."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sizes import examples

from actors.domain import tokens as machine
from actors.domain.tokens import AFRESH, Granted, Holding, Tokens, Trying
from actors.domain.verdicts import Doubtful, Revoked, Throttled, Unavailable

LIFE_S = 43_200.0
LOST = "a refresh token that serves once was lost"


class Strict:
    """The vendor."""

    def __init__(self, grace_s: float) -> None:
        self.grace_s = grace_s
        self.count = 0
        self.alive: list[str] = []
        self.ends_s: dict[str, float] = {}
        self.serves_until_s: dict[str, float] = {}

    def pair(self, now_s: float) -> Granted:
        self.count += 1
        access, refresh = f"a{self.count}", f"r{self.count}"
        still = [each for each in self.alive if self.ends_s[each] > now_s]
        self.alive = [*still[-1:], access]
        self.ends_s[access] = now_s + LIFE_S
        self.serves_until_s[refresh] = float("inf")
        return Granted(access=access, refresh=refresh, lives_s=LIFE_S)

    def refresh(self, token: str, now_s: float) -> Granted | Revoked:
        if self.serves_until_s.get(token, 0.0) <= now_s:
            return Revoked("invalid_refresh_token")
        self.serves_until_s[token] = min(self.serves_until_s[token], now_s + self.grace_s)
        return self.pair(now_s)

    def takes(self, access: str, now_s: float) -> bool:
        return access in self.alive and self.ends_s[access] > now_s


class Custody(RuleBasedStateMachine):
    """One speaker. ``disk`` is what survives a death; ``life`` what one life remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        self.disk: tuple[Holding, Tokens] = (Holding(), Tokens())
        self.trying: Trying = AFRESH
        self.used: set[str] = set()

    @property
    def now_us(self) -> int:
        return round(self.now_s * 1e6)

    @initialize(grace_s=st.sampled_from([0.0, 20.0, 600.0]))
    def connect(self, grace_s: float) -> None:
        self.vendor = Strict(grace_s)
        granted = self.vendor.pair(self.now_s)
        self._write(machine.connected(self._taken(granted, Tokens()), "oidc:ada", "", (), self.now_us), granted)

    def _taken(self, granted: Granted, held: Tokens) -> Holding:
        return machine.taken(self.disk[0], granted, machine.kept(held, granted), self.now_us)

    def _write(self, holding: Holding, granted: Granted | None = None) -> None:
        assert holding.version == self.disk[0].version + 1
        tokens = machine.kept(self.disk[1], granted) if granted is not None else self.disk[1]
        self.disk = (holding, tokens)

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 300.0, 3_600.0, 20_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def another_life(self) -> None:
        """It died: what it remembered is gone."""
        self.trying = AFRESH

    def _due(self) -> bool:
        due_us = machine.renews_us(self.disk[0], self.trying, 0.5, seeded=False)
        return due_us is not None and due_us <= self.now_us

    @rule(
        fate=st.sampled_from(["answered", "lost", "unsent", "throttled", "died_before", "died_sent", "died_answered"]),
        dice=st.floats(0.0, 0.999),
    )
    @precondition(lambda self: self._due())
    def renew(self, fate: str, dice: float) -> None:
        holding, held = self.disk
        doubted = holding.asked_us is not None
        if not doubted:
            self._write(machine.asked(holding, self.now_us))
        if fate == "died_before":
            self.trying = AFRESH
            return
        if fate == "unsent":
            if not doubted:
                self._write(machine.unspent(self.disk[0]))
            self._failed(Unavailable("down"), doubted, dice)
            return
        if fate == "throttled":
            if not doubted:
                self._write(machine.unspent(self.disk[0]))
            self._failed(Throttled("30"), doubted, dice)
            return
        answer = self.vendor.refresh(held.refresh, self.now_s)
        if fate in ("died_sent", "died_answered"):
            self.trying = AFRESH
            return
        if fate == "lost":
            self._failed(Doubtful("reset"), True, dice)
            return
        if isinstance(answer, Revoked):
            assert doubted, "a pair that nobody spent is refused by nobody"
            self._write(machine.lost(self.disk[0], LOST))
            self._failed(answer, doubted, dice)
            return
        self._write(self._taken(answer, held), answer)
        self.trying = machine.renewed(self.trying, self.now_us, dice)

    def _failed(self, failure: machine.Failure, doubted: bool, dice: float) -> None:
        self.trying = machine.failed(self.trying, failure, doubted=doubted, now_us=self.now_us, wait_s=0.0, dice=dice)
        assert self.trying.not_before_us > self.now_us
        if doubted:
            assert self.trying.not_before_us - self.now_us <= machine.DOUBT_S_MAX * 1.25e6

    @rule()
    def speak(self) -> None:
        holding, tokens = self.disk
        if not machine.usable(holding, self.trying, self.now_us):
            return
        if not self.vendor.takes(tokens.access, self.now_s):
            assert holding.asked_us is not None or holding.state == "lost" or self._was_overtaken(tokens)
            if holding.has_refresh:
                self.trying = machine.refused(self.trying, "")
                assert not machine.usable(holding, self.trying, self.now_us)

    def _was_overtaken(self, tokens: Tokens) -> bool:
        """Newer ones were given than the one that is known."""
        return int(tokens.access[1:]) < self.vendor.count

    @invariant()
    def nothing_that_works_was_thrown_away(self) -> None:
        holding, tokens = self.disk
        if holding.state == "live":
            assert tokens.access
            assert tokens.refresh
        if holding.state == "lost":
            assert holding.why == LOST
            newest = f"r{self.vendor.count}"
            assert self.vendor.serves_until_s.get(tokens.refresh, 0.0) <= self.now_s or tokens.refresh == newest

    @invariant()
    def it_is_asked_in_time(self) -> None:
        holding, _ = self.disk
        if holding.state == "live" and not self.trying.stale and holding.asked_us is None and not self.trying.failures:
            due_us = machine.renews_us(holding, self.trying, 0.5, seeded=False)
            assert due_us is not None
            assert holding.expires_us is not None
            assert due_us < holding.expires_us - machine.slack_us(holding)

    @invariant()
    def whoever_cannot_speak_is_told_why(self) -> None:
        holding, _ = self.disk
        if not machine.usable(holding, self.trying, self.now_us):
            why = machine.missing(holding, self.trying)
            assert why.detail
            assert isinstance(why, Revoked) == (holding.state in ("lost", "revoked") or self.trying.denied)


Custody.TestCase.settings = settings(
    max_examples=examples(50), stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCustody = Custody.TestCase


def test_what_refuses_our_credentials_is_asked_seldom_and_what_is_down_soon() -> None:
    down = machine.failed(AFRESH, Unavailable("down"), doubted=False, now_us=0, wait_s=0.0, dice=0.5)
    assert down.not_before_us == 1_000_000
    assert not down.denied
    denied = machine.failed(AFRESH, Revoked("no"), doubted=False, now_us=0, wait_s=0.0, dice=0.5)
    assert denied.not_before_us >= machine.MEND_S * 1e6
    named = machine.failed(AFRESH, Throttled("90"), doubted=False, now_us=0, wait_s=90.0, dice=0.5)
    assert named.not_before_us == 90_000_000


def test_a_token_that_is_refused_each_time_is_asked_for_ever_more_seldom() -> None:
    trying, waits = AFRESH, []
    for _ in range(9):
        trying = machine.renewed(machine.refused(trying, ""), 0, 0.5)
        waits.append(trying.not_before_us)
    assert waits[: machine.REFUSALS_FREE] == [0] * machine.REFUSALS_FREE
    assert waits[machine.REFUSALS_FREE :] == sorted(waits[machine.REFUSALS_FREE :])
    assert waits[-1] > 60_000_000
    assert machine.renewed(trying, 0, 0.5) == AFRESH


def test_short_lives_are_used_for_the_most_part() -> None:
    for life_s in (1.0, 5.0, 30.0, 600.0, 3_599.0, 43_200.0):
        granted = Granted(access="a", lives_s=life_s)
        holding = machine.taken(Holding(), granted, machine.kept(Tokens(), granted), 0)
        assert 0 < machine.slack_us(holding) <= life_s * 1e6 / 3 + 1
        due_us = machine.renews_us(holding, AFRESH, 0.99, seeded=True)
        assert due_us is not None
        assert due_us >= machine.RENEWED_S_MIN * 1e6, "however short, not again and again"
        if life_s > 2 * machine.RENEWED_S_MIN:
            assert due_us < holding.expires_us  # type: ignore[operator]
