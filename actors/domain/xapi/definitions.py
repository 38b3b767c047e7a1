"""What is known of an activity: the definitions that statements bring along, merged into one.

Newer words win, nothing else is lost: language maps are merged by language, extensions by key, and an interaction's
components keep the languages of those that have the same id. What a list of components or of correct responses says
is replaced as a whole, because its order and its gaps mean something. Extensions stay as they were written.
"""

import msgspec
from msgspec import UNSET, Raw, UnsetType

DEFINITION_BYTES_MAX = 65_536
"""A merged definition is never larger. One that would be starts anew from what was sent last."""

Words = dict[str, str]


class Component(msgspec.Struct, omit_defaults=True):
    """One choice, step, source, target or point on a scale."""

    id: str
    description: Words | UnsetType = UNSET


class Definition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An activity's definition in xAPI's own words; validated before it comes here."""

    name: Words | UnsetType = UNSET
    description: Words | UnsetType = UNSET
    type: str | UnsetType = UNSET
    moreInfo: str | UnsetType = UNSET
    extensions: dict[str, Raw] | UnsetType = UNSET
    interactionType: str | UnsetType = UNSET
    correctResponsesPattern: list[str] | UnsetType = UNSET
    choices: list[Component] | UnsetType = UNSET
    scale: list[Component] | UnsetType = UNSET
    source: list[Component] | UnsetType = UNSET
    target: list[Component] | UnsetType = UNSET
    steps: list[Component] | UnsetType = UNSET


COMPONENTS = ("choices", "scale", "source", "target", "steps")

_decode = msgspec.json.Decoder(Definition).decode
_encode = msgspec.json.Encoder().encode


def merged(old: bytes | None, new: bytes | Raw) -> bytes | None:
    """The definition that results, as JSON in one spelling; None where there is none that is small enough."""
    fresh = _decode(new)
    if old is not None and len(both := _encode(_merge(_decode(old), fresh))) <= DEFINITION_BYTES_MAX:
        return both
    alone = _encode(fresh)
    return alone if len(alone) <= DEFINITION_BYTES_MAX else old


def read_definition(definition: bytes | Raw) -> Definition:
    return _decode(definition)


def _merge(old: Definition, new: Definition) -> Definition:
    """``old`` with what ``new`` says."""
    if new.interactionType is not UNSET and new.interactionType != old.interactionType:
        old.correctResponsesPattern = UNSET
        for name in COMPONENTS:
            setattr(old, name, UNSET)
    for name in COMPONENTS:
        setattr(old, name, _components(getattr(old, name), getattr(new, name)))
    old.name = _words(old.name, new.name)
    old.description = _words(old.description, new.description)
    if new.extensions is not UNSET:
        old.extensions = {**(old.extensions or {}), **new.extensions}
    for name in ("type", "moreInfo", "interactionType", "correctResponsesPattern"):
        if (said := getattr(new, name)) is not UNSET:
            setattr(old, name, said)
    return old


def _words(old: Words | UnsetType, new: Words | UnsetType) -> Words | UnsetType:
    return old if new is UNSET else {**(old or {}), **new}


def _components(old: list[Component] | UnsetType, new: list[Component] | UnsetType) -> list[Component] | UnsetType:
    if new is UNSET or old is UNSET:
        return old if new is UNSET else new
    known = {component.id: component.description for component in old}
    return [Component(each.id, _words(known.get(each.id, UNSET), each.description)) for each in new]


# ── found in statements ──────────────────────────────────────────────────────────────────────────────


class Activity(msgspec.Struct):
    """Any object of a statement, as far as activities go: one itself, or a sub-statement that has some."""

    id: str = ""
    objectType: str = "Activity"
    definition: Raw | UnsetType = UNSET
    object: "Activity | UnsetType" = UNSET
    context: "_Context | UnsetType" = UNSET


class _Context(msgspec.Struct):
    contextActivities: dict[str, list[Activity] | Activity] | UnsetType = UNSET


class _Statement(msgspec.Struct):
    object: Activity
    context: _Context | UnsetType = UNSET


_statement = msgspec.json.Decoder(_Statement).decode


def activities(body: bytes) -> list[Activity]:
    """Every activity of a valid statement: its object and its context's, and a sub-statement's."""
    found: list[Activity] = []
    _gather(_statement(body), found)
    return found


def defined(body: bytes) -> list[tuple[str, bytes]]:
    """Id and definition of those activities that have one, in the order of ``activities``."""
    if b'"definition"' not in body and b"\\u" not in body:
        return []
    return [(each.id, bytes(each.definition)) for each in activities(body) if each.definition is not UNSET]


def _gather(event: _Statement | Activity, found: list[Activity]) -> None:
    thing = event.object
    if thing is not UNSET:
        if thing.objectType == "Activity":
            found.append(thing)
        elif thing.objectType == "SubStatement":
            _gather(thing, found)
    if event.context is not UNSET and event.context.contextActivities is not UNSET:
        for given in event.context.contextActivities.values():
            if isinstance(given, list):
                found += given
            else:
                found.append(given)
