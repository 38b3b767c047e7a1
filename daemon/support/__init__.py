"""Bundles for support: how things stand, without secrets and without persons.

Nothing is searched for that might be personal. It is the other way round: a word stays only if lmsyncd itself knows it
(``vocabulary``) or if it is a name from the configuration; all others become pseudonyms (``pseudonyms``). ``gathering``
says what a bundle has.
"""
