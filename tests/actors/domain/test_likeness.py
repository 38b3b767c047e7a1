"""What a vendor shows is told from something else, however it lays out what it was sent."""

import msgspec
import pytest

from actors.domain.likeness import SAID, astray, print_of

TEXT = "Ada &amp; Ben finished *Engines* :tada:\n<https://lms.test/c/1|Engines>"
SAME = "Ada & Ben finished *Engines* \U0001f389\n<https://lms.test/c/1|Engines>"
CARD = {
    "type": "AdaptiveCard",
    "body": [{"type": "TextBlock", "text": "Ada: 85"}, {"facts": [{"title": "of", "value": "100"}]}],
}
TURNED = {
    "body": [{"text": "Ada: 85", "type": "TextBlock", "wrap": True}, {"facts": [{"value": "100", "title": "of"}]}]
}


def card(content: object) -> dict[str, object]:
    return {"attachments": [{"id": "x", "content": msgspec.json.encode(content).decode()}]}


def test_the_same_words_have_the_same_print() -> None:
    assert print_of({"text": TEXT}) == print_of({"text": SAME, "blocks": [1]}) != ""
    assert print_of({"text": TEXT}) != print_of({"text": TEXT.replace("Engines", "Motors")})
    assert print_of(card(CARD)) == print_of(card(TURNED)) != ""
    assert print_of(card(CARD)) != print_of(card({"body": [{"text": "Ada: 58"}]}))
    for nothing in (None, "x", {}, {"text": ""}, {"attachments": [3, {"content": "{"}]}):
        assert print_of(nothing) == ""


BODY = msgspec.json.encode({"text": TEXT})
SHOWN = {SAID: print_of({"text": SAME})}


@pytest.mark.parametrize(
    ("planned", "destination", "receipt", "known_at", "expected"),
    [
        (BODY, "C1", {"channel": "C1", **SHOWN}, "", ""),
        (BODY, "C1", {"channel": "C2", **SHOWN}, "", "place: planned for C1, posted at C2"),
        (BODY, "T1/19:a", {"team": "t1", "channel": "19:a"}, "", ""),
        (BODY, "T1/19:a", {"team": "t2", "channel": "19:a"}, "", "place: planned for T1/19:a, posted at t2/19:a"),
        (BODY, "C1", {"channel": "C1", SAID: "00"}, "", "words: what the vendor shows is not what was rendered"),
        (None, "C1", {"channel": "C1", SAID: "00"}, "", ""),
        (b'{"text":"cut o', "C1", {SAID: "00"}, "", None),
        (BODY, "learner:a@b.c", {"channel": "D1", **SHOWN}, "D1", ""),
        (BODY, "learner:a@b.c", {"user": "u2"}, "u1", "person: it went to u2, and learner:a@b.c is u1"),
        (None, "learner:a@b.c", {"user": "u2"}, "", None),
        (BODY, "learners-07", {"lrs": "x"}, "", None),
    ],
)
def test_what_went_astray(
    planned: bytes | None, destination: str, receipt: dict[str, str], known_at: str, expected: str | None
) -> None:
    found = astray(planned, destination, receipt, known_at)
    assert found == expected or (expected and found is not None and found.startswith(expected))


def test_a_digest_says_more_than_was_rehearsed() -> None:
    assert astray(BODY, "C1", {"channel": "C1", SAID: "00"}, "", alone=False) == ""
