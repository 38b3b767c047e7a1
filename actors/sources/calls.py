"""A source that is read may be called as well: a signed message (Standard Webhooks) that says that something is new
there. What it says is not believed, only that it is genuine: the source is read soon, by its own rules.

So a plugin, a script or a message bus can cut the wait between two readings to a moment, whatever the LMS is; and a
message that is sent twice, or again by somebody who saw it, does no more than ask for the same look.
"""

from actors.domain.harvest import Heard, Hearing, Inbound, Unheard, deaf
from actors.domain.standard import signer, verified
from actors.ports import Reveal
from config.polling import Polling


def called(settings: Polling, reveal: Reveal, inbound: Inbound, now_us: int, source: str, advice: str = "") -> Hearing:
    """Raises SecretUnavailable."""
    if settings.hook_secret is None:
        return (yield from (deaf(source, advice) if advice else deaf(source, "set hook_secret to have it called")))
    signers = []
    for secret in (settings.hook_secret, settings.hook_secret_former):
        if secret is None:
            continue
        try:
            signers.append(signer(reveal(secret)))
        except ValueError:
            return Unheard(status=503, detail="what it is checked against is no secret of Standard Webhooks (whsec_…)")
    match verified(signers, inbound.headers, inbound.body, now_us // 1_000_000):
        case "good":
            return Heard(look=True)
        case "unsigned":
            return Unheard(status=401, detail="it is not signed (webhook-id, webhook-timestamp, webhook-signature)")
        case "forged":
            return Unheard(status=401, detail="the signature does not fit")
        case "stale":
            return Unheard(status=401, detail="it was signed more than five minutes from now")
