"""The words an operator writes: ``model`` (what may be said), ``load`` (reading it), ``problems`` (saying what is
wrong with it), ``secrets`` (values that are referred to, never written), ``starter`` (what ``lmsyncd init`` writes).
Knows nothing of actors or of the process; connector settings are decoded by types the caller hands in.
"""
