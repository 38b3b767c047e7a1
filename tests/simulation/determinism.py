"""Why a seed replays: one thread, virtual time, and every source of chance seeded.

Trio reschedules a batch of tasks in an order of its own choosing; with deterministic scheduling allowed it sorts them
first, and its dice (seeded here) say in which direction. Nothing else may decide by chance: fresh ids come from a
seeded source, and what still depends on the order of a set shows when the same seed runs under another
``PYTHONHASHSEED``.
"""

import random
import secrets
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar
from unittest import mock

import trio
from trio._core import _run
from trio.testing import MockClock

T = TypeVar("T")


def run(seed: object, main: Callable[[], Awaitable[T]]) -> T:
    """Run ``main`` in virtual time; the same seed gives the same order of everything."""
    with seeded(seed):
        return trio.run(main, clock=MockClock(autojump_threshold=0.0))


@contextmanager
def seeded(seed: object) -> Iterator[None]:
    """Chance under control, and back as it was at the end."""
    ours = random.Random(f"fresh ids of {seed}")
    before = random.getstate(), _run._r.getstate(), _run._ALLOW_DETERMINISTIC_SCHEDULING

    def fresh_uuid() -> uuid.UUID:
        return uuid.UUID(int=ours.getrandbits(128), version=4)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(uuid, "uuid4", fresh_uuid))
        stack.enter_context(mock.patch.object(secrets, "token_hex", lambda n=32: ours.randbytes(n).hex()))
        random.seed(f"random of {seed}")
        _run._r.seed(f"scheduling of {seed}")
        _run._ALLOW_DETERMINISTIC_SCHEDULING = True
        try:
            yield
        finally:
            random.setstate(before[0])
            _run._r.setstate(before[1])
            _run._ALLOW_DETERMINISTIC_SCHEDULING = before[2]
