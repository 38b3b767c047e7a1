"""SAML responses as texts, built from plain parts, so that a test can put anything anywhere. The signatures in them
have the right form and are none; what makes them real is not here.
"""

import base64
from datetime import UTC, datetime

from daemon.gateway.sso.saml_assertion import Expected

IDP = "https://idp.example.edu/metadata"
BASE = "https://sync.example.edu/t/acme/sso/saml"
ENTITY_ID, ACS = f"{BASE}/metadata", f"{BASE}/acs"
REQUEST = "_request1"
NOW_US = 1_900_000_000_000_000
S = "urn:oasis:names:tc:SAML:2.0:assertion"
P = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def at(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def expected(**changed: object) -> Expected:
    words: dict[str, object] = {
        "idp": IDP,
        "entity_id": ENTITY_ID,
        "acs_url": ACS,
        "request_id": REQUEST,
        "allow_unsolicited": False,
        "must_be_encrypted": False,
        "now_us": NOW_US,
        "skew_us": 60_000_000,
    }
    return Expected(**{**words, **changed})  # type: ignore[arg-type]


def signature(
    of: str,
    *,
    method: str = RSA_SHA256,
    digest: str = SHA256,
    transforms: tuple[str, ...] = (ENVELOPED, C14N),
    canonical: str = C14N,
    uri: str | None = None,
    more: str = "",
    key: str = "",
) -> str:
    """A signature's template: what signs it fills in the two values."""
    listed = "".join(f'<ds:Transform Algorithm="{each}"/>' for each in transforms)
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="{f"#{of}" if uri is None else uri}">'
        f'<ds:Transforms>{listed}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/>'
        f"</ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>{key}{more}</ds:Signature>"
    )


def assertion(
    *,
    id: str = "_assertion1",  # as SAML calls it
    signed: str | None = None,
    issuer: str = IDP,
    name: str = "ada",
    name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    subject: str | None = None,
    recipient: str = ACS,
    answers: str | None = REQUEST,
    audience: str = ENTITY_ID,
    conditions: str | None = None,
    now_us: int = NOW_US,
    from_s: int = -30,
    until_s: int = 300,
    confirmed_until_s: int | None = None,
    statement: str | None = None,
    attributes: dict[str, list[str]] | None = None,
    extra: str = "",
) -> str:
    """``signed``: the signature's text, None: a right one, empty: none."""
    until = at(now_us + (until_s if confirmed_until_s is None else confirmed_until_s) * 1_000_000)
    asked = "" if answers is None else f' InResponseTo="{answers}"'
    told = "".join(
        f'<saml:Attribute Name="{key}">'
        + "".join(f"<saml:AttributeValue>{each}</saml:AttributeValue>" for each in values)
        + "</saml:Attribute>"
        for key, values in (attributes if attributes is not None else {"email": ["ada@example.edu"]}).items()
    )
    parts = [
        f'<saml:Assertion xmlns:saml="{S}" Version="2.0" ID="{id}" IssueInstant="{at(now_us)}">',
        f"<saml:Issuer>{issuer}</saml:Issuer>",
        signature(id) if signed is None else signed,
        subject
        if subject is not None
        else f'<saml:Subject><saml:NameID Format="{name_format}">{name}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData Recipient="{recipient}" NotOnOrAfter="{until}"{asked}/>'
        "</saml:SubjectConfirmation></saml:Subject>",
        conditions
        if conditions is not None
        else f'<saml:Conditions NotBefore="{at(now_us + from_s * 1_000_000)}" '
        f'NotOnOrAfter="{at(now_us + until_s * 1_000_000)}"><saml:AudienceRestriction>'
        f"<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
        statement
        if statement is not None
        else f'<saml:AuthnStatement AuthnInstant="{at(now_us)}" SessionIndex="_s1"><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement>",
        f"<saml:AttributeStatement>{told}</saml:AttributeStatement>" if told else "",
        extra,
        "</saml:Assertion>",
    ]
    return "".join(parts)


def response(
    *content: str,
    id: str = "_response1",
    signed: str = "",
    issuer: str | None = IDP,
    destination: str | None = ACS,
    answers: str | None = REQUEST,
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success",
    now_us: int = NOW_US,
    head: str = "",
    attributes: str = "",
) -> str:
    """``content`` stands after the status: one right assertion, if nothing is said."""
    asked = "" if answers is None else f' InResponseTo="{answers}"'
    to = "" if destination is None else f' Destination="{destination}"'
    by = "" if issuer is None else f'<saml:Issuer xmlns:saml="{S}">{issuer}</saml:Issuer>'
    return (
        f'{head}<samlp:Response xmlns:samlp="{P}" Version="2.0" ID="{id}" IssueInstant="{at(now_us)}"{to}{asked}'
        f'{attributes}>{by}{signed}<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>'
        f"{''.join(content) or assertion(now_us=now_us)}</samlp:Response>"
    )


def posted(text: str | bytes) -> str:
    """As a form's field carries it."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
