"""Which of a tenant's accounts are asked for tokens, and how: those whose connector speaks OAuth and whose settings
leave something to ask for."""

from collections.abc import Callable

from actors import sources
from actors.ports import Reveal
from actors.ports.tokens import Dialect
from actors.roles.custody import connection_of
from actors.targets import discover
from config.model import Tenant


def dialects_of(tenant: Tenant, reveal: Reveal, fresh: Callable[[], str]) -> dict[str, Dialect]:
    """By connection. ``fresh`` is something new each time."""
    found: dict[str, Dialect] = {}
    kinds = discover()
    for name, each in tenant.targets.items():
        make = kinds[each.kind].dialect
        if make is not None:
            found[name] = make(each.settings, reveal, fresh())
    told = sources.discover()
    for name, each in tenant.sources.items():
        known = told.get(each.kind)  # a kind that somebody built in beside ours asks for no tokens
        make = None if known is None else known.dialect
        if make is not None:
            found[connection_of(tenant, name)] = make(each.settings, reveal, fresh())
    return {name: dialect for name, dialect in found.items() if dialect.speakers}
