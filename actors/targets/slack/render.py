"""What was composed, as Block Kit. Slack's limits are kept by shortening, with the link back to the LMS; a post
never fails for its length.

The parts arrive escaped (``escape``), so a cut must not leave half an entity (``&am``) or half a link (``<http…``).
Lengths are counted in UTF-16 units, the larger of the two ways a vendor may count.
"""

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from actors.ports import Composed

Block = dict[str, object]

HEADER_MAX = 150
SECTION_MAX = 3000
FIELD_MAX = 400  # Slack takes 2,000; all blocks together must stay below what it will not publish
FIELDS_PER_SECTION = 10
FACTS_MAX = 20
TEXT_MAX = 4000
URL_MAX = 1000
LABEL_MAX = 60
ELLIPSIS = "…"
NOTHING = "–"

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_OPEN_ENTITY = re.compile(r"&[a-z]{0,3}\Z")


def escape(text: str) -> str:
    """The three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(composed: Composed, correlation_id: str) -> list[Block]:
    """Header, text, facts, and a context line with the way back to the LMS and the correlation id."""
    link = link_back(composed.url)
    title = " ".join(_clean(composed.title).split())
    text = _clean(composed.text).strip()
    facts = [fact for label, value in composed.facts if (fact := _fact(label, value))]
    blocks: list[Block] = []
    if title:
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": shorten(title, HEADER_MAX)}})
    if text or not (title or facts):
        blocks.append({"type": "section", "text": _mrkdwn(shorten(text or NOTHING, SECTION_MAX, link))})
    for start in range(0, min(len(facts), FACTS_MAX), FIELDS_PER_SECTION):
        fields = facts[start : min(start + FIELDS_PER_SECTION, FACTS_MAX)]
        blocks.append({"type": "section", "fields": [_mrkdwn(shorten(field, FIELD_MAX)) for field in fields]})
    context = [_mrkdwn(f"{ELLIPSIS} +{len(facts) - FACTS_MAX}")] if len(facts) > FACTS_MAX else []
    context += [_mrkdwn(link)] if link else []
    correlation = _clean(correlation_id).strip()
    context += [_mrkdwn(f"`{shorten(escape(correlation), LABEL_MAX)}`")] if correlation else []
    if context:
        blocks.append({"type": "context", "elements": context})
    return blocks


def fallback(composed: Composed) -> str:
    """The same as plain text: notifications and screen readers read this one."""
    lines = [" ".join(_clean(composed.title).split()), _clean(composed.text).strip()]
    facts = [(_clean(label).strip(), _clean(value).strip()) for label, value in composed.facts[:FACTS_MAX]]
    lines += [f"{label}: {value}" if label else value for label, value in facts if label or value]
    return shorten("\n".join(line for line in lines if line) or NOTHING, TEXT_MAX, link_back(composed.url))


@lru_cache(maxsize=1024)
def link_back(url: str) -> str:
    """A link shown as the LMS's host name; nothing for what is no web address or too long to be one."""
    address = quote(_clean(url).strip(), safe="!#$%&'()*+,/:;=?@[]~")
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    address = _BARE_AMPERSAND.sub("&amp;", address)
    if parts.scheme not in ("http", "https") or not host or len(address) > URL_MAX:
        return ""
    return f"<{address}|{shorten(escape(_clean(unquote(host))), LABEL_MAX)}>"


def shorten(text: str, length_max: int, link: str = "") -> str:
    """The text itself where it fits; else its beginning, an ellipsis and the link."""
    if _units(text) <= length_max:
        return text
    tail = f"{ELLIPSIS} {link}" if link else ELLIPSIS
    kept = _head(text, length_max - _units(tail))
    kept = _OPEN_ENTITY.sub("", kept)
    opened = kept.rfind("<")
    if opened > kept.rfind(">"):
        kept = kept[:opened]
    return kept.rstrip() + tail


def _fact(label: str, value: str) -> str:
    label, value = " ".join(_clean(label).split()), _clean(value).strip()
    if not (label or value):
        return ""
    return f"*{shorten(label, FIELD_MAX // 2)}*\n{value or NOTHING}" if label else value


def _mrkdwn(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text}


def _clean(text: str) -> str:
    """No control characters, no halves of surrogate pairs: neither survives JSON."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub(" ", text)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _head(text: str, units_max: int) -> str:
    """As many whole characters as fit into so many UTF-16 units."""
    units = 0
    for index, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > units_max:
            return text[:index]
    return text
