"""Backups, proofs of the store and the outlook on the disk, for people (the rows of ``control.backed``)."""

from typing import assert_never

from rich.text import Text

from config.numbers import agreeing, number_of
from daemon.cli.cells import at, number, plain
from daemon.cli.keeping import size
from daemon.control import backed as v
from daemon.control.times import span

Listed = v.VerifiedRow | v.WrongRow | v.StorageRow | v.SupportPartRow
Said = v.BackupHeadRow | v.BackupRow | v.BackupFileRow | v.DiskRow
NUMBERS = ("looked at", "rows", "size", "a day", "at last", "bytes")


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.VerifiedRow():
            return ("step", "", "looked at", "took", "detail")
        case v.WrongRow():
            return ("step", "table", "row", "tenant", "what does not fit")
        case v.StorageRow():
            return ("tenant", "what", "rows", "size", "a day", "kept", "level from", "at last")
        case v.SupportPartRow():
            return ("file", "bytes", "what")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.VerifiedRow():
            said = plain(f"{row.wrong:,} wrong", "red") if row.wrong else plain("whole", "green")
            return [plain(row.step), said, number(row.looked_at), f"{row.took_s:g} s", plain(row.detail)]
        case v.WrongRow():
            return [
                plain(row.step, "red"),
                plain(row.table),
                number(row.row) if row.row else "",
                plain(row.tenant),
                plain(row.detail),
            ]
        case v.StorageRow():
            level = "never" if row.stable_us is None else at(row.stable_us)[:10] if row.rows_per_day else ""
            return [
                plain(row.tenant or "(all)"),
                plain(row.what),
                number(row.rows),
                size(row.bytes),
                size(row.bytes_per_day) or "-",
                plain(row.period),
                level,
                size(row.stable_bytes or 0) if row.rows_per_day else "",
            ]
        case v.SupportPartRow():
            return [plain(row.name), number(row.size_bytes), plain(row.what)]
        case _ as never:
            assert_never(never)


def said(row: Said) -> Text:
    """In a few lines."""
    match row:
        case v.BackupHeadRow():
            return plain(
                f"{row.name}, at most {size(row.database_bytes)}, to {row.directory} unless you say otherwise, "
                f"of which {row.keep} stay; encrypted for {', '.join(row.sealed_for)}"
            )
        case v.BackupRow():
            log = f"; the log came to {size(row.log_bytes)} meanwhile" if row.log_bytes else ""
            return plain(
                f"{row.file or 'a backup'}: {size(row.file_bytes)}, in {row.took_s:g} s\n"
                f"  store {row.store} at commit {row.number}, {at(row.at_us)}: {size(row.database_bytes)}, "
                f"SHA-256 {row.sha256}\n  for {', '.join(row.sealed_for)}{log}"
            )
        case v.BackupFileRow():
            return _file(row)
        case v.DiskRow():
            end = "never full" if row.full_us is None else f"full on {at(row.full_us)[:10]}"
            return plain(
                f"database {size(row.database_bytes)}, {size(row.reusable_bytes) or 'nothing'} of it free; disk "
                f"{size(row.disk_free_bytes)} free, {size(abs(row.bytes_per_day)) or 'nothing'} a day "
                f"{'more' if row.bytes_per_day >= 0 else 'less'}: {end} "
                f"({row.measured}, by the last {row.days:g} days)"
            )
        case _ as never:
            assert_never(never)


def _file(row: v.BackupFileRow) -> Text:
    deliveries = ", ".join(f"{n:,} {state}" for state, n in row.deliveries.items()) or "none"
    behind = ""
    if row.behind_us is not None:
        commits = "" if row.commits_behind is None else f"{number_of(row.commits_behind, 'commits')} and "
        behind = f"\n  older than the store here by {commits}{span(row.behind_us / 1e6)}"
    keys = ""
    if row.keys_missing:
        n = len(row.keys_missing)
        keys = (
            f"\n  {number_of(n, 'keys')} of the vault ({', '.join(row.keys_missing)}) {agreeing(n, 'is', 'are')} not "
            "here: secrets sealed with it cannot be opened until it is (docs/secrets.md)"
        )
    made = f"made {at(row.made_us)} by lmsyncd {row.lmsyncd} for {', '.join(row.sealed_for)}"
    if not row.sealed_for:
        made = "a plain database, not encrypted"
    return plain(
        f"{row.file}: store {row.store} at commit {row.number}, {at(row.at_us)}\n"
        f"  {made} (schema {row.schema_version})\n"
        f"  database {size(row.database_bytes)}, SHA-256 {row.sha256}\n"
        f"  tenants {', '.join(row.tenants) or 'none'}; {number_of(row.statements, 'statements')}; "
        f"deliveries: {deliveries}{behind}{keys}\n  {row.against}",
        "yellow" if row.keys_missing else "",
    )
