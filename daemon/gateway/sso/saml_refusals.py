"""Why a SAML message is refused, in fixed sentences: what the audit tells. Whoever sent it is told none of them."""

from enum import StrEnum, unique


@unique
class Reason(StrEnum):
    """In the order in which a message is looked at."""

    FORM = "the form is not one SAMLResponse and at most one RelayState"
    TOO_LARGE = "the message is longer than is read"
    BASE64 = "the message is not base64"
    ENCODING = "the message is not UTF-8"
    DOCTYPE = "the message declares a document type or entities"
    COMMENT = "the message has comments"
    INSTRUCTION = "the message has processing instructions"
    TOO_MUCH = "the message has more elements than are read, or deeper ones"
    XML = "the message is not well-formed XML"
    NO_RESPONSE = "the message is no SAML 2.0 response"
    STATUS = "the identity provider says that nobody signed in"
    DOUBLE_ID = "two elements of the message have one id"
    NO_ID = "the response or the assertion has no id"
    PLACE = "a response, an assertion or a signature stands where none may stand"
    NOT_ONE = "there is not exactly one assertion"
    UNENCRYPTED = "the assertion is not encrypted"
    CIPHER = "the assertion is encrypted in a way that is not accepted"
    UNREADABLE = "no key of ours opens the encrypted assertion"
    UNSIGNED = "the assertion is not signed"
    REFERENCE = "a signature is not of the very element that it stands in"
    TRANSFORM = "a signature has a transform that it may not have"
    ALGORITHM = "a signature is made by an algorithm that is not accepted"
    SIGNATURE = "no key in the identity provider's metadata made the signature"
    OTHERWISE = "what is signed is not what was read"
    DISAGREED = "the second opinion (pysaml2) refuses it"
    ISSUER = "it was issued by somebody else than the identity provider"
    DESTINATION = "the response is meant for another address"
    UNSOLICITED = "nobody asked for it: people begin to sign on here"
    NOT_ASKED = "it answers no sign-on that is pending in this browser"
    RELAY = "its RelayState is not the one that was given out for it"
    SUBJECT = "the assertion is not about exactly one person with a usable name"
    TRANSIENT = "the person's name is only for this once, and the table maps no other identifier"
    CONFIRMATION = "no bearer confirmation of the assertion is for this sign-on"
    RECIPIENT = "the assertion is meant for another recipient"
    CONDITIONS = "the assertion has conditions that are not understood, or none"
    AUDIENCE = "the assertion is meant for another audience"
    NOT_YET = "the assertion is not valid yet"
    EXPIRED = "the assertion is not valid any more"
    NO_SIGN_IN = "the assertion does not say that and when the person signed in"
    TIME = "a time in the message is not one in UTC"
    REPLAYED = "the assertion was used before"
    ATTRIBUTES = "the attributes are more than are read, or are not understood"
    CLAIMS = "the attributes do not fit the mapping table"


class Refused(Exception):
    """``detail`` is for the audit as well, and never what the sender wrote in full."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
