"""Two versions of the toy's mapping, which say the same of everything that is told."""

import tomllib
from functools import cache

from toy_mapping import MAPPING

from actors.domain.mapping import Mapped, compile_tables

SECOND = """
version = 2
extends = 1
note = "What they are called by, too."
[user.row]
"attributes.called" = { path = "name" }
"""


@cache
def tables() -> dict[int, Mapped]:
    """Compiled."""
    compiled, wrong = compile_tables({1: tomllib.loads(MAPPING), 2: tomllib.loads(SECOND)})
    assert not wrong, wrong
    return compiled
