"""What is asked about the audit, and who is asking. ``asks`` re-exports them."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.control.ask import Ask, Change, Limit, Role, Word

Time = Annotated[int, Meta(ge=0, le=1 << 62)]


class AskWhoami(Ask, frozen=True, kw_only=True, tag="whoami"):
    """Who is it that asks, and what may they do? Answered to anybody."""

    role = Role.NOBODY


class AuditList(Ask, frozen=True, kw_only=True, tag="audit.list"):
    """Deeds, the newest first. ``tenant`` empty: of all, or with ``host`` the host's alone. ``who`` and ``object`` are
    parts of what stands there, ``what`` a verb or its first word."""

    tenant: Word = ""
    host: bool = False
    who: Word = ""
    what: Word = ""
    object: Word = ""
    result: Literal["", "done", "failed", "refused", "unfinished"] = ""
    correlation_id: Word = ""
    since_us: Time = 0
    until_us: Time | None = None
    limit: Limit = 50

    role = Role.APPROVER


class AuditVerify(Ask, frozen=True, kw_only=True, tag="audit.verify"):
    """Look through all of it: is it as it was written?"""

    role = Role.APPROVER


class AuditExport(Ask, frozen=True, kw_only=True, tag="audit.export"):
    """The whole chain of a tenant (empty: the host's), with what proves it. It changes nothing, but who takes it along
    is on record."""

    tenant: Word = ""

    role = Role.ADMIN
    mutates = True


class AuditAnchor(Change, frozen=True, kw_only=True, tag="audit.anchor"):
    """Tell the journal and the anchor file how far the audit has come, now."""
