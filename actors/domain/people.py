"""Who a statement is about, and how we recognise the same person elsewhere.

An xAPI *actor* is a learner here. A learner's ``key`` is stable for one way of being named
(``account:HOMEPAGE|NAME``, ``mbox:ADA@EXAMPLE.ORG`` casefolded, …); the directory an operator gives
(``[people] file``) adds what statements leave out, above all the e-mail address.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from hashlib import sha1

import msgspec

from actors.domain.acquaintance import Known
from config.model import PersonRow


class Learner(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person as one statement names them, enriched by the directory. ``email`` is casefolded. ``anchor``: the text
    by which the ledger knows them, for good. ``also``: others by which what they did may have been counted before they
    were known; they are gone once that was looked up (``counted``)."""

    key: str
    name: str = ""
    email: str = ""
    locale: str = ""
    timezone: str = ""
    anchor: str = ""
    also: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Who it is, however they are named: by the ledger's anchor; of somebody whom it does not know, by the e-mail
        address where that is known, else by the key. Two sources of which one names the account and the other the
        address mean one person, once ledger or directory join them."""
        return self.anchor or (f"mbox:{self.email}" if self.email else self.key)

    def counted(self, anchor: str) -> "Learner":
        """The same, counted by this text."""
        return msgspec.structs.replace(self, anchor=anchor, also=())


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
    """Who is who, by learner key: as the operator's file says, and as the ledger knows (``at``). The file wins."""

    def __init__(self, people: Iterable[PersonRow] = ()) -> None:
        self._known: Mapping[tuple[str, int], Known] = {}
        self._at_us = 0
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

    def keys(self, key: str) -> tuple[str, ...]:
        """By which the ledger may know whoever has this key: that, and the address that the file has for it."""
        row = self._by_key.get(key)
        joined = f"mbox:{fold_email(row.email)}" if row is not None and row.email else key
        return (key,) if joined == key else (key, joined)

    def at(self, known: Mapping[tuple[str, int], Known], at_us: int) -> "Directory":
        """The same, with what the ledger knows of those who are meant by (key, time) at this time."""
        if not known:
            return self
        joined = copy(self)
        joined._known, joined._at_us = known, at_us
        return joined

    def known(self, key: str) -> Known | None:
        """The ledger's person."""
        return next((known for each in self.keys(key) if (known := self._known.get((each, self._at_us)))), None)

    def org_unit(self, key: str) -> str:
        """Where somebody with this key belongs; empty: nobody says."""
        row, known = self._by_key.get(key), self.known(key)
        return (row.org_unit if row is not None else "") or (known.org_unit if known is not None else "")

    def enrich(self, learner: Learner) -> Learner:
        """The learner with what file and ledger add. Of an address, the file says more than the ledger; what a
        statement itself says counts where the ledger does not know whose address that was."""
        row = self._by_key.get(learner.key)
        known = self.known(learner.key) if self._known else None
        if known is None or not known.person:
            found = learner if row is None else _by_file(learner, row)
            return found if known is None else found.counted(known.anchor)
        if row is None and known.email:
            row = self._by_key.get(f"mbox:{known.email}")
        file = row if row is not None else _NOTHING
        also = [*known.also]
        if file.email:
            also.append(f"mbox:{fold_email(file.email)}")
        if learner.key.startswith(("sha1:", "openid:")):
            also.append(learner.key)
        return Learner(
            key=learner.key,
            name=learner.name or file.display_name or known.name,
            email=fold_email(file.email) or known.email,
            locale=file.locale or known.locale or learner.locale,
            timezone=file.timezone or known.timezone or learner.timezone,
            anchor=known.anchor,
            also=tuple(text for text in dict.fromkeys(also) if text != known.anchor),
        )


_NOTHING = PersonRow(home_page="", account="")


def _by_file(learner: Learner, row: PersonRow) -> Learner:
    return msgspec.structs.replace(
        learner,
        name=learner.name or row.display_name,
        email=learner.email or fold_email(row.email),
        locale=row.locale or learner.locale,
        timezone=row.timezone or learner.timezone,
    )
