"""The words of ``[audit]`` in ``lmsyncd.toml``."""

from pathlib import Path

from config.texts import Period, Timeout
from config.words import Words


class AuditWords(Words, frozen=True, kw_only=True):
    """Who did what: how long it is kept, and where its head is told to somebody else."""

    keep: Period | None = "1100d"
    """How long rows are kept. Older ones leave as a whole beginning of a tenant's chain, and with a row that says how
    many they were; what is left still proves itself."""
    anchor: Path | None = None
    """A file that the newest hash and the number of rows are appended to, a line each time. On another disk or machine
    it tells what somebody who can write our database cannot change. The journal is told in any case."""
    anchor_every: Timeout = "15m"
    """How often that is, while there is anything new; and at every stop."""
