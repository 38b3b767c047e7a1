"""The words of ``[backup]`` in ``lmsyncd.toml``."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from config.texts import ReadableFile
from config.words import Words


class BackupWords(Words, frozen=True, kw_only=True):
    """What ``lmsyncctl backup`` does where its arguments do not say otherwise, the one of every night included."""

    directory: Path = Path("/var/lib/lmsyncd-backup")
    """Where backups are written. Under systemd the nightly one writes nowhere else without a drop-in."""
    keep: Annotated[int, Meta(ge=1, le=1000)] = 14
    """So many of the newest stay there; older ones of the same store are removed once a new one is complete."""
    recipients: Annotated[tuple[ReadableFile, ...], Meta(max_length=8)] = ()
    """Public keys or certificates (PEM) that backups are encrypted to: X25519, P-256, P-384, P-521 or RSA. Without any,
    the vault's key is used, and a backup is worth nothing where that is lost."""
