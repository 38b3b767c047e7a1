"""Who a statement is about, and how we recognise the same person elsewhere.

An xAPI *actor* is a learner here. A learner's ``key`` is stable for one way of being named
(``account:HOMEPAGE|NAME``, ``mbox:ADA@EXAMPLE.ORG`` casefolded, …); the directory an operator gives
(``[people] file``) adds what statements leave out, above all the e-mail address.
"""

from collections.abc import Iterable
from hashlib import sha1

import msgspec

from config.model import PersonRow


class Learner(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person as one statement names them, enriched by the directory. ``email`` is casefolded."""

    key: str
    name: str = ""
    email: str = ""
    locale: str = ""
    timezone: str = ""

    @property
    def identity(self) -> str:
        """Who it is, however they are named: by the e-mail address where it is known, else by the key. Two sources
        of which one names the account and the other the address mean one person, once the directory joins them."""
        return f"mbox:{self.email}" if self.email else self.key


def fold_email(email: str) -> str:
    """Vendors and LMSs disagree about case; addresses are compared without it."""
    return email.strip().casefold()


def account_key(home_page: str, account: str) -> str:
    """The key of a learner named by an account on a system. A trailing slash makes no other system."""
    return f"account:{home_page.rstrip('/')}|{account}"


def sha1_key(email: str) -> str:
    """The key of a learner who is named by the hash of an e-mail address only (xAPI ``mbox_sha1sum``)."""
    return "sha1:" + sha1(f"mailto:{email}".encode(), usedforsecurity=False).hexdigest()


class Directory:
    """Who is who, by learner key. Empty until an operator or a source tells."""

    def __init__(self, people: Iterable[PersonRow] = ()) -> None:
        self._by_key: dict[str, PersonRow] = {}
        self._several: dict[str, list[PersonRow]] = {}
        for person in people:
            if person.account:
                self._by_key[account_key(person.home_page, person.account)] = person
            if person.email:
                email = fold_email(person.email)
                first = self._by_key.setdefault(f"mbox:{email}", person)
                if first is not person:
                    self._several.setdefault(email, [first]).append(person)
                self._by_key.setdefault(sha1_key(email), person)

    def __len__(self) -> int:
        return len({id(person) for person in self._by_key.values()})

    def rows(self, key: str) -> tuple[PersonRow, ...]:
        """All of the person with this learner key: they may have accounts on several systems beside one address."""
        found = self._by_key.get(key)
        if found is None:
            return ()
        return tuple(self._several.get(fold_email(found.email), (found,))) if found.email else (found,)

    def enrich(self, learner: Learner) -> Learner:
        """The learner with what the directory adds; what the statement itself says of an e-mail wins."""
        person = self._by_key.get(learner.key)
        if person is None:
            return learner
        return Learner(
            key=learner.key,
            name=learner.name or person.display_name,
            email=learner.email or fold_email(person.email),
            locale=person.locale or learner.locale,
            timezone=person.timezone or learner.timezone,
        )
