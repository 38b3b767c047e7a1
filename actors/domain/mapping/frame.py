"""Where a record stands: what a mapping may know that the record does not say."""

import msgspec


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """``home_page`` is the source's; ``timezone`` (IANA) and ``locale`` are the tenant's."""

    home_page: str
    tenant: str
    source: str
    timezone: str
    locale: str
    now_us: int


FRAME_WORDS = ("home_page", "tenant", "source", "timezone", "locale", "id")
"""What a format may name beside fields; ``id`` is the record's."""
