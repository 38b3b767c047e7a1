"""One person under all the names that we know them by, as far as an operator names them or the directory joins them.

An identifier is written ``mailto:ada@example.edu``, ``account:HOMEPAGE|NAME``, ``sha1:HEX`` (of ``mailto:…``) or
``openid:IRI``; ``text:Ada Lovelace`` is any other text by which nobody else is meant.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from actors.domain.people import fold_email, sha1_key
from config.model import PersonRow

FORMS = "mailto:ADDRESS, account:HOMEPAGE|NAME, sha1:HEX, openid:IRI or text:WORDS"
_SHA1 = re.compile(r"[0-9a-f]{40}\Z")
TEXT_CHARS_MIN = 5
"""A shorter text would be found in other words."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """``emails`` are folded, ``hashes`` in lower case, ``accounts`` are (home page, name) without a slash at the end of
    the home page. ``texts`` are theirs wherever they stand; ``names`` only beside an identifier of theirs."""

    emails: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    accounts: frozenset[tuple[str, str]] = frozenset()
    openids: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def __or__(self, other: "Person") -> "Person":
        return Person(**{name: getattr(self, name) | getattr(other, name) for name in self.__struct_fields__})

    def shown(self) -> list[str]:
        """Every identifier as it is written; names are none."""
        return [
            *(f"mailto:{email}" for email in sorted(self.emails)),
            *(f"account:{home}|{name}" for home, name in sorted(self.accounts)),
            *(f"sha1:{digits}" for digits in sorted(self.hashes)),
            *(f"openid:{iri}" for iri in sorted(self.openids)),
            *(f"text:{text}" for text in sorted(self.texts)),
        ]

    def is_named(self, agent: Mapping[str, Any]) -> bool:
        """Whether this xAPI agent (or group) is identified as the person."""
        mbox, digits, iri = agent.get("mbox"), agent.get("mbox_sha1sum"), agent.get("openid")
        account = agent.get("account")
        return (
            (isinstance(mbox, str) and fold_email(mbox.partition(":")[2]) in self.emails)
            or (isinstance(digits, str) and digits.lower() in self.hashes)
            or (isinstance(iri, str) and iri in self.openids)
            or (isinstance(account, dict) and _account(account.get("homePage"), account.get("name")) in self.accounts)
        )

    def is_learner(self, key: str, email: str) -> bool:
        """The same of a canonical learner (``people.Learner``)."""
        kind, _, value = key.partition(":")
        match kind:
            case "account":
                home, _, name = value.partition("|")
                known = (home, name) in self.accounts
            case "mbox":
                known = value in self.emails
            case "sha1":
                known = value in self.hashes
            case _:
                known = value in self.openids
        return known or (email != "" and fold_email(email) in self.emails)


def _account(home_page: object, name: object) -> tuple[str, str]:
    return (home_page.rstrip("/"), name) if isinstance(home_page, str) and isinstance(name, str) else ("", "")


def identified(text: str) -> Person:
    """Raises ValueError, saying how an identifier is written."""
    kind, colon, value = text.partition(":")
    value = value.strip()
    if colon and value:
        match kind.strip().lower():
            case "mailto" | "mbox" if re.fullmatch(r"[^@\s]+@[^@\s]+", value):
                email = fold_email(value)
                return Person(emails=frozenset({email}), hashes=frozenset({sha1_key(email).partition(":")[2]}))
            case "account" if "|" in value and all(value.rpartition("|")[::2]):
                home, _, name = value.rpartition("|")
                return Person(accounts=frozenset({_account(home, name)}))
            case "sha1" if _SHA1.match(value.lower()):
                return Person(hashes=frozenset({value.lower()}))
            case "openid":
                return Person(openids=frozenset({value}))
            case "text" if len(value) >= TEXT_CHARS_MIN:
                return Person(texts=frozenset({value}))
            case _:
                pass
    raise ValueError(
        f"{text!r} is no identifier of a person: write {FORMS} (a text has {TEXT_CHARS_MIN} letters at least)"
    )


def joined(person: Person, people: Iterable[PersonRow]) -> Person:
    """With all that the directory knows of the same person, and of whom that leads to."""
    rows = list(people)
    while True:
        known = person
        for row in rows:
            if _is_row(known, row):
                known |= _of_row(row)
        if known == person:
            return person
        person = known


def _is_row(person: Person, row: PersonRow) -> bool:
    email = fold_email(row.email)
    return (
        (bool(row.account) and _account(row.home_page, row.account) in person.accounts)
        or (bool(email) and email in person.emails)
        or (bool(email) and sha1_key(email).partition(":")[2] in person.hashes)
    )


def _of_row(row: PersonRow) -> Person:
    found = Person(names=frozenset({row.display_name} if row.display_name else ()))
    if row.account:
        found |= Person(accounts=frozenset({_account(row.home_page, row.account)}))
    if row.email:
        found |= identified(f"mailto:{row.email}")
    return found
