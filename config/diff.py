"""What differs between two configurations, so that a reload restarts only what changed.

Structs are compared by value: people and templates are part of their tenant. A rotated secret is no change, because a
configuration only refers to it.
"""

import msgspec
from msgspec import structs

from config.model import Configuration, Daemon

RELOADED_TABLES = frozenset({"backup", "vault"})
RELOADED_KEYS = frozenset({"network.private_targets"})
"""What of ``lmsyncd.toml`` a reload brings into force."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Names of tenants, sorted. ``daemon_changed``: keys of ``lmsyncd.toml`` (``gateway.listen``, ``store.path``, also
    ``state``) with another value; the process takes them only at its next start, a reload leaves them as they were."""

    tenants_added: tuple[str, ...] = ()
    tenants_removed: tuple[str, ...] = ()
    tenants_changed: tuple[str, ...] = ()
    daemon_changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.tenants_added, self.tenants_removed, self.tenants_changed, self.daemon_changed))


def reloaded(old: Daemon, new: Daemon) -> Daemon:
    """The daemon's words as a reload leaves them: what only a restart brings into force is as it was."""
    network = structs.replace(old.network, private_targets=new.network.private_targets)
    return structs.replace(old, vault=new.vault, backup=new.backup, network=network)


def taken(old: Daemon, new: Daemon) -> tuple[str, ...]:
    """What of ``lmsyncd.toml`` differs and is brought into force by a reload: tables, and dotted keys."""
    keys = [table for table in sorted(RELOADED_TABLES) if getattr(old, table) != getattr(new, table)]
    for key in sorted(RELOADED_KEYS):
        table, _, name = key.partition(".")
        if getattr(getattr(old, table), name) != getattr(getattr(new, table), name):
            keys.append(key)
    return tuple(keys)


def changes(old: Configuration, new: Configuration) -> Changes:
    """What is different in ``new``."""
    both = old.tenants.keys() & new.tenants.keys()
    return Changes(
        tenants_added=tuple(sorted(new.tenants.keys() - both)),
        tenants_removed=tuple(sorted(old.tenants.keys() - both)),
        tenants_changed=tuple(sorted(name for name in both if old.tenants[name] != new.tenants[name])),
        daemon_changed=tuple(_daemon_keys(old, new)),
    )


def _daemon_keys(old: Configuration, new: Configuration) -> list[str]:
    keys = [
        f"{table}.{key}"
        for table in old.daemon.__struct_fields__
        if table not in RELOADED_TABLES
        for key, value in structs.asdict(getattr(old.daemon, table)).items()
        if value != getattr(getattr(new.daemon, table), key)
    ]
    keys = [key for key in keys if key not in RELOADED_KEYS]
    return sorted(keys + ["state"] * (old.state != new.state))
