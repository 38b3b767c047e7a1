"""Another LRS, into which several write at once: what was stored first may show last.

A statement is stored when its writer begins and shown when that one has ended. ``X-Experience-API-Consistent-Through``
lies before whatever is not shown yet, or further back, or is not said. Statements that were stored in one request have
one time. What is voided is not shown any more; pages go on by links that are known for a while only. Faults as in
``ports.striking``, and while set:

    forgetful    no link is known any more
    bare         contents of attachments are left out
    lagging      it is consistent through ten minutes ago
    elsewhere    pages go on at another host
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import parse_qs, urlsplit

import msgspec

from actors.domain.flow import Request, Response
from actors.domain.xapi.moments import instant_us, spelt
from actors.ports import Answer, Effect, Fault
from actors.ports.striking import STRIKES, Striking

MOUNT = "/archive/xapi/"
KEY = "sandbox:sandbox"
SWITCHES = frozenset({"forgetful", "bare", "lagging", "elsewhere"})
KINDS = tuple(sorted(STRIKES - {"late_commit"} | SWITCHES))
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://archive.example.edu", "name": "writer"}}
LAG_US = 600_000_000
BOUNDARY = "a-line-between-parts"


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How one such LRS is. ``silent``: it does not say through when it is consistent; ``rounded``: times are shown to
    the millisecond; ``link_s``: how long links are known; ``page``: as much as it shows at once; ``empty``: how often a
    page shows nothing and promises more."""

    silent: bool
    rounded: bool
    link_s: float
    page: int
    empty: float


class Entry(msgspec.Struct):
    """A statement there. ``place``: in the order stored; ``shown_us``: since when; ``contents`` by their sha2."""

    id: str
    body: dict[str, object]
    stored_us: int
    place: int
    shown_us: int
    voids: str | None
    wrong: bool
    contents: Mapping[str, bytes]


class Link(msgspec.Struct):
    """Where a page goes on. ``until_us``: as long as it is known."""

    given: dict[str, str]
    place: int
    until_us: int


class Archive:
    """One of them."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, manner: Manner, now_us: Callable[[], int], dice: Random) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self.entries: dict[str, Entry] = {}
        self.through_us = 0
        """The latest time through which it has ever said to be consistent."""
        self.manner = manner
        self._now_us = now_us
        self._dice = dice
        self._links: dict[str, Link] = {}
        self._striking = Striking(
            self._regular, lambda _: "statements.get", frozenset(), _refusal(401, "who is that?"), SWITCHES
        )

    def fault(self, fault: Fault) -> None:
        self._striking.fault(fault)

    def clear_faults(self) -> None:
        self._striking.clear()

    def settle(self, now_s: float) -> None:
        """Nothing lands late here."""

    def handle(self, request: Request, now_s: float) -> Answer:
        return self._striking.handle(request, now_s)

    # ── who writes ───────────────────────────────────────────────────────────────────────────────────

    def write(
        self,
        bodies: Mapping[str, dict[str, object]],
        *,
        takes_us: int,
        voids: Mapping[str, str],
        wrong: frozenset[str] = frozenset(),
        contents: Mapping[str, Mapping[str, bytes]],
    ) -> None:
        """One request: statements by their ids. Those that are there stay as they are."""
        now_us = self._now_us()
        for name, body in bodies.items():
            if name not in self.entries:
                self.entries[name] = Entry(
                    id=name,
                    body=body,
                    stored_us=now_us,
                    place=len(self.entries) + 1,
                    shown_us=now_us + takes_us,
                    voids=voids.get(name),
                    wrong=name in wrong,
                    contents=contents.get(name, {}),
                )

    def shown(self) -> list[Entry]:
        """Now, in the order stored."""
        now_us = self._now_us()
        there = [each for each in self.entries.values() if each.shown_us <= now_us]
        voided = {each.voids for each in there}
        return [each for each in there if each.voids is not None or each.id not in voided]

    def _consistent_us(self) -> int:
        """Everything that was stored until then is shown."""
        now_us = self._now_us()
        pending = [each.stored_us for each in self.entries.values() if each.shown_us > now_us]
        return min([now_us, *(each - 1 for each in pending)])

    # ── who reads ────────────────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        parts = urlsplit(request.url)
        if request.headers.get("authorization", "") != "Basic " + base64.b64encode(KEY.encode()).decode():
            return _refusal(401, "this key is not known")
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        place = 0
        if "more" in given:
            link = self._links.get(given["more"])
            if link is None or link.until_us < self._now_us() or self._striking.switched("forgetful"):
                return _refusal(404, "this link is not known any more")
            given, place = link.given, link.place
        since_us = instant_us(given.get("since", "")) or 0
        until_us = instant_us(given["until"]) if "until" in given else None
        wanted = [
            each
            for each in self.shown()
            if each.place > place and each.stored_us > since_us and (until_us is None or each.stored_us <= until_us)
        ]
        count = min(int(given["limit"]), self.manner.page)
        if wanted and self._dice.random() < self.manner.empty:
            count = 0
        return self._page(wanted[:count], given, place, rest=len(wanted) > count)

    def _page(self, page: list[Entry], given: dict[str, str], place: int, *, rest: bool) -> Response:
        more = ""
        if rest:
            name = f"{len(self._links) + 1}"
            until_us = self._now_us() + round(self.manner.link_s * 1e6)
            self._links[name] = Link(given, page[-1].place if page else place, until_us)
            host = "https://elsewhere.example.net" if self._striking.switched("elsewhere") else ""
            more = f"{host}{MOUNT}statements?more={name}"
        body = msgspec.json.encode({"statements": [self._told(each) for each in page], "more": more})
        headers = {"content-type": "application/json"}
        if not self.manner.silent:
            through_us = self._consistent_us() - (LAG_US if self._striking.switched("lagging") else 0)
            self.through_us = max(self.through_us, through_us)
            headers["x-experience-api-consistent-through"] = spelt(through_us)
        contents = {sha2: content for each in page for sha2, content in each.contents.items()}
        if contents and given.get("attachments") == "true":
            headers["content-type"] = f'multipart/mixed; boundary="{BOUNDARY}"'
            body = _enclosed(body, {} if self._striking.switched("bare") else contents)
        return Response(status=200, headers=headers, body=body)

    def _told(self, entry: Entry) -> dict[str, object]:
        stored_us = entry.stored_us // 1000 * 1000 if self.manner.rounded else entry.stored_us
        return {**entry.body, "stored": spelt(stored_us), "authority": AUTHORITY, "version": "1.0.0"}


def attached(content: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    """What a statement says of an attachment, and the content by its sha2."""
    sha2 = hashlib.sha256(content).hexdigest()
    said = {
        "usageType": "https://archive.example.edu/paper",
        "display": {"en": "A paper"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2,
    }
    return said, {sha2: content}


def _enclosed(body: bytes, contents: Mapping[str, bytes]) -> bytes:
    parts = [b"Content-Type: application/json\r\n\r\n" + body]
    for sha2, content in contents.items():
        head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
        parts.append(head.encode() + content)
    line = f"--{BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _refusal(status: int, message: str) -> Response:
    body = msgspec.json.encode({"error": True, "message": message})
    return Response(status=status, headers={"content-type": "application/json"}, body=body)
