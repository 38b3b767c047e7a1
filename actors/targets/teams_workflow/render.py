"""The message that a flow's trigger expects: one Adaptive Card, as an object. MessageCards are of the past."""

from actors.domain.cards import CARD_TYPE, Card, fitted
from actors.ports import Composed


def message(composed: Composed, delivery_id: str, correlation_id: str) -> dict[str, object]:
    """The body, in the largest form that Teams takes. The card's first element carries the delivery's id."""
    return fitted(composed, _wrapped, delivery_id, correlation_id)


def _wrapped(card: Card) -> dict[str, object]:
    return {"type": "message", "attachments": [{"contentType": CARD_TYPE, "contentUrl": None, "content": card}]}
