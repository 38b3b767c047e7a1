"""What leaves the identity ledger by retention: users whom their source has no more, and identifiers that are not told
any more, once nothing that was counted by them is remembered either. See ``retiring``.

What holds a person together stays as long as the person does: without it they would fall apart again.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from actors.domain.retention import Cutoffs
from daemon.store.erasing_persons import forget
from daemon.store.retiring import LOOK_MAX, After, Chore, Page

_GONE = (
    "SELECT p.no, p.person, p.inactive_us, (SELECT count(*) FROM personas o WHERE o.person = p.person) FROM personas p "
    "INDEXED BY personas_gone WHERE p.tenant = ? AND p.no > ? AND p.gone = 1 ORDER BY p.no LIMIT ?"
)
_FORMER = (
    "SELECT until_us, namespace, value, persona, EXISTS (SELECT 1 FROM identifiers o "
    "WHERE o.tenant = i.tenant AND o.namespace = i.namespace AND o.value = i.value AND o.persona <> i.persona) "
    "FROM identifiers i INDEXED BY identifiers_former WHERE tenant = ? AND until_us IS NOT NULL "
    "AND (until_us, namespace, value, persona) > (?, ?, ?, ?) AND until_us < ? "
    "ORDER BY until_us, namespace, value, persona LIMIT ?"
)


def _personas(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """Alone in their person: others would lose what was counted by it."""
    found = raw.execute(_GONE, (cut.tenant, *(after or (-1,)), LOOK_MAX)).fetchall()
    keys = [row[:2] for row in found if row[2] < cut.horizon_us and row[3] == 1]
    return Page(keys, (found[-1][0],) if len(found) == LOOK_MAX else None)


def _take_personas(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    for no, person in keys:
        forget(raw, cut.tenant, no, person, ())
    return {"identities": len(keys)}


def _former(raw: sqlite3.Connection, cut: Cutoffs, after: After) -> Page:
    """What nobody else has or had: it says nothing any more of who is who."""
    start = after or (-1, "", "", -1)
    found = raw.execute(_FORMER, (cut.tenant, *start, cut.horizon_us, LOOK_MAX)).fetchall()
    keys = [row[1:4] for row in found if not row[4]]
    return Page(keys, found[-1][:4] if len(found) == LOOK_MAX else None)


def _take_former(raw: sqlite3.Connection, cut: Cutoffs, keys: Sequence[Any]) -> Mapping[str, int]:
    """The text by which something was counted goes with it, unless it is an anchor."""
    raw.executemany(
        "DELETE FROM identifiers WHERE tenant = ? AND namespace = ? AND value = ? AND persona = ? "
        "AND until_us IS NOT NULL",
        [(cut.tenant, *key) for key in keys],
    )
    raw.executemany(
        "DELETE FROM identities WHERE tenant = ?1 AND identity = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM persons WHERE tenant = ?1 AND anchor = ?2)",
        [(cut.tenant, f"mbox:{value}") for namespace, value, _ in keys if namespace == "email"],
    )
    return {"identifiers": len(keys)}


PERSONS_CHORES: dict[str, Chore] = {
    "identities": Chore(_personas, _take_personas),
    "identifiers": Chore(_former, _take_former),
}
