"""What is left at the end: the rows of the outbox, the log, and the vendors' journals, as somebody from outside finds
them. The rows say which delivery id stands for which statement at which destination; nothing else of what the daemon
thinks of itself is believed."""

from collections import defaultdict

import msgspec

from actors.ports import Effect
from tests.simulation.campus import SimulatedCampus
from tests.simulation.model import Told
from tests.simulation.scenario import Scenario

COLUMNS = (
    "seq, lower(hex(id)), lane, destination, kind, statement_id, state, cause, detail, attempts, attempts_max, "
    "doubtful, history, digest, held_for"
)
Key = tuple[str, str, str, str]


class Row(msgspec.Struct, frozen=True):
    """A delivery as the database has it. ``digest`` is the seq of the digest it stands in."""

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
    digest: int | None
    held_for: str

    @property
    def key(self) -> Key:
        return self.lane, self.destination, self.kind, self.statement_id

    @property
    def double_accepted(self) -> bool:
        """Its outcome could not be found out, and its route said to send it again all the same."""
        return self.doubtful == "resend" and "accepts a double" in self.history

    @property
    def by_hand(self) -> bool:
        """A person put it back in line, or took it out."""
        return '"kind":"person"' in self.history


class Remains:
    """One look at a campus at rest."""

    def __init__(self, campus: SimulatedCampus, scenario: Scenario) -> None:
        self.rows = [Row(*row) for row in campus.look(f"SELECT {COLUMNS} FROM deliveries ORDER BY seq")]
        self.by_id = {row.id: row for row in self.rows}
        self.by_seq = {row.seq: row for row in self.rows}
        self.items: dict[int, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.digest is not None:
                self.items[row.digest].append(row)
        log = campus.look("SELECT tenant, lower(hex(id)), seq, arrival FROM statements ORDER BY seq")
        self.logged = [(tenant, dashed(each)) for tenant, each, *_ in log]
        self.told: dict[str, list[Told]] = {name: [] for name in scenario.tenants}
        for tenant, each, seq, arrival in log:
            if (fact := scenario.told.get(dashed(each))) is not None:
                self.told[tenant].append(Told(seq, dashed(each), fact, arrival))
        self.outcomes: dict[str, tuple[str | None, str]] = {
            dashed(each): (kind, reason)
            for each, kind, reason in campus.look(
                "SELECT lower(hex(s.id)), o.kind, o.reason FROM statements s LEFT JOIN outcomes o ON o.seq = s.seq"
            )
        }
        fakes = campus.vendors.fakes
        self.journals: dict[tuple[str, str], list[Effect]] = {key: list(fake.journal) for key, fake in fakes.items()}
        self.replaced = {effect.delivery_id for fake in fakes.values() for effect in getattr(fake, "replaced", ())}
        """Notifications that took the place of an earlier one: they are there, though not in the journal."""

    def describe(self) -> list[str]:
        """For the record."""
        rows = [f"end {row.id} {row.lane} {row.destination} {row.state} {row.cause} {row.detail}" for row in self.rows]
        return rows + [
            f"journal {key} {effect.operation} {effect.destination} {effect.delivery_id} {effect.time:.6f}"
            for key, journal in self.journals.items()
            for effect in journal
        ]


def dashed(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
