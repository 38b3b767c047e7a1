"""What we say in SAML, what an identity provider says of itself, and the end of a session."""

import base64
import zlib
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree.ElementTree import fromstring

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from saml_metadata import LOGIN, Key, certificate, entity, key_text, made
from saml_texts import IDP, NOW_US, P, S, at

from daemon.gateway.sso import saml_messages
from daemon.gateway.sso.saml_logout import leaving
from daemon.gateway.sso.saml_messages import RSA_SHA256, Unfitting, addresses, carried, private_key, redirect
from daemon.gateway.sso.saml_provider import MD, Unusable, provider_of
from daemon.gateway.sso.saml_refusals import Reason, Refused

OURS = addresses("https://sync.example.edu", "acme")


def pem_of(key: Key) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_and_its_certificate_fit() -> None:
    pem = certificate(made(1), serialization.Encoding.PEM)
    assert private_key(pem_of(made(1)), pem).public_key() == made(1).public_key()


@pytest.mark.parametrize(
    ("key", "of", "why"),
    [
        (pem_of(made(1)), made(2), "of another key"),
        (pem_of(made(3, 1024)), made(3, 1024), "not RSA with 2048 bits"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), made(1), "not RSA"),
        ("nonsense", made(1), "no private key in PEM"),
    ],
)
def test_a_key_that_does_not_fit_is_told_without_showing_it(key: str, of: rsa.RSAPrivateKey, why: str) -> None:
    with pytest.raises(Unfitting, match=why) as told:
        private_key(key, certificate(of, serialization.Encoding.PEM))
    assert key not in str(told.value)


# ── our metadata and requests ────────────────────────────────────────────────────────────────────────


def test_our_metadata_have_both_keys_of_a_change() -> None:
    pems = [certificate(made(number), serialization.Encoding.PEM) for number in (1, 2)]
    root = fromstring(saml_messages.metadata(OURS, pems))
    assert root.get("entityID") == "https://sync.example.edu/t/acme/sso/saml/metadata"
    [role] = root
    uses = [each.get("use") for each in role.findall(f"{MD}KeyDescriptor")]
    assert uses == ["signing", "signing", "encryption", "encryption"]
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("true", "true")
    service = role.find(f"{MD}AssertionConsumerService")
    assert service is not None
    assert service.get("Location") == "https://sync.example.edu/t/acme/sso/saml/acs"


def test_a_request_is_signed_over_the_query_as_it_is_written() -> None:
    message = saml_messages.authn_request(OURS, LOGIN, "_r1", NOW_US)
    url = redirect(f"{LOGIN}?realm=a", "SAMLRequest", message, "relay", made(1))
    assert url.startswith(f"{LOGIN}?realm=a&SAMLRequest=")
    query = urlsplit(url).query.removeprefix("realm=a&")
    signed, _, signature = query.partition("&Signature=")
    made(1).public_key().verify(
        base64.b64decode(unquote(signature)), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    fields = dict(parse_qsl(query))
    assert (fields["RelayState"], fields["SigAlg"]) == ("relay", RSA_SHA256)
    root = fromstring(zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -15))
    assert root.tag == f"{{{P}}}AuthnRequest"
    assert (root.get("ID"), root.get("IssueInstant"), root.get("Destination")) == ("_r1", at(NOW_US), LOGIN)
    assert root.get("AssertionConsumerServiceURL") == OURS.acs_url


def test_what_was_carried_comes_out_again() -> None:
    message = saml_messages.logout_request(OURS, LOGIN, "_r1", "ada", "_s1", NOW_US)
    query = urlsplit(redirect(LOGIN, "SAMLRequest", message, "a b&c", made(1))).query
    brought = carried(query, "SAMLRequest", [certificate(made(2)), certificate(made(1))])
    assert (brought.message, brought.relay) == (message, "a b&c")


def query(message: bytes = b"<x/>", kind: str = "SAMLRequest", relay: str = "") -> str:
    return urlsplit(redirect(LOGIN, kind, message, relay, made(1))).query


def bomb() -> str:
    packer = zlib.compressobj(9, wbits=-15)
    packed = base64.b64encode(packer.compress(b"\0" * 20_000_000) + packer.flush()).decode()
    signed = f"SAMLRequest={quote(packed, safe='')}&SigAlg={quote(RSA_SHA256, safe='')}"
    signature = made(1).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}&Signature={quote(base64.b64encode(signature).decode(), safe='')}"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (query().partition("&SigAlg")[0], Reason.UNSIGNED),
        (query().partition("&Signature")[0], Reason.UNSIGNED),
        (query().replace("rsa-sha256", "rsa-sha1"), Reason.ALGORITHM),
        (query().replace("rsa-sha256", "hmac-sha256"), Reason.ALGORITHM),
        (query().replace("rsa-sha256", "rsa-sha512"), Reason.SIGNATURE),
        (query() + "&RelayState=x", Reason.SIGNATURE),
        (query(relay="x").replace("RelayState=x", "RelayState=y"), Reason.SIGNATURE),
        (query().replace("SAMLRequest=", "SAMLRequest=A"), Reason.SIGNATURE),
        (query() + "&SAMLRequest=x", Reason.FORM),
        (query() + "&SAMLResponse=x", Reason.FORM),
        (query(kind="SAMLResponse"), Reason.FORM),
        (query() + "&x=" + "x" * 40_000, Reason.TOO_LARGE),
        (query().partition("&Signature=")[0] + "&Signature=nonsense!", Reason.BASE64),
        ("", Reason.FORM),
    ],
)
def test_what_is_not_signed_by_the_provider_is_refused(sent: str, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        carried(sent, "SAMLRequest", [certificate(made(1))])
    assert refused.value.reason is reason


def test_another_key_is_none_of_the_providers() -> None:
    with pytest.raises(Refused) as refused:
        carried(query(), "SAMLRequest", [certificate(made(2)), certificate(ec.generate_private_key(ec.SECP256R1()))])
    assert refused.value.reason is Reason.SIGNATURE


def elliptic(key: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm, *, side_by_side: bool) -> str:
    """A query that is signed by an elliptic key, as two numbers side by side or in DER."""
    algorithm = f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-{digest.name}"
    signed = query().partition("&SigAlg=")[0] + f"&SigAlg={quote(algorithm, safe='')}"
    signature = key.sign(signed.encode(), ec.ECDSA(digest))
    if side_by_side:
        half = (key.key_size + 7) // 8
        signature = b"".join(number.to_bytes(half, "big") for number in decode_dss_signature(signature))
    return f"{signed}&Signature={quote(base64.b64encode(signature).decode(), safe='')}"


@pytest.mark.parametrize("side_by_side", [True, False], ids=["side by side", "DER"])
@pytest.mark.parametrize(
    ("curve", "digest"),
    [(ec.SECP256R1(), hashes.SHA256()), (ec.SECP384R1(), hashes.SHA384()), (ec.SECP521R1(), hashes.SHA512())],
    ids=["P-256", "P-384", "P-521"],
)
def test_a_provider_may_sign_with_an_elliptic_key(
    curve: ec.EllipticCurve, digest: hashes.HashAlgorithm, side_by_side: bool
) -> None:
    key = ec.generate_private_key(curve)
    sent = elliptic(key, digest, side_by_side=side_by_side)
    assert carried(sent, "SAMLRequest", [certificate(made(1)), certificate(key)]).message == b"<x/>"
    for others in (certificate(ec.generate_private_key(curve)), certificate(made(1))):
        with pytest.raises(Refused) as refused:
            carried(sent, "SAMLRequest", [others])
        assert refused.value.reason is Reason.SIGNATURE
    with pytest.raises(Refused) as refused:
        carried(sent.replace("SAMLRequest=", "SAMLRequest=A"), "SAMLRequest", [certificate(key)])
    assert refused.value.reason is Reason.SIGNATURE


def test_a_few_bytes_that_swell_are_let_out_only_so_far() -> None:
    with pytest.raises(Refused) as refused:
        carried(bomb(), "SAMLRequest", [certificate(made(1))])
    assert refused.value.reason is Reason.TOO_LARGE


# ── the end of a session ─────────────────────────────────────────────────────────────────────────────


def leave(**changed: str) -> bytes:
    words = {
        "issuer": IDP,
        "to": OURS.logout_url,
        "when": at(NOW_US),
        "name": "ada",
        "more": "",
        "kind": "LogoutRequest",
    }
    words |= changed
    return (
        f'<samlp:{words["kind"]} xmlns:samlp="{P}" xmlns:saml="{S}" ID="_l1" Version="2.0" '
        f'IssueInstant="{words["when"]}" Destination="{words["to"]}"{words["more"]}><saml:Issuer>{words["issuer"]}'
        f"</saml:Issuer><saml:NameID>{words['name']}</saml:NameID></samlp:{words['kind']}>"
    ).encode()


def test_a_session_ends_when_the_provider_says_so() -> None:
    gone = leaving(leave(), idp=IDP, logout_url=OURS.logout_url, now_us=NOW_US, skew_us=0)
    assert (gone.id, gone.subject) == ("_l1", "ada")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (leave(issuer="https://evil.example"), Reason.ISSUER),
        (leave(to="https://other.example"), Reason.DESTINATION),
        (leave(when=at(NOW_US - 700_000_000)), Reason.EXPIRED),
        (leave(more=f' NotOnOrAfter="{at(NOW_US - 1_000_000)}"'), Reason.EXPIRED),
        (leave(when=at(NOW_US + 5_000_000)), Reason.NOT_YET),
        (leave(name=" "), Reason.SUBJECT),
        (leave(name="ada<!-- -->x"), Reason.COMMENT),
        (leave(kind="AuthnRequest"), Reason.NO_RESPONSE),
        (leave(when="now"), Reason.TIME),
    ],
)
def test_nothing_else_ends_one(message: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        leaving(message, idp=IDP, logout_url=OURS.logout_url, now_us=NOW_US, skew_us=0)
    assert refused.value.reason is reason


# ── a provider's metadata ────────────────────────────────────────────────────────────────────────────


def test_a_provider_is_read_with_all_its_keys() -> None:
    ecdsa = ec.generate_private_key(ec.SECP256R1())
    keys = key_text(certificate(made(1))) + key_text(certificate(made(2)), "") + key_text(certificate(ecdsa))
    keys += (
        key_text(certificate(made(3, 1024)))
        + key_text(b"nonsense")
        + key_text(certificate(made(4)), ' use="encryption"')
    )
    found = provider_of(f"<!-- ours -->{entity(keys=keys)}".encode(), None, NOW_US)
    assert (found.entity_id, found.login_url, found.logout_url) == (IDP, LOGIN, f"{LOGIN}/out")
    public = [x509.load_der_x509_certificate(each).public_key() for each in found.certificates]
    assert public == [made(1).public_key(), made(2).public_key(), ecdsa.public_key()]


def test_one_of_many_is_named() -> None:
    many = f'<EntitiesDescriptor xmlns="{MD[1:-1]}">{entity()}{entity("https://b.example")}</EntitiesDescriptor>'
    assert provider_of(many.encode(), "https://b.example", NOW_US).entity_id == "https://b.example"
    with pytest.raises(Unusable, match="they tell of 2 identity providers: name one"):
        provider_of(many.encode(), None, NOW_US)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<x/>", "no SAML metadata"),
        ("nonsense", "not well-formed"),
        (f'<!DOCTYPE x [<!ENTITY a "b">]>{entity()}', "declares a document type"),
        (entity(role="SPSSODescriptor"), "no SAML 2.0 identity provider"),
        (entity(protocol="urn:oasis:names:tc:SAML:1.1:protocol"), "no SAML 2.0 identity provider"),
        (entity(keys=key_text(certificate(made(3, 1024)))), "no key for signatures"),
        (entity(login="http://idp.example.edu/login"), "no https address"),
        (entity(login="javascript:alert(1)"), "no https address"),
        (entity(binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"), "no https address"),
        (entity(attributes=f' validUntil="{at(NOW_US)}"'), "valid no more"),
        (entity(attributes=' validUntil="soon"'), "no time in UTC"),
    ],
)
def test_metadata_that_do_not_do_are_told_why(text: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        provider_of(text.encode(), None, NOW_US)


def test_one_that_they_do_not_tell_of_is_named() -> None:
    with pytest.raises(Unusable, match=r"no SAML 2\.0 identity provider https://who\.example"):
        provider_of(entity().encode(), "https://who.example", NOW_US)
