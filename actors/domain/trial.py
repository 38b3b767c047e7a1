"""What a pilot showed: its figures, a verdict with its reasons, and what it would be for everybody. Pure.

A share that is too large makes it red, one of more than half of that amber. While there are too few events it is amber,
unless so much went wrong already that no good end of the rest could help.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from actors.domain.outbox import Attempt
from config.piloting import PilotWords

Colour = Literal["green", "amber", "red"]
WRONG = frozenset({"dead", "parked"})
MISMATCHED = frozenset({"unmatched_learner", "destination_gone", "destination_refused", "bad_template"})
"""Root causes of a delivery that was not what, or not where, it should have been."""
FAULTY = "it could not have been sent"
BYTES_OF_A_ROW = 800
"""What a row takes beside its texts, indexes and what pages leave empty included: measured with 20,000 deliveries."""


EXAMPLES_MAX, EXAMPLES_OF_A_KIND = 8, 2
CLOSED = "another delivery there met nobody, or no place"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of a pilot, as much as is measured. ``in_digest``: it stands in one, which is a row of its own.
    ``astray``: how it is not what was planned (``likeness``); empty: it is; None: nothing tells. ``also``: another
    route that tells the same change; ``closed``: a rehearsal for where a real delivery has met nobody."""

    id: str
    state: str
    kind: str
    in_digest: bool
    cause: str | None
    detail: str
    lane: str
    destination: str
    route: str
    accepted_us: int
    from_us: int
    done_us: int | None
    sla_us: int | None
    history: Sequence[Attempt]
    row_bytes: int
    learner: str
    astray: str | None = None
    also: str = ""
    closed: bool = False


class Example(msgspec.Struct, frozen=True):
    """A delivery that counts against the pilot, by its id, and why."""

    id: str
    what: str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """``sent``: settled deliveries of the cohort, of which ``wrong`` ended dead or parked and ``mismatched`` met
    somebody or a place that was not there, or could not be said; ``doubles``: those that may have been posted twice.
    ``rehearsed``: of everybody else, of which ``unsayable`` could not have been sent, and ``also_told`` are told by
    another route as well (by ``others``). ``compared``: what a vendor showed, with what was planned, of which
    ``astray`` was something else. ``took_us``: sorted."""

    people: int = 0
    outsiders: int = 0
    sent: int = 0
    waiting: int = 0
    wrong: int = 0
    mismatched: int = 0
    doubles: int = 0
    rehearsed: int = 0
    unsayable: int = 0
    also_told: int = 0
    others: tuple[str, ...] = ()
    compared: int = 0
    astray: int = 0
    examples: tuple[Example, ...] = ()
    promised: int = 0
    late: int = 0
    calls: int = 0
    delivered: int = 0
    cohort_bytes: int = 0
    rows: int = 0
    from_us: int = 0
    until_us: int = 0
    took_us: tuple[int, ...] = ()

    @property
    def events(self) -> int:
        """Of cohort and everybody else."""
        return self.sent + self.waiting + self.rehearsed

    @property
    def calls_each(self) -> float:
        """Vendor calls per delivered event."""
        return self.calls / self.delivered if self.delivered else 0.0

    @property
    def bytes_each(self) -> float:
        """Storage per event of the cohort."""
        return self.cohort_bytes / self.rows if self.rows else 0.0

    def quantile_us(self, share: float) -> int | None:
        """None: nothing was delivered."""
        return self.took_us[min(len(self.took_us) - 1, int(share * len(self.took_us)))] if self.took_us else None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """``reasons``: what was found; ``against``: those of them that make it red; ``lacking``: what keeps it from being
    green that is no fault."""

    colour: Colour
    reasons: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def measured(rows: Iterable[Seen]) -> Measured:
    counted: Counter[str] = Counter()
    took: list[int] = []
    inside: set[str] = set()
    outside: set[str] = set()
    others: set[str] = set()
    times: list[int] = []
    examples: list[Example] = []
    rows = list(rows)
    closed = _closed(rows)
    named: Counter[str] = Counter()
    for row in rows:
        against = _against(row, closed)
        if against and named[against] < EXAMPLES_OF_A_KIND:
            named[against] += 1
            examples.append(Example(row.id, against))
        counted["compared"] += row.astray is not None
        counted["astray"] += bool(row.astray)
        if not row.in_digest:
            counted["calls"] += sum(sum(attempt.calls.values()) for attempt in row.history)
        counted["doubles"] += _twice(row.history)
        if row.kind == "digest":
            continue
        times.append(row.accepted_us)
        if row.state == "shadowed":
            outside.add(row.learner)
            counted["rehearsed"] += 1
            counted["unsayable"] += _unsayable(row, closed)
            counted["also_told"] += bool(row.also)
            others |= {row.also} - {""}
            continue
        inside.add(row.learner)
        counted["rows"] += 1
        counted["cohort_bytes"] += row.row_bytes + BYTES_OF_A_ROW
        if row.state in WRONG:
            counted["sent"] += 1
            counted["wrong"] += 1
            counted["mismatched"] += row.cause in MISMATCHED
        elif row.state == "delivered" and row.done_us is not None:
            counted["sent"] += 1
            counted["delivered"] += 1
            took.append(row.done_us - max(row.from_us, row.accepted_us))
            counted["promised"] += row.sla_us is not None
            counted["late"] += row.sla_us is not None and took[-1] > row.sla_us
        elif row.state not in ("superseded", "cancelled"):
            counted["waiting"] += 1
    return Measured(
        **counted,
        people=len(inside - {""}),
        others=tuple(sorted(others)),
        examples=tuple(examples[:EXAMPLES_MAX]),
        outsiders=len(outside - {""}),
        from_us=min(times, default=0),
        until_us=max(times, default=0),
        took_us=tuple(sorted(took)),
    )


def _closed(rows: Sequence[Seen]) -> set[tuple[str, str]]:
    """Where the cohort's newest delivery met no place."""
    newest: dict[tuple[str, str], bool] = {}
    for row in rows:
        if row.state in WRONG or row.state == "delivered":
            newest.setdefault((row.lane, row.destination), row.cause in MISMATCHED - {"bad_template"})
    return {place for place, is_closed in newest.items() if is_closed}


def _unsayable(row: Seen, closed: set[tuple[str, str]]) -> bool:
    return FAULTY in row.detail or row.closed or (row.lane, row.destination) in closed


def _against(row: Seen, closed: set[tuple[str, str]]) -> str:
    """Why it counts against the pilot, in words; empty: it does not."""
    if row.astray:
        return row.astray
    if _twice(row.history):
        return "it may have been told twice"
    if row.state == "shadowed" and _unsayable(row, closed):
        return row.detail[row.detail.find(FAULTY) :] if FAULTY in row.detail else f"{FAULTY}: {CLOSED}"
    if row.state in WRONG:
        return f"{row.state}: {row.cause}"
    return ""


def judged(
    found: Measured,
    words: PilotWords,
    busiest: tuple[str, float] = ("", 0.0),
    restated: tuple[int, int] = (0, 0),
) -> Judgement:
    """``busiest``: the vendor's limit that everybody would come nearest to, and how many percent of it they would need
    in the busiest hour. ``restated``: how many of so many rehearsals would say something else today."""
    reasons: list[str] = []
    colours: list[Colour] = []

    def look(what: str, bad: int, of: int, percent_max: float) -> None:
        too_few = of < words.events_min
        base = max(of, words.events_min) if too_few else of
        share, shown = 100.0 * bad / base if base else 0.0, 100.0 * bad / of if of else 0.0
        if share > percent_max:
            colours.append("red")
        elif share > percent_max / 2:
            colours.append("amber")
        else:
            colours.append("green")
        reasons.append(f"{what}: {bad:,} of {of:,} ({shown:.3g} %, at most {percent_max:g} %)")

    look("dead or parked", found.wrong, found.sent, words.error_percent_max)
    wrong = found.mismatched + found.doubles
    look("wrong person, place or text, or told twice", wrong, found.sent, words.mismatch_percent_max)
    if found.compared:
        what = "not what was planned, where, or for whom, as the vendor shows it"
        look(what, found.astray, found.compared, words.mismatch_percent_max)
    if found.rehearsed:
        look("rehearsals that could not have been sent", found.unsayable, found.rehearsed, words.mismatch_percent_max)
    if found.promised:
        look("later than promised", found.late, found.promised, words.late_percent_max)
    name, percent = busiest
    if name:
        colours.append("red" if percent > 100 else "amber" if percent > words.limit_percent_max else "green")
        reasons.append(f"for everybody, the busiest hour would need {percent:.3g} % of the vendor's limit {name}")
    lacking = _lacking(found, words, restated)
    if "red" in colours:
        against = tuple(reason for reason, colour in zip(reasons, colours, strict=True) if colour == "red")
        return Judgement(colour="red", reasons=tuple(reasons), lacking=lacking, against=against)
    green = not lacking and set(colours) == {"green"}
    return Judgement(colour="green" if green else "amber", reasons=tuple(reasons), lacking=lacking)


def _lacking(found: Measured, words: PilotWords, restated: tuple[int, int]) -> tuple[str, ...]:
    lacking = []
    changed, of = restated
    if of and 100.0 * changed / of > words.mismatch_percent_max:
        lacking.append(
            f"rehearsals that would say something else today: {changed:,} of the newest {of:,} (templates, mapping, "
            "people or settings have changed since)"
        )
    if found.sent < words.events_min:
        lacking.append(f"not enough evidence yet: {found.sent:,} deliveries settled, {words.events_min:,} are needed")
    if found.people < words.people_min:
        lacking.append(f"not enough people yet: {found.people:,} were told something, {words.people_min:,} are needed")
    if found.delivered and not found.promised:
        lacking.append("no route of it has an sla: nobody said how soon is soon enough")
    return tuple(lacking)


def _twice(history: Sequence[Attempt]) -> bool:
    """A send may have landed that was followed by another one, and nobody saw in between that it had not."""
    doubt = False
    for attempt in history:
        if attempt.kind == "probe":
            doubt = doubt and attempt.verdict not in ("absent", "repeatable", "delivered")
        elif doubt:
            return True
        else:
            doubt = attempt.verdict == "doubtful"
    return False
