"""Who does what: one actor a file.

Read in this order: ``world`` (what every role is handed), ``router`` (statements become deliveries), ``courier``
(a lane's deliveries become effects) with ``carriage`` (one delivery's way to the vendor and back; beside it ``pacing``,
``bundling``, ``addressing``, ``fetching`` and ``dating``: limits, bundles, learners' addresses, the statements behind,
the vendor's time), ``tenant`` and
``root`` (who supervises whom, and what a reload restarts).
"""
