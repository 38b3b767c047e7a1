"""The rehearsal that ``lmsyncd demo`` plays, and that the kill test repeats: real Moodle statements, a sandbox for
vendors, real processes.

``scene`` writes the configuration, ``moodle`` sends as Moodle's plugin does, ``oracle`` says what must come out
(without asking the daemon's own rules), ``stage`` runs the processes, ``play`` is the demo itself.
"""
