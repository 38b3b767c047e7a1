"""What an attacker makes of a genuine SAML response: the eight classic ways of wrapping, and signatures of nothing."""

import re
from pathlib import Path

from saml_stage import Begun, Browser, Keys, encrypted, signed
from saml_texts import RSA_SHA256, signature

EVIL = "eve"


class Hand:
    """What an attacker has: a genuine answer for this browser's sign-on, and tools."""

    def __init__(self, browser: Browser, begun: Begun, keys: Keys) -> None:
        self.browser = browser
        self.begun = begun
        self.keys = keys

    def assertion(self, **changed: object) -> str:
        return self.browser.assertion(self.begun, **changed)

    def response(self, *content: str, **changed: object) -> str:
        return self.browser.response(self.begun, *(content or (self.assertion(),)), **changed)

    def genuine(self, key: str = "idp", **changed: object) -> str:
        return signed(self.response(self.assertion(**changed)), self.keys.key(key), "_assertion1")

    def whole(self) -> str:
        """A genuine one of which only the response is signed."""
        text = self.response(self.assertion(signed=""), signed=signature("_response1"))
        return signed(text, self.keys.key("idp"), "_response1", "Response")

    def parts(self) -> tuple[str, str, str]:
        """A genuine answer's text, its assertion, and that one's signature."""
        text = self.genuine()
        [inner] = re.findall(r"<saml:Assertion .*</saml:Assertion>", text, re.DOTALL)
        [proof] = re.findall(r"<ds:Signature .*?</ds:Signature>", inner, re.DOTALL)
        return text, inner, proof


def evil(inner: str, proof: str = "", new_id: str = "_evil") -> str:
    """A copy of the assertion about somebody else, with this signature in it."""
    bare = re.sub(r"<ds:Signature .*</ds:Signature>", proof, inner, flags=re.DOTALL)
    return bare.replace(">ada<", f">{EVIL}<").replace('ID="_assertion1"', f'ID="{new_id}"', 1)


# ── the eight classic ways of wrapping ───────────────────────────────────────────────────────────────


def whole_forged(hand: Hand) -> tuple[str, str, str]:
    """A genuine response without its signature, that signature, and a forged copy that still has it."""
    text = hand.whole()
    [proof] = re.findall(r"<ds:Signature .*</ds:Signature>", text, re.DOTALL)
    forged = text.replace(">ada<", f">{EVIL}<").replace('ID="_response1"', 'ID="_evil"')
    return text.replace(proof, ""), proof, forged.replace('ID="_assertion1"', 'ID="_evil1"')


def xsw1(hand: Hand) -> str:
    """The genuine response stands in an object of the forged one's signature."""
    genuine, proof, forged = whole_forged(hand)
    return forged.replace(proof, proof.replace("</ds:Signature>", f"<ds:Object>{genuine}</ds:Object></ds:Signature>"))


def xsw2(hand: Hand) -> str:
    """The genuine response stands before the forged one's signature."""
    genuine, proof, forged = whole_forged(hand)
    return forged.replace(proof, f"<samlp:Extensions>{genuine}</samlp:Extensions>{proof}")


def xsw3(hand: Hand) -> str:
    """A forged assertion before the genuine one."""
    text, inner, _ = hand.parts()
    return text.replace(inner, evil(inner) + inner)


def xsw4(hand: Hand) -> str:
    """A forged assertion around the genuine one."""
    text, inner, _ = hand.parts()
    return text.replace(inner, evil(inner).replace("</saml:Assertion>", f"{inner}</saml:Assertion>"))


def xsw5(hand: Hand) -> str:
    """The forged one has the signature, the genuine one stands behind without."""
    text, inner, proof = hand.parts()
    return text.replace(inner, evil(inner, proof) + inner.replace(proof, ""))


def xsw6(hand: Hand) -> str:
    """The genuine one stands in the forged one's signature."""
    text, inner, proof = hand.parts()
    wrapped = proof.replace("</ds:Signature>", f"{inner.replace(proof, '')}</ds:Signature>")
    return text.replace(inner, evil(inner, wrapped))


def xsw7(hand: Hand) -> str:
    """The forged one stands in an extension, under the same id."""
    text, inner, _ = hand.parts()
    return text.replace(inner, f"<samlp:Extensions>{evil(inner, new_id='_assertion1')}</samlp:Extensions>{inner}")


def xsw8(hand: Hand) -> str:
    """The genuine one stands in an object of the forged one's signature."""
    text, inner, proof = hand.parts()
    wrapped = proof.replace("</ds:Signature>", f"<ds:Object>{inner.replace(proof, '')}</ds:Object></ds:Signature>")
    return text.replace(inner, evil(inner, wrapped))


# ── keys and algorithms ──────────────────────────────────────────────────────────────────────────────


def with_template(
    hand: Hand, by: str = "idp", how: str = "--privkey-pem", file: Path | None = None, **form: object
) -> str:
    proof = signature("_assertion1", **form)  # type: ignore[arg-type]
    text = hand.response(hand.assertion(signed=proof))
    return signed(text, file or hand.keys.key(by), "_assertion1", how=how)


def hmac(hand: Hand) -> str:
    """Signed with the public certificate as if it were a secret."""
    method = RSA_SHA256.replace("rsa", "hmac")
    return with_template(hand, method=method, how="--hmackey", file=hand.keys.pem("idp"))


def own_key(hand: Hand) -> str:
    """Signed by somebody whose certificate comes along."""
    certificate = f"<ds:X509Certificate>{hand.keys.base64('evil')}</ds:X509Certificate>"
    key = f"<ds:KeyInfo><ds:X509Data>{certificate}</ds:X509Data></ds:KeyInfo>"
    return with_template(hand, "evil", key=key)


def key_value(hand: Hand) -> str:
    return with_template(hand, "evil", key="<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>")


def broken_outside(hand: Hand) -> str:
    """The assertion's signature is good, the response's is not."""
    text = signed(hand.response(hand.assertion(), signed=signature("_response1")), hand.keys.key("idp"), "_assertion1")
    both = signed(text, hand.keys.key("idp"), "_response1", "Response")
    return both.replace("<samlp:Status>", "<samlp:Status> ", 1)


def sealed(hand: Hand, text: str, to: str = "sp", **how: str) -> str:
    return encrypted(text, hand.keys.pem(to), **how)
