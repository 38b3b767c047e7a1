"""Clients of the embedded LRS that operators made, and when each client was last used. Secrets are not here: only
keyed hashes of them (``daemon.gateway.seal``).

There is one row a name and tenant, and it stays when the credential is revoked, without its hash: who revoked it, and
when, can be told. A name may be given again; the row is then the new one's.
"""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from daemon.store.engine import Engine
from daemon.store.writer import Writer

CREDENTIALS_MAX = 1_000
"""Of one tenant, revoked ones not counted."""
REVOKED_MAX = 1_000
"""Revoked ones of a tenant that are kept on record, the newest."""


class StoredCredential(msgspec.Struct, frozen=True, kw_only=True):
    """A row. ``seal`` names the key of the hashes; ``hash`` is None once it is revoked. While ``former_until_us`` is in
    the future the secret before the last rotation opens too. ``expires_us``: from then on nothing opens."""

    tenant: str
    name: str
    source: str
    scopes: tuple[str, ...]
    rate_per_s: float | None = None
    burst: int | None = None
    seal: bytes
    hash: bytes | None
    former_hash: bytes | None = None
    former_until_us: int | None = None
    made_us: int
    made_by: str
    rotated_us: int | None = None
    expires_us: int | None = None
    revoked_us: int | None = None
    revoked_by: str = ""

    def dead(self, now_us: int) -> bool:
        """Revoked or expired: its name can be given again."""
        return self.revoked_us is not None or (self.expires_us is not None and self.expires_us <= now_us)


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret for a credential; the one before it opens until ``former_until_us``, or (None) not any more."""

    tenant: str
    name: str
    seal: bytes
    hash: bytes
    former_until_us: int | None


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """How often a client was let in, when last, and when last by its former secret."""

    n: int = 0
    used_us: int = 0
    former_used_us: int | None = None

    def plus(self, other: "Use") -> "Use":
        former_us = max(self.former_used_us or 0, other.former_used_us or 0) or None
        return Use(n=self.n + other.n, used_us=max(self.used_us, other.used_us), former_used_us=former_us)


Who = tuple[str, str]
"""(tenant, name)"""

_COLUMNS = ", ".join(StoredCredential.__struct_fields__)
_MARKS = ", ".join("?" * len(StoredCredential.__struct_fields__))
_scopes = msgspec.json.Decoder(tuple[str, ...])


class CredentialRefused(Exception):
    """Nothing was changed: what was to be changed is not as it was seen, or there is no room."""


class SqlCredentials:
    """All methods raise StoreUnavailable while the store takes or gives nothing."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    async def all(self) -> list[StoredCredential]:
        """Of all tenants, revoked ones included, by tenant and name."""
        return await self._read(everyone)

    async def create(self, new: StoredCredential) -> None:
        """Raises CredentialRefused where the name is taken or the tenant has as many as it may."""
        await self._write(lambda raw: create(raw, new))

    async def rotate(self, rotations: Sequence[Rotation], now_us: int) -> None:
        """All or none. Raises CredentialRefused for one that is not there, revoked or expired."""
        await self._write(lambda raw: rotate(raw, rotations, now_us))

    async def revoke(self, which: Sequence[Who], by: str, now_us: int) -> None:
        """All or none. Raises CredentialRefused for one that is not there, or revoked already."""
        await self._write(lambda raw: revoke(raw, which, by, now_us))

    async def uses(self) -> dict[Who, Use]:
        return await self._read(used)

    async def count(self, more: Mapping[Who, Use]) -> None:
        """Add to what is counted."""
        await self._write(lambda raw: count(raw, more))


def everyone(raw: sqlite3.Connection) -> list[StoredCredential]:
    found = raw.execute(f"SELECT {_COLUMNS} FROM credentials ORDER BY tenant, name")  # noqa: S608  # constants only
    names = StoredCredential.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return [StoredCredential(**{**row, "scopes": _scopes.decode(row["scopes"])}) for row in rows]


def create(raw: sqlite3.Connection, new: StoredCredential) -> None:
    alive = "revoked_us IS NULL AND coalesce(expires_us > ?, 1)"
    if raw.execute(
        f"SELECT 1 FROM credentials WHERE tenant = ? AND name = ? AND {alive}",  # noqa: S608  # constants only
        (new.tenant, new.name, new.made_us),
    ).fetchone():
        raise CredentialRefused(f"{new.tenant} has a credential {new.name!r} already")
    [n] = raw.execute(
        "SELECT count(*) FROM credentials WHERE tenant = ? AND hash IS NOT NULL", (new.tenant,)
    ).fetchone()
    if n >= CREDENTIALS_MAX:
        raise CredentialRefused(f"{new.tenant} has {CREDENTIALS_MAX} credentials, which is as many as it may have")
    fields = {**msgspec.structs.asdict(new), "scopes": msgspec.json.encode(new.scopes).decode()}
    raw.execute(f"INSERT OR REPLACE INTO credentials ({_COLUMNS}) VALUES ({_MARKS})", tuple(fields.values()))  # noqa: S608
    raw.execute(
        "DELETE FROM credentials WHERE tenant = ? AND name IN (SELECT name FROM credentials "
        "WHERE tenant = ?1 AND revoked_us IS NOT NULL ORDER BY revoked_us DESC LIMIT -1 OFFSET ?)",
        (new.tenant, REVOKED_MAX),
    )


def rotate(raw: sqlite3.Connection, rotations: Sequence[Rotation], now_us: int) -> None:
    for each in rotations:
        # A hash by a key that is lost opens nothing, so it is not kept as the former one.
        former = "CASE WHEN ?3 IS NOT NULL AND seal = ?2 THEN {} END"
        changed = raw.execute(
            f"UPDATE credentials SET former_hash = {former.format('hash')}, "  # noqa: S608  # constants only
            f"former_until_us = {former.format('?3')}, hash = ?1, seal = ?2, rotated_us = ?4 "
            "WHERE tenant = ?5 AND name = ?6 AND revoked_us IS NULL AND coalesce(expires_us > ?4, 1)",
            (each.hash, each.seal, each.former_until_us, now_us, each.tenant, each.name),
        ).rowcount
        if not changed:
            raise CredentialRefused(f"{each.tenant}/{each.name} is not there any more; nothing was changed")


def revoke(raw: sqlite3.Connection, which: Sequence[Who], by: str, now_us: int) -> None:
    for tenant, name in which:
        changed = raw.execute(
            "UPDATE credentials SET hash = NULL, former_hash = NULL, former_until_us = NULL, revoked_us = ?, "
            "revoked_by = ? WHERE tenant = ? AND name = ? AND revoked_us IS NULL",
            (now_us, by, tenant, name),
        ).rowcount
        if not changed:
            raise CredentialRefused(f"{tenant}/{name} is not there any more; nothing was changed")


def used(raw: sqlite3.Connection) -> dict[Who, Use]:
    found = raw.execute("SELECT tenant, name, n, used_us, former_used_us FROM credential_uses")
    return {(row[0], row[1]): Use(n=row[2], used_us=row[3], former_used_us=row[4]) for row in found}


def count(raw: sqlite3.Connection, more: Mapping[Who, Use]) -> None:
    raw.executemany(
        "INSERT INTO credential_uses (tenant, name, n, used_us, former_used_us) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (tenant, name) DO UPDATE SET n = n + excluded.n, used_us = max(used_us, excluded.used_us), "
        "former_used_us = coalesce(max(former_used_us, excluded.former_used_us), former_used_us, "
        "excluded.former_used_us)",
        [(*who, use.n, use.used_us, use.former_used_us) for who, use in more.items()],
    )
