"""A response is read strictly: each attack that needs no signature is refused, for a reason of its own."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saml_texts import (
    ACS,
    C14N,
    DS,
    ENVELOPED,
    IDP,
    NOW_US,
    RSA_SHA256,
    S,
    assertion,
    at,
    expected,
    posted,
    response,
    signature,
)

from daemon.gateway.sso.saml_assertion import Said, moment_us, said
from daemon.gateway.sso.saml_document import MESSAGE_BYTES_MAX, decoded, tree_of
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_shape import shaped

XENC = "http://www.w3.org/2001/04/xmlenc#"
DTD = '<!DOCTYPE r [<!ENTITY a "b">]>'
BOMB = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE r SYSTEM "https://evil.example/r.dtd">'
EVIL = assertion(id="_evil", name="eve", signed="")


def read(message: str | bytes, **changed: object) -> Said:
    return said(shaped(tree_of(decoded(posted(message)))), expected(**changed))


def test_a_right_one_is_read() -> None:
    heard = read(response())
    assert (heard.subject, heard.session, heard.transient) == ("ada", "_s1", False)
    assert heard.attributes == {"email": ["ada@example.edu"]}
    assert heard.remember_until_us == NOW_US + 3_600_000_000 + 120_000_000


def test_a_right_one_without_being_asked_for_is_read_where_that_is_allowed() -> None:
    text = response(assertion(answers=None), answers=None)
    assert read(text, request_id=None, allow_unsolicited=True).subject == "ada"


def sealed(
    cipher: str = f"{XENC}aes256-cbc", wrapper: str = f"{XENC}rsa-oaep-mgf1p", more: str = "", inside: str = ""
) -> str:
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{S}">{inside}<xenc:EncryptedData xmlns:xenc="{XENC}">'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{wrapper}"/>{more}<xenc:CipherData>'
        "<xenc:CipherValue>AA==</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>"
        "<xenc:CipherValue>AA==</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def confirmed(data: str, method: str = "bearer") -> str:
    return (
        f'<saml:Subject><saml:NameID>ada</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:'
        f'{method}"><saml:SubjectConfirmationData {data}/></saml:SubjectConfirmation></saml:Subject>'
    )


RIGHT = signature("_response1")
ATTACKS: dict[str, tuple[str | bytes, Reason]] = {
    # ── what is no text that one could trust two parsers with ──
    "doctype": (response(head=DTD), Reason.DOCTYPE),
    "entity bomb": (response(head=BOMB), Reason.DOCTYPE),
    "external entity": (response(head=EXTERNAL), Reason.DOCTYPE),
    "remote dtd": (response(head=REMOTE), Reason.DOCTYPE),
    "undeclared entity": (response(assertion(name="&x;")), Reason.XML),
    "comment in the name": (response(assertion(name="ada<!-- -->.evil")), Reason.COMMENT),
    "comment elsewhere": (response(head="<!-- x -->"), Reason.COMMENT),
    "instruction in the name": (response(assertion(name="ada<?x?>.evil")), Reason.INSTRUCTION),
    "utf-16": (response().encode("utf-16"), Reason.ENCODING),
    "utf-16 without a mark": (response().encode("utf-16-le"), Reason.ENCODING),
    "utf-7 declared": (response(head='<?xml version="1.0" encoding="UTF-7"?>'), Reason.ENCODING),
    "utf-7": (b"+ADw-samlp:Response/+AD4-", Reason.ENCODING),
    "latin-1 declared": (response(head='<?xml version="1.0" encoding="ISO-8859-1"?>'), Reason.ENCODING),
    "latin-1": (response(assertion(name="Björn")).encode("latin-1"), Reason.ENCODING),
    "xml 1.1": (response(head='<?xml version="1.1"?>'), Reason.XML),
    "not closed": (response()[:-5], Reason.XML),
    "two roots": (response() + response(), Reason.XML),
    "too deep": (response("<x>" * 60 + "</x>" * 60), Reason.TOO_MUCH),
    "too many": (response("<x/>" * 10_001), Reason.TOO_MUCH),
    # ── what is no response ──
    "an assertion alone": (assertion(), Reason.NO_RESPONSE),
    "version 1.1": (response().replace('Version="2.0"', 'Version="1.1"', 1), Reason.NO_RESPONSE),
    "another namespace": (response().replace("SAML:2.0:protocol", "SAML:1.0:protocol"), Reason.NO_RESPONSE),
    "nobody signed in": (response(status="urn:oasis:names:tc:SAML:2.0:status:Responder"), Reason.STATUS),
    "no assertion": (response("<x/>"), Reason.NOT_ONE),
    # ── wrapping ──
    "two assertions": (response(assertion(), EVIL), Reason.NOT_ONE),
    "two assertions, the evil one first": (response(EVIL, assertion()), Reason.NOT_ONE),
    "an assertion beside an encrypted one": (response(assertion(), sealed()), Reason.NOT_ONE),
    "an assertion inside an encrypted one": (response(sealed(inside=assertion())), Reason.NOT_ONE),
    "an assertion in the assertion": (response(assertion(extra=EVIL)), Reason.PLACE),
    "an assertion in an advice": (response(assertion(extra=f"<saml:Advice>{EVIL}</saml:Advice>")), Reason.PLACE),
    "an assertion in an extension": (
        response(f"<samlp:Extensions>{assertion()}</samlp:Extensions>", EVIL),
        Reason.PLACE,
    ),
    "an assertion in the signature": (
        response(assertion(signed=signature("_assertion1", more=f"<ds:Object>{EVIL}</ds:Object>"))),
        Reason.PLACE,
    ),
    "an object in the signature": (
        response(assertion(signed=signature("_assertion1", more="<ds:Object/>"))),
        Reason.PLACE,
    ),
    "a response in the response": (response(f"<samlp:Extensions>{response()}</samlp:Extensions>"), Reason.DOUBLE_ID),
    "another response in the response": (
        response(response(assertion(id="_a2"), id="_r2")),
        Reason.PLACE,
    ),
    "a signature beside": (response(signature("_assertion1"), assertion(signed="")), Reason.REFERENCE),
    "a second signature": (response(assertion(signed=signature("_assertion1") * 2)), Reason.PLACE),
    "a second subject": (response(assertion(extra="<saml:Subject/>")), Reason.PLACE),
    "a second issuer": (response(assertion(extra="<saml:Issuer>x</saml:Issuer>")), Reason.PLACE),
    "an assertion of another namespace": (response(assertion(), '<Assertion xmlns="urn:x"/>'), Reason.PLACE),
    "one id for two": (response(assertion(id="_response1")), Reason.DOUBLE_ID),
    "one id in another spelling": (response(assertion(), '<x xml:id="_assertion1"/>'), Reason.DOUBLE_ID),
    "no id": (response(assertion(signed=signature("")).replace(' ID="_assertion1"', "")), Reason.NO_ID),
    # ── signatures that prove nothing ──
    "unsigned": (response(assertion(signed="")), Reason.UNSIGNED),
    "only the response is signed": (response(assertion(signed=""), signed=RIGHT), Reason.UNSIGNED),
    "a signature of the response in the assertion": (
        response(assertion(signed=signature("_response1"))),
        Reason.REFERENCE,
    ),
    "a signature of nothing": (response(assertion(signed=signature("", uri="#"))), Reason.REFERENCE),
    "a signature of the whole document": (response(assertion(signed=signature("", uri=""))), Reason.REFERENCE),
    "a signature of a file": (
        response(assertion(signed=signature("", uri="file:///etc/passwd"))),
        Reason.REFERENCE,
    ),
    "xpointer": (
        response(assertion(signed=signature("", uri="#xpointer(id('_assertion1'))"))),
        Reason.REFERENCE,
    ),
    "a transform of xslt": (
        response(
            assertion(
                signed=signature("_assertion1", transforms=(ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"))
            )
        ),
        Reason.TRANSFORM,
    ),
    "a transform of xpath": (
        response(
            assertion(
                signed=signature("_assertion1", transforms=(ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"))
            )
        ),
        Reason.TRANSFORM,
    ),
    "comments are signed": (
        response(assertion(signed=signature("_assertion1", transforms=(ENVELOPED, f"{C14N}WithComments")))),
        Reason.TRANSFORM,
    ),
    "another canonical form": (
        response(
            assertion(signed=signature("_assertion1", canonical="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))
        ),
        Reason.TRANSFORM,
    ),
    "sha-1": (response(assertion(signed=signature("_assertion1", method=f"{DS}rsa-sha1"))), Reason.ALGORITHM),
    "sha-1 of the content": (
        response(assertion(signed=signature("_assertion1", digest=f"{DS}sha1"))),
        Reason.ALGORITHM,
    ),
    "hmac": (
        response(assertion(signed=signature("_assertion1", method=RSA_SHA256.replace("rsa", "hmac")))),
        Reason.ALGORITHM,
    ),
    "no algorithm": (response(assertion(signed=signature("_assertion1", method="none"))), Reason.ALGORITHM),
    "a key that is elsewhere": (
        response(
            assertion(
                signed=signature(
                    "_assertion1", key='<ds:KeyInfo><ds:RetrievalMethod URI="http://169.254.169.254/"/></ds:KeyInfo>'
                )
            )
        ),
        Reason.PLACE,
    ),
    # ── encryption ──
    "triple des": (response(sealed(cipher=f"{XENC}tripledes-cbc")), Reason.CIPHER),
    "pkcs 1.5": (response(sealed(wrapper=f"{XENC}rsa-1_5")), Reason.CIPHER),
    "a text that is elsewhere": (response(sealed(more='<xenc:CipherReference URI="file:///x"/>')), Reason.PLACE),
    # ── somebody else's, for somebody else, at another time ──
    "another issuer": (response(assertion(issuer="https://evil.example")), Reason.ISSUER),
    "another issuer of the response": (response(issuer="https://evil.example"), Reason.ISSUER),
    "another destination": (response(destination="https://other.example/acs"), Reason.DESTINATION),
    "another recipient": (response(assertion(recipient="https://other.example/acs")), Reason.RECIPIENT),
    "another audience": (response(assertion(audience="https://other.example")), Reason.AUDIENCE),
    "no audience": (response(assertion(conditions="<saml:Conditions/>")), Reason.AUDIENCE),
    "no conditions": (response(assertion(conditions="")), Reason.CONDITIONS),
    "a condition that nobody understands": (
        response(assertion(conditions="<saml:Conditions><saml:Condition/></saml:Conditions>")),
        Reason.CONDITIONS,
    ),
    "not asked for": (response(assertion(answers=None), answers=None), Reason.UNSOLICITED),
    "an answer to another request": (response(assertion(answers="_other"), answers="_other"), Reason.NOT_ASKED),
    "an answer to ours around one to another": (response(assertion(answers="_other")), Reason.NOT_ASKED),
    "an answer to ours around one to none": (response(assertion(answers=None)), Reason.NOT_ASKED),
    "expired": (response(assertion(from_s=-600, until_s=-61)), Reason.EXPIRED),
    "expired for the bearer": (response(assertion(confirmed_until_s=-61)), Reason.EXPIRED),
    "not yet": (response(assertion(from_s=61)), Reason.NOT_YET),
    "from the future": (response(assertion(now_us=NOW_US + 100_000_000), now_us=NOW_US), Reason.NOT_YET),
    "very old, and valid for a year": (
        response(assertion(now_us=NOW_US - 3_700_000_000, until_s=31_536_000)),
        Reason.EXPIRED,
    ),
    "a time that is none": (response().replace(at(NOW_US), "yesterday"), Reason.TIME),
    "a time with a zone": (response().replace(at(NOW_US), at(NOW_US)[:-1] + "+01:00"), Reason.TIME),
    "a sign-on that has ended": (
        response(
            assertion(
                statement=f'<saml:AuthnStatement AuthnInstant="{at(NOW_US)}" '
                f'SessionNotOnOrAfter="{at(NOW_US - 61_000_000)}"/>'
            )
        ),
        Reason.EXPIRED,
    ),
    "no sign-on": (response(assertion(statement="")), Reason.NO_SIGN_IN),
    "nobody": (response(assertion(name=" ")), Reason.SUBJECT),
    "two names": (
        response(
            assertion(subject="<saml:Subject><saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID></saml:Subject>")
        ),
        Reason.SUBJECT,
    ),
    "a name in two parts": (response(assertion(name="ada<x/>.evil")), Reason.SUBJECT),
    "a name without end": (response(assertion(name="a" * 513)), Reason.SUBJECT),
    "a name of two lines": (response(assertion(name="ada&#10;eve")), Reason.SUBJECT),
    "no subject": (response(assertion(subject="")), Reason.SUBJECT),
    "no confirmation": (
        response(assertion(subject="<saml:Subject><saml:NameID>ada</saml:NameID></saml:Subject>")),
        Reason.CONFIRMATION,
    ),
    "a confirmation by whoever vouches": (
        response(assertion(subject=confirmed(f'Recipient="{ACS}"', "sender-vouches"))),
        Reason.CONFIRMATION,
    ),
    "a bearer for ever": (
        response(assertion(subject=confirmed(f'Recipient="{ACS}" InResponseTo="_request1"'))),
        Reason.TIME,
    ),
    "more attributes than are read": (
        response(assertion(attributes={f"a{number}": ["x"] for number in range(301)})),
        Reason.ATTRIBUTES,
    ),
    "an attribute without end": (response(assertion(attributes={"a": ["x" * 4_097]})), Reason.ATTRIBUTES),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_for_its_own_reason(attack: str) -> None:
    message, reason = ATTACKS[attack]
    with pytest.raises(Refused) as refused:
        read(message)
    assert refused.value.reason is reason
    assert "evil" not in str(refused.value)


def test_what_must_be_encrypted_is_not_taken_in_clear() -> None:
    with pytest.raises(Refused) as refused:
        read(response(), must_be_encrypted=True)
    assert refused.value.reason is Reason.UNENCRYPTED


def test_what_nobody_asked_for_is_refused_where_that_is_allowed_but_it_answers_something() -> None:
    with pytest.raises(Refused) as refused:
        read(response(), request_id=None, allow_unsolicited=True)
    assert refused.value.reason is Reason.NOT_ASKED


@pytest.mark.parametrize("skew_s", [0, 59])
def test_clocks_may_be_a_little_apart(skew_s: int) -> None:
    assert read(response(assertion(from_s=skew_s, until_s=900))).subject == "ada"
    assert read(response(assertion(from_s=-900, until_s=-skew_s))).subject == "ada"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.BASE64),
        ("Zg", Reason.BASE64),
        ("Zg=", Reason.BASE64),
        ("Zh==", Reason.BASE64),
        ("Zg==Zg==", Reason.BASE64),
        ("=Zg=", Reason.BASE64),
        ("Z-_g", Reason.BASE64),
        ("Zm9v\x00", Reason.BASE64),
        ("Zm9vé", Reason.BASE64),
        ("A" * (MESSAGE_BYTES_MAX * 2 + 4), Reason.TOO_LARGE),
        (base64.b64encode(b"x" * (MESSAGE_BYTES_MAX + 3)).decode(), Reason.TOO_LARGE),
    ],
)
def test_odd_base64_is_refused(text: str, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        decoded(text)
    assert refused.value.reason is reason


def test_base64_in_lines_is_read() -> None:
    text = base64.encodebytes(response().encode()).decode().replace("\n", "\r\n")
    assert decoded(text) == response().encode()


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_refused_and_nothing_else(message: bytes) -> None:
    with pytest.raises(Refused):
        read(message)


@given(st.data())
def test_a_changed_byte_never_raises_anything_else(data: st.DataObject) -> None:
    message = bytearray(response().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        heard = read(bytes(message))
    except Refused:
        return
    assert heard.issuer == IDP


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:01.1234567Z", 1_123_456),
    ],
)
def test_times_have_as_many_digits_as_they_like(text: str, us: int) -> None:
    assert moment_us(text) == us
