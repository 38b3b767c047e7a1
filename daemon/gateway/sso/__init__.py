"""Sign-on: who somebody is, as an identity provider says it.

``claims`` goes from what a provider tells to a person who signed in, by mapping tables (``tables``).

SAML, in the order in which it is read: ``saml_refusals`` (all reasons), ``saml_document`` (bytes to elements),
``saml_shape`` (nothing to wrap), ``saml_assertion`` (for us, now, and this browser), ``saml_crypto`` (pysaml2 and
xmlsec1), ``saml_provider`` and ``saml_providers`` (whose word counts), ``saml_messages`` and ``saml_logout``,
``saml_desk`` (all of it together), ``saml`` (the addresses).
"""
