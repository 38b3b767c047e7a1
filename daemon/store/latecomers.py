"""What keeps the feed of changes exact where the log alone would not: changes that come late, and those that leave.

A change stands in the feed where its statement stands in the log. But the router may have failed on a statement, and
learn only from a replay what it tells; whoever has read beyond it must not miss it, so it comes behind all that was
shown. And when retention takes a change away, it is kept how far that went: whoever had not read so far is told so.
"""

import sqlite3
from collections.abc import Sequence

SHOWN = "('new', 'overtaken', 'retracted')"
"""The ``news`` that the feed shows."""


def join(raw: sqlite3.Connection, tenant: str, seq: int, news: str) -> None:
    """The statement at ``seq`` tells a change after all, which counts like this."""
    raw.execute("UPDATE outcomes SET news = ? WHERE seq = ?", (news, seq))
    if news != "repeated":
        raw.execute(
            "UPDATE cursors SET late_seq = seq, late_place = 1 + iif(late_seq = seq, late_place, 0) WHERE tenant = ?",
            (tenant,),
        )
        raw.execute(
            "INSERT INTO latecomers (seq, tenant, at_seq, place) "
            "SELECT ?, tenant, late_seq, late_place FROM cursors WHERE tenant = ?",
            (seq, tenant),
        )


def leave(raw: sqlite3.Connection, tenant: str, seqs: Sequence[int]) -> None:
    """Before retention takes these statements, a few hundred at most."""
    marks = ",".join("?" * len(seqs))
    last = raw.execute(
        "SELECT coalesce(l.at_seq, o.seq), coalesce(l.place, 0) FROM outcomes o "  # noqa: S608  # marks and constants
        f"LEFT JOIN latecomers l ON l.seq = o.seq WHERE o.seq IN ({marks}) AND o.news IN {SHOWN} "
        "ORDER BY 1 DESC, 2 DESC LIMIT 1",
        seqs,
    ).fetchone()
    if last is not None:
        raw.execute(
            "UPDATE cursors SET gone_seq = ?1, gone_place = ?2 WHERE tenant = ?3 AND (gone_seq, gone_place) < (?1, ?2)",
            (*last, tenant),
        )
