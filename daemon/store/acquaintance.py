"""Who is behind a learner's key, read from the identity ledger; and what taking in records teaches it."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from actors.domain.acquaintance import Holder, Known, holder, one_of, withheld
from actors.domain.canonical import User
from actors.domain.identity import EMAIL
from actors.ports.persons import Asked, Reviewed
from config.identity import Identity
from daemon.store import reviewing, rows
from daemon.store.engine import Engine
from daemon.store.entities import known_of
from daemon.store.identity import Told, learn
from daemon.store.persons import some_of
from daemon.store.writer import Writer

Meant = tuple[str, str, bytes]
"""(entity, state, canonical) of a record."""
_decode = msgspec.json.Decoder(User).decode
_HOLDERS = (
    "SELECT p.no, p.person, p.source, i.from_us, i.until_us, p.inactive_us FROM identifiers i "
    "JOIN personas p ON p.no = i.persona WHERE i.tenant = ? AND i.namespace = ? AND i.value = ? LIMIT 100"
)
_PERSONAS = (
    "SELECT no, source, inactive_us, name, locale, timezone, org_unit FROM personas WHERE person = ? "
    "ORDER BY inactive_us IS NOT NULL, source <> '', no LIMIT 100"
)


class SqlPersons:
    """Implements ``ports.persons.Persons``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run
        self._rules: dict[str, Identity] = {}

    def configure(self, rules: Mapping[str, Identity]) -> None:
        self._rules = dict(rules)

    def rules(self, tenant: str) -> Identity:
        return self._rules.get(tenant, Identity())

    async def review(self, tenant: str, now_us: int) -> Reviewed:
        rules = self.rules(tenant)
        if not await self._read(lambda raw: reviewing.is_due(raw, tenant, rules)):
            return Reviewed()
        return await self._write(lambda raw: reviewing.review(raw, tenant, rules, now_us))

    async def known(self, tenant: str, asked: Sequence[Asked]) -> dict[Asked, Known]:
        return await self._read(lambda raw: known(raw, tenant, asked)) if asked else {}

    async def first_known(self, tenant: str, entities: Sequence[Sequence[str]]) -> list[str]:
        if not entities:
            return []
        return await self._read(lambda raw: [_first_known(raw, tenant, names) for names in entities])

    def learn(self, raw: sqlite3.Connection, source_no: int, records: Iterable[Meant], now_us: int) -> None:
        """What these records say of users, within the transaction that writes them."""
        users = [
            Told(user=_decode(canonical), gone=state == "gone")
            for entity, state, canonical in records
            if entity == "user" and canonical and state != "quarantined"
        ]
        if not users:
            return
        row = raw.execute("SELECT tenant, name, home_page FROM sources WHERE no = ?", (source_no,)).fetchone()
        if row is not None:
            tenant, source, home_page = row
            reviewing.note_rules(raw, tenant, self.rules(tenant))
            learn(raw, tenant, source, home_page, users, self.rules(tenant), now_us)


def known(raw: sqlite3.Connection, tenant: str, asked: Sequence[Asked]) -> dict[Asked, Known]:
    """See ``ports.persons``."""
    if raw.execute("SELECT 1 FROM persons WHERE tenant = ? LIMIT 1", (tenant,)).fetchone() is None:
        return {}
    found: dict[Asked, Known] = {}
    holders: dict[str, list[Holder]] = {}
    persons: dict[int, Known] = {}
    for key, at_us in dict.fromkeys(asked):
        if key not in holders:
            holders[key] = holders_of(raw, tenant, *named(key))
        person = holder(holders[key], at_us)
        if person is None:
            if len(holders[key]) > 1 and (shared := _shared(raw, tenant, key)):
                found[key, at_us] = shared
            continue
        if person not in persons:
            persons[person] = describe(raw, tenant, person)
        found[key, at_us] = persons[person]
    return found


def _shared(raw: sqlite3.Connection, tenant: str, key: str) -> Known | None:
    """Of an address by which nobody knows who is meant, where what it tells would be counted as somebody's."""
    kind, value = named(key)
    owned = "SELECT 1 FROM identities WHERE tenant = ? AND identity = ?"
    return one_of(value) if kind == EMAIL and raw.execute(owned, (tenant, key)).fetchone() else None


def named(key: str) -> tuple[str, str]:
    """(namespace, value) of a learner's key."""
    kind, _, value = key.partition(":")
    return (EMAIL if kind == "mbox" else kind), value


def holders_of(raw: sqlite3.Connection, tenant: str, namespace: str, value: str) -> list[Holder]:
    return [
        Holder(persona=no, person=person, source=source, from_us=from_us, until_us=until_us, inactive_us=inactive_us)
        for no, person, source, from_us, until_us, inactive_us in raw.execute(_HOLDERS, (tenant, namespace, value))
    ]


def describe(raw: sqlite3.Connection, tenant: str, person: int) -> Known:
    """A person, as their personas say: an operator's before all, active ones before others, the oldest first."""
    [anchor] = raw.execute("SELECT anchor FROM persons WHERE no = ?", (person,)).fetchone()
    personas = raw.execute(_PERSONAS, (person,)).fetchall()
    told = [next((row[place] for row in personas if row[place]), "") for place in (3, 4, 5, 6)]
    also = [row[0] for row in raw.execute("SELECT identity FROM identities WHERE person = ?", (person,))]
    email, why = _address(raw, tenant, person, [row[0] for row in personas])
    return Known(
        person=person,
        anchor=anchor,
        also=tuple(sorted(text for text in also if text != anchor)),
        name=told[0],
        email=email,
        locale=told[1],
        timezone=told[2],
        org_unit=told[3],
        contacts=dict(raw.execute("SELECT target, address FROM contacts WHERE person = ?", (person,))),
        withheld=why,
    )


def _address(raw: sqlite3.Connection, tenant: str, person: int, personas: Sequence[int]) -> tuple[str, str]:
    """The address in force that may be used, and else why the one that is told may not."""
    why = ""
    held: dict[int, list[str]] = defaultdict(list)
    for some in some_of(personas):
        marks = ",".join("?" * len(some))
        for persona, value in raw.execute(
            "SELECT persona, value FROM identifiers INDEXED BY identifiers_persona "  # noqa: S608  # marks only
            f"WHERE persona IN ({marks}) AND namespace = '{EMAIL}' AND until_us IS NULL ORDER BY value",
            some,
        ):
            held[persona].append(value)
    for address in dict.fromkeys(value for no in personas for value in held[no]):
        reason = withheld(address, person, holders_of(raw, tenant, EMAIL, address))
        if not reason:
            return address, ""
        why = why or reason
    return "", why


def _first_known(raw: sqlite3.Connection, tenant: str, names: Sequence[str]) -> str:
    latest, first = None, names[0]
    for name in names:
        known_now = known_of(raw, rows.key(tenant, name))
        if known_now is not None and (latest is None or known_now.at_us > latest):
            latest, first = known_now.at_us, name
    return first
