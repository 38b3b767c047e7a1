"""Attacks on HTTP itself: requests hidden in others, tricks with paths and hosts, what is too large or never comes."""

import json
from base64 import b64encode

from attack import Attack, attack, one_answer, unseen
from attacks_on_credentials import own
from besieged import Answer, Besieged, lrs, request

HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = "Host: 127.0.0.1\r\nX-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
EVIL = "evil.example"


def raw(head: str, body: bytes = b"", *, method: str = "POST", path: str = "/t/acme/xapi/statements") -> bytes:
    """A request just as it is written here, with a credential that may write."""
    line = f"{method} {path} HTTP/1.1\r\n{HEAD}Authorization: {own('acme')}\r\n{head}\r\n"
    return line.encode("latin-1") + body


def path(path: str, method: str = "GET", authorization: str = "") -> bytes:
    return request(
        method, path, X_Experience_API_Version="1.0.3", Authorization=authorization or own("globex", "reader")
    )


def own_id(_besieged: Besieged, answer: Answer) -> bool:
    """The id that was sent is not the one that is answered, and no header was smuggled in."""
    return "set-cookie" not in answer.headers and "evil" not in answer.raw.decode("latin-1").lower()


def nested(levels: int) -> bytes:
    return b'{"actor":' + b"[" * levels + b"]" * levels + b"}"


CHUNKED = "Transfer-Encoding: chunked\r\n"
WIRE: list[Attack] = [
    # ── a request within a request ───────────────────────────────────────────────────────────────────
    attack(
        "a length and chunks",
        lambda _: raw(f"Content-Length: 4\r\n{CHUNKED}", b"0\r\n\r\n" + HIDDEN),
        400,
        0,
        also=one_answer,
    ),
    attack(
        "chunks and a length",
        lambda _: raw(f"{CHUNKED}Content-Length: 4\r\n", b"0\r\n\r\n" + HIDDEN),
        400,
        0,
        also=one_answer,
    ),
    attack(
        "two lengths",
        lambda _: raw("Content-Length: 2\r\nContent-Length: 40\r\n", b"{}" + HIDDEN),
        400,
        0,
        also=one_answer,
    ),
    attack("a length with a sign", lambda _: raw("Content-Length: +2\r\n", b"{}" + HIDDEN), 400, 0, also=one_answer),
    attack("a negative length", lambda _: raw("Content-Length: -2\r\n", b"{}" + HIDDEN), 400, 0, also=one_answer),
    attack(
        "a length in hexadecimal", lambda _: raw("Content-Length: 0x2\r\n", b"{}" + HIDDEN), 400, 0, also=one_answer
    ),
    attack("a length with a list", lambda _: raw("Content-Length: 2, 40\r\n", b"{}" + HIDDEN), 400, 0, also=one_answer),
    attack(
        "chunks in disguise",
        lambda _: raw("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + HIDDEN),
        400,
        501,
        0,
        also=one_answer,
    ),
    attack(
        "chunks behind another coding",
        lambda _: raw("Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n" + HIDDEN),
        400,
        501,
        0,
        also=one_answer,
    ),
    attack(
        "a chunk's size with a sign", lambda _: raw(CHUNKED, b"+2\r\n{}\r\n0\r\n\r\n" + HIDDEN), 400, 0, also=one_answer
    ),
    attack("a space before a colon", lambda _: raw("Content-Length : 40\r\n", b"{}" + HIDDEN), 400, 0, also=one_answer),
    attack(
        "a folded header",
        lambda _: raw("X-A: 1\r\n Content-Length: 40\r\n", b"{}" + HIDDEN),
        400,
        411,
        0,
    ),
    attack(
        "a bare carriage return",
        lambda _: raw("X-A: 1\rContent-Length: 40\r\n", b"{}" + HIDDEN),
        400,
        0,
        also=one_answer,
    ),
    attack("a zero byte in a header", lambda _: raw("X-A: a\0b\r\n", b""), 400, 0, also=one_answer),
    attack("a header without a name", lambda _: raw(": x\r\n", b""), 400, 0, also=one_answer),
    attack(
        "another protocol",
        lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        400,
        404,
        405,
        505,
        0,
    ),
    attack(
        "TLS where there is none",
        lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n",
        400,
        0,
    ),
    # ── where it leads ───────────────────────────────────────────────────────────────────────────────
    attack("a slash in disguise", lambda _: path("/t/acme%2fxapi%2fstatements"), 401, 404),
    attack("out of one's own tenant", lambda _: path("/t/globex/../acme/xapi/statements?limit=1"), 401, 404),
    attack("out of it in disguise", lambda _: path("/t/globex%2f..%2facme/xapi/statements?limit=1"), 401, 404),
    attack("out of it, encoded twice", lambda _: path("/t/globex%252f..%252facme/xapi/statements"), 401, 404),
    attack("dots in disguise", lambda _: path("/t/globex/%2e%2e/acme/xapi/statements?limit=1"), 401, 404),
    attack("a backslash", lambda _: path("/t/globex\\..\\acme/xapi/statements?limit=1"), 400, 401, 404),
    attack("two slashes", lambda _: path("//t/acme/xapi/statements?limit=1"), 404),
    attack("a zero byte in the path", lambda _: path("/t/acme%00/xapi/statements?limit=1"), 400, 401, 404),
    attack("a parameter of the path", lambda _: path("/t/acme/xapi/statements;tenant=acme"), 404),
    attack("SQL for a tenant", lambda _: path("/t/acme'%20OR%20'1'='1/xapi/statements?limit=1"), 401, 404),
    attack(
        "a template for a tenant",
        lambda _: path("/t/%7B%7B1337*7331%7D%7D/xapi/statements"),
        401,
        404,
        also=unseen("9801547"),
    ),
    attack("files of the host", lambda _: path("/t/acme/xapi/../../../../etc/passwd"), 401, 404, also=unseen("root:")),
    attack(
        "another server's address",
        lambda _: path(f"http://{EVIL}/t/acme/xapi/statements"),
        400,
        401,
        404,
        also=unseen(EVIL),
    ),
    attack("the operators' pages", lambda _: path("/metrics"), 404),
    attack("TRACE", lambda _: path("/t/acme/xapi/statements", "TRACE"), 404, 405, 501, also=unseen("authorization")),
    attack("CONNECT", lambda _: b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n", 400, 404, 405, 0),
    attack("a method of one's own", lambda _: path("/t/acme/xapi/statements", "PROPFIND"), 404, 405, 501),
    # ── headers ──────────────────────────────────────────────────────────────────────────────────────
    attack("no host", lambda _: request("GET", "/healthz", Host=""), 400, 0),
    attack("two hosts", lambda _: request("GET", "/healthz", X_A=f"1\r\nHost: {EVIL}"), 400, 0),
    attack(
        "another host",
        lambda _: path("/t/acme/xapi/about").replace(b"127.0.0.1", EVIL.encode(), 1),
        200,
        401,
        also=unseen(EVIL),
    ),
    attack(
        "another host, forwarded",
        lambda _: lrs("GET", "acme", "", X_Forwarded_Host=EVIL, Forwarded=f"host={EVIL}"),
        401,
        audited="credentials",
        also=unseen(EVIL),
    ),
    attack(
        "a header in a correlation id",
        lambda _: lrs("GET", "acme", "", X_Correlation_ID="a%0d%0aSet-Cookie: evil=1"),
        401,
        audited="credentials",
        also=own_id,
    ),
    attack(
        "a script for a correlation id",
        lambda _: lrs("GET", "acme", "", X_Correlation_ID="<script>evil</script>"),
        401,
        audited="credentials",
        also=own_id,
    ),
    attack(
        "a trace that is none",
        lambda _: lrs("GET", "acme", "", traceparent="00-evil-evil-01"),
        401,
        audited="credentials",
        also=own_id,
    ),
    attack(
        "an origin that is not allowed",
        lambda _: lrs("GET", "acme", "", Origin=f"https://{EVIL}", Cookie="a=b"),
        401,
        audited="credentials",
        also=lambda _, answer: answer.headers.get("access-control-allow-credentials") is None,
    ),
    # ── too much, too slow ───────────────────────────────────────────────────────────────────────────
    attack("a body that is announced as too long", lambda _: raw("Content-Length: 999999999\r\n", b"{"), 413),
    attack("a length beyond all numbers", lambda _: raw(f"Content-Length: {'9' * 40}\r\n", b"{"), 400, 413, 0),
    attack(
        "chunks without end",
        lambda _: raw(
            CHUNKED,
            b"10000\r\n"
            + b" " * 65_536
            + b"\r\n"
            + b"10000\r\n"
            + b" " * 65_536
            + b"\r\n"
            + b"30000\r\n"
            + b" " * 196_608,
        ),
        413,
    ),
    attack(
        "a body that is compressed",
        lambda _: raw("Content-Length: 4\r\nContent-Encoding: gzip\r\n", b"\x1f\x8b\x08\x00"),
        415,
    ),
    attack("headers without end", lambda _: raw("".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(200))), 400, 431, 0),
    attack("a path without end", lambda _: path("/" + "a" * 100_000), 400, 404, 414, 431, 0),
    attack("a head that never ends", lambda _: b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", 408, 400, 0),
    attack("a body that never comes", lambda _: raw("Content-Length: 100\r\n", b"{"), 408),
    attack("arrays without end", lambda _: lrs("POST", "acme", own("acme"), body=nested(50_000)), 400),
    attack(
        "a number beyond all numbers",
        lambda _: lrs("POST", "acme", own("acme"), body=b'{"result":{"duration":1e999999}}'),
        400,
    ),
    attack("a property twice", lambda _: lrs("POST", "acme", own("acme"), body=b'{"id":"a","id":"b"}'), 400),
    attack("no UTF-8", lambda _: lrs("POST", "acme", own("acme"), body=b'{"id":"\xff\xfe"}'), 400),
    attack(
        "a form that claims to be everything",
        lambda _: request(
            "POST",
            "/t/acme/xapi/statements?method=PUT",
            b"Authorization=" + b64encode(b"x:y") + b"&content=" + json.dumps({"a": 1}).encode(),
            Content_Type="application/x-www-form-urlencoded",
        ),
        400,
        401,
    ),
]
