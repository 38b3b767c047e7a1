"""The process: everything that touches the world.

Start at ``serve`` (what is opened, in which order), then ``house`` (what runs in it, and reloading), ``store`` (what is
durable), ``gateway`` (how the LMS reaches us), ``http`` (how we reach vendors), ``control`` and ``cli`` (operators),
``telemetry``, ``systemd``; ``sandbox`` and ``demo`` to rehearse on.
"""
