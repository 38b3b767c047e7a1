"""The embedded Learning Record Store: xAPI's resources over HTTP, for one tenant each below ``/t/TENANT/xapi``.

Read in this order: ``headers`` (versions and what every answer carries), ``about``, ``reading`` (queries), ``formats``
(how a stored statement looks from outside), ``statements`` (GET), ``writing`` (POST, PUT),
``multipart`` and ``enclosing`` (attachments, inwards and outwards), ``activities`` and ``agents`` (what is known of
them).
"""
