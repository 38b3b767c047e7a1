"""A store with something in it, a place for it, and its backup as an operator makes one, without a socket."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import trio
from audited_store import deed
from control_office import Desk, Office
from control_office import ask as ask_office
from control_socket import ACME
from told import graded
from world import VirtualClock

from daemon.control import protocol as p
from daemon.control.views import BackupPartRow, BackupRow
from daemon.store.database import open_store


def key_pair(folder: Path, kind: str = "x25519") -> tuple[Path, Path]:
    """(private, public), in PEM."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

    made: Mapping[str, Any] = {
        "x25519": x25519.X25519PrivateKey.generate,
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
    }
    private = made[kind]()
    paths = folder / f"{kind}.key", folder / f"{kind}.pub"
    paths[0].write_bytes(private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    paths[1].write_bytes(private.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    return paths


async def filled(office: Office, people: int = 3) -> Desk:
    """Grades of so many people: accepted, and known to the router."""
    desk = Desk(office)
    await desk.tell(*(graded(f"learner-{n}", 80) for n in range(people)))
    await desk.route()
    return desk


async def backed_up(office: Office, into: Path, *recipients: Path) -> BackupRow:
    """The file, as ``lmsyncctl backup`` would have it."""
    rows, _ = await ask_office(office, p.Backup(recipients=tuple(path.read_text() for path in recipients)))
    whole = b"".join(row.data for row in rows if isinstance(row, BackupPartRow))
    await trio.Path(into).write_bytes(whole)
    return next(row for row in rows if isinstance(row, BackupRow))


def place(folder: Path) -> Path:
    """A configuration directory whose store is ``folder/state/lmsyncd.db``."""
    root = folder / "etc"
    (root / "tenants.d").mkdir(parents=True)
    (root / "lmsyncd.toml").write_text("")
    os.chmod(root, 0o700)
    return root


def decoded(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(line)
    return found


async def lived(folder: Path, *recipients: Path) -> Path:
    """A configuration whose store has lived, was backed up, and lived on; the backup."""
    root = place(folder)
    (root / "state").mkdir()
    async with open_store(root / "state/lmsyncd.db", VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        desk = await filled(office)
        await backed_up(office, folder / "b.backup", *recipients)
        await desk.tell(graded("later", 90))
        await store.audit.conclude("acme", await store.audit.intend("acme", deed()), "done")
        await store.keeper.keep()
    return root


def statements(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("SELECT count(*) FROM statements").fetchone()[0])
