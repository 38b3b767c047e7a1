"""Identifiers as an operator gives them, to one person, with all that people file and identity ledger join to them."""

from collections.abc import Sequence

from actors.domain.persons import Person, identified, joined
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking
from daemon.control.protocol import Refusal


async def tenant_of(name: str, asking: Asking) -> Tenant:
    """A tenant that is configured, or was once and has data still. Raises Refusal."""
    if name not in asking.office.configuration().tenants and await asking.office.store.exports.newest(name):
        return Tenant(name=name, timezone="UTC", locale="en")
    return asking.tenant(name)


async def one_person(texts: Sequence[str], tenant: Tenant, asking: Asking) -> Person:
    """Raises Refusal."""
    person = Person()
    for text in texts:
        try:
            person |= identified(text)
        except ValueError as error:
            raise Refusal(Exit.USAGE, str(error), where="--learner") from None
    person = joined(person, tenant.people)
    return joined(person | await asking.office.store.dossiers.joined(tenant.name, person), tenant.people)
