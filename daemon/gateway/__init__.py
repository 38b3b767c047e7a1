"""Inbound HTTP: what LMSs and other systems reach us by. Hypercorn on trio carries it, Starlette routes it.

Read in this order: ``ports`` and ``ports_documents`` (what the composition root hands in), ``app`` (which path leads
where), ``limits`` (the frame around every request: body bounds, slow senders, correlation and trace ids, no error
without an answer), ``problems`` (how refusals look), ``credentials`` (who may what), ``lrs`` (the embedded Learning
Record Store), ``server`` (sockets, TLS, the graceful end).
"""
