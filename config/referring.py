"""Who refers to which credential, in a configuration."""

from collections.abc import Iterator, Mapping

import msgspec

from config.model import Configuration, Secret

Where = tuple[str, str]
"""(tenant, or empty for the daemon as a whole; where, for people)"""


def references(configuration: Configuration) -> dict[str, tuple[Where, ...]]:
    """By name of the credential, everybody once."""
    found: dict[str, dict[Where, None]] = {}

    def note(name: str, where: Where) -> None:
        found.setdefault(name, {})[where] = None

    for table in configuration.daemon.__struct_fields__:
        for name in _names(getattr(configuration.daemon, table)):
            note(name, ("", f"[{table}]"))
    for tenant in configuration.tenants.values():
        for each in (*tenant.sources.values(), *tenant.targets.values()):
            for name in _names(each.settings):
                note(name, (tenant.name, f"{tenant.name}/{each.name}"))
        for field in set(tenant.__struct_fields__) - {"sources", "targets", "people", "templates", "mappings"}:
            for name in _names(getattr(tenant, field)):
                note(name, (tenant.name, f"{tenant.name} [{field}]"))
    return {name: tuple(places) for name, places in found.items()}


def _names(value: object) -> Iterator[str]:
    match value:
        case Secret(credential=str(name)):
            yield name
        case msgspec.Struct():
            for field in value.__struct_fields__:
                yield from _names(getattr(value, field))
        case Mapping():
            for each in value.values():
                yield from _names(each)
        case tuple() | list():
            for each in value:
                yield from _names(each)
        case _:
            return
