"""What must hold when everything is over: the accepted set against the vendors' journals, every state explained."""

from collections import Counter

import msgspec
from world import EPOCH_US

from actors.ports import Effect
from config.model import Digest
from daemon.store.conserving_proof import prove_file
from tests.simulation import explain, facts
from tests.simulation.campus import SimulatedCampus
from tests.simulation.evidence import UNROUTED, VOIDED, Record, cancelled_unheard
from tests.simulation.limits import exceeded
from tests.simulation.model import Expected, Model, Told
from tests.simulation.remains import Key, Remains, Row
from tests.simulation.scenario import Scenario
from tests.simulation.trials import Trials
from tests.simulation.wire import Refusal

VENDORS_TROUBLES = frozenset({"listener.asking_failed", "listener.subscribing_failed", "token.lost"})
"""Told when a vendor cannot be asked, which the simulation sees to."""
TOLERABLE = frozenset({"ActorCrash", "StoreUnavailable", "GraceExceeded"})
"""What may be reported as trouble: what the simulation itself did, and its consequences."""
NEVER_S = 86_400


class Findings(msgspec.Struct):
    """``faults`` are broken invariants, in words; empty is good."""

    faults: list[str]
    statements: int = 0
    effects: int = 0
    states: dict[str, int] = {}
    first_effect_s: float = 0.0
    last_effect_s: float = 0.0
    virtual_s: float = 0.0


def judge(campus: SimulatedCampus, scenario: Scenario, acknowledged: set[str], trials: Trials) -> Findings:
    """Look at everything, once, and say what is wrong."""
    for fake in campus.vendors.fakes.values():
        fake.settle(campus.true_s() + NEVER_S)  # type: ignore[attr-defined]  # what was to land late has landed
    remains = Remains(campus, scenario)
    for line in remains.describe():
        campus.record.add(line)
    times_s = [effect.time for journal in remains.journals.values() for effect in journal]
    return Findings(
        states=dict(Counter(row.state for row in remains.rows)),
        first_effect_s=min(times_s, default=EPOCH_US / 1e6) - EPOCH_US / 1e6,
        last_effect_s=max(times_s, default=0.0) - EPOCH_US / 1e6,
        faults=Oracle(campus, scenario, remains, trials).judge(acknowledged),
        statements=len(acknowledged),
        effects=sum(map(len, remains.journals.values())),
        virtual_s=campus.virtual_s(),
    )


class Oracle:
    """One judgement."""

    def __init__(self, campus: SimulatedCampus, scenario: Scenario, remains: Remains, trials: Trials) -> None:
        self._trials = trials
        self.faults: list[str] = []
        self._campus = campus
        self._scenario = scenario
        self._remains = remains
        self._expected: dict[Key, Expected] = {}
        self._models = {name: Model(tenant, Record(remains)) for name, tenant in scenario.tenants.items()}
        for name, model in self._models.items():
            for effect in model.follow(remains.told[name]):
                self._expected[effect.key] = effect

    def judge(self, acknowledged: set[str]) -> list[str]:
        self._log_is_what_was_accepted(acknowledged)
        self._deliveries_are_what_was_expected()
        self._states_are_explained()
        self._journals_hold_what_was_delivered()
        self._order_was_kept()
        self._limits_were_kept()
        self._nothing_unforeseen_went_wrong()
        self._the_books_balance()
        self.faults += self._trials.judge(self._remains.rows, self._expected, self._posted())
        return self.faults

    def _say(self, text: str) -> None:
        self.faults.append(text)

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def _log_is_what_was_accepted(self, acknowledged: set[str]) -> None:
        remains = self._remains
        offered = {(offer.tenant, each.id) for offer in self._scenario.offers for each in offer.batch}
        if missing := acknowledged - {statement_id for _, statement_id in remains.logged}:
            self._say(f"lost: {len(missing)} accepted statements are not in the log, like {min(missing)}")
        if strange := set(remains.logged) - offered:
            self._say(f"{len(strange)} statements in the log that nobody sent")
        for name, log in remains.told.items():
            for told in log:
                self._is_taken_for_what_it_is(told, self._models[name])

    def _is_taken_for_what_it_is(self, told: Told, model: Model) -> None:
        """A statement that is voided before it is routed tells nothing; which it was, is decided by a race, if it can
        be one."""
        statement_id, fact = told.statement_id, told.fact
        kind, reason = self._remains.outcomes[statement_id]
        voider = model.voiders.get(statement_id)
        if voider is not None and fact.voids is None:
            if kind is None and (reason or "").startswith(UNROUTED):
                return
            if voider.arrival == told.arrival or voider.seq < told.seq:
                self._say(f"statement {statement_id} ({fact.kind}) was voided already, and taken for {kind or reason}")
        correction = model.corrections.get(statement_id)
        wanted = (correction or fact).kind
        made_of_it = kind or reason or "nothing yet"
        if (wanted if fact.is_change else wanted.removesuffix("_verb")) not in made_of_it:
            self._say(f"statement {statement_id} ({fact.kind}) was taken for {made_of_it}")

    def _deliveries_are_what_was_expected(self) -> None:
        found = Counter(row.key for row in self._remains.rows if row.kind != "digest")
        for key, count in found.items():
            if count > 1:
                self._say(f"doubled: {count} deliveries for one effect {key}")
            if key not in self._expected:
                self._say(f"a delivery that nothing asked for: {key}")
        for key in self._expected:
            if key not in found:
                self._say(f"lost: no delivery for {key}")

    # ── states ───────────────────────────────────────────────────────────────────────────────────

    def _states_are_explained(self) -> None:
        for row in self._remains.rows:
            if row.attempts > row.attempts_max:
                self._say(f"{row.attempts} attempts of {row.attempts_max}: {row.key}")
            if row.kind == "digest":
                self._digest_is_explained(row)
            elif (expected := self._expected.get(row.key)) is not None:
                self._state_is_explained(row, expected)

    def _digest_is_explained(self, row: Row) -> None:
        items = self._remains.items[row.seq]
        if not items or {(each.lane, each.destination) for each in items} != {(row.lane, row.destination)}:
            self._say(f"a digest of nothing, or of something else: {row.key}")
            return
        expected = self._expected.get(items[0].key)
        if expected is not None:
            self._state_is_explained(row, expected)

    def _state_is_explained(self, row: Row, expected: Expected) -> None:
        strikes = self._campus.vendors.strikes
        match row.state:
            case "delivered":
                if expected.unplaced or (expected.to_learner and not expected.fact.reachable):
                    self._say(f"delivered to nobody: {row.key}")
            case "dead":
                if row.cause not in explain.causes(expected, row, strikes):
                    self._say(f"dead for no reason that there was: {row.cause}, {row.detail}: {row.key}")
            case "parked":
                deaths = len(self._campus.deaths)
                may = explain.may_park(expected, row, strikes, deaths=deaths)
                if row.cause not in explain.parking(row, strikes) or not may:
                    self._say(f"parked for no reason that there was: {row.cause}, {row.detail}: {row.key}")
            case "superseded":
                if not self._was_replaced(expected):
                    self._say(f"superseded by nothing: {row.detail}: {row.key}")
            case "cancelled" if row.digest is not None:
                if self._remains.by_seq[row.digest].state != "cancelled":
                    self._say(f"cancelled with a digest that was not: {row.key}")
            case "cancelled" if row.detail.startswith(VOIDED):
                if not self._taken_back(row):
                    self._say(f"cancelled, and its statement stands: {row.key}")
            case "cancelled":
                if '"verdict":"discarded"' not in row.history:
                    self._say(f"cancelled by nobody: {row.key}")
            case "shadowed":
                if row.digest is not None and self._remains.by_seq[row.digest].state != "shadowed":
                    self._say(f"called off with a digest that was not: {row.key}")
            case "held" if row.digest is not None:
                if self._remains.by_seq[row.digest].state not in {"dead", "parked"}:
                    self._say(f"held by a digest that is over: {row.key}")
            case state:
                self._say(f"left {state}: {row.key}")

    def _was_replaced(self, expected: Expected) -> bool:
        """Only by a newer change of the same entity, which is accounted for like any other, or by a correction."""
        if expected.overtaken:
            return True
        model = self._models[expected.tenant]
        [own] = [each for each in model.changes if each.statement_id == expected.statement_id]
        return expected.kind in facts.STANDING and any(
            each.entity == own.entity
            and (each.statement_id in model.corrections or (each.value != own.value and each.at_us >= own.at_us))
            for each in model.changes
            if each is not own
        )

    def _taken_back(self, row: Row) -> str:
        """Who took back what it tells; empty if nobody did, or if it does not tell a change."""
        return (
            ""
            if row.kind == "statement"
            else self._models[row.lane.partition("/")[0]].taken_back.get(row.statement_id, "")
        )

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    def _journals_hold_what_was_delivered(self) -> None:
        posts: Counter[str] = Counter()
        rewritten: set[str] = set()
        for (tenant, vendor), journal in self._remains.journals.items():
            for effect in journal:
                row = self._remains.by_id.get(effect.delivery_id)
                if row is None or row.lane != f"{tenant}/{vendor}":
                    self._say(f"{vendor} of {tenant} has a post that is nobody's: {effect}")
                    continue
                if effect.operation == "chat.update":  # the same words again: no second post
                    rewritten.add(row.id)
                else:
                    posts[row.id] += 1
                lines = row.kind == "statement" or row.destination.startswith("learner:")  # ours, not the vendor's
                if not lines and effect.destination != row.destination:
                    self._say(f"posted at {effect.destination} instead of {row.destination}")
        for row in self._remains.rows:
            count = posts[row.id] + (row.id in rewritten)
            self._is_there_once(row, count or int(row.id in self._remains.replaced))

    def _is_there_once(self, row: Row, count: int) -> None:
        if row.digest is not None:
            if count:
                self._say(f"doubled: posted by itself and in a digest: {row.key}")
            elif row.state == "delivered" and self._remains.by_seq[row.digest].state != "delivered":
                self._say(f"lost: delivered in a digest that was not: {row.key}")
            return
        if row.state == "shadowed":
            return  # trials judge it
        if row.state == "delivered" and not count:
            self._say(f"lost: delivered, says the row, and the vendor has nothing: {row.key}")
        if row.state in {"dead", "superseded"} and count:
            self._say(f"{row.state} ({row.cause}), says the row, and the vendor has it: {row.key}")
        if count and cancelled_unheard(row, self._taken_back(row)):
            self._say(f"taken back before anybody was told, and the vendor has it: {row.key}")
        if count > 1 and not row.double_accepted:
            self._say(f"doubled: {count} posts of {row.key}")

    def _posted(self) -> set[str]:
        return {effect.delivery_id for journal in self._remains.journals.values() for effect in journal}

    def _order_was_kept(self) -> None:
        """Per destination, in the order of acceptance. Who was parked, held or replayed has left the line, visibly."""
        for key, journal in self._remains.journals.items():
            newest: dict[str, Row] = {}
            seen: set[str] = set()
            for effect in journal:
                row = self._remains.by_id.get(effect.delivery_id)
                if row is None or row.id in seen or not self._stands_in_line(row, effect):
                    continue
                seen.add(row.id)
                before = newest.get(row.destination)
                if before is not None and before.seq > row.seq:
                    self._say(f"out of order at {key} {row.destination}: {before.key} before {row.key}")
                newest[row.destination] = row

    def _stands_in_line(self, row: Row, effect: Effect) -> bool:
        expected = self._expected.get(row.key)
        if expected is None or row.state != "delivered" or row.double_accepted or row.by_hand:
            return False
        return expected.route.quiet_hours is None and not isinstance(expected.route.mode, Digest)

    # ── limits ───────────────────────────────────────────────────────────────────────────────────

    def _limits_were_kept(self) -> None:
        vendors = self._campus.vendors
        self.faults += exceeded(vendors.served)
        for each in vendors.refusals:
            if not self._throttle_is_explained(each):
                self._say(f"{each.vendor} had to throttle {each.limit} at {each.at_s:.3f}")

    def _throttle_is_explained(self, refusal: Refusal) -> bool:
        """By another life within the last minute, or because the vendor rations reading without saying so."""
        if refusal.limit == "conversations.history" and self._campus.record.counts["fault slack history_limited"]:
            return True
        return any(0 <= refusal.at_s - died_s <= 61 for died_s, _ in self._campus.deaths)

    # ── and inside ───────────────────────────────────────────────────────────────────────────────

    def _nothing_unforeseen_went_wrong(self) -> None:
        for name, text in self._campus.troubles:
            foreseen = name == "janitor.clock_jumped" and self._campus.record.counts["incident Warp"]
            foreseen = foreseen or name in VENDORS_TROUBLES
            if not foreseen and not any(kind in text for kind in TOLERABLE):
                self._say(f"trouble: {name}: {text}")

    def _the_books_balance(self) -> None:
        counted = Counter((row.lane, row.state) for row in self._remains.rows)
        kept = {(lane, state): n for lane, state, n in self._campus.look("SELECT lane, state, n FROM depths") if n}
        if counted != kept:
            self._say(f"depths say {kept}, the rows say {dict(counted)}")
        for misfit in prove_file(self._campus.path).misfits:
            self._say(f"it does not add up: {misfit.what} {misfit.row}: {misfit.detail}")
        [(verdict,)] = self._campus.look("PRAGMA quick_check(1)")
        if verdict != "ok":
            self._say(f"the database is damaged: {verdict}")
