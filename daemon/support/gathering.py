"""What a bundle for support has, file by file: what lmsyncd would show an operator anyway, scrubbed. What cannot be had
says why in its place.
"""

import platform
import sqlite3
from collections.abc import Iterable, Sequence
from importlib.metadata import distributions

import msgspec

from daemon.support.pseudonyms import Scrubber
from daemon.support.vocabulary import WORD

FILE_BYTES_MAX = 8 * 1024 * 1024
LOG_BYTES_MAX = FILE_BYTES_MAX // 2
"""Of lines as they were written; pseudonyms may be longer than words."""
STUCK_MAX = 200
NAMES_MAX = 200_000
NAME_CHARS_MIN = 3
"""A shorter part of a name (an initial, ``de``) tells nobody's name, and is a word of many texts."""
_LABELS = "{"
_STUCK = (
    "SELECT lower(hex(id)) AS id, lane, route, state, cause, detail, attempts, accepted_us, done_us FROM deliveries "
    "WHERE state IN ('dead', 'parked', 'unknown') ORDER BY seq DESC LIMIT ?"
)
_NAMES = "SELECT name FROM personas UNION SELECT user FROM personas LIMIT ?"
README = """What is in here was made by `lmsyncctl support`.

Secrets are left out. Words that are not lmsyncd's own, nor names of tenants, targets, sources and routes in the
configuration, are replaced by pseudonyms: mail-… for addresses, url-… for links, id-… for ids, x-… for anything else.
The same word has the same pseudonym in all files, and another one in the next bundle. The key was thrown away.
Times are UTC; numbers whose names end with _us are microseconds since 1970.
"""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the bundle; ``what`` says what is in it."""

    name: str
    what: str
    data: bytes


def lines(rows: Iterable[object], scrubber: Scrubber) -> bytes:
    """JSON Lines, scrubbed; what is beyond the bound of a file is left out, the oldest first to stay."""
    out = bytearray()
    for row in rows:
        line = msgspec.json.encode(scrubber.value(msgspec.to_builtins(row, enc_hook=repr))) + b"\n"
        if len(out) + len(line) > FILE_BYTES_MAX:
            break
        out += line
    return bytes(out)


def log(recent: Sequence[bytes], scrubber: Scrubber) -> bytes:
    """Lines of the log as they were written, scrubbed. Where they are too many, the newest are there."""
    decoded: list[object] = []
    size = 0
    for at in range(len(recent) - 1, -1, -1):
        size += len(recent[at])
        if size > LOG_BYTES_MAX:
            recent = recent[at + 1 :]
            break
    for line in recent:
        try:
            decoded.append(msgspec.json.decode(line))
        except msgspec.DecodeError:
            decoded.append({"unreadable": len(line)})
    return lines(decoded, scrubber)


def metrics(page: str, scrubber: Scrubber) -> bytes:
    """Samples with the values of their labels scrubbed; the numbers are ours."""
    kept = []
    for line in page.splitlines():
        name, brace, rest = line.partition(_LABELS)
        if line.startswith("#") or not brace:
            kept.append(line)
            continue
        labels, _, number = rest.rpartition("}")
        kept.append(f"{name}{{{scrubber.text(labels)}}}{number}")
    return ("\n".join(kept) + "\n").encode()[:FILE_BYTES_MAX]


def versions(version: str) -> bytes:
    """Of lmsyncd, of what it runs on, and of every package beside it."""
    told = {
        "lmsyncd": version,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "kernel": platform.release(),
        "packages": dict(sorted((each.metadata["Name"], each.version) for each in distributions())),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1)


def schema(raw: sqlite3.Connection) -> bytes:
    """The statements that made the tables: ours, nothing of anybody's."""
    found = raw.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
    return "".join(f"{sql};\n" for (sql,) in found).encode()


def stuck(raw: sqlite3.Connection) -> list[dict[str, object]]:
    """What waits for a person, the newest first, without what it would say."""
    cursor = raw.execute(_STUCK, (STUCK_MAX,))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def person_words(raw: sqlite3.Connection) -> set[str]:
    """Words of the names and account names of everybody whom the identity ledger knows."""
    return words_of_names(name for (name,) in raw.execute(_NAMES, (NAMES_MAX,)))


def words_of_names(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in WORD.findall(name) if len(word) >= NAME_CHARS_MIN}
