"""A statement on its way into the log."""

import msgspec


class NewStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as accepted. ``body`` is its JSON without what the LRS adds; ``digest`` identifies its content
    for comparison when the id comes again. ``timestamp`` is as sent, empty if it was not. ``given_id`` tells whether
    the sender chose the id; ``voids`` is the id of the statement that this one voids."""

    id: str
    body: bytes
    digest: bytes
    timestamp: str
    given_id: bool
    voids: str | None = None
