"""The behaviour: what the daemon does, apart from the world it does it in.

Read in this order: ``domain`` (the rules), ``ports`` (what we need of the world), ``messages`` (what actors say
to one another), ``kernel`` (how actors live and die), ``roles`` (who does what), ``targets`` and ``sources``
(how each vendor is spoken to).
"""
