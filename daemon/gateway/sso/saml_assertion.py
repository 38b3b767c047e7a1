"""What a response says, and whether it says it to us, now, and to this browser. Signatures are looked at elsewhere
(``saml_crypto``): nothing here is to be believed before they have been. Pure: the time is handed in.
"""

import re
from calendar import timegm
from datetime import datetime
from xml.etree.ElementTree import Element

import msgspec

from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_shape import SAML, Shaped

AGE_S_MAX = 3_600
"""How old an assertion may be, whatever it says of itself: so long, and no longer, is remembered that it was used."""
SUBJECT_CHARS_MAX = 512
ATTRIBUTES_MAX = 300
VALUES_MAX = 3_000
VALUE_CHARS_MAX = 4_096
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_UNDERSTOOD = frozenset(f"{SAML}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?Z", re.ASCII)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a response has to be. ``idp`` and ``entity_id`` (ours) are entity ids; ``acs_url`` is where it was posted.
    ``request_id``: of the sign-on that is pending in this browser, None: none is. ``skew_us``: how far the clocks may
    be apart."""

    idp: str
    entity_id: str
    acs_url: str
    request_id: str | None
    allow_unsolicited: bool
    must_be_encrypted: bool
    now_us: int
    skew_us: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an assertion says. ``remember_until_us``: until then it must be known that it was used. ``attributes`` are
    lists of texts by full name. ``ends_us``: when the IdP's own session does, if it says so."""

    id: str
    issuer: str
    subject: str
    transient: bool
    session: str
    ends_us: int | None
    remember_until_us: int
    attributes: dict[str, list[str]]


def said(shape: Shaped, expected: Expected) -> Said:
    """Raises Refused with the first reason that there is."""
    assertion = shape.assertion
    if assertion is None:
        raise Refused(Reason.UNREADABLE)
    if expected.must_be_encrypted and not shape.encrypted:
        raise Refused(Reason.UNENCRYPTED)
    _addressed(shape, expected)
    asked(shape.response, expected)
    _issued(shape, assertion, expected)
    issued_us = _when(assertion, "IssueInstant", needed=True)
    _in_time(issued_us, issued_us + (AGE_S_MAX * 1_000_000), expected, "IssueInstant")
    subject, transient = _subject(assertion)
    _confirmed(assertion, expected)
    _conditions(assertion, expected)
    session, ends_us = _sign_in(assertion, expected)
    return Said(
        id=assertion.get("ID", ""),
        issuer=expected.idp,
        subject=subject,
        transient=transient,
        session=session,
        ends_us=ends_us,
        remember_until_us=issued_us + AGE_S_MAX * 1_000_000 + 2 * expected.skew_us,
        attributes=_attributes(assertion),
    )


def moment_us(text: str) -> int:
    """Microseconds since the epoch of a time as SAML writes it, in UTC. Raises Refused."""
    matched = _MOMENT.fullmatch(text)
    try:
        whole = datetime.fromisoformat(matched[1] if matched else "")
    except ValueError:
        raise Refused(Reason.TIME) from None
    fraction = (matched[2] or "" if matched else "").ljust(6, "0")[:6]
    return timegm(whole.timetuple()) * 1_000_000 + int(fraction)


def _when(element: Element, name: str, *, needed: bool = False) -> int:
    """0 where it is not told."""
    text = element.get(name)
    if text is None and not needed:
        return 0
    return moment_us(text or "")


def _in_time(from_us: int, until_us: int, expected: Expected, what: str) -> None:
    """0 is no bound."""
    if from_us and from_us > expected.now_us + expected.skew_us:
        raise Refused(Reason.NOT_YET, what)
    if until_us and until_us <= expected.now_us - expected.skew_us:
        raise Refused(Reason.EXPIRED, what)


# ── the response ─────────────────────────────────────────────────────────────────────────────────────


def _addressed(shape: Shaped, expected: Expected) -> None:
    destination = shape.response.get("Destination")
    if destination is None and not shape.response_signed:
        return  # says nothing, and could be made to say anything: the recipient in the assertion counts
    if destination != expected.acs_url:
        raise Refused(Reason.DESTINATION)


def asked(response: Element, expected: Expected) -> None:
    """Raises Refused where this is no answer to what is pending."""
    answered = response.get("InResponseTo")
    if answered is None and expected.request_id is None:
        if not expected.allow_unsolicited:
            raise Refused(Reason.UNSOLICITED)
    elif answered is None:
        raise Refused(Reason.UNSOLICITED)
    elif answered != expected.request_id:
        raise Refused(Reason.NOT_ASKED)


def _issued(shape: Shaped, assertion: Element, expected: Expected) -> None:
    for element, needed in ((shape.response, False), (assertion, True)):
        issuer = element.find(f"{SAML}Issuer")
        if issuer is None and not needed:
            continue
        if issuer is None or _text(issuer) != expected.idp or issuer.get("Format", ENTITY) != ENTITY:
            raise Refused(Reason.ISSUER)
    _in_time(_when(shape.response, "IssueInstant"), 0, expected, "IssueInstant of the response")


def _text(element: Element) -> str:
    """What stands in an element that has nothing else in it. Raises Refused."""
    if len(element):
        raise Refused(Reason.SUBJECT)
    return (element.text or "").strip()


# ── the assertion ────────────────────────────────────────────────────────────────────────────────────


def _subject(assertion: Element) -> tuple[str, bool]:
    names = assertion.findall(f"{SAML}Subject/{SAML}NameID")
    if len(names) != 1:
        raise Refused(Reason.SUBJECT)
    name = _text(names[0])
    if not name or len(name) > SUBJECT_CHARS_MAX or not name.isprintable():
        raise Refused(Reason.SUBJECT)
    return name, names[0].get("Format") == TRANSIENT


def _confirmed(assertion: Element, expected: Expected) -> None:
    """One bearer confirmation must be for us, now, and for this sign-on. The reason is the first one's that is not."""
    wrong: Refused | None = None
    for confirmation in assertion.findall(f"{SAML}Subject/{SAML}SubjectConfirmation"):
        data = confirmation.find(f"{SAML}SubjectConfirmationData")
        if confirmation.get("Method") != BEARER or data is None:
            continue
        try:
            _bearer(data, expected)
        except Refused as refused:
            wrong = wrong or refused
        else:
            return
    raise wrong or Refused(Reason.CONFIRMATION)


def _bearer(data: Element, expected: Expected) -> None:
    if data.get("Recipient") != expected.acs_url:
        raise Refused(Reason.RECIPIENT)
    _in_time(_when(data, "NotBefore"), _when(data, "NotOnOrAfter", needed=True), expected, "SubjectConfirmationData")
    if data.get("InResponseTo") != expected.request_id:
        raise Refused(Reason.NOT_ASKED, "SubjectConfirmationData")


def _conditions(assertion: Element, expected: Expected) -> None:
    conditions = assertion.find(f"{SAML}Conditions")
    if conditions is None or any(each.tag not in _UNDERSTOOD for each in conditions):
        raise Refused(Reason.CONDITIONS)
    _in_time(_when(conditions, "NotBefore"), _when(conditions, "NotOnOrAfter"), expected, "Conditions")
    restrictions = conditions.findall(f"{SAML}AudienceRestriction")
    for restriction in restrictions:
        if expected.entity_id not in [_text(each) for each in restriction.findall(f"{SAML}Audience")]:
            raise Refused(Reason.AUDIENCE)
    if not restrictions:
        raise Refused(Reason.AUDIENCE, "none is named")


def _sign_in(assertion: Element, expected: Expected) -> tuple[str, int | None]:
    statements = assertion.findall(f"{SAML}AuthnStatement")
    if len(statements) != 1:
        raise Refused(Reason.NO_SIGN_IN)
    statement = statements[0]
    _in_time(_when(statement, "AuthnInstant", needed=True), 0, expected, "AuthnInstant")
    ends_us = _when(statement, "SessionNotOnOrAfter")
    _in_time(0, ends_us, expected, "SessionNotOnOrAfter")
    return statement.get("SessionIndex", "")[:SUBJECT_CHARS_MAX], ends_us or None


def _attributes(assertion: Element) -> dict[str, list[str]]:
    """Texts only: what an attribute's value holds besides is nothing that a table could map."""
    found: dict[str, list[str]] = {}
    told = assertion.findall(f"{SAML}AttributeStatement/{SAML}Attribute")
    if len(told) > ATTRIBUTES_MAX or assertion.find(f"{SAML}AttributeStatement/{SAML}EncryptedAttribute") is not None:
        raise Refused(Reason.ATTRIBUTES)
    room = VALUES_MAX
    for attribute in told:
        values = [each.text.strip() for each in attribute.findall(f"{SAML}AttributeValue") if each.text]
        room -= len(values)
        if room < 0 or any(len(each) > VALUE_CHARS_MAX for each in values):
            raise Refused(Reason.ATTRIBUTES)
        if values and (name := attribute.get("Name", "").strip()):
            found.setdefault(name, []).extend(values)
    return found
