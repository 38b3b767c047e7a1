"""A person leaves what we keep: which statements go whole, and what the others look like without them.

A statement in which they act, or which is about them, is theirs and goes. Where they are only mentioned (as an
instructor, in a group, in a sub-statement, as the authority, in a text), the statement is somebody else's and stays;
everything that identifies them gives way to one pseudonym. Text is looked at in every string, whatever it is for.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from actors.domain.persons import TEXT_CHARS_MIN, Person

HOME_PAGE = "urn:lmsyncd:erased"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
NAME_CHARS_MIN = 3
"""Shorter names are too common to be looked for in texts."""
_IDENTITY = ("name", "mbox", "mbox_sha1sum", "openid", "account")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Fate(Enum):
    """What becomes of a row."""

    STAYS = "stays"
    CHANGED = "changed"
    GOES = "goes"


class Eraser:
    """Knows one person. Their names are learnt from what is seen of them, so that texts beside them can be rid of those
    too; and so are their ``numbers`` in the identity ledger, and what vendors call them (``members``)."""

    def __init__(self, person: Person, pseudonym: str) -> None:
        self.person = person
        self.pseudonym = pseudonym
        self.names = set(person.names)
        self.numbers: set[int] = set()
        self.members: set[str] = set()
        self._near_names: frozenset[str] = frozenset()
        self._accounts = [(home.casefold(), name.casefold()) for home, name in person.accounts]
        self._sought()

    def _sought(self) -> None:
        """What is looked for in texts."""
        person, words = self.person, [*self.person.texts, *self._ids()]
        addresses = [*person.emails, *person.openids, *person.hashes]
        self._anywhere = _pattern(addresses, r"[\w.+%-]", r"[\w-]", words)
        self._near_names, self._near = frozenset(), self._anywhere
        self._needles = [each.casefold() for each in (*addresses, *words)]

    def _ids(self) -> list[str]:
        """What vendors call them, as far as nothing else is called so."""
        return [each for each in sorted(self.members) if len(each) >= TEXT_CHARS_MIN]

    # ── what is whose ────────────────────────────────────────────────────────────────────────────────

    def may_concern(self, raw: bytes | str) -> bool:
        """Quickly; False where the person is surely not in this JSON."""
        if isinstance(raw, str):
            raw = raw.encode()
        if b"\\" in raw:
            try:
                raw = _encode(_decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return True
        text = raw.decode("utf-8", "replace").replace("\\\\", "\\").replace('\\"', '"').casefold()
        return any(needle in text for needle in self._needles) or any(
            home in text and name in text for home, name in self._accounts
        )

    def fate(self, statement: dict[str, Any]) -> Fate:
        """Of a valid statement, its authority apart."""
        for whole in (statement.get("actor"), statement.get("object")):
            if isinstance(whole, dict) and self.person.is_named(whole):
                self.learn(whole.get("name"))
                return Fate.GOES
        return Fate.CHANGED if self.mentions(statement) else Fate.STAYS

    def mentions(self, value: Any) -> bool:
        """Whether the person is identified anywhere in this, or one of their texts stands there. Learns names."""
        match value:
            case str():
                return self._anywhere is not None and self._anywhere.search(value) is not None
            case dict():
                found = self.person.is_named(value)
                if found:
                    self.learn(value.get("name"))
                for name, inner in value.items():
                    found = self.mentions(name) or self.mentions(inner) or found
                return found
            case list():
                found = False
                for inner in value:
                    found = self.mentions(inner) or found
                return found
            case _:
                return False

    def learn(self, name: object) -> None:
        """What they are called here."""
        if isinstance(name, str) and len(name) >= NAME_CHARS_MIN:
            self.names.add(name)

    def called(self, member: str) -> None:
        """A vendor's id of them, as it was found."""
        if member and member not in self.members:
            self.members.add(member)
            self._sought()

    def has_account(self, home_pages: Iterable[str], name: str) -> bool:
        """Whether somebody of this name is meant at any of these sources."""
        return any((home.rstrip("/"), name) in self.person.accounts for home in home_pages if home and name)

    def owns(self, home_page: str, account: str) -> None:
        """An account of theirs, as it was found."""
        if home_page and (home_page, account) not in self.person.accounts:
            self.person |= Person(accounts=frozenset({(home_page, account)}))
            self._accounts.append((home_page.casefold(), account.casefold()))

    # ── without them ─────────────────────────────────────────────────────────────────────────────────

    def without(self, value: Any) -> Any:
        """The same, with the pseudonym in place of the person: of something that concerns them."""
        match value:
            case str():
                return self.text(value)
            case dict():
                if self.person.is_named(value):
                    rest = {name: self.without(inner) for name, inner in value.items() if name not in _IDENTITY}
                    return {**rest, "account": {"homePage": HOME_PAGE, "name": self.pseudonym}}
                if "learner" in value and self._is_learner(value["learner"]):
                    value = {**value, "learner": self._learner()}
                return {self.text(name): self.without(inner) for name, inner in value.items()}
            case list():
                return [self.without(inner) for inner in value]
            case _:
                return value

    def statement(self, statement: dict[str, Any]) -> dict[str, Any]:
        """A statement that mentions them. What was signed is not signed any more."""
        kept = dict(statement)
        if isinstance(given := kept.get("attachments"), list):
            kept["attachments"] = [one for one in given if one.get("usageType") != SIGNATURE]
            if not kept["attachments"]:
                del kept["attachments"]
        changed: dict[str, Any] = self.without(kept)
        return changed

    def text(self, text: str) -> str:
        """Without their addresses, names and texts."""
        accounts = [name for _, name in self.person.accounts if _telling(name)]
        if self._near_names != self.names.union(accounts):
            self._near_names = frozenset(self.names.union(accounts))
            addresses = [*self.person.emails, *self.person.openids, *self.person.hashes]
            words = [*self.person.texts, *self._ids(), *self._near_names]
            self._near = _pattern(addresses, r"[\w.+%-]", r"[\w-]", words)
        return text if self._near is None else self._near.sub(self.pseudonym, text)

    def encoded(self, raw: bytes | str) -> bytes:
        """JSON without them; what is no JSON is a text."""
        try:
            return _encode(self.without(_decode(raw)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.text(raw if isinstance(raw, str) else raw.decode("utf-8", "replace")).encode()

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────

    def is_about(self, change: dict[str, Any]) -> bool:
        """Whether a canonical change is this person's."""
        learner = change.get("learner")
        if not self._is_learner(learner):
            return False
        self.learn(learner.get("name") if isinstance(learner, dict) else None)
        return True

    def _is_learner(self, learner: object) -> bool:
        if not isinstance(learner, dict) or not isinstance(learner.get("key"), str):
            return False
        return self.person.is_learner(learner["key"], str(learner.get("email") or ""))

    def _learner(self) -> dict[str, str]:
        return {"key": f"account:{HOME_PAGE}|{self.pseudonym}", "name": self.pseudonym}


def _telling(account: str) -> bool:
    """Whether an account's name is more than a number or a syllable."""
    return len(account) > NAME_CHARS_MIN and not account.isdigit()


def _pattern(addresses: Iterable[str], before: str, after: str, words: Iterable[str]) -> re.Pattern[str] | None:
    """Addresses are found where no longer address has them in it, words where no longer word has."""
    parts = [rf"(?<!{before}){re.escape(each)}(?!{after}|\.\w)" for each in sorted(addresses, key=len, reverse=True)]
    parts += [rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(words, key=len, reverse=True)]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
