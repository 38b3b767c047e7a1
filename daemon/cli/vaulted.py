"""Secrets at rest and their keys, for people: the rows of ``control.vaulted``."""

from typing import assert_never

from rich.text import Text

from config.numbers import number_of
from daemon.cli.cells import at, number, plain
from daemon.control import views as v

Listed = v.PutRow | v.DataKeyRow
NUMBERS = ("version", "values")
STATES = {"in use": "green", "retired": "yellow", "closed": "red"}
GOOD = ("tpm2", "host key and tpm2", "pkcs11", "host key")


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.PutRow():
            return ("secret", "version", "set", "by", "used by", "remarks")
        case v.DataKeyRow():
            return ("data key of", "key", "state", "values", "made", "wrapped", "with", "remarks")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.PutRow():
            return [
                plain(f"{row.tenant}/{row.name}" if row.tenant else row.name),
                number(row.version),
                at(row.set_us)[:19],
                plain(row.set_by),
                plain(", ".join(row.used_by) or "nobody"),
                plain(row.trouble, "red"),
            ]
        case v.DataKeyRow():
            return [
                plain(row.tenant or "(host)"),
                plain(row.key),
                plain(row.state, STATES.get(row.state, "")),
                number(row.values),
                at(row.made_us)[:19],
                at(row.wrapped_us)[:19],
                plain(f"{row.kek} (former)" if row.former else row.kek, "yellow" if row.former else ""),
                plain(row.trouble, "red"),
            ]
        case _ as never:
            assert_never(never)


def said(row: v.VaultRow) -> Text:
    """What protects everything, in a few lines."""
    colour = "green" if row.sealing in GOOD else "yellow"
    told = Text.assemble(
        (row.sealing, f"bold {colour}"),
        plain(
            f"  key {row.kek or 'none yet'}: {row.where}; {number_of(row.keys, 'data keys')}, "
            f"{row.closed} cannot be used"
        ),
    )
    for line in (*([row.trouble] if row.trouble else []), *row.remarks):
        told.append_text(plain(f"\n  - {line}", "red" if line == row.trouble else "yellow"))
    return told
