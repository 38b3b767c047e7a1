"""What operators ask to have the store in safety: a backup, a proof, an outlook on the disk, a bundle for support."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

LONG_S = 6 * 3600.0
Pem = Annotated[str, Meta(max_length=65_536)]


class Backup(Change, frozen=True, kw_only=True, tag="backup"):
    """One state of the whole store, encrypted, as rows of bytes. ``recipients``: public keys or certificates in PEM;
    without any those of ``[backup]``, else the vault."""

    recipients: Annotated[tuple[Pem, ...], Meta(max_length=8)] = ()

    role = Role.ADMIN
    lasts_s = LONG_S


class Verify(Ask, frozen=True, kw_only=True, tag="verify"):
    """Is the database whole, and does everything in it add up?"""

    role = Role.APPROVER
    lasts_s = LONG_S


class RetentionForecast(Ask, frozen=True, kw_only=True, tag="retention.forecast"):
    """How much is stored, how fast that grows, and when the disk is full. ``tenant`` empty: all of them."""

    tenant: Word = ""


class Support(Change, frozen=True, kw_only=True, tag="support"):
    """What somebody needs who helps, without secrets and without persons. With ``dry_run`` only what it would be."""

    role = Role.APPROVER
    lasts_s = LONG_S
