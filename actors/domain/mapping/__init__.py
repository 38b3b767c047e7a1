"""Mapping tables: what a source's records mean, as versioned tables that operators can read, test and change.

Read in this order: ``table`` (how one is written), ``transforms`` and ``checks`` (its words), ``kinds`` (what the
canonical model takes), ``compiling`` (from tables to mappings), ``mapped`` (what a mapping does with a record),
``writing`` (a table as TOML again). ``paths``, ``formats``, ``values``, ``moments`` and ``places`` are what these stand
on; ``flaws`` is how that which does not fit is told. Everything here is pure.
"""

from actors.domain.canonical import Flaw
from actors.domain.mapping.compiling import compile_tables
from actors.domain.mapping.frame import Frame
from actors.domain.mapping.mapped import Mapped, Meaning

__all__ = ["Flaw", "Frame", "Mapped", "Meaning", "compile_tables"]
