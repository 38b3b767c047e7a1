"""Requests that are nearly right: they get past the doors at which those of ``malformed`` are turned away, to where
statements are found and voided, documents meet one another, and people and activities are put together.
"""

import json
from typing import Any
from urllib.parse import urlencode

from malformed import JUNK, PROFILES, STATE, STATEMENTS, Corpus, Shot

WHO = '{"mbox":"mailto:a@example.edu"}'
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
FILTERS: dict[str, tuple[str, ...]] = {
    "agent": (WHO, '{"account":{"homePage":"https://lms.example.edu","name":"7"}}', '{"openid":"https://x.example/"}'),
    "verb": ("http://id.tincanapi.com/verb/viewed", "http://adlnet.gov/expapi/verbs/completed", VOIDED["id"]),
    "activity": ("urn:a", "https://lms.example.edu/course/view.php?id=2"),
    "registration": ("0d3cd6f4-3f2b-4c52-9c9d-5a3f6a8a5a01",),
    "related_agents": ("true", "false", "True"),
    "related_activities": ("true", "false"),
    "since": ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00"),
    "until": ("2026-01-01T00:00:00.000Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"),
    "limit": ("0", "1", "7", "500", "99999999"),
    "cursor": ("0", "1", "999999999999999999"),
    "format": ("ids", "exact", "canonical"),
    "attachments": ("true", "false"),
    "ascending": ("true", "false"),
}
TAGS = ("*", '"' + "0" * 40 + '"', 'W/"' + "0" * 40 + '"', '"a", "b"')


class Nearly(Corpus):
    """Those of ``Corpus`` and these."""

    def __init__(self, seed: int, base: str, basic: str, samples: list[dict[str, Any]]) -> None:
        super().__init__(seed, base, basic, samples)
        self._families += (self.search, self.search, self.paper, self.paper, self.knowledge, self.voiding)

    def search(self) -> Shot:
        """Any of the filters, most of them right."""
        dice = self._dice
        names = dice.sample(sorted(FILTERS), dice.choice((0, 1, 2, 3, 6)))
        given = {name: dice.choice(FILTERS[name]) for name in names}
        if given and dice.random() < 0.1:
            given[dice.choice(sorted(given))] = str(dice.choice(JUNK))
        elif dice.random() < 0.05:
            given = {dice.choice(("statementId", "voidedStatementId")): FILTERS["registration"][0]}
        language = dice.choice(("de", "de-AT;q=0.2, en", "*;q=0", ""))
        method = dice.choice(("GET", "GET", "HEAD"))
        raw = self._request(
            method, f"{STATEMENTS}?{urlencode(given)}", b"", **self._version(), **{"Accept-Language": language}
        )
        return Shot("search", raw)

    def paper(self) -> Shot:
        """A document at one of few addresses, with or without precondition."""
        dice = self._dice
        where = dice.choice((STATE, *PROFILES))
        address = {"agent": WHO} if where != "activities/profile" else {}
        address |= {"activityId": "urn:a"} if where != "agents/profile" else {}
        name = dice.choice(("s", "t", "\u202e", "\0", "a" * 2000))
        if where == STATE and dice.random() < 0.4:
            address["registration"] = FILTERS["registration"][0]
        if dice.random() < 0.8:
            address["stateId" if where == STATE else "profileId"] = name
        elif dice.random() < 0.5:
            address["since"] = dice.choice(FILTERS["since"])
        tags = {dice.choice(("If-Match", "If-None-Match")): dice.choice(TAGS)} if dice.random() < 0.6 else {}
        body = json.dumps({str(n): dice.choice(JUNK) for n in range(dice.choice((0, 1, 30)))}).encode()
        kind = dice.choice(("application/json", "application/json", "text/plain", "image/png"))
        method = dice.choice(("PUT", "PUT", "POST", "POST", "GET", "HEAD", "DELETE"))
        body = body if method in ("PUT", "POST") else b""
        said = {"Content-Type": kind, **self._version(), **tags}
        return Shot("paper", self._request(method, f"{where}?{urlencode(address)}", body, **said))

    def knowledge(self) -> Shot:
        resource, name = self._dice.choice((("agents", "agent"), ("activities", "activityId")))
        value = self._dice.choice((*FILTERS["agent"], *FILTERS["activity"], "urn:" + "a" * 3000, *map(str, JUNK)))
        raw = self._request("GET", f"{resource}?{urlencode({name: value}, errors='replace')}", b"", **self._version())
        return Shot("knowledge", raw)

    def voiding(self) -> Shot:
        """A statement, what voids it, and what would void that: in any order, twice, or at nothing."""
        dice = self._dice
        target, voider, third = (self._statement() for _ in range(3))
        for one, whom in ((voider, target), (third, voider)):
            one.pop("context", None)  # a platform goes with activities only
            one |= {"verb": VOIDED, "object": {"objectType": "StatementRef", "id": whom["id"]}}
        whole = [target, voider, third]
        match dice.randrange(4):
            case 0:
                voider["object"] = dice.choice(({"id": "urn:a"}, {"objectType": "StatementRef", "id": "x"}, WHO))
                return self._post(
                    "voiding", json.dumps(whole).encode(), refused=True, ids=tuple(x["id"] for x in whole)
                )
            case 1:
                whole.append(whole[dice.randrange(3)])
                return self._post(
                    "voiding", json.dumps(whole).encode(), refused=True, ids=tuple(x["id"] for x in whole)
                )
            case _:
                dice.shuffle(whole)
                return self._post("voiding", json.dumps(whole[: dice.choice((1, 2, 3))]).encode())

    def _version(self) -> dict[str, str]:
        return {"X-Experience-API-Version": self._dice.choice(("1.0.3", "2.0.0"))}
