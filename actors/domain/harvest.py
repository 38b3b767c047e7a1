"""How a source is read: a conversation, as with targets, whose steps are requests, pages of records, and files.

A connector's ``harvest`` is a generator. It yields a step and is sent what came of it, and it returns how the run
ended. Whoever drives it owns network, disk, time and store. A page is on disk, with what it changed and its cursor,
before the generator goes on: killed at any instruction, the next run begins at the last cursor.
"""

from collections.abc import Generator, Iterable, Mapping
from typing import Literal

import msgspec

from actors.domain.canonical import EntityName, Flaw
from actors.domain.flow import Lost, NotSent, Outcome, Request, Response

Mode = Literal["delta", "full", "backfill"]
Part = tuple[EntityName, str]
"""Records of one kind in one scope (an enrolment, of a course); empty: in all of them."""


OF_COURSE: tuple[EntityName, ...] = ("enrolment", "assignment", "submission", "grade", "completion")
"""What a course holds."""


def parts_of(course: str, kinds: Iterable[EntityName] = OF_COURSE) -> tuple[Part, ...]:
    """What a course holds, or these kinds of it."""
    return tuple((kind, course) for kind in kinds)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One entity as the source tells it. ``(entity, id)`` is its identity in the source: whoever tells of the same
    entity in another ``form`` (a REST object, an event) uses the same id. ``form`` selects the mapping's table.
    ``body`` is what was read, as JSON would have it. ``scope`` says of which listing it is part (a course's id), so
    that absence can be told; ``gone``: the source says itself that it exists no more. ``partial``: what the body
    does not tell is left as it is known. ``flaws``: it could not be read as what it is meant to be (a row with too few
    cells), so it goes to quarantine as it is; it counts as seen. ``via``: of a person who is told only because they are
    in this course. ``made_us``: of a course that may have been there all the time and not been shown, when it was made
    (0: long ago); None: whenever it is shown it is new."""

    entity: EntityName
    id: str
    form: str
    body: Mapping[str, object]
    scope: str = ""
    gone: bool = False
    partial: bool = False
    flaws: tuple[Flaw, ...] = ()
    via: str = ""
    made_us: int | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records to take in, in order (what is referred to comes first, here or on an earlier page). ``cursor`` replaces
    the source's cursor in the same transaction, None leaves it. Answer: None."""

    records: tuple[Record, ...]
    cursor: Mapping[str, str] | None = None


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """Statements as another LRS shows them (each its JSON), in the order in which it stored them, and the ``contents``
    of their attachments by sha2 in lower case, as far as they came along. What is wrong with one does not hold up the
    others. ``cursor`` as of a page. Answer: None."""

    statements: tuple[bytes, ...]
    contents: Mapping[str, bytes] = {}
    cursor: Mapping[str, str] | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of this entity (and scope; None: of any scope) has been told since the run began: what was not is
    gone. Never yielded after a read that may have missed something. Answer: None."""

    entity: EntityName
    scope: str | None = None


class Shut(msgspec.Struct, frozen=True, kw_only=True):
    """These parts cannot be read: a permission is missing, they are closed, the settings leave them out. What is found
    there once they can be is how things stand and not news, where they were there before the first whole reading had
    ended. Answer: None."""

    parts: tuple[Part, ...]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """All that these parts hold was told in this reading: whatever comes there from now on is news. Said of every part
    that was read so, whether it was ever shut or not. Answer: None."""

    parts: tuple[Part, ...]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """For operators: what is being read now. ``total`` None: not known. Answer: None."""

    what: str
    done: int = 0
    total: int | None = None


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Wait so long before going on: the source asked us to slow down without naming a time, or soon would. Answer:
    None."""

    wait_s: float


class Bundles(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the inbox, oldest first; whatever was being read there is read from its beginning again. Answer:
    ``tuple[BundleInfo, ...]``."""

    inbox: str


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A file by HTTPS into the spool, streamed. Answer: ``BundleInfo``, or the ``Outcome`` where it was not a 200."""

    request: Request
    bytes_max: int


class BundleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A zip or a folder. ``settled``: nothing has written to it for a while. ``names`` are its files, without
    folders around them; ``digest`` of the content, hexadecimal; ``made_us``: when its files were written, as far as
    it tells (0: it does not); ``headers`` of the answer that brought it, where it was downloaded; ``trouble``: why it
    cannot be read (then ``names`` is empty); if it is not ``settled``, it is given ``patience_s`` more to become
    whole."""

    key: str
    name: str
    names: tuple[str, ...] = ()
    digest: str = ""
    made_us: int = 0
    headers: Mapping[str, str] = {}
    settled: bool = True
    trouble: str = ""
    patience_s: float = 0.0


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The next ``count`` rows of a CSV of a bundle. Answer: ``RowsRead``; asked again it goes on where it was."""

    bundle: str
    name: str
    count: int


class RowsRead(msgspec.Struct, frozen=True, kw_only=True):
    """``columns`` as spelt there; ``rows`` as lists of cells; ``line`` of the first row; ``trouble``: from where on it
    is no CSV or no text (what stood before it is in ``rows``); ``warning``: it could be read, but is not as it should
    be."""

    columns: tuple[str, ...]
    rows: list[list[str]]
    line: int
    last: bool
    trouble: str = ""
    warning: str = ""


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """The bundle has been dealt with: it is moved to ``done`` or ``failed`` in the inbox, or removed from the spool,
    with ``note`` beside it where it failed. Answer: why it could not be moved (it is not listed again while the
    process lives), empty: it was."""

    bundle: str
    where: Literal["done", "failed"]
    note: str = ""


Step = Request | Page | Statements | Whole | Shut | Opened | Progress | Rest | Bundles | Download | Rows | Put
Answer = Outcome | BundleInfo | tuple[BundleInfo, ...] | RowsRead | str | None


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """All that was to be read was read. ``note`` is for operators. ``whole`` False: that was not everything there is to
    know (an empty inbox, one bundle of several): whatever the mode was, the first whole reading is still to come, if
    it was before. ``spoilt``: what a person has to look at from now on (empty: nothing any more, None: what there was).
    """

    note: str = ""
    whole: bool = True
    spoilt: str | None = None


class Halted(msgspec.Struct, frozen=True, kw_only=True):
    """It was not. ``why`` decides what happens next: ``throttled`` (the source named a time, ``retry_after`` as
    sent), ``unavailable`` (it is down), ``revoked`` (our credentials died: the source is suspended), ``refused``
    (permission or configuration: a person must mend it), ``faulted`` (an odd answer), ``spoilt`` (one of several things
    to read is of no use and was put aside: a person has to look at it, the others can be read)."""

    why: Literal["throttled", "unavailable", "revoked", "refused", "faulted", "spoilt"]
    detail: str
    retry_after: str | None = None


Ended = Finished | Halted
Harvest = Generator[Step, Answer, Ended]


def ask(request: Request) -> Generator[Step, Answer, Outcome]:
    """``outcome = yield from ask(request)``: a request as a step, with its answer as what it must be."""
    answer = yield request
    if not isinstance(answer, Response | NotSent | Lost):
        raise TypeError(f"a request was answered with {type(answer).__name__}")
    return answer


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to do. ``delta``: what is new since the cursor, as cheaply as the API allows; ``full``: everything,
    with ``Whole`` for what was told whole; ``backfill``: what happened from ``since`` to ``until`` (RFC 3339), the
    cursor stays. ``shut``: parts that were never read whole; where a delta finds one readable, it reads all of it.
    ``braked``: so much was missing that a person is asked, so nothing is taken for told that was told before."""

    mode: Mode
    cursor: Mapping[str, str]
    now_us: int
    since: str = ""
    until: str = ""
    shut: frozenset[Part] = frozenset()
    braked: bool = False

    def is_shut(self, entity: EntityName, scope: str) -> bool:
        """Whether this part was never read whole, alone or with all of its kind."""
        return bool(self.shut) and ((entity, scope) in self.shut or (entity, "") in self.shut)


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """What was posted to ``/t/TENANT/hooks/SOURCE``. Header names are lower case."""

    headers: Mapping[str, str]
    query: str
    body: bytes


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """It is genuine. ``records`` are taken in before it is answered; ``look``: what it tells cannot be known from it
    alone, so that the source should be read soon; ``ignored``: how many tidings in it are of no kind we know."""

    records: tuple[Record, ...] = ()
    look: bool = False
    ignored: int = 0


class Unheard(msgspec.Struct, frozen=True, kw_only=True):
    """It is refused with this HTTP status."""

    status: int
    detail: str


Hearing = Generator[Request, Outcome, Heard | Unheard]


def deaf(source: str, advice: str = "nothing is posted to it") -> Hearing:
    """``Source.hear`` of whoever is not called."""
    yield from ()
    return Unheard(status=404, detail=f"{source} is read: {advice}")
