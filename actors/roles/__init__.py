"""Who does what: one actor a file.

Read in this order: ``world`` (what every role is handed), ``router`` (statements become deliveries), ``courier`` (a
lane's deliveries become effects) with ``carriage`` (one delivery's way to the vendor and back; beside it ``pacing``,
``bundling``, ``addressing``, ``fetching`` and ``dating``: limits, bundles, learners' addresses, the statements behind,
the vendor's time), ``tenant`` and ``root`` (who supervises whom, and what a reload restarts).

Where sources are read: ``harvester`` (one source, again and again) with ``agenda`` (when), ``performing`` (one reading,
step by step), ``undertaking`` and ``reading`` (its way into the store); ``intake`` (a page) with ``taking`` (a record),
``telling`` (what is said of it), ``referring``, ``absence`` and ``parts``; ``relaying`` (another LRS's statements),
``hearing`` (what is posted). ``remapping`` brings another mapping into force, ``reminder`` tells of work that is due.
"""
