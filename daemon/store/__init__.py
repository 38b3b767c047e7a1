"""What is durable: one SQLite file, one writer, group commit.

Read in this order: ``engine`` (where SQL runs), ``writer`` (one fsync for many callers), ``database`` (opening,
locking, closing), ``migrate`` and ``migrations/`` (the schema and its state machine), then the rooms that
implement the actors' ports: ``statements``, ``outbox``, ``ledger``; last ``queries`` (what operators ask).

A *job* is a plain function of a ``sqlite3.Connection``: it runs inside a transaction somebody else commits.
"""
