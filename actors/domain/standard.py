"""Standard Webhooks: what a secret must look like, and whether a message is signed by one. The signatures themselves
are the library's.

The library takes any text for base64 and skips what is none, so that a secret with a typing error would sign, and no
receiver could verify. And it looks at the machine's clock: whoever verifies here says what time it is.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from standardwebhooks import Webhook

PREFIX = "whsec_"
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64
STALE_S = 300
SIGNATURES_MAX = 10
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_ID = re.compile(r"[!-~]{1,200}", re.ASCII)

Verified = Literal["good", "unsigned", "forged", "stale"]


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


def verified(signers: Sequence[Webhook], headers: Mapping[str, str], body: bytes, now_s: int) -> Verified:
    """Whether one of the signers signed it, no more than five minutes from ``now_s``. In constant time. Header names
    are lower case; ``svix-`` names count too."""
    message_id, stamp, given = (_header(headers, name) for name in ("id", "timestamp", "signature"))
    if not (_ID.fullmatch(message_id) and _STAMP.fullmatch(stamp) and given):
        return "unsigned"
    try:
        at, text = datetime.fromtimestamp(int(stamp), UTC), body.decode()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return "forged"
    wanted = [one.sign(message_id, at, text).encode() for one in signers]
    told = [each.encode(errors="replace") for each in given.split(" ")[:SIGNATURES_MAX]]
    matches = [hmac.compare_digest(ours, theirs) for ours in wanted for theirs in told]
    if not any(matches):
        return "forged"
    return "good" if abs(now_s - int(stamp)) <= STALE_S else "stale"


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(f"webhook-{name}") or headers.get(f"svix-{name}", "")
