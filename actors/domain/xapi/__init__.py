"""How an LMS tells what happened: xAPI statements, versions 1.0.3 and 2.0, pure.

Read in this order: ``guard`` (bytes to a value, safely), ``patterns`` (the shapes of strings), ``rules`` (what a
statement must be, precisely and with reasons), ``shapes`` (the same, fast and without reasons), ``validate`` (the two
together), ``identity`` (what makes two statements the same), ``attachments`` and ``signature`` (what is sent along),
``intake`` (a request's body to ``NewStatement``). Outwards: ``forms`` (the formats of a statement), ``languages`` (one
of several), ``definitions`` (what is known of activities), ``persons`` (and of agents).
"""
