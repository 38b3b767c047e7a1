"""Where in a response what may stand: the defence against wrapping, before any signature is looked at.

All wrapping attacks (XSW) leave two assertions, or two responses, in a message: one that is signed, one that is read.
So there may be exactly one of each, in its place; a signature stands in the element that it is of, refers to it alone,
and no two elements share an id. What is then verified under that id is what is read. Pure.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from daemon.gateway.sso.saml_refusals import Reason, Refused

SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
XENC: Final = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11: Final = "{http://www.w3.org/2009/xmlenc11#}"

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNATURES = frozenset(
    f"{_MORE}{name}"
    for name in ("rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512")
)
"""No SHA-1, and no HMAC: with that, the public key in the metadata would be the secret."""
DIGESTS = frozenset((f"{XENC[1:-1]}sha256", f"{_MORE}sha384", f"{XENC[1:-1]}sha512"))
CIPHERS = frozenset(
    (
        f"{XENC11[1:-1]}aes128-gcm",
        f"{XENC11[1:-1]}aes192-gcm",
        f"{XENC11[1:-1]}aes256-gcm",
        f"{XENC[1:-1]}aes128-cbc",
        f"{XENC[1:-1]}aes192-cbc",
        f"{XENC[1:-1]}aes256-cbc",
    )
)
"""CBC is what most IdPs still use. It is open to who can ask a server very often whether an altered text opens; every
answer here is the same page, and what is inside must be signed."""
WRAPPERS = frozenset((f"{XENC[1:-1]}rsa-oaep-mgf1p", f"{XENC11[1:-1]}rsa-oaep"))
"""RSA with PKCS#1 v1.5 padding is refused: it is open to Bleichenbacher's attack."""
DS11: Final = "{http://www.w3.org/2009/xmldsig11#}"
_HMACS = frozenset(f"hmac-{name}" for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"))
_NOWHERE = frozenset(
    (
        f"{DS}Object",
        f"{DS}Manifest",
        f"{DS11}KeyInfoReference",
        f"{XENC}CipherReference",
        f"{SAMLP}ArtifactResponse",
        f"{SAML}EncryptedID",
    )
)
"""What is elsewhere, and xmlsec1 would go and get it; what is signed beside what is read; what we do not take."""
_PLACES: dict[str, frozenset[str]] = {
    f"{SAMLP}Response": frozenset(),
    f"{SAML}Assertion": frozenset((f"{SAMLP}Response", f"{SAML}EncryptedAssertion")),
    f"{SAML}EncryptedAssertion": frozenset((f"{SAMLP}Response",)),
    f"{DS}Signature": frozenset((f"{SAMLP}Response", f"{SAML}Assertion")),
    f"{DS}SignedInfo": frozenset((f"{DS}Signature",)),
    f"{DS}Reference": frozenset((f"{DS}SignedInfo",)),
    f"{SAML}Subject": frozenset((f"{SAML}Assertion",)),
    f"{SAML}Conditions": frozenset((f"{SAML}Assertion",)),
    f"{SAML}AttributeStatement": frozenset((f"{SAML}Assertion",)),
    f"{SAML}AuthnStatement": frozenset((f"{SAML}Assertion",)),
}
"""What may stand nowhere but in these; a response is the root."""
_ONCE = frozenset((f"{SAML}Issuer", f"{SAML}Subject", f"{SAML}Conditions", f"{DS}Signature"))


class Shaped(msgspec.Struct, frozen=True, kw_only=True):
    """A response of which every signature, if it is one, is of what it stands in. ``assertion`` is None while it is
    encrypted (``encrypted``: it came so, whatever it is now)."""

    response: Element
    assertion: Element | None
    encrypted: bool
    response_signed: bool


def shaped(root: Element) -> Shaped:
    """Raises Refused."""
    if root.tag != f"{SAMLP}Response" or root.get("Version") != "2.0":
        raise Refused(Reason.NO_RESPONSE)
    _ids(root)
    for parent, element in _pairs(root):
        _placed(parent, element)
    if status(root) != "urn:oasis:names:tc:SAML:2.0:status:Success":
        raise Refused(Reason.STATUS, _second_status(root))
    plain, sealed = root.findall(f"{SAML}Assertion"), root.findall(f"{SAML}EncryptedAssertion")
    if len(plain) + len(sealed) != 1:
        raise Refused(Reason.NOT_ONE)
    opened = sealed[0].findall(f"{SAML}Assertion") if sealed else plain
    closed = sealed[0].findall(f"{XENC}EncryptedData") if sealed else []
    if len(opened) + len(closed) != 1:
        raise Refused(Reason.NOT_ONE)
    if closed:
        _cipher(sealed[0])
    response_signed = signed(root)
    assertion = opened[0] if opened else None
    if assertion is not None:
        if assertion.get("Version") != "2.0":
            raise Refused(Reason.NO_RESPONSE)
        if not signed(assertion):
            raise Refused(Reason.UNSIGNED, "the response is" if response_signed else "")
    return Shaped(response=root, assertion=assertion, encrypted=bool(sealed), response_signed=response_signed)


def status(root: Element) -> str:
    """The outer status code of a response; empty where it has none."""
    code = root.find(f"{SAMLP}Status/{SAMLP}StatusCode")
    return "" if code is None else code.get("Value", "")


def _second_status(root: Element) -> str:
    inner = root.find(f"{SAMLP}Status/{SAMLP}StatusCode/{SAMLP}StatusCode")
    said = "" if inner is None else inner.get("Value", "").rpartition(":")[2]
    return said if said in _STATUSES else ""


_STATUSES = frozenset(
    (
        "AuthnFailed",
        "InvalidAttrNameOrValue",
        "InvalidNameIDPolicy",
        "NoAuthnContext",
        "NoAvailableIDP",
        "NoPassive",
        "RequestDenied",
        "RequestUnsupported",
        "RequestVersionTooHigh",
        "UnknownPrincipal",
        "UnsupportedBinding",
    )
)


def _pairs(root: Element) -> Iterator[tuple[Element, Element]]:
    for parent in root.iter():
        for element in parent:
            yield parent, element


def _ids(root: Element) -> None:
    """Whatever any reader may take for an id is unique, in any spelling of the attribute."""
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2].lower() in ("id", "assertionid", "responseid"):
                if value in seen:
                    raise Refused(Reason.DOUBLE_ID)
                seen.add(value)


def _placed(parent: Element, element: Element) -> None:
    name = element.tag
    local = name.rpartition("}")[2]
    if name in _NOWHERE or (name == f"{DS}RetrievalMethod" and not element.get("URI", "").startswith("#")):
        raise Refused(Reason.PLACE, local)
    allowed = _PLACES.get(name)
    if allowed is not None:
        if parent.tag not in allowed or (name in _ONCE and parent.find(name) is not element):
            raise Refused(Reason.PLACE, local)
    elif local in _LOCAL_NAMES:
        raise Refused(Reason.PLACE, f"{local} of another namespace")
    if name == f"{SAML}Issuer" and parent.find(name) is not element:
        raise Refused(Reason.PLACE, "a second Issuer")


_LOCAL_NAMES = frozenset(name.rpartition("}")[2] for name in _PLACES) - {"Subject", "Reference", "Conditions"}
"""Elements of other namespaces that are called so are there for nobody but a reader that does not look at those."""


def signed(element: Element) -> bool:
    """Whether it has a signature, which then is of itself as a whole. Raises Refused."""
    if not element.get("ID", "").strip():
        raise Refused(Reason.NO_ID)
    signature = element.find(f"{DS}Signature")
    if signature is None:
        return False
    info = signature.findall(f"{DS}SignedInfo")
    references = signature.findall(f"{DS}SignedInfo/{DS}Reference")
    if len(info) != 1 or len(references) != 1 or references[0].get("URI") != f"#{element.get('ID')}":
        raise Refused(Reason.REFERENCE)
    transforms = [each.get("Algorithm") for each in references[0].findall(f"{DS}Transforms/{DS}Transform")]
    inner = [each.tag for each in references[0].findall(f"{DS}Transforms/{DS}Transform/*")]
    odd = [tag for tag in inner if tag != f"{{{_C14N}}}InclusiveNamespaces"]
    if odd or transforms not in ([ENVELOPED], [ENVELOPED, _C14N]):
        raise Refused(Reason.TRANSFORM)
    canonical = [each.get("Algorithm") for each in info[0].findall(f"{DS}CanonicalizationMethod")]
    if canonical != [_C14N]:
        raise Refused(Reason.TRANSFORM)
    methods = [each.get("Algorithm", "") for each in info[0].findall(f"{DS}SignatureMethod")]
    digests = [each.get("Algorithm", "") for each in references[0].findall(f"{DS}DigestMethod")]
    if len(methods) != 1 or methods[0] not in SIGNATURES:
        raise Refused(Reason.ALGORITHM, _weak(methods))
    if len(digests) != 1 or digests[0] not in DIGESTS:
        raise Refused(Reason.ALGORITHM, _weak(digests))
    return True


def _weak(methods: list[str]) -> str:
    """What a reason may say of them: only what is well known, nothing that a sender made up."""
    name = methods[0].rpartition("#")[2] if len(methods) == 1 else ""
    return name if name in ("sha1", "rsa-sha1", "dsa-sha1", "ecdsa-sha1", "md5", "rsa-md5") or name in _HMACS else ""


def _cipher(sealed: Element) -> None:
    """What an encrypted assertion may be encrypted by. Raises Refused."""
    data = [each.get("Algorithm", "") for each in sealed.iter(f"{XENC}EncryptionMethod")]
    if len(data) < 2 or any(each not in CIPHERS | WRAPPERS for each in data):
        raise Refused(Reason.CIPHER)
