"""Attacks on Graph's notifications by somebody who has seen the address that it calls, its key and all."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from attack import Attack, attack
from attacks_on_events import JSON, SCRIPT, plain
from besieged import DIRECTORY, SECRETS, Besieged, request


def graph(
    item: dict[str, Any] | None,
    *,
    tenant: str = "acme",
    key_of: str = "acme",
    query: str = "",
    body: bytes | None = None,
) -> Callable[[Besieged], bytes]:
    """A call to the address of ``key_of``, at ``tenant``'s door."""

    def make(besieged: Besieged) -> bytes:
        watch = besieged.watch(key_of)
        told = {"subscriptionId": watch["id"], "changeType": "updated", "resource": "users/x", "tenantId": DIRECTORY}
        content = json.dumps({"value": [{**told, **(item or {})}]}).encode() if body is None else body
        path = f"/t/{tenant}/events/teams?watch={watch['key']}" + (f"&{query}" if query else "")
        return request("POST", path, content, Content_Type=JSON)

    return make


def guessed(_besieged: Besieged) -> bytes:
    """A key as long as the right one."""
    return request("POST", f"/t/acme/events/teams?watch={'a' * 32}", b'{"value":[{}]}', Content_Type=JSON)


def genuine(besieged: Besieged, **more: str) -> bytes:
    """With the right secret: what is wrong is something else."""
    return graph({"clientState": SECRETS["acme-state"], **more})(besieged)


NOTIFICATIONS: list[Attack] = [
    attack("a notification with a guess for a key", guessed, 404, audited="unexpected"),
    attack(
        "a script to be validated",
        graph({}, query=f"validationToken={quote(SCRIPT)}"),
        200,
        400,
        also=lambda b, answer: answer.status == 400 or plain(b, answer),
    ),
    attack(
        "a header to be validated",
        graph({}, query="validationToken=a%0d%0aSet-Cookie:%20b=1"),
        200,
        400,
        also=lambda _, answer: "set-cookie" not in answer.headers,
    ),
    attack("no clientState", graph({}), 403, audited="forged"),
    attack("a guess for clientState", graph({"clientState": "guess"}), 403, audited="forged"),
    attack("a clientState that is a list", graph({"clientState": ["x"]}), 403, audited="forged"),
    attack("another tenant's address", graph({"clientState": "x"}, key_of="globex"), 404, audited="unexpected"),
    attack(
        "one's own address at another tenant",
        graph({"clientState": "x"}, tenant="globex"),
        404,
        audited="unexpected",
        tenant="globex",
    ),
    attack("a notification without any", graph(None, body=b'{"value":[]}'), 400, audited="malformed"),
    attack(
        "a thousand and one notifications",
        graph(None, body=json.dumps({"value": [{}] * 1001}).encode()),
        400,
        audited="malformed",
    ),
    attack("a notification that is no JSON", graph(None, body=b"{"), 400, audited="malformed"),
    attack(
        "a notification about another subscription",
        lambda b: genuine(b, subscriptionId="globex-1"),
        403,
        audited="foreign",
    ),
    attack(
        "a secret of another tenant's subscription",
        lambda b: genuine(b, clientState=SECRETS["globex-state"]),
        403,
        audited="forged",
    ),
    attack(
        "a notification about another directory",
        lambda b: genuine(b, tenantId="00000000-0000-4000-8000-0000000000ee"),
        403,
        audited="foreign",
    ),
]
