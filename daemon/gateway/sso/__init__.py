"""Sign-on: who somebody is, as an identity provider says it.

``claims`` goes from what a provider tells to a person who signed in, by mapping tables (``tables``).

Who signs on is a stranger until the end: what is pending is sealed and kept by nobody here (``pending``), and what
makes us work waits for its turn (``daemon.gateway.strangers``). OpenID Connect: ``oidc_provider`` and ``oidc_issuers``
(whose word counts), ``oidc_token`` (what it must be), ``oidc_desk`` (all of it together), ``entrance`` (the addresses).

SAML, in the order in which it is read: ``saml_refusals`` (all reasons), ``saml_document`` (bytes to elements),
``saml_shape`` (nothing to wrap), ``saml_assertion`` (for us, now, and this browser), ``saml_crypto`` (pysaml2 and
xmlsec1), ``saml_provider`` and ``saml_providers`` (whose word counts), ``saml_messages`` and ``saml_logout``,
``saml_threads`` (what blocks), ``saml_desk`` (all of it together), ``saml`` (the addresses).
"""
