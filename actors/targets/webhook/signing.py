"""Standard Webhooks: the signatures of a message that we send. The library signs; ``domain.standard`` says what a
secret must look like.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from actors.domain.standard import signer as signer


def signed(signers: Sequence[Webhook], message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; a signature by each signer, in their order."""
    at, text = datetime.fromtimestamp(at_s, UTC), body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(one.sign(message_id, at, text) for one in signers),
    }
