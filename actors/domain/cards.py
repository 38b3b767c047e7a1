"""What was composed, as an Adaptive Card for Teams: for whoever posts cards there, by whatever way.

Teams takes about 28 KB a message, everything counted, as UTF-16. A quotation mark in JSON inside JSON may weigh five
times what it looks like: the whole body is weighed, and shortened in steps until it fits. A post never fails for its
length; of a digest's lines it shows as many as fit, whole, and tells how many do not. The parts arrive escaped
(``escape``), so a cut must not leave half an escape or link.
"""

import re
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

import msgspec

from actors.domain.outbox import Composed

Card = dict[str, object]
Wrap = Callable[[Card], dict[str, object]]
"""The whole body of a message with that card."""

BODY_BYTES_MAX = 28_000
"""In UTF-16. Below the 28 KB that Teams takes."""
URL_MAX = 1_000
HOST_MAX = 60
CORRELATION_MAX = 64
LINE_MAX = 300
ELLIPSIS = "…"
NOTHING = "–"
CARD_TYPE = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"

_MARKUP = re.compile(r"[\\`*_\[\]~]")
_LIST_START = re.compile(r"\A(\s*)([#>+-]|\d{1,9}[.)])")
_ESCAPED = re.compile(r"\\([\\`*_\[\]~#>+.)-])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_OPEN_LINK = re.compile(r"(?<!\\)\[[^\[\]]*(?:\](?:\([^()]*)?)?\Z")


class _Room(msgspec.Struct, frozen=True):
    """How much of each part is kept."""

    title: int
    text: int
    facts: int
    fact: int


ROOMS = (_Room(300, 6_000, 20, 400), _Room(300, 2_000, 20, 160), _Room(200, 600, 10, 100), _Room(150, 200, 0, 0))
"""From what anybody would want to read down to what always fits."""
DIGEST_ROOMS = ROOMS[2:]
"""A digest's lines matter more than what is said around them."""


def escape(text: str) -> str:
    """What means something in an Adaptive Card's Markdown, made to mean itself."""
    text = _MARKUP.sub(r"\\\g<0>", text)
    if text[:1].isalpha():
        return text
    return _LIST_START.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", text)


def plain(text: str) -> str:
    """The opposite, on one line: for where no Markdown is read."""
    return " ".join(clean(_ESCAPED.sub(r"\1", text) if "\\" in text else text).split())


def fitted(composed: Composed, wrap: Wrap, mark: str, correlation_id: str) -> dict[str, object]:
    """The body with the card, which carries ``mark``, in the largest form that fits."""
    body: dict[str, object] = {}
    for room in DIGEST_ROOMS if composed.lines else ROOMS:
        body = wrap(_card(composed, mark, correlation_id, room, 0))
        if _fits(body):
            return _with_lines(composed, wrap, mark, correlation_id, room) if composed.lines else body
    return body


def _with_lines(composed: Composed, wrap: Wrap, mark: str, correlation_id: str, room: _Room) -> dict[str, object]:
    """As many lines as fit, found by halving. Without any it does."""
    body = wrap(_card(composed, mark, correlation_id, room, 0))
    shown, most = 0, len(composed.lines)
    while shown < most:
        middle = (shown + most + 1) // 2
        longer = wrap(_card(composed, mark, correlation_id, room, middle))
        if _fits(longer):
            body, shown = longer, middle
        else:
            most = middle - 1
    return body


def _fits(body: dict[str, object]) -> bool:
    return weight(msgspec.json.encode(body)) <= BODY_BYTES_MAX


def weight(body: bytes) -> int:
    """Bytes of JSON if it were UTF-16."""
    return len(body.decode().encode("utf-16-le"))


def web_address(url: str) -> str:
    """The address as a link may carry it; nothing for what is no web address or too long to be one."""
    address = quote(clean(url).strip(), safe="!#$%&'*+,/:;=?@[]~")
    try:
        parts = urlsplit(address)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return address if named and len(address) <= URL_MAX else ""


def shorten(text: str, length_max: int, link: str = "") -> str:
    """The text itself where it fits; else its beginning, an ellipsis and the link."""
    if len(text) <= length_max:
        return text
    tail = f"{ELLIPSIS} {link}" if link and len(link) + 2 < length_max else ELLIPSIS
    kept = text[: max(0, length_max - len(tail))]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]
    return _OPEN_LINK.sub("", kept).rstrip() + tail


def _card(composed: Composed, mark: str, correlation_id: str, room: _Room, shown: int) -> dict[str, object]:
    address = web_address(composed.url)
    host = _host(address) if address else ""
    title = shorten(" ".join(clean(composed.title).split()), room.title)
    text = clean(composed.text).strip()
    link = f"[{escape(host)}]({quote(address, safe=_IN_LINKS)})" if address else ""
    body: list[dict[str, object]] = [_text(title or NOTHING, id=card_mark(mark), weight="Bolder", size="Medium")]
    if text:
        body.append(_text(shorten(text, room.text, link).replace("\n", "\n\n")))
    facts = [fact for label, value in composed.facts if (fact := _fact(label, value, room.fact))]
    if facts[: room.facts]:
        body.append({"type": "FactSet", "facts": facts[: room.facts]})
    if len(facts) > room.facts:
        body.append(_text(f"{ELLIPSIS} +{len(facts) - room.facts}", isSubtle=True, size="Small"))
    body += _listed(composed, shown, link)
    correlation = clean(correlation_id).strip()
    if correlation:
        body.append(_text(escape(shorten(correlation, CORRELATION_MAX)), isSubtle=True, size="Small"))
    actions = [{"type": "Action.OpenUrl", "title": host, "url": address}] if address else []
    card: Card = {"type": "AdaptiveCard", "$schema": SCHEMA, "version": "1.4", "body": body}
    return card | ({"actions": actions} if actions else {})


_IN_LINKS = "!#$%&'*+,/:;=?@~"


def _listed(composed: Composed, shown: int, link: str) -> list[dict[str, object]]:
    """A digest's first lines as a list, and what is said of the others."""
    lines = [f"- {shorten(' '.join(clean(line).split()) or NOTHING, LINE_MAX)}" for line in composed.lines[:shown]]
    rest = shorten(" ".join(clean(composed.more).split()), LINE_MAX)
    if len(composed.lines) > shown:
        rest = f"{ELLIPSIS} +{len(composed.lines) - shown + composed.left_out} {link}".rstrip()
    elements = [_text("\n".join(lines))] if lines else []
    return elements + ([_text(rest, isSubtle=True, size="Small")] if rest else [])


def card_mark(mark: str) -> str:
    """The id of the card's first element: a second place to recognise the post by."""
    return f"lmsyncd-{mark}"


def _text(text: str, **more: object) -> dict[str, object]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def _fact(label: str, value: str, length_max: int) -> dict[str, object] | None:
    label, value = " ".join(clean(label).split()), " ".join(clean(value).split())
    if not (label or value):
        return None
    return {"title": shorten(label, max(1, length_max // 4)), "value": shorten(value or NOTHING, max(1, length_max))}


def _host(address: str) -> str:
    return shorten(clean(unquote(urlsplit(address).hostname or "")), HOST_MAX)


def clean(text: str) -> str:
    """No control characters, no halves of surrogate pairs: neither survives JSON."""
    if text.isprintable():
        return text
    try:
        text.encode()
        whole = text
    except UnicodeEncodeError:
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub(" ", whole)
