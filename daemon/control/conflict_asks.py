"""What may be asked about conflicts. ``asks`` re-exports them. A conflict is written TENANT/NUMBER."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.control.ask import Ask, Change, Ids, Limit, Role, Word

Named = Annotated[Ids, Meta(min_length=1)]


class ConflictList(Ask, frozen=True, kw_only=True, tag="conflict.list"):
    """``tenant`` empty: of all. ``state`` empty: in whatever state; ``class_`` empty: of whatever class."""

    tenant: Word = ""
    state: Literal["", "open", "approved", "rejected", "settled", "undone"] = "open"
    class_: Word = ""
    limit: Limit = 50

    role = Role.OPERATOR


class ConflictShow(Ask, frozen=True, kw_only=True, tag="conflict.show"):
    names: Named

    role = Role.OPERATOR


class ConflictApprove(Change, frozen=True, kw_only=True, tag="conflict.approve"):
    """``fix``: which of the suggested ones, from 1. ``like``: all open ones of the same class in the same place, too,
    each by its fix of the same name."""

    names: Named
    fix: Annotated[int, Meta(ge=1, le=20)] = 1
    like: bool = False

    role = Role.APPROVER


class ConflictReject(Change, frozen=True, kw_only=True, tag="conflict.reject"):
    """``why``: for whoever asks later."""

    names: Named
    why: Word = ""
    like: bool = False

    role = Role.APPROVER


class ConflictUndo(Change, frozen=True, kw_only=True, tag="conflict.undo"):
    names: Named

    role = Role.APPROVER
