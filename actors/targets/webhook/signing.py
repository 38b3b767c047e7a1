"""Signatures as Standard Webhooks wants them, by its own library; here is only what a secret must look like.

The library takes any text for base64 and skips what is none, so that a secret with a typing error would sign, and no
receiver could verify.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64


def signer(text: str) -> Webhook:
    """Raises ValueError, with a text that tells nothing of the secret."""
    if not text.startswith(PREFIX):
        raise ValueError(f"it begins with {PREFIX}")
    encoded = text.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"behind {PREFIX} stands base64") from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ValueError(f"it holds {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes, not {len(key)}")
    return Webhook(key)


def signed(signers: Sequence[Webhook], message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; a signature by each signer, in their order."""
    at, text = datetime.fromtimestamp(at_s, UTC), body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(one.sign(message_id, at, text) for one in signers),
    }
