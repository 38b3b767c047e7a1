"""Requests that nobody should send: a corpus of known troublemakers, and seeded mutations of what is right.

Every one is bytes for a socket. What a request must never do is written on it: bring a 5xx about, or store any of its
statements where it was refused.
"""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

STATEMENTS, STATE = "statements", "activities/state"
PROFILES = ("agents/profile", "activities/profile")
RESOURCES = (STATEMENTS, STATE, *PROFILES, "agents", "activities", "about")
BODY_BYTES_MAX = 2_000_000
"""What the daemon under test is told to take."""
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**400, -(2**63) - 1, "", " ", "x", "\0", "\u202e", "a" * 5000, "mailto:", "urn:",
    "http://", "2026-13-45T99:99:99Z", "P", "-00:00", [], {}, [[]], [None], {"": ""}, {"id": None}, {"objectType": 7},
    {"objectType": "Nonsense"}, "18446744073709551616", "../../etc/passwd", "'; DROP TABLE statements; --", "%00",
)  # fmt: skip


class Shot(NamedTuple):
    """One request. ``refused``: a 4xx is the only right answer. ``ids`` are the statements that come with it: all of
    them are stored when it is answered 2xx, none otherwise. ``hangs_up``: the connection cannot be used afterwards."""

    family: str
    raw: bytes
    refused: bool = False
    ids: tuple[str, ...] = ()
    hangs_up: bool = False


class Corpus:
    """Seeded: the same requests for the same number. ``base`` is the LRS's path, ``basic`` its credential."""

    def __init__(self, seed: int, base: str, basic: str, samples: list[dict[str, Any]]) -> None:
        self._dice = random.Random(seed)  # to be repeated, not to be secret
        self._base = base
        self._basic = basic
        self._samples = samples
        self._families: tuple[Callable[[], Shot], ...] = (
            self.mutated_statement, self.mutated_statement, self.broken_json, self.broken_json, self.bytes_flipped,
            self.multipart, self.parameters, self.parameters, self.headers, self.document, self.alternate, self.http,
        )  # fmt: skip

    def shot(self) -> Shot:
        return self._dice.choice(self._families)()

    # ── bodies ───────────────────────────────────────────────────────────────────────────────────

    def mutated_statement(self) -> Shot:
        """A good statement, one that was changed somewhere, and a good one."""
        good, bad, fine = (self._statement() for _ in range(3))
        for _ in range(self._dice.choice((1, 1, 1, 2, 5))):
            self._spoil(bad)
        ids = (good["id"], fine["id"]) + ((bad["id"],) if isinstance(bad.get("id"), str) else ())
        return self._post("mutated statement", json.dumps([good, bad, fine]).encode(), ids=ids)

    def broken_json(self) -> Shot:
        dice, statement = self._dice, self._statement()
        text = json.dumps(statement)
        depth = dice.choice((65, 200, 5_000, 100_000))
        broken = dice.choice(
            (
                text[: dice.randrange(len(text))],
                text + "x",
                text[:-1] + ',"id":"' + statement["id"] + '"}',
                text[:-1] + ',"x":' + "[" * depth + "]" * depth + "}",
                text[:-1] + ',"result":{"extensions":{"urn:x":' + '{"a":' * depth + "1" + "}" * depth + "}}}",
                text[:-1] + ',"result":{"score":{"raw":1e400}}}',
                text[:-1] + ',"result":{"score":{"raw":' + "9" * 5000 + "}}}",
                text[:-1] + ',"result":{"score":{"raw":NaN}}}',
                text[:-1] + ',"result":{"response":"\\ud800"}}',
                text[:-1] + ',"result":{"response":"a\0b"}}',
                text[:-1] + ',"result":{"extensions":{"urn:a\\u0000b":1}}}',
                "\ufeff" + text,
                "",
                " ",
                "null",
                "7",
                '"text"',
                "[" + text + "," + text + "]",
                "[" + text + ",null]",
                "[" * depth,
                text.replace('"', "'"),
            )
        )
        raw = broken.encode() if dice.random() < 0.9 else broken.encode("utf-16")
        return self._post("broken JSON", raw, refused=True, ids=(statement["id"],))

    def bytes_flipped(self) -> Shot:
        """Whatever comes of it: it may still be a statement, then it is stored."""
        raw = bytearray(json.dumps([self._statement(), self._statement()]).encode())
        for _ in range(self._dice.choice((1, 2, 8, 64))):
            raw[self._dice.randrange(len(raw))] = self._dice.randrange(256)
        return self._post("bytes flipped", bytes(raw))

    def multipart(self) -> Shot:
        dice, statement = self._dice, self._statement()
        sha2, content = "0" * 64, dice.randbytes(40)
        statement["attachments"] = [
            {
                "usageType": "http://example.org/u",
                "display": {"en": "A"},
                "contentType": "text/plain",
                "length": 40,
                "sha2": sha2,
            }
        ]
        first = b"Content-Type: application/json\r\n\r\n" + json.dumps(statement).encode()
        second = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: "
        second += sha2.encode() + b"\r\n\r\n" + content
        edge, end = b"\r\n--b\r\n", b"\r\n--b--\r\n"
        whole = edge + first + edge + second + end
        kind, body = dice.choice(
            (
                ("multipart/mixed; boundary=b", whole),  # the hash is wrong
                ("multipart/mixed", whole),
                ("multipart/mixed; boundary=", whole),
                ("multipart/mixed; boundary=c", whole),
                ("multipart/mixed; boundary=" + "b" * 300, whole),
                ('multipart/mixed; boundary="b', whole),
                ("multipart/form-data; boundary=b", whole),
                ("multipart/mixed; boundary=b", edge + first + end),
                ("multipart/mixed; boundary=b", edge + second + edge + first + end),
                ("multipart/mixed; boundary=b", whole[: dice.randrange(1, len(whole) - 6)]),
                ("multipart/mixed; boundary=b", (edge + b"A: b\r\n\r\n") * 20_000 + end),
                ("multipart/mixed; boundary=b", edge + b"A: " + b"h" * 100_000 + b"\r\n\r\n" + end),
                ("multipart/mixed; boundary=b", edge + b"no colon\r\n\r\n{}" + end),
                ("multipart/mixed; boundary=b", edge + b"\0: \0\r\n\r\n\0" + end),
                ("multipart/mixed; boundary=b", edge * 5_000),
                ("multipart/mixed; boundary=b", b""),
            )
        )
        return self._post("multipart", body, kind=kind, refused=True, ids=(statement["id"],))

    # ── everything else ──────────────────────────────────────────────────────────────────────────

    def parameters(self) -> Shot:
        dice = self._dice
        names = ("statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_agents",
                 "related_activities", "since", "until", "limit", "format", "attachments", "ascending", "cursor",
                 "activityId", "stateId", "profileId", "nonsense", "", "AGENT")  # fmt: skip
        values = ("", "x", "true", "-1", "1e9", "9" * 40, "%", "%zz", "%00", "%ff%fe", "{}", '{"mbox":"x"}', "[]",
                  '{"objectType":"Group"}', '{"account":{"homePage":"","name":7}}', "{" * 3000, "2026-02-30T00:00:00Z",
                  "urn:x", "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), "a" * 6000)  # fmt: skip
        given = [(dice.choice(names), dice.choice(values)) for _ in range(dice.choice((1, 1, 2, 3, 8)))]
        query = (
            urlencode(given)
            if dice.random() < 0.7
            else "&".join(f"{quote(name)}={quote(value, safe='%')}" for name, value in given)
        )
        method = dice.choice(("GET", "GET", "HEAD", "DELETE", "PUT", "POST", "OPTIONS"))
        return Shot(
            "parameters",
            self._request(method, f"{dice.choice(RESOURCES)}?{query}", b"{}" if method in ("PUT", "POST") else b""),
        )

    def headers(self) -> Shot:
        dice, statement = self._dice, self._statement()
        name, value = dice.choice(
            (
                ("X-Experience-API-Version", dice.choice(("", "0.9", "1.1.0", "3.0", "1.0.3, 2.0.0", "1.0.x"))),
                ("Authorization", dice.choice(("", "Basic", "Basic !!!", "Bearer x", "Basic " + "QUFB" * 3000))),
                ("Content-Type", dice.choice(("", "text/html", "application/json; charset=utf-16", "x", ";;;"))),
                ("Accept-Language", dice.choice(("*;q=x", ",,,", "en;q=99", "a" * 3000, "\xff"))),
                ("If-Match", dice.choice(("", "*", '"', "W/", '"' + "0" * 40 + '"', "a" * 3000))),
                ("If-None-Match", dice.choice(("*", '"x', ", ,"))),
                ("X-Correlation-ID", dice.choice(("", "a" * 500, "a b", "\xe9"))),
                ("traceparent", dice.choice(("", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "zz"))),
                ("Expect", "100-nonsense"),
                ("Origin", dice.choice(("null", "", "http://" + "a" * 3000))),
            )
        )  # fmt: skip
        target = dice.choice((STATEMENTS, STATE + "?" + self._state_query(), "about"))
        body = json.dumps(statement).encode()
        return Shot("headers", self._request("POST", target, body, **{name: value}))

    def document(self) -> Shot:
        dice = self._dice
        body = dice.choice(
            (b"", b"{}", b"[1]", b"null", b"{", b'{"a":1,"a":2}', b"\xff\xfe", dice.randbytes(3000), b"[" * 9000)
        )
        kind = dice.choice(("application/json", "text/plain", "", "application/json; charset=latin-1", "a/b/c"))
        where = dice.choice(
            (STATE + "?" + self._state_query(), *(f"{one}?profileId=p&{self._who()}" for one in PROFILES))
        )
        return Shot(
            "document",
            self._request(dice.choice(("PUT", "POST", "DELETE", "GET")), where, body, **{"Content-Type": kind}),
        )

    def alternate(self) -> Shot:
        dice, statement = self._dice, self._statement()
        form = dice.choice(
            (
                urlencode({"content": json.dumps(statement), "Authorization": "Basic x"}),
                "content=%zz&" * 50,
                "=&=&=",
                "content=" + "a" * 100_000,
                urlencode({"content": "{", "X-Experience-API-Version": "9", "Content-Type": "\r\nInjected: yes"}),
                "&" * 50_000,
                "method=GET",
                "%ff=%fe",
            )
        )
        method = dice.choice(("PUT", "GET", "DELETE", "POST", "PATCH", "", "PUT&method=GET", "get", "TRACE"))
        where = f"{dice.choice(RESOURCES)}?method={method}" + dice.choice(("", "&x=y"))
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Shot("alternate syntax", self._request("POST", where, form.encode(), **kind))

    def http(self) -> Shot:
        """Not HTTP, or hardly."""
        dice = self._dice
        path = f"{self._base}{STATEMENTS}"
        length = BODY_BYTES_MAX + dice.choice((1, 10**6, 10**8, 10**30))
        raw = dice.choice(
            (
                dice.randbytes(300) + b"\r\n\r\n",
                b"GET\r\n\r\n",
                f"GET {path}?{'a' * 100_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
                f"GET {path} HTTP/9.9\r\nHost: x\r\n\r\n".encode(),
                f"GET {path} HTTP/1.1\r\n\r\n".encode(),
                f"BREW {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
                f"GET {path} HTTP/1.1\r\nHost: x\r\n{'A: b' * 40_000}\r\n\r\n".encode(),
                f"GET {path} HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n".encode(),
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n[".encode(),
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".encode(),
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n[1]".encode(),
                f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode(),
                f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".encode(),
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".encode(),
                f"GET /t/{'%2e%2e/' * 20}etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
                f"GET //{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
                b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
            )
        )
        return Shot("HTTP", raw, hangs_up=True)

    # ── what they are made of ────────────────────────────────────────────────────────────────────

    def _statement(self) -> dict[str, Any]:
        dice = self._dice
        digits = f"{dice.getrandbits(128):032x}"
        name = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        copied: dict[str, Any] = json.loads(json.dumps(dice.choice(self._samples)))
        return {"id": name, **copied}

    def _spoil(self, statement: dict[str, Any]) -> None:
        """Change, remove or add something at a random place."""
        dice, here = self._dice, statement
        place: Any = here
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                return
            key = dice.choice(keys)
            inner = place[key]
            if isinstance(inner, dict | list) and inner and dice.random() < 0.7:
                place = inner
                continue
            break
        junk = deepcopy(dice.choice(JUNK))  # it may be spoiled in its turn
        match dice.randrange(3):
            case 0:
                place[key] = junk
            case 1 if isinstance(place, dict):
                place[dice.choice(("unknown", "id", "objectType", "name", "", "mbox", "stored", "version"))] = junk
            case _:
                del place[key]

    def _state_query(self) -> str:
        return (
            urlencode({"activityId": "urn:a", "stateId": self._dice.choice(("s", "", "\0", "a" * 3000))})
            + "&"
            + self._who()
        )

    def _who(self) -> str:
        who = self._dice.choice(('{"mbox":"mailto:a@example.edu"}', "{", "{}", '{"mbox":7}', '{"name":"x"}'))
        return urlencode({"agent": who, "activityId": "urn:a"} if self._dice.random() < 0.2 else {"agent": who})

    def _post(
        self,
        family: str,
        body: bytes,
        *,
        kind: str = "application/json",
        refused: bool = False,
        ids: tuple[str, ...] = (),
    ) -> Shot:
        version = self._dice.choice(("1.0.3", "2.0.0"))
        raw = self._request("POST", STATEMENTS, body, **{"Content-Type": kind, "X-Experience-API-Version": version})
        return Shot(family, raw, refused, ids)

    def _request(self, method: str, target: str, body: bytes, **headers: str) -> bytes:
        said = {
            "Host": "127.0.0.1",
            "Authorization": self._basic,
            "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
            **headers,
            "Content-Length": str(len(body)),
        }
        head = f"{method} {self._base}{target} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in said.items()
        )
        return head.encode("latin-1", "replace") + b"\r\n" + body
