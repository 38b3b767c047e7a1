"""The rules of the trade, pure: no runtime, no I/O, no clock, no dice. Same arguments, same answer.

Read in this order: ``people`` and ``changes`` (what happens at a school), ``xapi`` (how an LMS tells it),
``recognise`` (statement to change), ``routing`` (change and rules to deliveries), ``outbox`` (a delivery's
life), ``flow`` and ``verdicts`` (how a vendor is talked to and what its answer means), ``retry`` and
``throttle`` (what we do about it).

Of systems that are read: ``harvest`` (the steps of a reading), ``mapping`` (a system's record to an entity of
``canonical``), ``publishing`` (what was known and what is told to facts), ``stating`` (facts to statements),
``cadence`` (when it is read), ``removals`` (the brake), ``identity`` (who is the same person).
"""
