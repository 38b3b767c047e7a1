"""What must hold when everything is over: the accepted set against the vendors' journals, and every state explained.

Nothing here asks the daemon what it thinks it did, with one exception: the rows of its outbox say which delivery id
stands for which statement at which destination. Both ends are then checked against the outside.
"""

from collections import Counter, defaultdict

import msgspec

from actors.ports import Effect
from tests.simulation import facts
from tests.simulation.campus import SimulatedCampus
from tests.simulation.limits import exceeded
from tests.simulation.model import Expected, Model, Told
from tests.simulation.scenario import Scenario
from tests.simulation.wire import Refusal

TOLERABLE = frozenset({"ActorCrash", "StoreUnavailable", "GraceExceeded"})
"""What may be reported as trouble: what the simulation itself did, and its consequences."""


class Findings(msgspec.Struct):
    """``faults`` are broken invariants, in words; empty is good."""

    faults: list[str]
    statements: int = 0
    effects: int = 0
    virtual_s: float = 0.0


class Row(msgspec.Struct, frozen=True):
    """A delivery as the database has it at the end."""

    seq: int
    id: str
    lane: str
    destination: str
    kind: str
    statement_id: str
    state: str
    cause: str | None
    detail: str
    attempts: int
    attempts_max: int
    doubtful: str
    history: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.lane, self.destination, self.kind, self.statement_id


def judge(campus: SimulatedCampus, scenario: Scenario, acknowledged: set[str]) -> Findings:
    """Look at everything, once, and say what is wrong."""
    for fake in campus.vendors.fakes.values():
        fake.settle(campus.true_s() + 86_400)  # type: ignore[attr-defined]  # what was to land late has landed
    oracle = Oracle(campus, scenario, acknowledged)
    oracle.judge()
    for row in oracle.rows:
        campus.record.add(
            f"end {row.id} {row.lane} {row.destination} {row.state} {row.cause} {row.attempts} {row.detail}"
        )
    for key, journal in oracle.journals.items():
        for effect in journal:
            campus.record.add(
                f"journal {key} {effect.operation} {effect.destination} {effect.delivery_id} {effect.time:.6f}"
            )
    return Findings(
        faults=oracle.faults,
        statements=len(acknowledged),
        effects=sum(map(len, oracle.journals.values())),
        virtual_s=campus.true_s() - 1_800_000_000,
    )


class Oracle:
    """One look at one campus at rest."""

    def __init__(self, campus: SimulatedCampus, scenario: Scenario, acknowledged: set[str]) -> None:
        self.faults: list[str] = []
        self._campus = campus
        self._scenario = scenario
        self._acknowledged = acknowledged
        self.rows = [
            Row(*row)
            for row in campus.look(
                "SELECT seq, lower(hex(id)), lane, destination, kind, statement_id, state, cause, detail, attempts, "
                "attempts_max, doubtful, history FROM deliveries ORDER BY seq"
            )
        ]
        self.by_id = {row.id: row for row in self.rows}
        self.journals: dict[tuple[str, str], list[Effect]] = {
            key: list(fake.journal) for key, fake in campus.vendors.fakes.items()
        }
        self._expected: dict[tuple[str, str, str, str], Expected] = {}
        self._seqs: dict[str, int] = {}
        self._told: dict[str, list[Told]] = {}

    def judge(self) -> None:
        self._log_is_what_was_accepted()
        self._deliveries_are_what_was_expected()
        self._states_are_explained()
        self._journals_hold_what_was_delivered()
        self._order_was_kept()
        self._limits_were_kept()
        self._nothing_unforeseen_went_wrong()
        self._the_books_balance()

    def _say(self, text: str) -> None:
        self.faults.append(text)

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def _log_is_what_was_accepted(self) -> None:
        log = self._campus.look("SELECT tenant, lower(hex(id)), seq FROM statements ORDER BY seq")
        logged = [(tenant, _dashed(statement_id)) for tenant, statement_id, _ in log]
        self._seqs = {_dashed(statement_id): seq for _, statement_id, seq in log}
        offered = {(offer.tenant, each.id) for offer in self._scenario.offers for each in offer.batch}
        if missing := self._acknowledged - {statement_id for _, statement_id in logged}:
            self._say(f"lost: {len(missing)} accepted statements are not in the log, like {min(missing)}")
        if strange := set(logged) - offered:
            self._say(f"{len(strange)} statements in the log that nobody sent")
        for tenant in self._scenario.tenants.values():
            told = [
                Told(self._seqs[each], each, self._scenario.told[each])
                for owner, each in logged
                if owner == tenant.name
            ]
            for effect in Model(tenant).follow(told):
                self._expected[effect.key] = effect
            self._told[tenant.name] = told
        outcomes = dict(
            self._campus.look(
                "SELECT s.id, CASE WHEN o.kind IS NULL THEN o.reason ELSE o.kind END FROM statements s "
                "LEFT JOIN outcomes o ON o.seq = s.seq"
            )
        )
        for raw, outcome in outcomes.items():
            fact = self._scenario.told[_dashed(raw.hex())]
            wanted = fact.kind if fact.is_change else fact.kind.removesuffix("_verb")
            if wanted not in str(outcome):
                self._say(f"statement {_dashed(raw.hex())} ({fact.kind}) was taken for {outcome}")

    def _deliveries_are_what_was_expected(self) -> None:
        found = Counter(row.key for row in self.rows)
        for key, count in found.items():
            if count > 1:
                self._say(f"doubled: {count} deliveries for one effect {key}")
            if key not in self._expected:
                self._say(f"a delivery that nothing asked for: {key}")
        for key in self._expected:
            if key not in found:
                self._say(f"lost: no delivery for {key}")

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    def _states_are_explained(self) -> None:
        for row in self.rows:
            expected = self._expected.get(row.key)
            if row.attempts > row.attempts_max:
                self._say(f"{row.attempts} attempts of {row.attempts_max}: {row.key}")
            if expected is None:
                continue
            match row.state:
                case "delivered":
                    if expected.unplaced or (expected.to_learner and not expected.fact.reachable):
                        self._say(f"delivered to nobody: {row.key}")
                case "dead":
                    if row.cause not in self._causes(expected, row):
                        self._say(f"dead for no reason that there was: {row.cause}, {row.detail}: {row.key}")
                case "parked":
                    if row.cause != "unknown_outcome" or not self._may_park(row):
                        self._say(f"parked for no reason that there was: {row.cause}, {row.detail}: {row.key}")
                case "superseded":
                    if not self._was_replaced(expected):
                        self._say(f"superseded by nothing: {row.detail}: {row.key}")
                case state:
                    self._say(f"left {state}: {row.key}")

    def _was_replaced(self, expected: Expected) -> bool:
        """Only by a newer change of the same entity, which is accounted for like any other."""
        if expected.overtaken:
            return True
        [own] = [each for each in self._told[expected.tenant] if each.statement_id == expected.statement_id]
        return expected.kind in facts.STANDING and any(
            each.fact.entity == own.fact.entity and each.fact.value != own.fact.value and each.at_us >= own.at_us
            for each in self._told[expected.tenant]
        )

    def _causes(self, expected: Expected, row: Row) -> set[str]:
        """Why this one may be dead: by itself, or because of what struck at its vendor."""
        if expected.unplaced:
            return {"bad_configuration"}
        if expected.to_learner and not expected.fact.reachable:
            return {"unmatched_learner"}
        causes: set[str] = set()
        tenant, _, vendor = row.lane.partition("/")
        for strike in self._campus.vendors.strikes:
            if (strike.tenant, strike.vendor) == (tenant, vendor):
                causes |= CAUSES.get(strike.kind, set())
                causes |= CAUSES.get(f"{strike.kind} {strike.value}", set())
        if row.attempts >= row.attempts_max:
            causes.add("exhausted")
        return causes

    def _may_park(self, row: Row) -> bool:
        """Only where looking was made impossible, or the attempts were spent."""
        tenant, _, vendor = row.lane.partition("/")
        hindered = (
            any(
                strike.kind in UNPROBEABLE and (strike.tenant, strike.vendor) == (tenant, vendor)
                for strike in self._campus.vendors.strikes
            )
            or self._campus.record.counts["history switched to be scarce"]
        )
        expected = self._expected[row.key]
        if expected.to_learner and not expected.fact.reachable:
            return True  # nobody can look where nobody is
        if row.detail.endswith("an earlier attempt may have landed"):
            return _double_accepted(row) or "repeatable" in row.history
        return bool(hindered) or row.attempts >= row.attempts_max

    def _journals_hold_what_was_delivered(self) -> None:
        posts: Counter[str] = Counter()
        for (tenant, vendor), journal in self.journals.items():
            for effect in journal:
                row = self.by_id.get(effect.delivery_id)
                if row is None or row.lane != f"{tenant}/{vendor}":
                    self._say(f"{vendor} of {tenant} has a post that is nobody's: {effect}")
                    continue
                posts[row.id] += 1
                if not row.destination.startswith("learner:") and effect.destination != row.destination:
                    self._say(f"posted at {effect.destination} instead of {row.destination}")
        for row in self.rows:
            count = posts[row.id]
            if row.state == "delivered" and not count:
                self._say(f"lost: delivered, says the row, and the vendor has nothing: {row.key}")
            if row.state in {"dead", "superseded"} and count:
                self._say(f"{row.state} ({row.cause}), says the row, and the vendor has it: {row.key}")
            if count > 1 and not _double_accepted(row):
                self._say(f"doubled: {count} posts of {row.key}")

    def _order_was_kept(self) -> None:
        """Per destination, in the order of acceptance; parked ones have left their line, visibly."""
        for key, journal in self.journals.items():
            newest: dict[str, Row] = {}
            seen: set[str] = set()
            for effect in journal:
                row = self.by_id.get(effect.delivery_id)
                if row is None or row.state != "delivered" or _double_accepted(row) or row.id in seen:
                    continue
                seen.add(row.id)
                before = newest.get(row.destination)
                if before is not None and before.seq > row.seq:
                    self._say(f"out of order at {key} {row.destination}: {before.key} before {row.key}")
                newest[row.destination] = row

    def _limits_were_kept(self) -> None:
        vendors = self._campus.vendors
        self.faults += exceeded(vendors.served)
        for each in vendors.refusals:
            if not self._throttle_is_explained(each):
                self._say(f"{each.vendor} had to throttle {each.limit} at {each.at_s:.3f}")

    def _throttle_is_explained(self, refusal: Refusal) -> bool:
        """By another life within the last minute, or because the vendor rations reading without saying so."""
        if refusal.limit == "conversations.history" and self._campus.record.counts["history switched to be scarce"]:
            return True
        return any(0 <= refusal.at_s - died_s <= 61 for died_s, _ in self._campus.deaths)

    # ── and inside ───────────────────────────────────────────────────────────────────────────────

    def _nothing_unforeseen_went_wrong(self) -> None:
        for name, text in self._campus.troubles:
            if not any(kind in text for kind in TOLERABLE):
                self._say(f"trouble: {name}: {text}")

    def _the_books_balance(self) -> None:
        counted = Counter((row.lane, row.state) for row in self.rows)
        kept = {(lane, state): n for lane, state, n in self._campus.look("SELECT lane, state, n FROM depths") if n}
        if counted != kept:
            self._say(f"depths say {kept}, the rows say {dict(counted)}")
        [(verdict,)] = self._campus.look("PRAGMA quick_check(1)")
        if verdict != "ok":
            self._say(f"the database is damaged: {verdict}")


CAUSES: dict[str, set[str]] = {
    "archived": {"destination_gone"},
    "kicked": {"destination_refused"},
    "deleted": {"destination_gone"},
    "not_installed": {"destination_refused"},
    "forbidden_read": set(),
    "error restricted_action": {"destination_refused"},
    "error missing_scope": {"missing_permission"},
    "error users_not_found": {"unmatched_learner"},
    "error user_disabled": {"unmatched_learner"},
    "error Forbidden": {"missing_permission", "destination_refused"},
    "error NotFound": {"destination_gone", "unmatched_learner"},
    "error Conflict": {"bad_configuration"},
    "error SomethingNew": {"payload_refused"},
}
UNPROBEABLE = frozenset({"error", "forbidden_read", "kicked", "deleted", "status", "html", "batch_failed_dependency"})


def _double_accepted(row: Row) -> bool:
    return row.doubtful == "resend" and "accepts a double" in row.history


def _dashed(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def by_destination(effects: list[Effect]) -> dict[str, list[Effect]]:
    """For scenarios that look closer."""
    found: dict[str, list[Effect]] = defaultdict(list)
    for effect in effects:
        found[effect.destination].append(effect)
    return found
