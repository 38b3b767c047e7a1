"""Whatever is changed, copied or moved in a genuine response: what is believed is what was signed, or nothing."""

import random
import re
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from saml_stage import XMLSEC1, Keys, encrypted, lacking, signed
from saml_texts import IDP, assertion, expected, response, signature

from daemon.gateway.sso.saml_crypto import Means, examined
from daemon.gateway.sso.saml_provider import Provider
from daemon.gateway.sso.saml_refusals import Reason, Refused

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
    pytest.mark.filterwarnings("ignore"),
]
SEEDS = 8
CHANGES = 120
_TAG = re.compile(r"<(/?)([\w:]+)[^>]*?(/?)>")


def spans(text: str) -> list[tuple[int, int]]:
    """Where each element begins and ends."""
    found, open_tags = [], []
    for tag in _TAG.finditer(text):
        if tag[1]:
            found.append((open_tags.pop(), tag.end()))
        elif tag[3]:
            found.append((tag.start(), tag.end()))
        else:
            open_tags.append(tag.start())
    return found


def changed(text: str, dice: random.Random) -> str:
    """One change: of structure most of the time, since that is what is hard to get right."""
    elements = spans(text)
    start, end = dice.choice(elements)
    piece = text[start:end]
    places = [at for span in elements for at in span if not start < at < end]
    at = dice.choice(places)
    match dice.randrange(8):
        case 0:  # a copy about somebody else
            return text[:at] + piece.replace(">ada<", ">eve<") + text[at:]
        case 1:  # a copy under another id
            return text[:at] + re.sub(r' ID="([^"]+)"', r' ID="\1x"', piece).replace(">ada<", ">eve<") + text[at:]
        case 2:  # it moves
            rest = text[:start] + text[end:]
            at = at if at <= start else at - len(piece)
            return rest[:at] + piece + rest[at:]
        case 3:  # it is gone
            return text[:start] + text[end:]
        case 4:  # it is wrapped
            name = dice.choice(["samlp:Extensions", "saml:Advice", "ds:Object", "x"])
            head = f'<{name} xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
            return f"{text[:start]}{head}{piece}</{name}>{text[end:]}"
        case 5:  # it is about somebody else, and a copy of the genuine one stands somewhere
            return text[:at] + piece + text[at:].replace(">ada<", ">eve<")
        case 6:  # an id is another's
            ids = re.findall(r' ID="([^"]+)"', text)
            return text.replace(f' ID="{dice.choice(ids)}"', f' ID="{dice.choice(ids)}"', 1)
        case _:  # a byte
            spot = dice.randrange(len(text))
            return text[:spot] + chr(dice.randrange(32, 127)) + text[spot + 1 :]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"), "idp", "sp")


def means(keys: Keys) -> Means:
    der = x509.load_pem_x509_certificate(keys.pem("idp").read_bytes()).public_bytes(Encoding.DER)
    provider = Provider(
        entity_id=IDP, certificates=(der,), login_url="", logout_url="", logout_answer_url="", until_us=None
    )
    return Means(xmlsec1=XMLSEC1, provider=provider, keys=(keys.key("sp").read_text(),))


def genuine(keys: Keys, now_us: int, *, both: bool) -> str:
    text = response(assertion(now_us=now_us), now_us=now_us, signed=signature("_response1") if both else "")
    text = signed(text, keys.key("idp"), "_assertion1")
    return signed(text, keys.key("idp"), "_response1", "Response") if both else text


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_believed_is_what_was_signed(keys: Keys, seed: int) -> None:
    dice = random.Random(seed)
    now_us = time.time_ns() // 1000
    text = genuine(keys, now_us, both=seed % 2 == 0)
    wanted = examined(text.encode(), expected(now_us=now_us), means(keys))
    assert wanted.subject == "ada"
    refused: set[Reason] = set()
    for _ in range(CHANGES):
        forged = text
        for _ in range(dice.randint(1, 3)):
            forged = changed(forged, dice) if _TAG.search(forged) and balanced(forged) else forged
        try:
            heard = examined(forged.encode(), expected(now_us=now_us), means(keys))
        except Refused as error:
            refused.add(error.reason)
            continue
        assert heard == wanted, forged
    assert len(refused) >= 5, "the changes are too much alike"


def balanced(text: str) -> bool:
    """Whether elements can be found in it."""
    try:
        spans(text)
    except IndexError:
        return False
    return True


def test_nothing_is_left_on_the_disk(keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    now_us = time.time_ns() // 1000
    text = encrypted(genuine(keys, now_us, both=False), keys.pem("sp"))
    seen: list[Path] = []
    run = subprocess.run

    def watched(command: list[str], **more: object) -> object:
        seen.extend(tmp_path.rglob("*"))
        return run(command, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    assert examined(text.encode(), expected(now_us=now_us), means(keys)).subject == "ada"
    assert seen == list(tmp_path.iterdir()) == []
