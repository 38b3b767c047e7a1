"""The whole daemon in virtual time, under everything that can go wrong, from one seed.

Read ``determinism`` (why a seed replays), ``record`` (what is compared), ``facts`` and ``scenario`` (what a seed
stands for), ``fate`` and ``shaky`` (where a process can die, an actor crash, a database fail), ``wire`` (the network
and the vendors), ``campus`` (the daemon and its lives), ``play`` (one seed), ``model`` and ``oracle`` (what must hold),
``trials`` (pilots: who may be told), ``campaign`` and
``__main__`` (many seeds). Where sources are read: ``systems`` (what tells of the school),
``lessons`` (what happens there), ``chronicle`` (what has to be told of it), ``registrar`` (what operators do),
``office`` and ``mailroom`` (who drops bundles into inboxes), ``shelf`` (a depot that dies and is full) and ``term``
(one seed). Where another LRS is read: ``archive`` (that one) and ``relayed`` (one seed). Where rosters are kept:
``hall`` (who really is in which place), ``rights`` (who should be), ``bustle`` and ``meddling`` (what changes at the
school and at the platforms), ``headmaster`` (what operators decide), ``rollcall`` (what must hold), ``timetable`` and
``assembly`` (one seed).
"""
