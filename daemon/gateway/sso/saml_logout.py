"""The end of a session, told by the identity provider: what a LogoutRequest has to be. Pure."""

import msgspec

from daemon.gateway.sso.saml_assertion import SUBJECT_CHARS_MAX, moment_us
from daemon.gateway.sso.saml_document import tree_of
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_shape import SAML, SAMLP

REQUEST_AGE_S_MAX = 600


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sessions are to end; ``id`` is that of the request."""

    id: str
    subject: str


def leaving(message: bytes, *, idp: str, logout_url: str, now_us: int, skew_us: int) -> Leaving:
    """Of a request whose signature was good. Raises Refused."""
    root = tree_of(message)
    if root.tag != f"{SAMLP}LogoutRequest" or root.get("Version") != "2.0" or not root.get("ID", ""):
        raise Refused(Reason.NO_RESPONSE)
    issuer = root.find(f"{SAML}Issuer")
    if issuer is None or (issuer.text or "").strip() != idp:
        raise Refused(Reason.ISSUER)
    if root.get("Destination", logout_url) != logout_url:
        raise Refused(Reason.DESTINATION)
    issued_us = moment_us(root.get("IssueInstant", ""))
    if issued_us > now_us + skew_us:
        raise Refused(Reason.NOT_YET)
    until_us = issued_us + REQUEST_AGE_S_MAX * 1_000_000
    if ends := root.get("NotOnOrAfter"):
        until_us = min(until_us, moment_us(ends))
    if until_us <= now_us - skew_us:
        raise Refused(Reason.EXPIRED)
    names = root.findall(f"{SAML}NameID")
    subject = (names[0].text or "").strip() if len(names) == 1 and not len(names[0]) else ""
    if not subject or len(subject) > SUBJECT_CHARS_MAX or not subject.isprintable():
        raise Refused(Reason.SUBJECT)
    return Leaving(id=root.get("ID", ""), subject=subject)
