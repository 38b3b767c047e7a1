"""Where events come from: one folder per kind of system, found by its name.

``xapi`` is the embedded Learning Record Store: systems push statements to the gateway.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from actors.ports import SourceKind


@cache
def discover() -> dict[str, SourceKind]:
    """Every kind of source there is, by name."""
    return {
        module.name: import_module(f"{__name__}.{module.name}").CONNECTOR
        for module in iter_modules(__path__)
        if module.ispkg
    }
