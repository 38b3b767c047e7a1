"""What every request on the control socket says, and the forms that its parts take. ``asks`` lists the requests."""

from enum import IntEnum
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

VERSION = 1
LIMIT_MAX = 10_000
IDS_MAX = 1_000

Word = Annotated[str, Meta(max_length=300)]
Limit = Annotated[int, Meta(ge=1, le=LIMIT_MAX)]
Ids = Annotated[tuple[Word, ...], Meta(max_length=IDS_MAX)]
StateName = Literal[
    "waiting", "claimed", "delivered", "unknown", "parked", "dead", "held", "superseded", "shadowed", "cancelled"
]
Seconds = Annotated[float, Meta(ge=0, le=3_200_000_000)]
Level = Literal["live", "ready", "deep"]
ALL = "ALL"


class Role(IntEnum):
    """Each may do what those before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False, tag_field="verb"):
    """What every request says."""

    v: int = VERSION
    id: Word = ""

    role: ClassVar[Role] = Role.VIEWER
    mutates: ClassVar[bool] = False
    lasts_s: ClassVar[float] = 900.0
    """After so long an answer is given up."""

    @property
    def verb(self) -> str:
        return str(self.__struct_config__.tag)


class Change(Ask, frozen=True, kw_only=True):
    """A request that changes something; it stands in the audit before anything is done."""

    dry_run: bool = False

    role = Role.OPERATOR
    mutates = True
