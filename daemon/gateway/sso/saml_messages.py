"""What we say in SAML: our metadata, a request to sign somebody on, a request to end a session and its answer; and how
a message travels by HTTP-Redirect, signed over the query as it is written. Pure: ids and times are handed in.
"""

import base64
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, unquote_plus
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from daemon.gateway.sso.saml_document import MESSAGE_BYTES_MAX, decoded
from daemon.gateway.sso.saml_provider import MD, REDIRECT, RSA_BITS_MIN
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_shape import DS, SAML, SAMLP, XENC, XENC11

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
QUERY_CHARS_MAX = 32_768
INFLATED_BYTES_MAX = MESSAGE_BYTES_MAX
_ALGORITHMS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    f"http://www.w3.org/2001/04/xmldsig-more#{kind}-{digest.name}": (kind, digest)
    for kind in ("rsa", "ecdsa")
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}
for _prefix, _uri in (("md", MD), ("saml", SAML), ("samlp", SAMLP), ("ds", DS)):
    register_namespace(_prefix, _uri[1:-1])


class Unfitting(Exception):
    """A key of ours cannot be used. The message is for operators, and tells nothing of the key."""


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Ours, of one tenant. The entity id is the address of the metadata."""

    entity_id: str
    acs_url: str
    logout_url: str


def addresses(gateway: str, tenant: str) -> Addresses:
    """By how the world calls this gateway, without a slash at its end."""
    base = f"{gateway}/t/{tenant}/sso/saml"
    return Addresses(entity_id=f"{base}/metadata", acs_url=f"{base}/acs", logout_url=f"{base}/logout")


def private_key(key: str, certificate: bytes) -> rsa.RSAPrivateKey:
    """Our key (PEM), if it is fit and the certificate (PEM) is its own. Raises Unfitting."""
    try:
        found = serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        raise Unfitting("the key is no private key in PEM without a passphrase") from None
    if not isinstance(found, rsa.RSAPrivateKey) or found.key_size < RSA_BITS_MIN:
        raise Unfitting(f"the key is not RSA with {RSA_BITS_MIN} bits or more")
    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        raise Unfitting("the certificate is none in PEM") from None
    if public != found.public_key():
        raise Unfitting("the certificate is of another key")
    return found


# ── documents ────────────────────────────────────────────────────────────────────────────────────────


def metadata(ours: Addresses, certificates: Iterable[bytes]) -> bytes:
    """Our metadata, with all certificates (PEM) for signing and for encryption. Raises Unfitting."""
    root = Element(f"{MD}EntityDescriptor", {"entityID": ours.entity_id})
    role = SubElement(
        root,
        f"{MD}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": SAMLP[1:-1],
        },
    )
    ders = [_der(each) for each in certificates]
    for use in ("signing", "encryption"):
        for der in ders:
            key = SubElement(role, f"{MD}KeyDescriptor", {"use": use})
            data = SubElement(SubElement(key, f"{DS}KeyInfo"), f"{DS}X509Data")
            SubElement(data, f"{DS}X509Certificate").text = base64.b64encode(der).decode()
            if use == "encryption":
                for method in (f"{XENC11[1:-1]}aes256-gcm", f"{XENC11[1:-1]}aes128-gcm", f"{XENC[1:-1]}aes256-cbc"):
                    SubElement(key, f"{MD}EncryptionMethod", {"Algorithm": method})
                SubElement(key, f"{MD}EncryptionMethod", {"Algorithm": f"{XENC[1:-1]}rsa-oaep-mgf1p"})
    SubElement(role, f"{MD}SingleLogoutService", {"Binding": REDIRECT, "Location": ours.logout_url})
    for name in ("2.0:nameid-format:persistent", "1.1:nameid-format:emailAddress", "1.1:nameid-format:unspecified"):
        SubElement(role, f"{MD}NameIDFormat").text = f"urn:oasis:names:tc:SAML:{name}"
    service = {"Binding": POST, "Location": ours.acs_url, "index": "0", "isDefault": "true"}
    SubElement(role, f"{MD}AssertionConsumerService", service)
    return _written(root)


def _der(certificate: bytes) -> bytes:
    try:
        return x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise Unfitting("the certificate is none in PEM") from None


def authn_request(ours: Addresses, login_url: str, request_id: str, now_us: int) -> bytes:
    """A request to sign somebody on and to post the answer to us."""
    root = _message("AuthnRequest", ours, login_url, request_id, now_us)
    root.set("AssertionConsumerServiceURL", ours.acs_url)
    root.set("ProtocolBinding", POST)
    return _written(root)


def logout_request(ours: Addresses, logout_url: str, request_id: str, subject: str, session: str, now_us: int) -> bytes:
    """A request to end somebody's session at the identity provider."""
    root = _message("LogoutRequest", ours, logout_url, request_id, now_us)
    SubElement(root, f"{SAML}NameID").text = subject
    if session:
        SubElement(root, f"{SAMLP}SessionIndex").text = session
    return _written(root)


def logout_response(ours: Addresses, answer_url: str, response_id: str, answers: str, now_us: int) -> bytes:
    """That a session has ended here."""
    root = _message("LogoutResponse", ours, answer_url, response_id, now_us)
    root.set("InResponseTo", answers)
    SubElement(SubElement(root, f"{SAMLP}Status"), f"{SAMLP}StatusCode", {"Value": SUCCESS})
    return _written(root)


def _message(name: str, ours: Addresses, destination: str, message_id: str, now_us: int) -> Element:
    root = Element(
        f"{SAMLP}{name}",
        {
            "ID": message_id,
            "Version": "2.0",
            "IssueInstant": datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": destination,
        },
    )
    SubElement(root, f"{SAML}Issuer").text = ours.entity_id
    return root


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


# ── HTTP-Redirect ────────────────────────────────────────────────────────────────────────────────────


def redirect(url: str, kind: str, message: bytes, relay: str, key: rsa.RSAPrivateKey) -> str:
    """Where a browser is sent with a message; ``kind`` is SAMLRequest or SAMLResponse."""
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(message) + packer.flush()).decode()
    parts = [(kind, packed), *([("RelayState", relay)] if relay else []), ("SigAlg", RSA_SHA256)]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts)
    signature = base64.b64encode(key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())).decode()
    return f"{url}{'&' if '?' in url else '?'}{query}&Signature={quote(signature, safe='')}"


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What a query brought: ``relay`` as it came, to be sent back."""

    message: bytes
    relay: str


def carried(query: str, kind: str, certificates: Iterable[bytes]) -> Carried:
    """The message in a query, if one of these certificates (DER) is of the key that signed it. Raises Refused."""
    if len(query) > QUERY_CHARS_MAX:
        raise Refused(Reason.TOO_LARGE)
    raw: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in raw:
            raise Refused(Reason.FORM)
        raw[name] = value
    if kind not in raw or ("SAMLRequest" in raw and "SAMLResponse" in raw):
        raise Refused(Reason.FORM)
    if "Signature" not in raw or "SigAlg" not in raw:
        raise Refused(Reason.UNSIGNED)
    algorithm = _ALGORITHMS.get(unquote_plus(raw["SigAlg"]))
    if algorithm is None:
        raise Refused(Reason.ALGORITHM)
    signed = "&".join(f"{name}={raw[name]}" for name in (kind, "RelayState", "SigAlg") if name in raw)
    signature = decoded(unquote_plus(raw["Signature"]).replace(" ", "+"))
    if not any(_is_by(each, signature, signed.encode(), *algorithm) for each in certificates):
        raise Refused(Reason.SIGNATURE)
    return Carried(message=_inflated(unquote_plus(raw[kind])), relay=unquote_plus(raw.get("RelayState", "")))


def _is_by(certificate: bytes, signature: bytes, signed: bytes, kind: str, digest: hashes.HashAlgorithm) -> bool:
    """An elliptic signature is written as two numbers side by side (XML Signature), or as DER, which some providers
    do here: their lengths tell them apart."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            half = (key.key_size + 7) // 8
            if len(signature) == 2 * half:
                r, s = (int.from_bytes(signature[at : at + half], "big") for at in (0, half))
                signature = encode_dss_signature(r, s)
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _inflated(text: str) -> bytes:
    """Raises Refused: a few bytes can swell to gigabytes, so what comes out is bounded."""
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        message = unpacker.decompress(decoded(text.replace(" ", "+")), INFLATED_BYTES_MAX + 1)
    except zlib.error:
        raise Refused(Reason.BASE64) from None
    if len(message) > INFLATED_BYTES_MAX or not unpacker.eof:
        raise Refused(Reason.TOO_LARGE)
    return message
