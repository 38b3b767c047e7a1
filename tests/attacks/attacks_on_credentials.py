"""Attacks on the embedded LRS's credentials, and by one tenant's on another."""

import base64
import json
from typing import Any
from urllib.parse import quote

from attack import Attack, attack, unseen
from besieged import SECRETS, WORDS, Besieged, basic, lrs, request

from daemon.control import protocol as p

FIRST = "statements?limit=1"


def own(tenant: str, kind: str = "lrs") -> str:
    return basic("moodle" if kind == "lrs" else "reader", SECRETS[f"{tenant}-{kind}"])


def secret_of(rows: list[dict[str, Any]]) -> str:
    """It is shown once, in a row of its own."""
    return str(next(row["secret"] for row in rows if row["kind"] == "secret"))


def revoked(besieged: Besieged) -> bytes:
    """Made, used by nobody, and revoked a moment ago."""
    made = besieged.ask(p.CredentialCreate(source="acme/campus", name="gone"))
    besieged.ask(p.CredentialRevoke(names=("acme/gone",)))
    return lrs("GET", "acme", basic("gone", secret_of(made)), path=FIRST)


def rotated(besieged: Besieged) -> bytes:
    made = besieged.ask(p.CredentialCreate(source="acme/campus", name="turned"))
    besieged.ask(p.CredentialRotate(names=("acme/turned",), overlap_s=0.0))
    return lrs("GET", "acme", basic("turned", secret_of(made)), path=FIRST)


def form(method: str, tenant: str, authorization: str) -> bytes:
    """xAPI's alternate syntax: the headers stand in the body."""
    body = f"Authorization={quote(authorization)}&X-Experience-API-Version=1.0.3".encode()
    path = f"/t/{tenant}/xapi/statements?method={method}"
    return request("POST", path, body, Content_Type="application/x-www-form-urlencoded")


def doubled(besieged: Besieged) -> bytes:
    """A wrong header first and the right one behind it: whoever takes the last one lets it in."""
    whole = lrs("GET", "acme", basic("moodle", "guess"), path=FIRST)
    return whole.replace(b"\r\n\r\n", b"\r\nAuthorization: " + own("acme").encode() + b"\r\n\r\n")


BODY = json.dumps(
    {"actor": {"mbox": "mailto:x@x.test"}, "verb": {"id": "http://v"}, "object": {"id": "http://o"}}
).encode()


def denied(name: str, authorization: str, tenant: str = "acme") -> Attack:
    """Somebody who wants to read with this header."""
    return attack(
        name, lambda _: lrs("GET", "acme", authorization, path=FIRST), 401, audited="credentials", tenant=tenant
    )


CREDENTIALS: list[Attack] = [
    denied("no credential", ""),
    denied("a wrong secret", basic("moodle", "guess")),
    denied("an empty secret", basic("moodle", "")),
    denied("an empty name", basic("", SECRETS["acme-lrs"])),
    denied("an unknown name", basic("root", "toor")),
    denied("a name in capitals", basic("MOODLE", SECRETS["acme-lrs"])),
    denied("a name in look-alike letters", basic("mооdle", SECRETS["acme-lrs"])),
    denied("a secret and a zero byte", basic("moodle", SECRETS["acme-lrs"] + "\0")),
    denied("a secret and a space", basic("moodle", SECRETS["acme-lrs"] + " ")),
    denied("a secret that is no text", basic("moodle", b"\xff\xfe")),
    denied("no base64", "Basic !!!!"),
    denied("no colon", "Basic " + base64.b64encode(b"moodle").decode()),
    denied("another scheme", f"Bearer {SECRETS['acme-lrs']}"),
    attack("an endless header", lambda b: lrs("GET", "acme", "Basic " + "A" * 20_000, path=FIRST), 401, 400, 431, 0),
    attack("two headers, the wrong one first", doubled, 401, 400, audited="credentials"),
    attack(
        "a credential in the query",
        lambda b: lrs("GET", "acme", "", path=f"statements?Authorization={quote(own('acme'))}"),
        400,
        401,
    ),
    attack("a revoked credential", revoked, 401, audited="credentials"),
    attack("the secret before the last", rotated, 401, audited="credentials"),
    attack(
        "one who may write, reading",
        lambda b: lrs("GET", "acme", own("acme"), path=FIRST),
        403,
        audited="scope",
        also=unseen(WORDS["acme"]),
    ),
    attack(
        "one who may read, writing",
        lambda b: lrs("POST", "acme", own("acme", "reader"), body=BODY),
        403,
        audited="scope",
    ),
    attack(
        "one who may write, keeping documents",
        lambda b: lrs(
            "PUT", "acme", own("acme"), path="activities/profile?activityId=http%3A%2F%2Fo&profileId=p", body=b"{}"
        ),
        403,
        audited="scope",
    ),
    attack(
        "one who may write, following the feed",
        lambda b: request("GET", "/t/acme/changes", Authorization=own("acme")),
        401,
        403,
        404,
    ),
    # ── by another tenant's ──────────────────────────────────────────────────────────────────────────
    attack(
        "another tenant's credential",
        lambda b: lrs("GET", "acme", own("globex", "reader"), path=FIRST),
        401,
        audited="credentials",
        also=unseen(WORDS["acme"]),
    ),
    attack(
        "another tenant's credential, writing",
        lambda b: lrs("POST", "globex", own("acme"), body=BODY),
        401,
        audited="credentials",
        tenant="globex",
    ),
    attack(
        "another tenant's credential in a form",
        lambda b: form("GET", "acme", own("globex", "reader")),
        401,
        audited="credentials",
        also=unseen(WORDS["acme"]),
    ),
    attack(
        "another tenant's credential at the feed",
        lambda b: request("GET", "/t/acme/changes", Authorization=own("globex", "reader")),
        401,
        404,
    ),
    attack(
        "a credential at a tenant that is not",
        lambda b: lrs("GET", "nowhere", own("acme"), path=FIRST),
        401,
        audited="credentials",
        tenant="",
    ),
    attack(
        "a tenant in capitals",
        lambda b: lrs("GET", "ACME", own("acme", "reader"), path=FIRST),
        401,
        audited="credentials",
        tenant="",
    ),
]
