"""Identifiers as an operator gives them, to one person, with all that the tenant's people file joins to them."""

from collections.abc import Sequence

from actors.domain.persons import Person, identified, joined
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.protocol import Refusal


def one_person(texts: Sequence[str], tenant: Tenant) -> Person:
    """Raises Refusal."""
    person = Person()
    for text in texts:
        try:
            person |= identified(text)
        except ValueError as error:
            raise Refusal(Exit.USAGE, str(error), where="--learner") from None
    return joined(person, tenant.people)
