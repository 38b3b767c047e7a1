"""The mapping tables of sign-on: those that ship, and the operator's over them, as sources have them.

A table has the forms ``[user.saml]`` (attributes by name, each a list of texts) and ``[user.oidc]`` (claims).
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from actors.domain.mapping import Mapped, compile_tables
from actors.sources.tables import examine as examine_source
from actors.sources.tables import examined, lying_in
from config.mappings import SSO, Examined
from config.model import MappingFile, Tenant
from config.recall import remembered

COMPILED_MAX = 64
"""Tenants with tables of their own whose compiled ones are kept."""


@cache
def shipped() -> Mapping[int, Mapping[str, object]]:
    """Parsed tables that ship, by version."""
    return lying_in(resources.files("daemon.gateway.sso") / "mappings")


@cache
def _ours() -> Mapping[int, Mapped]:
    mapped, _ = compile_tables(shipped())
    return mapped


def examine(kind: str, own: Mapping[int, Mapping[str, object]]) -> Examined:
    """As ``actors.sources.tables.examine``, for sign-on too: what reading a configuration is given."""
    if kind != SSO:
        return examine_source(kind, own)
    return examined(kind, shipped(), own) if own else Examined(frozenset(_ours()), {})


def in_force(tenant: Tenant) -> Mapped:
    """The table of a tenant whose configuration has been examined: the one it names, else the newest."""
    tables = _compiled(_Own(tenant.sso_tables)) if tenant.sso_tables else _ours()
    wished = tenant.sso.mapping if tenant.sso is not None else None
    return tables[wished if wished is not None and wished in tables else max(tables)]


class _Own:
    """Tables as a key: those of one reading of the files are one object, and are compared by what they are."""

    def __init__(self, own: Mapping[int, MappingFile]) -> None:
        self.own = own

    def __hash__(self) -> int:
        return hash(tuple(sorted((version, each.file) for version, each in self.own.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Own) and self.own == other.own


@remembered("mapping_tables", COMPILED_MAX)
def _compiled(own: _Own) -> Mapping[int, Mapped]:
    mapped, _ = compile_tables({**shipped(), **{version: each.tree for version, each in own.own.items()}})
    return mapped
