"""The identity ledger, as sources fill it: who their users are by what identifiers, since when and until when.

It is written in the transaction in which the records are taken in, and only what differs from before is. An identifier
that is not told any more stays, with the time when that was.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from actors.domain.canonical import User
from actors.domain.identity import ACCOUNT, EMAIL, Confidence
from actors.domain.people import account_key, fold_email, sha1_key
from config.identity import Identity
from daemon.store.persons import Learnt, held_by, next_no, resettle, some_of

SHA1 = "sha1"
OPERATOR = ""
"""The source of what people linked."""
FOLDED = frozenset({EMAIL, "upn", "username"})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A user as their source tells it; ``gone``: it has them no more."""

    user: User
    gone: bool = False


def learn(
    raw: sqlite3.Connection,
    tenant: str,
    source: str,
    home_page: str,
    users: Sequence[Told],
    rules: Identity,
    now_us: int,
) -> Learnt:
    """What a source tells of some of its users, and what follows from it. ``home_page`` is that of their accounts."""
    latest = {told.user.id: told for told in users}
    touched: list[int] = []
    for some in some_of(list(latest.values())):
        touched += _write(raw, tenant, source, home_page, some, now_us)
    return resettle(raw, tenant, touched, rules, now_us)


def identifiers_of(user: User, home_page: str) -> dict[tuple[str, str], None]:
    """(namespace, value) of all by which a user can be known, the address's hash included."""
    found: dict[tuple[str, str], None] = {}
    if home_page:
        found[ACCOUNT, account_key(home_page, user.id).partition(":")[2]] = None
    if user.email:
        email = fold_email(user.email)
        found[EMAIL, email] = None
        found[SHA1, sha1_key(email).partition(":")[2]] = None
    for namespace, value in user.identifiers.items():
        if clean := folded(namespace, value):
            found[namespace, clean] = None
    return found


def folded(namespace: str, value: str) -> str:
    """A value as it is compared."""
    if namespace == ACCOUNT and "|" in value:
        home, _, name = value.rpartition("|")
        return account_key(home.strip(), name.strip()).partition(":")[2]
    return value.strip().casefold() if namespace in FOLDED else value.strip()


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _write(
    raw: sqlite3.Connection, tenant: str, source: str, home_page: str, users: Sequence[Told], now_us: int
) -> list[int]:
    """The numbers of those personas of which something changed that may matter to who they are."""
    marks = ",".join("?" * len(users))
    known = {
        row[0]: row[1:]
        for row in raw.execute(
            f"SELECT user, no, inactive_us, gone, name, locale, timezone, org_unit FROM personas "  # noqa: S608
            f"WHERE tenant = ? AND source = ? AND user IN ({marks})",
            (tenant, source, *(told.user.id for told in users)),
        )
    }
    held = held_by(raw, [row[0] for row in known.values()])
    after = next_no(raw, "personas")
    touched: list[int] = []
    born, changed, gained, ended = [], [], [], []
    for told in users:
        user, row = told.user, known.get(told.user.id)
        wanted = identifiers_of(user, home_page)
        about = (name_of(user), user.locale, user.timezone, user.org_unit)
        inactive = told.gone or not user.active
        if row is None:
            if told.gone:
                continue  # nobody knew them
            no, after = after, after + 1
            born.append((no, tenant, source, user.id, *about, now_us, now_us if inactive else None))
            gained += [(tenant, *each, no, now_us) for each in wanted]
            touched.append(no)
            continue
        no, inactive_us, gone, *before = row
        since_us = (inactive_us or now_us) if inactive else None
        if (since_us, told.gone, about) != (inactive_us, bool(gone), tuple(before)):
            changed.append((*about, since_us, told.gone, no))
        current = {(each.namespace, each.value) for each in held[no] if each.until_us is None}
        fresh = [each for each in wanted if each not in current]
        lost = [each for each in current if each not in wanted] if not told.gone else []
        gained += [(tenant, *each, no, now_us) for each in fresh]
        ended += [(now_us, tenant, *each, no) for each in lost]
        if fresh or lost or since_us != inactive_us:
            touched.append(no)
    if born:
        raw.executemany(
            "INSERT INTO personas (no, tenant, source, user, person, name, locale, timezone, org_unit, known_us, "
            "inactive_us) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
            born,
        )
    raw.executemany(
        "UPDATE personas SET name = ?, locale = ?, timezone = ?, org_unit = ?, inactive_us = ?, gone = ? WHERE no = ?",
        changed,
    )
    raw.executemany(
        "UPDATE identifiers SET until_us = ? WHERE tenant = ? AND namespace = ? AND value = ? AND persona = ?", ended
    )
    raw.executemany(
        f"INSERT INTO identifiers VALUES (?, ?, ?, ?, ?, NULL, {int(Confidence.SOURCE)}) "  # noqa: S608  # a number
        "ON CONFLICT (tenant, namespace, value, persona) DO UPDATE SET until_us = NULL",
        gained,
    )
    moved = {value for _, kind, value, *_ in gained if kind == EMAIL}
    moved |= {value for _, _, kind, value, _ in ended if kind == EMAIL}
    _forget_addresses(raw, tenant, moved)
    return touched


def _forget_addresses(raw: sqlite3.Connection, tenant: str, emails: Iterable[str]) -> None:
    """What vendors call whoever has an address is asked anew when it changes hands."""
    raw.executemany(
        "DELETE FROM addresses WHERE lane > ? AND lane < ? AND email = ?",
        [(f"{tenant}/", f"{tenant}0", email) for email in sorted(emails)],
    )


def name_of(user: User) -> str:
    return user.display_name or f"{user.given_name} {user.family_name}".strip()
