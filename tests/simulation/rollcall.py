"""What must hold of rosters: at every step that we take at a vendor, and whenever all is mended, told and decided.

Nobody is put in who had no right to be in, nobody is taken out who had one all along, nobody goes in and out more often
than something happened to them; in the end everybody who belongs in is in, nobody else is who was not meant to stay,
and each person who is enrolled stands in the report once, as they really stand.
"""

from collections import Counter
from typing import NamedTuple

import msgspec

from actors.domain.rosters.model import PlaceKind
from config.rosters import Roster
from tests.simulation.campus import SimulatedCampus
from tests.simulation.hall import Hall, Step
from tests.simulation.headmaster import Headmaster
from tests.simulation.rights import Right, Rights

ORDERS_MIN, ORDERS_A_STEP = 12, 3
"""So many orders a round are no storm: some end in nothing, and are given again when all is compared."""
STALE_S = 1_500.0
"""While nothing is wrong, we know within this time what the school says: it is read every ten minutes."""


class At(NamedTuple):
    """A unit's place. ``key`` is the daemon's name of the unit, ``label`` that of the school."""

    rule: Roster
    key: str
    label: str
    kind: PlaceKind
    place: str
    no: int


class Seen(NamedTuple):
    """A step with what its person had a right to just then, by rule and unit."""

    step: Step
    pupil: int
    rights: dict[tuple[str, str], Right]
    decided: bool
    shut: bool
    """The vendor lets them in nowhere."""


class Rollcall:
    """Of one tenant. ``calm``: nothing goes wrong, so that nothing is late."""

    def __init__(
        self, campus: SimulatedCampus, tenant: str, hall: Hall, rights: Rights, head: Headmaster, *, calm: bool
    ) -> None:
        self._campus = campus
        self._tenant = tenant
        self._hall = hall
        self._rights = rights
        self._head = head
        self._calm = calm
        self._began_s = float("-inf")
        self._before: dict[str, set[str]] = {}
        self._seen: list[Seen] = []
        self._let_in: dict[tuple[str, str], float] = {}
        self._places: dict[str, At] = {}
        hall.on_step = self._heard

    def begin(self) -> None:
        """A round."""
        self._began_s = self._campus.true_s()
        self._seen.clear()
        self._rights.begin()
        self._head.begin()
        self._before = {at.place: set(self._hall.inside(at.kind, at.place)) for at in self.places() if at.place}

    def places(self) -> list[At]:
        """As the daemon remembers them."""
        rows = self._campus.look(
            "SELECT rule, unit, label, kind, place, no FROM roster_places WHERE tenant = ? AND unit <> '' ORDER BY no",
            self._tenant,
        )
        found = [At(self._rights.rules[rule], *rest) for rule, *rest in rows]
        self._places.update({at.place: at for at in found if at.place})
        return found

    def _heard(self, step: Step) -> None:
        pupil = self._hall.pupil(step.who)
        if step.by_hand and step.what == "in":
            self._let_in[step.place, step.who] = step.at_s
        rights = {
            (rule, unit): msgspec.structs.replace(right)
            for (rule, unit, who), right in self._rights.of.items()
            if who == pupil
        }
        decided = self._head.stays(step.place, step.who) or self._head.goes(step.place, step.who)
        shut = not self._hall.is_active("channel" if step.place[0] in "CS" else "team", step.who)
        self._seen.append(Seen(step, pupil, rights, decided, shut))
        self._campus.record.note("step", step.place, step.who, step.what, "by hand" if step.by_hand else "by us")
        self._campus.record.counts[f"step {step.what} {'by hand' if step.by_hand else 'by us'}"] += 1

    # ── steps ────────────────────────────────────────────────────────────────────────────────────────

    def steps(self) -> list[str]:
        """What was wrong with what we did in this round."""
        self.places()
        faults: list[str] = []
        moves: dict[tuple[str, str], Counter[str]] = {}
        for seen in self._seen:
            at = self._places.get(seen.step.place)
            if at is None:
                continue  # made, and never known to be: nobody is put there
            by = "hand" if seen.step.by_hand else "us"
            moves.setdefault((seen.step.place, seen.step.who), Counter())[f"{seen.step.what} by {by}"] += 1
            if not seen.step.by_hand and (why := self._why_wrong(seen, at)):
                faults.append(
                    f"{why}: {self._name(seen.step.who)} in {at.rule.name}|{at.label} at {seen.step.at_s:.1f}"
                )
        for (place, who), counts in moves.items():
            faults += self._restless(self._places[place], who, counts)
        return faults + self._stormy()

    def _stormy(self) -> list[str]:
        """Ordered again and again, though little happened there."""
        rows = self._campus.look(
            "SELECT destination, count(*) FROM deliveries WHERE kind = 'roster' AND accepted_us >= ? "
            "GROUP BY destination",
            self._began_s * 1e6 if self._began_s > 0 else 0,
        )
        happened = Counter(f"roster:{at.rule.name}|{at.key}" for at in self._steps_at())
        return [
            f"{count} orders at {where}, where {happened[where]} steps were taken"
            for where, count in rows
            if count > ORDERS_MIN + ORDERS_A_STEP * happened[where]
        ]

    def _steps_at(self) -> list[At]:
        return [self._places[each.step.place] for each in self._seen if each.step.place in self._places]

    def _why_wrong(self, seen: Seen, at: At) -> str:
        right = seen.rights.get((at.rule.name, at.label), Right())
        since_s = seen.step.at_s - STALE_S if self._calm else self._began_s
        ruled = self._head.decided[f"roster:{at.rule.name}|{at.key}"] > 0
        match seen.step.what:
            case "in":
                known = right.held or right.until_s >= since_s
                return (
                    "" if known or ruled or self._head.admitted(at.place, seen.step.who) else "put in without a right"
                )
            case "out" if right.held:
                out = seen.pupil in self._out(at)  # somebody said so, whoever lets them in
                free = right.since_s >= since_s or ruled or out or seen.shut
                return "" if free else "taken out, and should stay"
            case "out":
                known = right.enrolled or at.rule.strangers == "remove"
                return "" if known or seen.decided or ruled else "a stranger was taken out"
            case "owner":
                known = right.owner or right.owner_changed_s >= since_s
                return "" if known or ruled or self._head.owns(at.place, seen.step.who) else "made an owner for nothing"
            case "plain":
                known = not right.owner or right.owner_changed_s >= since_s
                return "" if known or ruled or self._head.owns(at.place, seen.step.who) is False else "owner no more"

    def _restless(self, at: At, who: str, counts: Counter[str]) -> list[str]:
        """Went in or out more often than something happened to them."""
        right = self._rights.right(at.rule.name, at.label, self._hall.pupil(who))
        was_in = who in self._before.get(at.place, set())
        ruled = self._head.decided[f"roster:{at.rule.name}|{at.key}"] + self._head.decided[f"roster:{at.rule.name}|"]
        ins = right.gains + counts["out by hand"] + (not was_in) + ruled
        outs = right.losses + counts["in by hand"] + was_in + ruled
        faults = []
        if counts["in by us"] > ins:
            faults.append(f"put in {counts['in by us']} times: {self._name(who)} in {at.rule.name}|{at.label}")
        if counts["out by us"] > outs:
            faults.append(f"taken out {counts['out by us']} times: {self._name(who)} in {at.rule.name}|{at.label}")
        return faults

    # ── how it is ────────────────────────────────────────────────────────────────────────────────────

    def standing(self) -> list[str]:
        """What is wrong now that everything should be in step."""
        faults: list[str] = []
        found = {(at.rule.name, at.label): at for at in self.places()}
        for rule in self._rights.rules.values():
            for unit in self._rights.units(rule.name):
                seats = self._rights.seats(rule.name, unit)
                at = found.get((rule.name, unit))
                if at is None:
                    if self._rights.people(rule.name, unit):
                        faults.append(f"nothing is remembered of {rule.name}|{unit}")
                    continue
                if self._rights.is_over(rule.name, unit):
                    continue  # its place is left as it is
                where = f"{rule.name}|{unit}"
                faults += [f"{where}: {fault}" for fault in (*self._unit(at, seats), *self._report(at, seats))]
        return faults

    def _unit(self, at: At, seats: dict[int, bool]) -> list[str]:
        if self._head.is_without(at.rule.name, at.key):
            return []
        if not at.place:
            may_be_made = any(seats.values()) if at.kind == "team" else bool(seats)
            return ["it has no place"] if may_be_made else []
        if why := self._hall.closed(at.kind, at.place):
            return [f"its place is {why}"]
        inside = self._hall.inside(at.kind, at.place)
        out = self._out(at)
        wanted = {self._hall.account(at.kind, pupil): owner for pupil, owner in seats.items() if pupil not in out}
        faults = [
            f"{self._name(who)} belongs in, and is not in it"
            for who in sorted(wanted.keys() - inside)
            if not self._is_let_alone(at, who)
        ]
        faults += [
            f"{self._name(who)} is in it without a right"
            for who in sorted(inside - wanted.keys())
            if not self._may_be_in(at, who)
        ]
        return faults + (self._owners(at, wanted) if at.kind == "team" else [])

    def _out(self, at: At) -> set[int]:
        """Pupils who are to stay out, by somebody's word."""
        persons = self._head.out(at.rule.name, at.key)
        rows = self._campus.look("SELECT person, email FROM roster_standings WHERE place = ? AND person <> 0", at.no)
        emails = {email: person for person, email in rows}
        return {pupil for pupil, email in self._rights.addresses() if emails.get(email) in persons}

    def _is_let_alone(self, at: At, who: str) -> bool:
        left = any(self._head.left_as_it_is(kind, at.place, who) for kind in ("missing", "refused"))
        return left or not self._hall.is_active(at.kind, who)

    def _may_be_in(self, at: At, who: str) -> bool:
        head, right = self._head, self._rights.right(at.rule.name, at.label, self._hall.pupil(who))
        if head.stays(at.place, who) or head.left_as_it_is("stranger", at.place, who):
            return True
        if head.left_as_it_is("last_owner", at.place, who) or head.holds(at.rule.name, at.key):
            return True
        never = not right.enrolled or right.since_s == float("-inf")
        let_in = self._let_in.get((at.place, who), float("-inf")) >= right.until_s
        enrolled = self._hall.pupil(who) in self._rights.people(at.rule.name, at.label)
        return (never or let_in) and (at.rule.strangers == "keep" or enrolled)

    def _owners(self, at: At, wanted: dict[str, bool]) -> list[str]:
        faults, owners, inside = [], self._hall.owners(at.place), self._hall.inside("team", at.place)
        for who, owner in sorted(wanted.items()):
            said = self._head.owns(at.place, who)
            should = owner if said is None else said
            if who not in inside or should == (who in owners):
                continue
            if should or not (self._head.left_as_it_is("owner_added", at.place, who) or len(owners) == 1):
                faults.append(f"{self._name(who)} is {'no' if should else 'an'} owner")
        return faults

    def _report(self, at: At, seats: dict[int, bool]) -> list[str]:
        """Everybody who is enrolled is in the report once, as they stand."""
        rows = self._campus.look(
            "SELECT email, standing, detail FROM roster_standings WHERE place = ? AND standing <> 'stranger'", at.no
        )
        emails, people = {email: pupil for pupil, email in self._rights.addresses()}, Counter[int]()
        faults = []
        out, inside = self._out(at), self._hall.inside(at.kind, at.place)
        for email, standing, detail in rows:
            pupil = emails.get(email, 0)
            people[pupil] += 1
            who = self._hall.account(at.kind, pupil)
            if not pupil:
                faults.append(f"{email} stands in the report, and the school knows nobody of that address")
            elif pupil in seats and pupil not in out and who in inside and standing != "in_step":
                faults.append(f"{email} is in it as they should, and the report says {standing}: {detail}")
            elif standing == "in_step" and (pupil not in seats or who not in inside):
                faults.append(f"{email} is not in step, and the report says so")
            elif standing == "pending" and not self._head.holds(at.rule.name, at.key):
                faults.append(f"{email} is still pending: {detail}")
        for pupil in sorted(self._rights.people(at.rule.name, at.label)):
            if people[pupil] != 1:
                faults.append(f"{self._rights.address(pupil)} is enrolled, and in the report {people[pupil]} times")
        return faults

    def _name(self, account: str) -> str:
        pupil = self._hall.pupil(account)
        return f"{self._rights.address(pupil)} ({account})" if pupil else account
