"""The sandbox: every target's fake vendor over real HTTP, with a journal of effects and fault switches.

``serve`` is the entrance, ``switchboard`` decides who answers what, ``wire`` is the HTTP/1.1 server, ``postman`` sends
what vendors send by themselves, ``sockets`` holds the WebSockets that clients open. Operators rehearse on it, tests
and benchmarks drive it; it keeps everything in memory and is no part of a running daemon.
"""
