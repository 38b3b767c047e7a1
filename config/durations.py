"""Durations as an operator writes them: a number and a unit in one word (``"30s"``, ``"1.5h"``)."""

import re

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SHAPE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)", re.ASCII)


def seconds(text: str) -> float:
    """The duration in seconds. Raises ValueError, saying what a duration looks like."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f'{text!r} is not a duration: write a number and a unit (ms, s, m, h or d), like "30s" or "5m"'
        )
    return float(found[1]) * UNITS_S[found[2]]
