"""Persons of the identity ledger for operators: all that is known of them and who said so, and open questions."""

import sqlite3
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from actors.domain.acquaintance import Known
from actors.domain.people import fold_email
from actors.domain.persons import Person, identified
from daemon.store import rows
from daemon.store.acquaintance import describe, holders_of, named
from daemon.store.engine import Engine, Job
from daemon.store.identity import FOLDED
from daemon.store.persons import held_by
from daemon.store.writer import Writer

T = TypeVar("T")
FOUND_MAX = 50
OPEN_MAX = 5_000
"""Open deliveries that are looked through for somebody's."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A persona: a user of a source, or (source empty) what an operator linked. ``how`` and ``why``: by what it belongs
    to the person. ``held``: (namespace, value, from, until) each."""

    no: int
    source: str
    user: str
    name: str
    known_us: int
    inactive_us: int | None
    gone: bool
    how: int
    why: str
    held: tuple[tuple[str, str, int, int | None], ...]


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """A person. ``contacts``: (target, address, by whom) each."""

    known: Known
    known_us: int
    parts: tuple[Part, ...]
    contacts: tuple[tuple[str, str, str], ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Two personas that may be one person. Each as (person, source, user, name)."""

    a: tuple[int, str, str, str]
    b: tuple[int, str, str, str]
    namespace: str
    value: str
    against: str
    since_us: int


class _Rehearsed(Exception):
    """Ends a dry run inside the writer: its savepoint is undone."""

    def __init__(self, value: object) -> None:
        super().__init__("a dry run")
        self.value = value


class SqlDossiers:
    """All raise StoreUnavailable."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def dossier(self, tenant: str, person: int) -> Dossier | None:
        return await self._read(lambda raw: dossier(raw, tenant, person))

    async def exactly(self, tenant: str, text: str, sources: Sequence[str]) -> list[int]:
        """Who has this (``NAMESPACE:VALUE``, ``SOURCE/USER``, a bare value), or had it where nobody has it."""
        return await self._read(lambda raw: exactly(raw, tenant, text, sources))

    async def like(self, tenant: str, text: str) -> list[int]:
        """Who has these letters in a name."""
        return await self._read(lambda raw: _like(raw, tenant, text))

    async def persona(self, tenant: str, text: str, sources: Sequence[str]) -> list[int]:
        """The numbers of the personas that are meant."""
        return await self._read(lambda raw: [row[0] for row in _personas(raw, tenant, text, sources)])

    async def questions(self, tenant: str, limit: int) -> list[Question]:
        return await self._read(lambda raw: _questions(raw, tenant, limit))

    async def joined(self, tenant: str, person: Person) -> Person:
        """All identifiers of whoever has one of these, as far as they are nobody else's and never were."""
        return await self._read(lambda raw: joined(raw, tenant, person))

    async def change(self, job: Job[T], *, dry_run: bool) -> T:
        """Do it, or only see what would come of it."""

        def rehearse(raw: sqlite3.Connection) -> T:
            raise _Rehearsed(job(raw))

        try:
            return await self._write(rehearse if dry_run else job)
        except _Rehearsed as rehearsed:
            return rehearsed.value  # type: ignore[return-value]  # the job's own


def dossier(raw: sqlite3.Connection, tenant: str, person: int) -> Dossier | None:
    row = raw.execute("SELECT known_us FROM persons WHERE no = ? AND tenant = ?", (person, tenant)).fetchone()
    if row is None:
        return None
    found = raw.execute(
        "SELECT no, source, user, name, known_us, inactive_us, gone, how, why FROM personas WHERE person = ? "
        "ORDER BY no LIMIT 200",
        (person,),
    ).fetchall()
    held = held_by(raw, [each[0] for each in found])
    parts = tuple(
        Part(
            no=no,
            source=source,
            user=user,
            name=name,
            known_us=known_us,
            inactive_us=inactive_us,
            gone=bool(gone),
            how=how,
            why=why,
            held=tuple(
                (each.namespace, each.value, each.from_us, each.until_us)
                for each in sorted(held[no], key=lambda each: (each.until_us is not None, each.namespace, each.value))
            ),
        )
        for no, source, user, name, known_us, inactive_us, gone, how, why in found
    )
    contacts = raw.execute("SELECT target, address, by_who FROM contacts WHERE person = ? ORDER BY target", (person,))
    return Dossier(
        known=describe(raw, tenant, person), known_us=row[0], parts=parts, contacts=tuple(contacts.fetchall())
    )


def exactly(raw: sqlite3.Connection, tenant: str, text: str, sources: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(row[1] for row in _personas(raw, tenant, text, sources)))


def _personas(raw: sqlite3.Connection, tenant: str, text: str, sources: Sequence[str]) -> list[tuple[int, int]]:
    """(number, person) of those who have it; where nobody has, of those who had it."""
    source, slash, user = text.partition("/")
    if slash and source in sources:
        return raw.execute(
            "SELECT no, person FROM personas WHERE tenant = ? AND source = ? AND user = ?", (tenant, source, user)
        ).fetchall()
    namespace, colon, value = text.partition(":")
    pairs = {("email", fold_email(text)), *((name, text) for name in _NAMESPACES)}
    if colon and namespace in ("mailto", "mbox"):
        pairs = {("email", fold_email(value))}
    elif colon and namespace.isidentifier() and not value.startswith("//"):
        pairs = {named(text), (namespace, value.casefold() if namespace in FOLDED else value)}
    found: list[tuple[int, int, int | None]] = []
    for kind, each in sorted(pairs):
        found += raw.execute(
            "SELECT p.no, p.person, i.until_us FROM identifiers i JOIN personas p ON p.no = i.persona "
            "WHERE i.tenant = ? AND i.namespace = ? AND i.value = ? LIMIT ?",
            (tenant, kind, each.casefold() if kind in FOLDED else each, FOUND_MAX),
        ).fetchall()
    now = [row[:2] for row in found if row[2] is None]
    return list(dict.fromkeys(now or [row[:2] for row in found]))


_NAMESPACES = ("sis", "sourcedid", "username", "upn", "nameid", "sub", "master", "account", "sha1", "openid")


def joined(raw: sqlite3.Connection, tenant: str, person: Person) -> Person:
    """See ``SqlDossiers.joined``."""
    keys = [
        *(("email", email) for email in person.emails),
        *(("account", f"{home}|{name}") for home, name in person.accounts),
        *(("sha1", digits) for digits in person.hashes),
        *(("openid", iri) for iri in person.openids),
    ]
    meant: set[int] = set()
    for namespace, value in keys:
        holders = {holder.person for holder in holders_of(raw, tenant, namespace, value)}
        meant |= holders if len(holders) == 1 else set()
    found = Person()
    for no in sorted(meant):
        one = dossier(raw, tenant, no)
        for part in one.parts if one else ():
            found |= Person(names=frozenset({part.name} - {""}))
            for namespace, value, _, _ in part.held:
                if namespace in _FORMS and {each.person for each in holders_of(raw, tenant, namespace, value)} == {no}:
                    found |= identified(f"{_FORMS[namespace]}:{value}")
    return found


_FORMS = {"email": "mailto", "account": "account", "openid": "openid"}


def _like(raw: sqlite3.Connection, tenant: str, text: str) -> list[int]:
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    sql = "SELECT DISTINCT person FROM personas WHERE tenant = ? AND name LIKE ? ESCAPE '\\' ORDER BY person LIMIT ?"
    return [row[0] for row in raw.execute(sql, (tenant, pattern, FOUND_MAX))]


def _questions(raw: sqlite3.Connection, tenant: str, limit: int) -> list[Question]:
    return [
        Question(a=row[:4], b=row[4:8], namespace=row[8], value=row[9], against=row[10], since_us=row[11])
        for row in raw.execute(
            "SELECT a.person, a.source, a.user, a.name, b.person, b.source, b.user, b.name, m.namespace, m.value, "
            "m.against, m.since_us FROM matches m JOIN personas a ON a.no = m.a JOIN personas b ON b.no = m.b "
            "WHERE m.tenant = ? ORDER BY m.since_us, m.a, m.b LIMIT ?",
            (tenant, limit),
        )
    ]


def open_deliveries(raw: sqlite3.Connection, tenant: str, texts: Sequence[str]) -> int:
    """How many deliveries that are not done are about somebody with one of these keys."""
    wanted = set(texts)
    found = raw.execute(
        "SELECT change FROM deliveries WHERE lane > ? AND lane < ? AND state IN ('waiting', 'held') LIMIT ?",
        (f"{tenant}/", f"{tenant}0", OPEN_MAX),
    )
    return sum(rows.unpack_carried(row[0]).learner.key in wanted for row in found)
