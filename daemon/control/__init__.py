"""How operators talk to a running daemon: JSON lines on a Unix socket.

Read in this order: ``exits`` and ``protocol`` (what is said), ``views`` (the rows of an answer), ``roles`` (who may),
``office`` (what the verbs need of the daemon), ``server`` with ``listener``, ``verbs/`` (one family a file), ``client``
(the other end, for ``lmsyncctl``). Everything the client imports is light: a command must start at once.
"""
