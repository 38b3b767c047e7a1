"""What was composed, as an Adaptive Card in a channel message, or as the lines of an activity notification.

The card itself is ``actors.domain.cards``'; here it travels as JSON inside JSON, and the whole body is weighed.
"""

from urllib.parse import quote

import msgspec

from actors.domain.cards import BODY_BYTES_MAX as BODY_BYTES_MAX
from actors.domain.cards import CARD_TYPE as CARD_TYPE
from actors.domain.cards import NOTHING, Card, fitted, plain, shorten, web_address
from actors.domain.cards import card_mark as card_mark
from actors.domain.cards import escape as escape
from actors.domain.cards import weight as weight
from actors.ports import Composed

SUMMARY_MAX = 150
PREVIEW_MAX = 150
"""Characters of a notification that Teams shows."""


def message(composed: Composed, mark: str, correlation_id: str) -> dict[str, object]:
    """The body of a channel message whose card carries ``mark`` (a GUID), in the largest form that fits."""
    summary = shorten(plain(composed.title) or plain(composed.text) or NOTHING, SUMMARY_MAX)

    def wrapped(card: Card) -> dict[str, object]:
        content = msgspec.json.encode(card).decode()
        return {
            "summary": summary,
            "body": {"contentType": "html", "content": f'<attachment id="{mark}"></attachment>'},
            "attachments": [{"id": mark, "contentType": CARD_TYPE, "contentUrl": None, "content": content}],
        }

    return fitted(composed, wrapped, mark, correlation_id)


def activity(composed: Composed, app: str, page: str) -> tuple[str, str, str]:
    """Headline, preview and link of a notification. Teams opens nothing but its own links, so the link leads to the
    app's tab and carries the way back to the LMS with it."""
    headline = shorten(plain(composed.title) or plain(composed.text) or NOTHING, PREVIEW_MAX)
    facts = "; ".join(f"{plain(label)}: {plain(value)}" if label else plain(value) for label, value in composed.facts)
    listed = "; ".join(map(plain, composed.lines[:PREVIEW_MAX]))
    preview = shorten(plain(composed.text) or facts or listed or headline, PREVIEW_MAX)
    link = f"https://teams.microsoft.com/l/entity/{quote(app, safe='')}/{quote(page, safe='')}"
    address = web_address(composed.url)
    if address:
        link += f"?webUrl={quote(address, safe='')}&label={quote(headline, safe='')}"
    return headline, preview, link
