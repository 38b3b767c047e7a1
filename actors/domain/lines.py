"""Lines of a target that is one reader: each learner's deliveries stand in one of a few, so that their order is kept
while many are on their way."""

import hashlib

from actors.domain.changes import AnyChange
from actors.domain.outbox import Place

LINES = 64


def line_of(change: AnyChange) -> Place:
    """The learner's line."""
    mark = hashlib.blake2b(change.learner.identity.encode("utf-8", "replace"), digest_size=2).digest()
    return Place(destination=f"learners-{int.from_bytes(mark) % LINES:02d}")
