"""Is this a statement? Fast when it is, precise when it is not."""

from itertools import islice

from actors.domain.xapi.faults import Fault, Refusal
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.rules import faults
from actors.domain.xapi.shapes import fits

FAULTS_MAX = 10
"""So many are named; a sender who broke more rules learns of them next time."""


def validate(statement: object, version: Version, index: int | None = None) -> None:
    """Raises Refusal naming what is wrong with it."""
    if not fits(statement, version) and (found := found_faults(statement, version)):
        raise Refusal(found, index)


def found_faults(statement: object, version: Version) -> tuple[Fault, ...]:
    return tuple(islice(faults(statement, version), FAULTS_MAX))
