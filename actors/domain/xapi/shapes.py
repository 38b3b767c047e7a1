"""What a statement must be, fast: the tables of ``rules`` as structs that msgspec checks in C.

Answers yes or no only. What the structs cannot say stands in ``__post_init__``. An ``object`` is told apart by its
``objectType``, which may be absent, so it is converted in a second step.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.domain.xapi import patterns
from actors.domain.xapi.moments import instant
from actors.domain.xapi.patterns import Version
from actors.domain.xapi.rules import COMPONENT_LISTS, INTERACTIONS, VOIDED

Iri = Annotated[str, Meta(pattern=patterns.IRI)]
Uuid = Annotated[str, Meta(pattern=patterns.UUID)]
Language = Annotated[str, Meta(pattern=patterns.LANGUAGE)]
Words = dict[Language, str]
Extensions = dict[Iri, Any]
Scaled = Annotated[float, Meta(ge=-1, le=1)]
Stamp103 = Annotated[str, Meta(pattern=patterns.TIMESTAMP["1.0.3"])]
Stamp200 = Annotated[str, Meta(pattern=patterns.TIMESTAMP["2.0.0"])]
_REFUSED = "refused"


class Shape(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """No property but those named; a property given as null does not fit."""


class Account(Shape, kw_only=True):
    homePage: Iri  # xAPI's own spelling, here and below
    name: Annotated[str, Meta(pattern=r"^[^\x00]*\Z")]


class _Identified(Shape, kw_only=True):
    name: str | UnsetType = UNSET
    mbox: Annotated[str, Meta(pattern=patterns.MAILTO)] | UnsetType = UNSET
    mbox_sha1sum: Annotated[str, Meta(pattern=patterns.SHA1_HEX)] | UnsetType = UNSET
    openid: Iri | UnsetType = UNSET
    account: Account | UnsetType = UNSET

    def identifiers(self) -> int:
        return (
            (self.account is not UNSET)
            + (self.mbox is not UNSET)
            + (self.mbox_sha1sum is not UNSET)
            + (self.openid is not UNSET)
        )


class Agent(_Identified, kw_only=True):
    objectType: Literal["Agent"] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.identifiers() != 1:
            raise ValueError(_REFUSED)


class Who(_Identified, kw_only=True):
    """An Agent or a Group."""

    objectType: Literal["Agent", "Group"] | UnsetType = UNSET
    member: list[Agent] | UnsetType = UNSET

    def __post_init__(self) -> None:
        identifiers = self.identifiers()
        if self.objectType == "Group":
            if identifiers > 1 or (identifiers == 0 and not self.member):
                raise ValueError(_REFUSED)
        elif identifiers != 1 or self.member is not UNSET:
            raise ValueError(_REFUSED)


class Group(Who, kw_only=True):
    objectType: Literal["Group"]


class Authority(Who, kw_only=True):
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objectType == "Group" and (self.identifiers() or self.member is UNSET or len(self.member) != 2):
            raise ValueError(_REFUSED)


class Verb(Shape, kw_only=True):
    id: Iri
    display: Words | UnsetType = UNSET


class Component(Shape, kw_only=True):
    id: Annotated[str, Meta(pattern=r"^[^\x00]+\Z")]
    description: Words | UnsetType = UNSET


class Definition(Shape, kw_only=True):
    name: Words | UnsetType = UNSET
    description: Words | UnsetType = UNSET
    type: Iri | UnsetType = UNSET
    moreInfo: Iri | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET
    interactionType: str | UnsetType = UNSET
    correctResponsesPattern: list[str] | UnsetType = UNSET
    choices: list[Component] | UnsetType = UNSET
    scale: list[Component] | UnsetType = UNSET
    source: list[Component] | UnsetType = UNSET
    target: list[Component] | UnsetType = UNSET
    steps: list[Component] | UnsetType = UNSET

    def __post_init__(self) -> None:
        kind = self.interactionType
        if kind is UNSET:
            if not (
                self.correctResponsesPattern
                is self.choices
                is self.scale
                is self.source
                is self.target
                is self.steps
                is UNSET
            ):
                raise ValueError(_REFUSED)
        elif kind not in INTERACTIONS or not all(self._sound(name, kind) for name in COMPONENT_LISTS):
            raise ValueError(_REFUSED)

    def _sound(self, name: str, kind: str) -> bool:
        given: list[Component] | UnsetType = getattr(self, name)
        if given is UNSET:
            return True
        return name in INTERACTIONS[kind] and len({component.id for component in given}) == len(given)


class Activity(Shape, kw_only=True):
    id: Iri
    objectType: Literal["Activity"] | UnsetType = UNSET
    definition: Definition | UnsetType = UNSET


class Reference(Shape, kw_only=True):
    objectType: Literal["StatementRef"]
    id: Uuid


class Score(Shape, kw_only=True):
    scaled: Scaled | UnsetType = UNSET
    raw: float | UnsetType = UNSET
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.min is not UNSET:
            if self.raw is not UNSET and self.raw < self.min:
                raise ValueError(_REFUSED)
            if self.max is not UNSET and self.min >= self.max:
                raise ValueError(_REFUSED)
        if self.raw is not UNSET and self.max is not UNSET and self.raw > self.max:
            raise ValueError(_REFUSED)


class Result(Shape, kw_only=True):
    score: Score | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: str | UnsetType = UNSET
    duration: Annotated[str, Meta(pattern=patterns.DURATION)] | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


class ContextActivities(Shape, kw_only=True):
    parent: list[Activity] | Activity | UnsetType = UNSET
    grouping: list[Activity] | Activity | UnsetType = UNSET
    category: list[Activity] | Activity | UnsetType = UNSET
    other: list[Activity] | Activity | UnsetType = UNSET


class Context(Shape, kw_only=True):
    registration: Uuid | UnsetType = UNSET
    instructor: Who | UnsetType = UNSET
    team: Group | UnsetType = UNSET
    contextActivities: ContextActivities | UnsetType = UNSET
    revision: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    statement: Reference | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


Relevant = Annotated[list[Iri], Meta(min_length=1)]


class ContextAgent(Shape, kw_only=True):
    objectType: Literal["contextAgent"]
    agent: Agent
    relevantTypes: Relevant | UnsetType = UNSET


class ContextGroup(Shape, kw_only=True):
    objectType: Literal["contextGroup"]
    group: Group
    relevantTypes: Relevant | UnsetType = UNSET


class Context200(Context, kw_only=True):
    contextAgents: list[ContextAgent] | UnsetType = UNSET
    contextGroups: list[ContextGroup] | UnsetType = UNSET


class Attachment(Shape, kw_only=True):
    usageType: Iri
    display: Words
    contentType: Annotated[str, Meta(pattern=patterns.MEDIA_TYPE)]
    length: Annotated[int, Meta(ge=0)]
    sha2: Annotated[str, Meta(pattern=patterns.SHA2_HEX)]
    description: Words | UnsetType = UNSET
    fileUrl: Iri | UnsetType = UNSET


class _Event(Shape, kw_only=True):
    actor: Who
    verb: Verb
    object: dict[str, Any]
    result: Result | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    timestamp: Stamp103 | UnsetType = UNSET
    attachments: list[Attachment] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.timestamp is not UNSET and instant(self.timestamp) is None:
            raise ValueError(_REFUSED)
        context = self.context
        if (
            context is not UNSET
            and (context.platform is not UNSET or context.revision is not UNSET)
            and self.object.get("objectType", "Activity") != "Activity"
        ):
            raise ValueError(_REFUSED)


class SubStatement(_Event, kw_only=True):
    objectType: Literal["SubStatement"]


class Statement(_Event, kw_only=True):
    id: Uuid | UnsetType = UNSET
    stored: Stamp103 | UnsetType = UNSET
    authority: Authority | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=patterns.STATEMENT_VERSION["1.0.3"])] | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stored is not UNSET and instant(self.stored) is None:
            raise ValueError(_REFUSED)
        if self.verb.id == VOIDED and self.object.get("objectType") != "StatementRef":
            raise ValueError(_REFUSED)


class SubStatement200(SubStatement, kw_only=True):
    context: Context200 | UnsetType = UNSET
    timestamp: Stamp200 | UnsetType = UNSET


class Statement200(Statement, kw_only=True):
    context: Context200 | UnsetType = UNSET
    timestamp: Stamp200 | UnsetType = UNSET
    stored: Stamp200 | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=patterns.STATEMENT_VERSION["2.0.0"])] | UnsetType = UNSET


_STATEMENTS: dict[Version, type[Statement]] = {"1.0.3": Statement, "2.0.0": Statement200}
_SUBS: dict[Version, type[SubStatement]] = {"1.0.3": SubStatement, "2.0.0": SubStatement200}


def fits(statement: object, version: Version) -> bool:
    """Whether this surely is a statement; ``rules.faults`` has the last word where this says no."""
    try:
        _thing(msgspec.convert(statement, _STATEMENTS[version]).object, version)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def part_fits(name: str, value: object, version: Version) -> bool:
    """The same of one member of a statement; a sub-statement does not count as one."""
    try:
        if name != "object":
            msgspec.convert(value, _PARTS[version, name])
        elif isinstance(value, dict) and value.get("objectType") != "SubStatement":
            _thing(value, version)
        else:
            return False
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


_PARTS: dict[tuple[Version, str], type[Shape]] = {
    ("1.0.3", "actor"): Who,
    ("1.0.3", "verb"): Verb,
    ("1.0.3", "result"): Result,
    ("1.0.3", "context"): Context,
    ("2.0.0", "actor"): Who,
    ("2.0.0", "verb"): Verb,
    ("2.0.0", "result"): Result,
    ("2.0.0", "context"): Context200,
}


def _thing(value: dict[str, Any], version: Version, *, inner: bool = False) -> None:
    """Raises ValidationError unless this is something that may be a statement's object."""
    match value.get("objectType", "Activity"):
        case "Activity":
            msgspec.convert(value, Activity)
        case "Agent":
            msgspec.convert(value, Agent)
        case "Group":
            msgspec.convert(value, Group)
        case "StatementRef":
            msgspec.convert(value, Reference)
        case "SubStatement" if not inner:
            _thing(msgspec.convert(value, _SUBS[version]).object, version, inner=True)
        case _:
            raise msgspec.ValidationError(_REFUSED)
