"""The words an operator writes. Read in this order: ``model`` and ``routes`` (what may be said), ``load`` (reading a
directory), ``tenant`` (one tenant's file), ``walk`` (a parsed tree into structs, every mistake collected),
``problems`` (how they are said), ``secrets`` (values that are referred to, never written) and ``referring`` (by whom).
Beside them ``words`` (the base of every table), ``texts`` and ``shapes`` (kinds of text, types in words), ``locate``
(line numbers), ``numbers`` (with their nouns), ``people``, ``templates``, ``diff`` (what a reload restarts),
``starter`` (what ``lmsyncd init`` writes) and ``reference`` (docs/configuration.md).
Knows nothing of actors or of the process; connector settings are decoded by types the caller hands in.
"""
