"""Where events come from: one folder per kind of system, found by its name.

The way of one reading. ``roles.harvester`` decides when a source is read, and hands its ``harvest`` an ``Order``. The
connector yields steps (``domain.harvest``): a request, which is answered; a page of records; ``Whole``, where
everything of a kind was told. ``roles.performing`` does what each step says. ``roles.intake`` maps a page's records
(``domain.mapping``, by the table in the connector's ``mappings``), compares them with what is known, and writes them
with what is said of them (``domain.publishing``, ``domain.stating``) in one transaction. From there on they are
statements in the log like any other.

Every folder has ``settings`` (what an operator writes), ``flow`` (the conversation: begin here), ``wire`` (what is
asked and what answers mean), ``mappings`` and ``fake``; its ``__init__`` says what else there is. ``lrs`` is the
smallest. What they share: ``answers`` (what an answer means that tells nothing), ``links`` (where a listing goes on),
``tokens`` (OAuth), ``tables`` (mappings). ``xapi`` is the embedded Learning Record Store: systems push statements to
the gateway.
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
