"""Who may be taken for one person without anybody being asked."""

from typing import Annotated, Literal

from msgspec import Meta

from config.texts import NonEmpty
from config.words import Words

Namespace = Literal["account", "master", "sis", "upn", "sourcedid", "username", "nameid", "sub", "email"]


class Identity(Words, frozen=True, kw_only=True):
    """What makes users of several sources one person. Nothing does where two of them are active in one source, where
    something else contradicts, or where people said that they are two: then it waits in ``lmsyncctl identity list``."""

    link: Annotated[tuple[Namespace, ...], Meta(max_length=16)] = ("account", "master", "sis", "upn", "email")
    """Equal identifiers of these kinds link, the most trusted first. ``email`` does where each source ever gave the
    address to one user only, and two sources had it at the same time. Leave out what several people have here."""
    never: Annotated[tuple[NonEmpty, ...], Meta(max_length=1000)] = ()
    """Values that are nobody's in particular, as ``KIND:VALUE``; ``*`` stands for any letters:
    ``["email:office@example.edu", "email:*@guests.example.edu", "sis:0"]``."""

    def __post_init__(self) -> None:
        for each in self.never:
            if not all(each.partition(":")[::2]):
                raise ValueError(f"{each!r} is not KIND:VALUE, such as email:office@example.edu")
