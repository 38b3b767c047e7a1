"""What was composed, as Block Kit. Slack's limits are kept by shortening, with the link back to the LMS; a post
never fails for its length. A digest's lines stay whole, as many as fit; how many do not is told.

The parts arrive escaped (``escape``), so a cut must not leave half an entity (``&am``) or half a link (``<http…``).
Lengths are counted in UTF-16 units, the larger of the two ways a vendor may count.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from actors.domain.conflicts.cards import Button
from actors.ports import Composed
from config.recall import remembered

Block = dict[str, object]

HEADER_MAX = 150
SECTION_MAX = 3000
FIELD_MAX = 400  # Slack takes 2,000; all blocks together must stay below what it will not publish
FIELDS_PER_SECTION = 10
FACTS_MAX = 20
LINE_MAX = 600
BLOCKS_TEXT_MAX = 12_500
"""All texts of the blocks together. Slack refuses a message whose blocks are too long (``msg_blocks_too_long``) and
does not publish how long that is."""
TEXT_MAX = 4000
URL_MAX = 1000
LABEL_MAX = 60
ACTION_MAX = 255
BUTTON_MAX = 75
CONFIRM_TITLE_MAX = 100
CONFIRM_TEXT_MAX = 300
CONFIRM_BUTTON_MAX = 30
ELLIPSIS = "…"
NOTHING = "–"
BULLET = "• "

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
    ending = [f"{ELLIPSIS} +{len(facts) - FACTS_MAX}"] if len(facts) > FACTS_MAX else []
    ending += [link] if link else []
    correlation = _clean(correlation_id).strip()
    ending += [f"`{shorten(escape(correlation), LABEL_MAX)}`"] if correlation else []
    if composed.lines:
        taken = sum(map(_units, _texts(blocks))) + sum(map(_units, ending)) + LINE_MAX
        listed = _fitting(composed.lines, BLOCKS_TEXT_MAX - taken)
        blocks += [{"type": "section", "text": _mrkdwn(section)} for section in _sections(listed)]
        rest = _rest(composed, len(listed))
        ending = [rest, *ending] if rest else ending
    if composed.buttons:
        blocks.append({"type": "actions", "elements": [*map(_button, composed.buttons)]})
    if ending:
        blocks.append({"type": "context", "elements": [_mrkdwn(each) for each in ending]})
    return blocks


def _button(button: Button) -> Block:
    said: Block = {
        "type": "button",
        "action_id": shorten(button.value, ACTION_MAX),
        "text": _plain(button.label, BUTTON_MAX),
        "value": button.value,
    }
    if button.style:
        said["style"] = button.style
    if button.sure:
        title, text, yes, no = button.sure
        said["confirm"] = {
            "title": _plain(title, CONFIRM_TITLE_MAX),
            "text": _plain(text, CONFIRM_TEXT_MAX),
            "confirm": _plain(yes, CONFIRM_BUTTON_MAX),
            "deny": _plain(no, CONFIRM_BUTTON_MAX),
        }
    return said


def _plain(text: str, length_max: int) -> Block:
    return {"type": "plain_text", "text": shorten(" ".join(_clean(text).split()) or NOTHING, length_max)}


def fallback(composed: Composed) -> str:
    """The same as plain text: notifications and screen readers read this one."""
    lines = [" ".join(_clean(composed.title).split()), _clean(composed.text).strip()]
    facts = [(_clean(label).strip(), _clean(value).strip()) for label, value in composed.facts[:FACTS_MAX]]
    lines += [f"{label}: {value}" if label else value for label, value in facts if label or value]
    link = link_back(composed.url)
    text = "\n".join(line for line in lines if line) or NOTHING
    if not composed.lines:
        return shorten(text, TEXT_MAX, link)
    text = shorten(text, TEXT_MAX // 2, link)
    listed = _fitting(composed.lines, TEXT_MAX - _units(text) - LINE_MAX - _units(link) - 2)
    rest = _rest(composed, len(listed))
    ending = [f"{rest} {link}".rstrip()] if rest else []
    return "\n".join([text, *listed, *ending])


@remembered("feed_words", 1024)
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


def _fitting(lines: tuple[str, ...], room: int) -> list[str]:
    """The first of the lines, each with its bullet, as long as they fit; a line break counts as one."""
    listed: list[str] = []
    for line in lines:
        item = BULLET + shorten(" ".join(_clean(line).split()) or NOTHING, LINE_MAX - len(BULLET))
        room -= _units(item) + 1
        if room < 0:
            break
        listed.append(item)
    return listed


def _sections(listed: list[str]) -> list[str]:
    """As many lines to a section as it takes."""
    sections: list[str] = []
    room = 0
    for item in listed:
        units = _units(item) + 1
        if units <= room:
            sections[-1] += f"\n{item}"
            room -= units
        else:
            sections.append(item)
            room = SECTION_MAX - units + 1
    return sections


def _rest(composed: Composed, shown: int) -> str:
    """What is said of the lines that are not shown."""
    if shown == len(composed.lines):
        return shorten(" ".join(_clean(composed.more).split()), LINE_MAX)
    return f"{ELLIPSIS} +{len(composed.lines) - shown + composed.left_out}"


def _texts(blocks: list[Block]) -> Iterator[str]:
    """Every text that blocks of ours show."""
    for block in blocks:
        fields = block.get("fields")
        for holder in [*(fields if isinstance(fields, list) else []), block.get("text")]:
            if isinstance(holder, dict):
                yield str(holder["text"])


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
