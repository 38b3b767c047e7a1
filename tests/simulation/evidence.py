"""How the races between a statement and the one that voids it were decided, by what is left: was it routed, had
somebody heard, had it replaced something? Where several outcomes are allowed, the daemon's record says which it was;
the oracle then demands what follows from it."""

import re
from collections import defaultdict
from collections.abc import Sequence

from tests.simulation.model import STATEMENT, Told
from tests.simulation.remains import Remains, Row

VOIDED = "its statement was voided"
UNROUTED = "voided: "
OLD_NEWS = "overtaken"
_REPLACED_BY = re.compile(r"delivery ([0-9a-f]+)$|by statement (\S+) \(")


class Record:
    """Implements ``model.Evidence``."""

    def __init__(self, remains: Remains) -> None:
        self._remains = remains
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in remains.rows:
            if row.kind not in {STATEMENT, "digest"}:
                self._rows[row.statement_id].append(row)
        self._seqs = {each.statement_id: each.seq for log in remains.told.values() for each in log}

    def routed(self, statement_id: str) -> bool:
        """Unless it is said to have been voided before; what is said of it else is judged, not believed."""
        kind, reason = self._remains.outcomes[statement_id]
        return kind is not None or not (reason or "").startswith(UNROUTED)

    def heard(self, first: str, by: Told) -> bool:
        found = {_heard(row, by) for row in self._rows[first]}
        if None in found and True not in found:  # a dead letter that was given up: before, or after?
            kind, _ = self._remains.outcomes[by.statement_id]
            return kind is not None
        return True in found

    def passed_over(self, statement_ids: Sequence[str], by: Told) -> bool:
        return any(
            row.state == "superseded" and not row.destination.startswith("?") and self._replaced_seq(row) < by.seq
            for each in statement_ids
            for row in self._rows[each]
        )

    def _replaced_seq(self, row: Row) -> int:
        """The place in the log of what it was replaced by."""
        if row.detail.startswith(OLD_NEWS):
            return 0
        found = _REPLACED_BY.search(row.detail)
        assert found is not None, row.detail
        return self._seqs[self._remains.by_id[found[1]].statement_id if found[1] else found[2]]


def cancelled_unheard(row: Row, by: str) -> bool:
    """It had not been sent when its statement was voided, and so it must be nowhere."""
    return row.state == "cancelled" and row.detail == f"{VOIDED} by {by}"


def _heard(row: Row, by: Told) -> bool | None:
    """Whether somebody may have heard by then; None: what is left does not tell."""
    if row.digest is not None:
        return True
    match row.state:
        case "superseded" | "shadowed":
            return False
        case "cancelled" if row.detail.startswith(VOIDED):
            return not cancelled_unheard(row, by.statement_id)
        case "cancelled" if "; it was dead" in row.detail:
            return None
        case _:  # what waits, is held or is dead when its statement is voided, is cancelled
            return True
