"""A statement on its way into the log."""

import msgspec


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment's content that came with a statement. ``sha2`` and ``content_type`` are spelt as there."""

    sha2: str
    content_type: str
    content: bytes


class NewStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as accepted. ``body`` is its JSON without what the LRS adds; ``digest`` identifies its content
    for comparison when the id comes again. ``timestamp`` is as sent, empty if it was not. ``given_id`` tells whether
    the sender chose the id; ``voids`` is the id of the statement that this one voids; ``enclosed`` are the contents
    that it declares and that were sent along, each once. ``keys`` are what it is found by (``keys.keys``), ``target``
    is the id of the statement that it refers to as its object."""

    id: str
    body: bytes
    digest: bytes
    timestamp: str
    given_id: bool
    voids: str | None = None
    enclosed: tuple[Enclosed, ...] = ()
    keys: tuple[int, ...] = ()
    target: str | None = None
