"""What operators ask about who is who. ``asks`` re-exports them."""

from daemon.control.ask import Ask, Change, Limit, Role, Word


class IdentityFind(Ask, frozen=True, kw_only=True, tag="identity.find"):
    """``text``: an identifier, an address, a user as SOURCE/ID, a person's number, or letters of a name. ``tenant``
    empty: the only one."""

    text: Word
    tenant: Word = ""

    role = Role.OPERATOR


class IdentityList(Ask, frozen=True, kw_only=True, tag="identity.list"):
    """What looks like one person and is not certain."""

    tenant: Word = ""
    limit: Limit = 50

    role = Role.OPERATOR


class IdentityLink(Change, frozen=True, kw_only=True, tag="identity.link"):
    """``one`` is a person; ``other`` one too, or an identifier that is theirs, or TARGET:ADDRESS."""

    one: Word
    other: Word
    tenant: Word = ""


class IdentityUnlink(Change, frozen=True, kw_only=True, tag="identity.unlink"):
    """``which`` is a user as SOURCE/ID or an identifier, which is another person than the rest; or TARGET:ADDRESS."""

    which: Word
    tenant: Word = ""
