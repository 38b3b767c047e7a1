"""The base of every row that is shown; ``views`` is the list of them."""

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all rows. Fields are only ever added."""
