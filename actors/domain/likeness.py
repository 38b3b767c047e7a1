"""Whether what a vendor shows is what was meant to be said, there, to them.

Vendors escape, lay out and number what they are sent, turn emoji into words, make links of what looks like an address
and ids of whom it mentions; what is compared is the words that a person reads. They are kept as a print: short, and
nobody's words can be read out of it.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from html import unescape
from unicodedata import normalize

import msgspec

SAID = "said"
"""Key of a receipt: the print of what the vendor showed when it took the post, or when it was looked for."""
TO_LEARNER = "learner:"
_EMOJI = re.compile(r":[a-z0-9_+'-]+:|[0-9#*]\ufe0f?\u20e3|\u2139")
"""As words, and those that count as letters or begin with a digit."""
_LINKED = re.compile(r"<(?:https?://|mailto:|tel:)([^|<>]*?)/?\|(\1/?)>|<tel:[^|<>]*\|([^<>]*)>")
"""An address that was made a link of by itself: what stood there is behind the bar."""
_MENTION = re.compile(r"<[@#!][^<>]*>|(?<![\w&/])[@#][\w.-]+")
_WORD = re.compile(r"\w+")
_READ = frozenset({"text", "title", "value"})
_decode = msgspec.json.Decoder().decode


def print_of(post: object) -> str:
    """Of a post as a vendor is sent it, or shows it: its text, else what stands in its cards. Empty: nothing to
    read."""
    if not isinstance(post, Mapping):
        return ""
    text, cards = post.get("text"), post.get("attachments")
    if isinstance(text, str):
        words = _words(text)
    else:
        words = (
            sorted(word for card in cards if isinstance(card, Mapping) for word in _of_card(card))
            if isinstance(cards, list)
            else []
        )
    return blake2b(" ".join(words).encode(), digest_size=8).hexdigest() if words else ""


def astray(
    planned: bytes | None, destination: str, receipt: Mapping[str, str], known_at: str, *, alone: bool = True
) -> str | None:
    """How a post is another one than was planned, in words; empty: it is that one; None: the vendor shows nothing to
    tell by. ``known_at``: where the learner whom it was meant for is known to be read, if anywhere; ``alone``: False in
    a digest, which says more."""
    looked = False
    team, channel = receipt.get("team", ""), receipt.get("channel", "")
    if destination.startswith(TO_LEARNER):
        at = receipt.get("user") or channel
        if known_at and at:
            looked = True
            if at != known_at:
                return f"person: it went to {at}, and {destination} is {known_at}"
    elif channel and not receipt.get("updated"):  # an earlier post is rewritten where it stands
        looked = True
        at = f"{team}/{channel}" if team else channel
        if at.casefold() != destination.casefold():
            return f"place: planned for {destination}, posted at {at}"
    shown, meant = receipt.get(SAID, ""), print_of(unpacked(planned)) if alone else ""
    if shown and meant:
        looked = True
        if shown != meant:
            return "words: what the vendor shows is not what was rendered when it was planned"
    return "" if looked else None


def unpacked(body: bytes | None) -> object:
    """A rendered body; None where it was too long to be kept whole."""
    try:
        return _decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _words(text: str) -> list[str]:
    text = _MENTION.sub(" ", _LINKED.sub(r"\2\3", text))
    return [word.casefold() for word in _WORD.findall(_EMOJI.sub(" ", normalize("NFC", unescape(text))))]


def _of_card(card: Mapping[str, object]) -> list[str]:
    content = card.get("content")
    try:
        inside = _decode(content) if isinstance(content, str) else content
    except msgspec.DecodeError:
        return []
    return [word for text in _texts(inside) for word in _words(text)]


def _texts(value: object) -> Iterator[str]:
    """Whatever a reader of a card sees, in any order: a vendor may write its keys in another one."""
    match value:
        case Mapping():
            for name, inner in value.items():
                if isinstance(inner, str):
                    if name in _READ:
                        yield inner
                else:
                    yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            return
