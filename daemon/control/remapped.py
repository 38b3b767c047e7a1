"""Rows about records that failed validation, and about versions of a mapping. ``views`` re-exports them."""

import msgspec

from daemon.control.view import View


class QuarantinedRow(View, frozen=True, kw_only=True, tag="quarantined"):
    """A record in quarantine with the first thing that is wrong with it; ``flaws``: how many there are.
    ``dismissed``: a person leaves it as it is. ``tells``: it was let in once, and stands as it was then."""

    source: str
    entity: str
    id: str
    rule: str
    path: str
    value: str
    suggestion: str
    flaws: int = 1
    mapping: int = 0
    since_us: int | None = None
    dismissed: bool = False
    corrected: bool = False
    tells: bool = False


class FlawView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    rule: str
    path: str
    value: str
    suggestion: str


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of a value. ``holds``: the source still tells ``was`` there (JSON, empty: nothing)."""

    path: str
    value: str
    was: str
    by: str
    at_us: int
    holds: bool


class RecordRow(View, frozen=True, kw_only=True, tag="record"):
    """A record with all that is kept of it. ``raw`` is what the source told, JSON, secrets masked, and cut where it is
    long; ``canonical`` what it means, or meant before it failed, JSON, empty: it never meant anything."""

    source: str
    entity: str
    id: str
    state: str
    form: str
    mapping: int
    rev: int
    raw: str
    canonical: str = ""
    since_us: int | None = None
    flaws: tuple[FlawView, ...] = ()
    corrections: tuple[CorrectionView, ...] = ()
    dismissed: bool = False


class SampleView(msgspec.Struct, frozen=True, kw_only=True):
    """A record in which a field differs; JSON, empty: not there."""

    id: str
    before: str
    after: str


class FieldDiffRow(View, frozen=True, kw_only=True, tag="field_diff"):
    """A canonical field that two versions fill differently, in how many records, and the first few of them."""

    entity: str
    field: str
    records: int
    samples: tuple[SampleView, ...] = ()


class MapDiffRow(View, frozen=True, kw_only=True, tag="map_diff"):
    """What two versions come to. ``records`` were looked at, ``changed`` mean something else, ``healed`` do not fit
    the one and fit the other; ``flawed``: the other way round, by rule. ``people`` are touched (``people_more``: at
    least so many). ``plan`` is given to ``map activate`` where all records were looked at."""

    source: str
    before: int
    after: int
    records: int
    changed: int
    healed: int
    flawed: dict[str, int]
    people: int
    people_more: bool = False
    plan: str = ""


class ActivationRow(View, frozen=True, kw_only=True, tag="activation"):
    """A version brought into force or taken back, or on its way (``ended_us`` None)."""

    source: str
    what: str
    before: int
    version: int
    state: str
    by: str
    begun_us: int
    ended_us: int | None = None
    records: int = 0
    changed: int = 0
    flawed: int = 0
    healed: int = 0
