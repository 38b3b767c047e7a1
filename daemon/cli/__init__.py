"""The two commands: ``lmsyncd`` (the process and what prepares it) and ``lmsyncctl`` (the operators'). No logic."""
