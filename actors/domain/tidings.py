"""What a vendor tells us of itself, by a call, over a socket or when it is asked: a closed set.

A tiding is a hint, never an order: what it says can be found by asking too, and whoever acts on one forgets, looks
anew or waits; nothing is posted because of it. Ids are the vendor's own. Each tiding comes with an id of its own, by
which a second telling of the same is known (``Note``).
"""

from collections.abc import Generator, Mapping
from typing import Literal

import msgspec

from actors.domain.flow import Outcome, Request
from actors.domain.verdicts import Faulted, Refused, Revoked, Throttled, Unavailable


class AppGone(msgspec.Struct, frozen=True, tag="app_gone"):
    """Our app was uninstalled, or consent to it withdrawn: nothing we hold is good any more."""

    why: str


class TokensRevoked(msgspec.Struct, frozen=True, tag="tokens_revoked"):
    """Tokens were revoked: ours, or (``ours`` False) those of people, by the vendor's ids."""

    why: str
    ours: bool = True
    people: tuple[str, ...] = ()


class PersonCame(msgspec.Struct, frozen=True, tag="person_came"):
    """Somebody is new there. ``email`` is casefolded, empty where it is not told."""

    person: str
    email: str = ""


class PersonChanged(msgspec.Struct, frozen=True, tag="person_changed"):
    """Something about somebody changed, perhaps the address. ``emails``: all that are theirs now, casefolded; empty
    where they are not told."""

    person: str
    emails: tuple[str, ...] = ()


class PeopleMissed(msgspec.Struct, frozen=True, tag="people_missed"):
    """Nobody knows any more who changed: everybody is looked up anew when next written to."""

    why: str


class PersonGone(msgspec.Struct, frozen=True, tag="person_gone"):
    """Somebody was deactivated or deleted."""

    person: str


class ChannelSeen(msgspec.Struct, frozen=True, tag="channel_seen"):
    """What a channel is called, of which nobody knew it: no news. ``place`` is a destination as deliveries have it."""

    place: str
    name: str


class ChannelRenamed(msgspec.Struct, frozen=True, tag="channel_renamed"):
    """It is called otherwise now."""

    place: str
    name: str


class ChannelArchived(msgspec.Struct, frozen=True, tag="channel_archived"):
    """Nothing can be posted there, for now."""

    place: str


class ChannelBack(msgspec.Struct, frozen=True, tag="channel_back"):
    """It is archived no more (or was not gone at all)."""

    place: str
    name: str = ""


class ChannelDeleted(msgspec.Struct, frozen=True, tag="channel_deleted"):
    """It is gone for good, or we cannot see it any more."""

    place: str


class MembersChanged(msgspec.Struct, frozen=True, tag="members_changed"):
    """Who is in a place (by the vendor's id of it) changed: these came or went, by the vendor's ids; neither told:
    nobody knows who. No news where it is what was done by us."""

    place: str
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class WatchLapsing(msgspec.Struct, frozen=True, tag="watch_lapsing"):
    """The vendor asks us to renew a subscription now. ``watch``: its id there."""

    watch: str


class WatchGone(msgspec.Struct, frozen=True, tag="watch_gone"):
    """A subscription was removed: it has to be made anew."""

    watch: str


class Missed(msgspec.Struct, frozen=True, tag="missed"):
    """Something changed, or tidings were lost: only asking shows what. ``why`` in a few words."""

    why: str


class Clicked(msgspec.Struct, frozen=True, tag="clicked"):
    """A person did something with a post of ours or asked for us: kept for whoever decides about it. ``form`` is the
    vendor's own name of what it is; ``body`` is what it sent, as JSON."""

    form: str
    person: str
    body: bytes

    def __repr__(self) -> str:
        return f"Clicked(form={self.form!r}, person={self.person!r}, body=***)"


Tiding = (
    AppGone
    | TokensRevoked
    | PersonCame
    | PersonChanged
    | PersonGone
    | PeopleMissed
    | ChannelSeen
    | ChannelRenamed
    | ChannelArchived
    | ChannelBack
    | ChannelDeleted
    | MembersChanged
    | WatchLapsing
    | WatchGone
    | Missed
    | Clicked
)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A tiding with its id: unique for ever within a lane. An empty id: nobody knows whether it was told before, and
    acting on it twice does nothing else than once."""

    id: str
    tiding: Tiding


# ── what a call amounts to ───────────────────────────────────────────────────────────────────────────

Whence = Literal["forged", "stale", "foreign", "malformed", "too_large", "unexpected", "closed"]
"""Why a call is refused: not signed by who it should be; signed long ago; of another account, app or directory; not
what the vendor sends; too large; an answer to something we did not ask; nobody listens here."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """It is genuine. Answered with ``status`` once ``notes`` are on disk. ``ignored``: how many tidings in it are of no
    kind we act on."""

    notes: tuple[Note, ...] = ()
    ignored: int = 0
    status: int = 200


class Challenged(msgspec.Struct, frozen=True, kw_only=True):
    """The vendor wants to see that we are here: answered at once with this plain text."""

    text: str


class Untold(msgspec.Struct, frozen=True, kw_only=True):
    """It is refused. ``again`` False: the vendor need not send it once more (where it can be told so). ``detail`` is
    for our log alone: whoever called learns no more than the status."""

    status: int
    reason: Whence
    detail: str = ""
    again: bool = True


Hearkened = Told | Challenged | Untold
Hearkening = Generator[Request, Outcome, Hearkened]


# ── what keeps a vendor telling ──────────────────────────────────────────────────────────────────────


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription at the vendor. ``key`` is ours, made at random, and part of the address that the vendor calls
    (``url`` is the rest of it); ``proof`` is the SHA-256 of what it sends along, both in hexadecimal. ``id`` is the
    vendor's, empty until it has said it; ``ends_us`` is when it stops telling."""

    key: str
    resource: str
    url: str
    proof: str
    id: str = ""
    ends_us: int = 0


class Ourselves(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of our account there when a call comes: ``names`` as the last ``hello`` told them (``team_id``),
    and the subscriptions that stand or are being made."""

    names: Mapping[str, str] = {}
    watches: tuple[Watch, ...] = ()


WATCH = "watch"
"""The parameter of the address that the vendor calls which holds a subscription's key."""


class Subscribing(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to be made: the vendor calls ``url``, and sends ``secret`` along with whatever it tells."""

    resource: str
    url: str
    secret: str
    ends_us: int

    def __repr__(self) -> str:
        return f"Subscribing(resource={self.resource!r}, ***)"


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """It stands, until ``ends_us``."""

    id: str
    ends_us: int


class Unwatched(msgspec.Struct, frozen=True):
    """There is no such subscription (any more)."""


Failure = Throttled | Unavailable | Faulted | Refused | Revoked
"""Of a request without effect on anybody: nothing of it is ever in doubt."""


# ── what is asked from time to time ──────────────────────────────────────────────────────────────────


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A destination that is posted to, as it was known last; ``closed`` empty: it is open."""

    place: str
    name: str = ""
    closed: Literal["", "archived", "deleted"] = ""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a survey is to find out: what changed about people since ``cursor`` (empty: from now on), and how these
    ``places`` stand. ``broadly``: people too; else places alone."""

    now_us: int
    cursor: str = ""
    places: tuple[Place, ...] = ()
    broadly: bool = True


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """What it found. ``cursor`` is for the next one; ``more``: it goes on there at once. ``lacking``: what we may not
    see, in words for an operator."""

    tidings: tuple[Tiding, ...] = ()
    cursor: str = ""
    more: bool = False
    lacking: str = ""


Surveying = Generator[Request, Outcome, Surveyed | Failure]


# ── a socket instead of calls ────────────────────────────────────────────────────────────────────────


class Line(msgspec.Struct, frozen=True):
    """An address to connect to: it is a secret, and good for one connection."""

    url: str

    def __repr__(self) -> str:
        return "Line(***)"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a socket. ``answer`` goes back once ``notes`` are on disk, empty: none is wanted. ``leave``: this
    connection ends soon, so another one is made. ``refused``: it was not for us."""

    notes: tuple[Note, ...] = ()
    answer: str = ""
    leave: bool = False
    greeted: bool = False
    ignored: int = 0
    refused: Whence | None = None
