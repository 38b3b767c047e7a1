"""Where changes go: one folder per vendor, found by its name. Adding one touches nothing else.

A folder holds ``settings`` (what the operator writes), ``wire`` (the vendor's shapes and error table), ``flow``
(the conversations), ``render`` (wording to the vendor's cards) and ``fake`` (a believable vendor for tests and the
sandbox), and exports them as ``CONNECTOR``.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from actors.ports import Connector


@cache
def discover() -> dict[str, Connector]:
    """Every connector there is, by kind."""
    return {
        module.name: import_module(f"{__name__}.{module.name}").CONNECTOR
        for module in iter_modules(__path__)
        if module.ispkg
    }
