"""The embedded Learning Record Store: xAPI's resources over HTTP, for one tenant each below ``/t/TENANT/xapi``.

Read in this order: ``headers`` and ``cors`` (versions, and what every answer carries), ``alternate`` (forms that stand
for requests), ``about``, ``reading`` (queries), ``formats`` (how a stored statement looks from outside), ``statements``
(GET), ``writing`` (POST, PUT), ``multipart`` and ``enclosing`` (attachments, inwards and outwards), ``activities`` and
``agents`` (what is known of them), ``documents`` with ``state`` and ``profiles``.
"""
