"""What voiding did, in sentences: for the statement that voids, for the one that is voided, and for whoever told the
same. Part of ``why``; no verb of its own.
"""

from collections.abc import Sequence

from actors.domain.outbox import State
from daemon.control.words import change_in_words
from daemon.store.asking import Kept, Outcome
from daemon.store.relations import Relations, Voided

IDS_MAX = 10
"""So many deliveries are named by state."""

_BECAME = {
    State.CANCELLED: "cancelled, so never sent",
    State.DELIVERED: "sent before, and stays as it was posted",
    State.CLAIMED: "on its way, and not tried again if it does not arrive",
    State.UNKNOWN: "looked for at the vendor, and not sent again if it is not there",
    State.WAITING: "in doubt before, and sent no more",
    State.PARKED: "of unknown outcome; it is not sent again",
    State.DEAD: "a dead letter",
    State.HELD: "kept back",
    State.SUPERSEDED: "replaced before it was sent",
    State.SHADOWED: "only rehearsed",
}


def undone(related: Relations, outcome: Outcome | None, deliveries: Sequence[Kept]) -> tuple[str, ...]:
    """``deliveries`` are those of the statement that this one voids."""
    said: list[str] = []
    if related.voided_by:
        by = related.voided_by
        said.append(f"It was voided by statement {by}: lmsyncctl why {by} tells what was taken back.")
    if related.voids is not None:
        said += _voiding(related.voids, outcome, deliveries)
    if outcome is not None and outcome.news == "repeated":
        said.append("It told a change that was known already: while it stands, voiding another takes nothing back.")
    elif related.retold_by:
        others = ", ".join(related.retold_by)
        said.append(f"Its change was told again by {others}: while one of them stands, it is not taken back.")
    return tuple(said)


def _voiding(voided: Voided, outcome: Outcome | None, deliveries: Sequence[Kept]) -> list[str]:
    if voided.seq is None:
        return [f"It voids statement {voided.id}, which is not in the log: it has not come, or has left it."]
    if voided.first_by:
        return [f"It voids statement {voided.id}, which {voided.first_by} voids already: this one changes nothing."]
    if not voided.voided:
        return [f"It voids statement {voided.id}, which voids another one itself and so cannot be voided."]
    if voided.change is None:
        return [f"It voids statement {voided.id}, which had told no change when that came to its turn."]
    said = [f"It voids statement {voided.id}, which had told {voided.kind}: {change_in_words(voided.change)}."]
    if outcome is None:
        return said
    for state, words in _BECAME.items():
        ids = [kept.delivery.id for kept in deliveries if kept.delivery.state is state and kept.kind != "statement"]
        if ids:
            more = f" and {len(ids) - IDS_MAX} more" if len(ids) > IDS_MAX else ""
            said.append(f"Of that, {words}: {', '.join(ids[:IDS_MAX])}{more}.")
    if outcome.kind:
        said.append(f"What is told in its place: {outcome.kind}, number {outcome.occurrence} of its kind.")
    return said
