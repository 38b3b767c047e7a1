"""``support``: a bundle for whoever helps, made here so that nothing leaves the daemon that was not scrubbed."""

import os
import sqlite3
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import trio

from actors.kernel import ActorDied, DeadlineExceeded
from actors.ports import StoreUnavailable
from config.model import Configuration
from daemon.backup.copying import Resting, Watch
from daemon.control.backed import ProgressRow, SupportPartRow
from daemon.control.backup_asks import RetentionForecast, Support, Verify
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    ActorTree,
    AuditList,
    ConfigShow,
    DlqList,
    Done,
    Refusal,
    RetentionShow,
    SourceList,
    TokenList,
)
from daemon.control.verbs import (
    actors,
    audit,
    letters,
    overview,
    process,
    retention,
    sources,
    storing,
    targets,
    tokens,
    vault,
    verifying,
)
from daemon.control.watching import watched
from daemon.support import gathering
from daemon.support.gathering import README, File, lines
from daemon.support.pseudonyms import Scrubber
from daemon.support.vocabulary import WORD, words_of_program

KEY_BYTES = 32
HAPPENINGS_MAX = 2_000
UNAVAILABLE = (
    Refusal, StoreUnavailable, sqlite3.Error, OSError, ActorDied, DeadlineExceeded, trio.TooSlowError,
)  # fmt: skip
Asked = Callable[[Asking], Awaitable[Done]]
ROWS: dict[str, tuple[str, Asked]] = {
    "status.jsonl": ("what `status` says: lanes, depths, what is degraded and why", overview.status),
    "health.jsonl": ("checks of the store, the tree of actors, the vault", lambda asking: _health(asking)),
    "actors.jsonl": ("the tree of supervisors and actors", lambda asking: actors.tree(ActorTree(), asking)),
    "config.jsonl": (
        "the configuration in force, without secrets",
        lambda asking: process.config_show(ConfigShow(), asking),
    ),
    "targets.jsonl": ("targets and what holds them back", targets.listing),
    "sources.jsonl": ("sources and their last readings", lambda asking: sources.listing(SourceList(), asking)),
    "tokens.jsonl": ("accounts at vendors, never their tokens", lambda asking: tokens.listing(TokenList(), asking)),
    "vault.jsonl": ("what protects secrets, never what they are", vault.status),
    "causes.jsonl": ("dead letters by root cause", lambda asking: letters.listing(DlqList(summary=True), asking)),
    "audit.jsonl": ("the newest deeds on record", lambda asking: audit.listing(AuditList(limit=200), asking)),
    "retention.jsonl": ("what is kept and what has left", lambda asking: retention.show(RetentionShow(), asking)),
    "storage.jsonl": ("what takes how much of the disk", lambda asking: storing.forecast(RetentionForecast(), asking)),
    "verify.jsonl": ("whether the store is whole, and all adds up", lambda asking: verifying.verify(Verify(), asking)),
}
"""Files that are answers of other verbs."""
OTHERS = {
    "README.txt": "how to read it",
    "versions.json": "of lmsyncd, Python, SQLite, the kernel and every package",
    "schema.sql": "the tables of the store",
    "log.jsonl": "the newest lines of the log",
    "happenings.jsonl": "the time line",
    "stuck.jsonl": "the newest deliveries that wait for a person, without what they say",
    "metrics.txt": "what /metrics shows",
}


async def support(request: Support, asking: Asking) -> Done:
    if request.dry_run:
        for name, what in sorted({**OTHERS, **{name: what for name, (what, _) in ROWS.items()}}.items()):
            await asking.emit(SupportPartRow(name=name, size_bytes=0, what=what))
        return done("nothing was collected")
    scrubber = await _scrubber(asking)
    count = 0
    for name, what in OTHERS.items():
        data = await _tried(lambda name=name: _other(name, scrubber, asking), scrubber)  # type: ignore[misc]  # bound
        await _emit(File(name=name, what=what, data=data), asking)
        count += len(data)
    for name, (what, ask) in ROWS.items():
        data = await _tried(lambda ask=ask: _answered(ask, scrubber, asking), scrubber)  # type: ignore[misc]  # bound
        await _emit(File(name=name, what=what, data=data), asking)
        count += len(data)
    return done(f"{len(OTHERS) + len(ROWS)} files, {count:,} bytes before they are compressed")


async def _emit(file: File, asking: Asking) -> None:
    await asking.emit(SupportPartRow(name=file.name, size_bytes=len(file.data), what=file.what, data=file.data))


async def _scrubber(asking: Asking) -> Scrubber:
    office = asking.office
    configuration = office.configuration()

    def read(watch: Watch) -> frozenset[str]:
        rest = Resting()

        def step() -> None:
            watch.step("reading the program's words", 0, 0)
            rest()

        return words_of_program(step)

    known = await watched(read, asking)
    persons = await office.store.lrs_reader.run(gathering.person_words)
    for tenant in configuration.tenants.values():
        persons |= gathering.words_of_names(word for row in tenant.people for word in (row.display_name, row.email))
    return Scrubber(os.urandom(KEY_BYTES), known | _names(configuration), persons, office.store.audit.mask)


def _names(configuration: Configuration) -> set[str]:
    """Of what operators have named: lanes must be told apart."""
    names: list[str] = []
    for tenant in configuration.tenants.values():
        names += [tenant.name, *tenant.targets, *tenant.sources, *(route.name for route in tenant.routes)]
    return {word for name in names for word in WORD.findall(name)}


async def _tried(make: Callable[[], Awaitable[bytes]], scrubber: Scrubber) -> bytes:
    """What cannot be had says so in its place: a bundle is wanted most when something is broken."""
    try:
        return await make()
    except UNAVAILABLE as error:
        return lines([{"could_not_be_had": str(error)}], scrubber)


async def _answered(ask: Asked, scrubber: Scrubber, asking: Asking) -> bytes:
    rows: list[object] = []

    async def keep(row: msgspec.Struct) -> None:
        if not isinstance(row, ProgressRow):
            rows.append(row)

    ended = await ask(msgspec.structs.replace(asking, emit=keep))
    return lines([*rows, {"kind": "done", "exit_code": ended.exit_code, "note": ended.note}], scrubber)


async def _health(asking: Asking) -> Done:
    for check in await asking.office.health("ready"):
        await asking.emit(check)
    return done()


async def _other(name: str, scrubber: Scrubber, asking: Asking) -> bytes:
    office = asking.office
    read = office.store.lrs_reader.run
    match name:
        case "README.txt":
            return README.encode()
        case "versions.json":
            return gathering.versions(office.version)
        case "schema.sql":
            return await read(gathering.schema)
        case "log.jsonl":
            return gathering.log(office.backstage.lines(), scrubber)
        case "happenings.jsonl":
            found: Sequence[object] = await office.store.chronicle.happenings(limit=HAPPENINGS_MAX)
            return lines(found, scrubber)
        case "stuck.jsonl":
            return lines(await read(gathering.stuck), scrubber)
        case _:
            return gathering.metrics(office.backstage.metrics(), scrubber)
