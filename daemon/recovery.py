"""``lmsyncd restore`` and ``lmsyncd verify``: what is done with a store while no daemon uses it, or with a copy."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
import trio

from actors.ports import Clock
from config.model import Configuration
from config.secrets import SecretReader
from daemon import settings
from daemon.backup import opening, restoring
from daemon.backup.refusing import BackupRefused
from daemon.backup.sealed import Header, is_backup
from daemon.cli.render import Json, Printer, printer
from daemon.clock import SystemClock
from daemon.control.backed import BackupFileRow
from daemon.control.exits import Exit
from daemon.control.protocol import Done, Refusal
from daemon.control.verbs.verifying import first_of, rows_of
from daemon.store import reinstating
from daemon.store.audit_anchor import in_file, in_mark
from daemon.store.audit_proof import Anchor
from daemon.store.database import Lock
from daemon.store.errors import StoreRefused
from daemon.store.folders import given
from daemon.store.mark import Intact, Lost
from daemon.store.verifying import verify as prove
from daemon.vault.envelope import VaultUnusable
from daemon.vault.keks import key_path
from daemon.vault.opening import Keks

PROGRESS_S = 2.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with which backup. ``check``: only a copy is made and removed again; ``unpack``: that copy is left
    there, and nothing else is done."""

    file: Path
    identity: Path | None = None
    check: bool = False
    accept_loss: bool = False
    unpack: Path | None = None
    clock: Clock = msgspec.field(default_factory=SystemClock)


class _Place(msgspec.Struct, frozen=True):
    """Where a store is, and what opens secrets there."""

    configuration: Configuration
    store: Path
    keks: Keks


def restore(root: Path, environ: Mapping[str, str], wanted: Wanted, *, as_json: bool) -> int:
    """``lmsyncd restore``."""
    out = printer(as_json=as_json, quiet=False)
    configuration, problems = settings.read(root, environ)
    if configuration is None:
        settings.show(problems, as_json=False)
        return Exit.BAD_CONFIGURATION
    store = settings.store_path(configuration)
    keks = Keks(configuration.root, key_path(store), SecretReader(environ).outside, environ)
    keks.configure(configuration.daemon.vault)
    place = _Place(configuration, store, keks)
    try:
        store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if wanted.unpack is not None:
            _unpacked(place, wanted, wanted.unpack)
            out.end(Done(note=f"{wanted.unpack}: the database, as it was; nothing else was touched"))
            return Exit.OK
        with _held(store, alone=not wanted.check) as finished:
            into = reinstating.restoring_path(store)
            try:
                header = _unpacked(place, wanted, into)
                if finished is not None and finished.sha256 == header.sha256:
                    out.end(Done(note="the restore of it that was killed is finished now; start lmsyncd"))
                    return Exit.OK
                return _restored(place, wanted, into, header, out)
            finally:
                reinstating.swept(store)
    except (BackupRefused, StoreRefused) as error:
        return _refused(out, str(error))
    except OSError as error:
        return _refused(out, f"{error.filename or wanted.file}: {error.strerror or error}")


@contextmanager
def _held(store: Path, *, alone: bool) -> Iterator[reinstating.Placing | None]:
    """The folder of a store, for one restore, with nothing of an earlier one left in it; ``alone``: and the store, from
    before the work to its end. What a killed restore left was finished then: that one. Raises StoreRefused, OSError."""
    with reinstating.folder_held(store):
        if not alone:
            if reinstating.begun(store):
                raise StoreRefused("a restore was killed in the middle: start lmsyncd or restore again to finish it")
            reinstating.swept(store)
            yield None
            return
        with ExitStack() as released:
            released.callback(Lock(store).release)
            released.callback(given, store.parent, store.with_name(store.name + ".lock"))
            finished = reinstating.finish(store)
            reinstating.swept(store)
            yield finished


def _restored(place: _Place, wanted: Wanted, into: Path, header: Header, out: Printer) -> int:
    """What was unpacked is looked at, proven, and put in the store's place if that is wanted."""
    file, store = wanted.file, place.store
    found, holdings = opening.holdings(into)
    if (found.store, found.number) != (header.mark.store, header.mark.number):
        raise BackupRefused("the database in it is another one than its header names")
    reading, verdict = opening.compared(store, found)
    missing = trio.run(_keys_missing, place.keks, holdings.keks)
    lost = restoring.newer(store, verdict, found)
    told = BackupFileRow(
        file=str(file),
        store=found.store,
        lmsyncd=header.lmsyncd,
        schema_version=header.schema,
        number=found.number,
        at_us=header.mark.at_us,
        made_us=header.made_us,
        database_bytes=header.database_bytes,
        sha256=header.sha256,
        sealed_for=tuple(f"{each.kind} {each.key}" for each in header.keys),
        tenants=holdings.tenants,
        statements=holdings.statements,
        deliveries=holdings.deliveries,
        against=lost or _against(reading.mark is not None, store),
        commits_behind=verdict.missing if isinstance(verdict, Lost) else 0 if isinstance(verdict, Intact) else None,
        behind_us=max(0, reading.mark.at_us - header.mark.at_us) if reading.mark is not None else None,
        keys_missing=missing,
    )
    out.row(_raw(told))
    anchors = _anchors(place.configuration, header.mark.audited)
    first = _proven(into, anchors, out)
    if first:
        raise BackupRefused(f"{file}: {first}")
    if wanted.check:
        out.end(Done(note="it can be restored; nothing was touched"))
        return Exit.OK
    if lost and not wanted.accept_loss:
        raise StoreRefused(f"{lost}; to go on without it: --accept-loss")
    for line in restoring.reinstate(store, header, wanted.clock.now_us(), verdict):
        click.echo(line, err=True)
    out.end(Done(note="restored; start lmsyncd. docs/recovery.md says how to have the missing time told again"))
    return Exit.OK


def _against(marked: bool, store: Path) -> str:
    if marked:
        return "nothing that its mark has seen is missing in the backup"
    return f"there is no mark of {store}: whatever may have been posted since the backup will be looked for"


def verify(root: Path, environ: Mapping[str, str], database: Path | None, *, as_json: bool) -> int:
    """``lmsyncd verify``: of the configuration's store, or of a database file alone."""
    out = printer(as_json=as_json, quiet=False)
    anchors: list[Anchor] = []
    if database is None:
        configuration, problems = settings.read(root, environ)
        if configuration is None:
            settings.show(problems, as_json=False)
            return Exit.BAD_CONFIGURATION
        database = settings.store_path(configuration)
        anchors = _anchors(configuration, None)
    try:
        if database.exists() and is_backup(database):
            return _refused(out, f"{database} is encrypted: lmsyncd restore {database} --check opens and proves it")
        first = _proven(database, [*in_mark(database), *anchors], out)
    except (BackupRefused, StoreRefused) as error:
        return _refused(out, str(error))
    except OSError as error:
        return _refused(out, f"{error.filename or database}: {error.strerror or error}")
    code = Exit.FAILURE if first else Exit.OK
    out.end(Done(exit_code=code, note=first or "whole, and everything adds up"))
    return code


def _proven(database: Path, anchors: list[Anchor], out: Printer) -> str:
    """Every step as a row; the first that does not fit, in words. Raises StoreRefused."""
    steps = []
    told = _Progress()
    for step in prove(database, anchors, lambda name, done, of: told(f"{name}: {done} of {of}" if of else name)):
        steps.append(step)
        for row in rows_of(step):
            out.row(_raw(row))
    return first_of(steps)


def _unpacked(place: _Place, wanted: Wanted, into: Path) -> Header:
    """Of a backup, or of a plain database."""
    if opening.is_database(wanted.file):
        return opening.adopt(wanted.file, into, wanted.clock.now_us(), _Progress().bytes)
    header = opening.header_of(wanted.file)
    brought = None if wanted.identity is None else opening.held(wanted.identity, _passphrase)
    key = trio.run(opening.file_key, header, place.keks, brought)
    return opening.unpack(wanted.file, into, key, _Progress().bytes)


async def _keys_missing(keks: Keks, wanted: tuple[str, ...]) -> tuple[str, ...]:
    missing = []
    for kek in wanted:
        try:
            await keks.by_id(bytes.fromhex(kek))
        except VaultUnusable:
            missing.append(kek)
    return tuple(missing)


def _anchors(configuration: Configuration, through: int | None) -> list[Anchor]:
    """What the anchor file remembers, of the first so many rows where a backup is looked at: it ends there."""
    path = configuration.daemon.audit.anchor
    if path is None or not path.exists():
        return []
    return [each for each in in_file(path) if through is None or each.seq <= through]


def _passphrase() -> bytes:
    return str(click.prompt("Passphrase of the key", hide_input=True, err=True)).encode()


class _Progress:
    """A line to the standard error now and then."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._told_s >= PROGRESS_S:
            self._told_s = time.monotonic()
            click.echo(f"lmsyncd: {text}", err=True)

    def bytes(self, done: int, of: int) -> None:
        self(f"{done / 1e6:,.0f} of {of / 1e6:,.0f} MB")


def _raw(row: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(row))


def _refused(out: Printer, what: str) -> int:
    if isinstance(out, Json):
        out.refused(Refusal(Exit.FAILURE, what))
    else:
        click.echo(f"lmsyncd: {what}", err=True)
    return Exit.FAILURE
