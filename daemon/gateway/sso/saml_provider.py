"""An identity provider as its metadata tell of it: keys, addresses. Pure.

Of metadata that tell of many, the one that the configuration names is taken. Whose metadata these are is believed of
whoever has them (a file, an https address) or, where a certificate is configured, of who signed them.
"""

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.texts import URL_CHARS_MAX, is_loopback
from daemon.gateway.sso.saml_assertion import moment_us
from daemon.gateway.sso.saml_document import tree_of
from daemon.gateway.sso.saml_refusals import Refused
from daemon.gateway.sso.saml_shape import DS, SAMLP

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
METADATA_BYTES_MAX = 8 * 1024 * 1024
METADATA_ELEMENTS_MAX = 400_000
KEYS_MAX = 8
RSA_BITS_MIN = 2_048
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """``certificates`` are those that may sign, DER: only the key in each counts, not its dates or who issued it.
    ``login_url`` and ``logout_url`` take messages by HTTP-Redirect; ``logout_url`` is empty where there is none.
    ``until_us``: until then the metadata may be used, None: as long as nothing else is told."""

    entity_id: str
    certificates: tuple[bytes, ...]
    login_url: str
    logout_url: str
    logout_answer_url: str
    until_us: int | None


class Unusable(Exception):
    """The metadata are no such, or do not tell what is needed. The message is for operators."""


def provider_of(metadata: bytes, entity_id: str | None, now_us: int) -> Provider:
    """The provider with that entity id, or the only one. Raises Unusable."""
    root = metadata_tree(metadata)
    found = [each for each in _entities(root) if entity_id is None or each.get("entityID") == entity_id]
    able = [(each, role) for each in found for role in each.findall(f"{MD}IDPSSODescriptor") if _speaks(role)]
    if len(able) != 1:
        names = sorted(each.get("entityID", "") for each, _ in able)
        if not able:
            raise Unusable("they tell of no SAML 2.0 identity provider" + (f" {entity_id}" if entity_id else ""))
        raise Unusable(f"they tell of {len(able)} identity providers: name one of them as idp ({names[0]}, …)")
    entity, role = able[0]
    until_us = _until(root, entity, role)
    if until_us is not None and until_us <= now_us:
        raise Unusable("they are valid no more (validUntil is in the past)")
    certificates = tuple(_certificates(role))
    if not certificates:
        raise Unusable(f"they have no key for signatures that is RSA ({RSA_BITS_MIN} bits or more) or elliptic")
    login = _endpoint(role, "SingleSignOnService")
    if login is None:
        raise Unusable("the provider has no https address for sign-on by HTTP-Redirect")
    logout = _endpoint(role, "SingleLogoutService")
    return Provider(
        entity_id=entity.get("entityID", ""),
        certificates=certificates,
        login_url=login[0],
        logout_url=logout[0] if logout else "",
        logout_answer_url=logout[1] if logout else "",
        until_us=until_us,
    )


def metadata_tree(metadata: bytes) -> Element:
    """Raises Unusable."""
    try:
        root = tree_of(_without_comments(metadata), bytes_max=METADATA_BYTES_MAX, elements_max=METADATA_ELEMENTS_MAX)
    except Refused as refused:
        raise Unusable(refused.reason.value.replace("the message", "the document")) from None
    if root.tag not in (f"{MD}EntityDescriptor", f"{MD}EntitiesDescriptor"):
        raise Unusable("they are no SAML metadata")
    return root


def _without_comments(metadata: bytes) -> bytes:
    """Operators and programs comment metadata, and nobody who reads them is an adversary of who wrote them."""
    parts: list[bytes] = []
    rest = metadata
    while b"<!--" in rest:
        before, _, rest = rest.partition(b"<!--")
        parts.append(before)
        rest = rest.partition(b"-->")[2]
    return b"".join((*parts, rest))


def _entities(root: Element) -> Iterator[Element]:
    yield from root.iter(f"{MD}EntityDescriptor")


def _speaks(role: Element) -> bool:
    return SAMLP[1:-1] in role.get("protocolSupportEnumeration", "").split()


def _until(*elements: Element) -> int | None:
    """The earliest ``validUntil`` of these."""
    told = [each.get("validUntil") for each in elements]
    try:
        return min((moment_us(each) for each in told if each is not None), default=None)
    except Refused:
        raise Unusable("their validUntil is no time in UTC") from None


def _certificates(role: Element) -> Iterator[bytes]:
    """Those of keys that may sign, in their order; what is none of these is left out."""
    seen: set[bytes] = set()
    for key in role.findall(f"{MD}KeyDescriptor"):
        if key.get("use", "signing") != "signing":
            continue
        for each in key.iter(f"{DS}X509Certificate"):
            try:
                der = base64.b64decode("".join((each.text or "").split()), validate=True)
                certificate = x509.load_der_x509_certificate(der)
                public = certificate.public_key()
            except (ValueError, binascii.Error, x509.UnsupportedGeneralNameType):
                continue
            good = isinstance(public, ec.EllipticCurvePublicKey) or (
                isinstance(public, rsa.RSAPublicKey) and public.key_size >= RSA_BITS_MIN
            )
            if good and der not in seen and len(seen) < KEYS_MAX:
                seen.add(der)
                yield der


def pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def _endpoint(role: Element, service: str) -> tuple[str, str] | None:
    """Where messages of a service go, and where answers to the provider's own."""
    for each in role.findall(f"{MD}{service}"):
        location = each.get("Location", "")
        if each.get("Binding") == REDIRECT and _is_safe(location):
            answer = each.get("ResponseLocation", location)
            return location, answer if _is_safe(answer) else location
    return None


def _is_safe(url: str) -> bool:
    """Whether people may be sent there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (
        len(url) <= URL_CHARS_MAX
        and url.isascii()
        and url.isprintable()
        and " " not in url
        and not parts.fragment
        and bool(host)
        and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    )
