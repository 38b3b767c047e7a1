"""What somebody asked of a source by hand, and what becomes of it."""

from actors.messages import Backfill
from actors.ports import SourceName, StoreUnavailable
from actors.ports.readings import Sources
from actors.ports.records import Past

ASKED = "somebody has asked for"
"""So it begins why nothing is read now where that is to be read already: one may ask again later."""
READING_ASKED = f"{ASKED} a reading already, and it has not begun"
PAST_ASKED = f"{ASKED} a backfill already, and it has not ended"


async def keep_past(sources: Sources, source: SourceName, message: Backfill, now_us: int) -> str:
    """It is on disk before anybody is told that it is made. Why it is not, empty: it is."""
    try:
        state = await sources.state(source)
        if state.past is not None:
            return PAST_ASKED
        past = Past(since=message.since, until=message.until, announce=message.announce, asked_us=now_us)
        await sources.ask_past(state.no, past)
    except StoreUnavailable as error:
        return f"our store: {error}"
    return ""
