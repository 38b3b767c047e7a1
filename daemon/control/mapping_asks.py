"""What operators ask about mapping tables: which there are, what one says, what it makes of a record. ``asks``
re-exports them.
"""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Role, Word

BODY_CHARS_MAX = 1_048_576
Number = Annotated[int, Meta(ge=0, le=1_000_000)]
"""Of a version; 0: the one in force."""


class MapList(Ask, frozen=True, kw_only=True, tag="map.list"):
    """``source`` is TENANT/SOURCE, TENANT, or nothing: all of them."""

    source: Word = ""


class MapShow(Ask, frozen=True, kw_only=True, tag="map.show"):
    source: Word
    version: Number = 0


class MapTest(Ask, frozen=True, kw_only=True, tag="map.test"):
    """Either ``record`` (ENTITY/ID of a stored one) or ``body`` (JSON) with ``entity`` and ``form``; ``name`` is then
    the record's id, empty: the body's own. It changes nothing, but somebody's record is shown."""

    source: Word
    version: Number = 0
    record: Word = ""
    body: Annotated[str, Meta(max_length=BODY_CHARS_MAX)] = ""
    entity: Word = ""
    form: Word = ""
    name: Word = ""

    role = Role.OPERATOR
