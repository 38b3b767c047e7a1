"""What a kind of target takes of a route, and routes that ask for something else."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from config.document import listed, named_tables, tables
from config.routes import ONE_AUDIENCE
from config.walk import Finding

STATEMENT = "statement"
NEEDED = "this key is needed: a table"
_WAYS = ("channel", "learner", "course_channel")


class Taking(NamedTuple):
    """A kind's terms. ``audience``: whether a route says who is told there; ``statements`` and ``changes``: what it
    can be sent; ``wording``: whether what it is sent is worded by templates (and can be gathered, or rewritten);
    ``outward``: whether its address is a receiver's of the tenant's own choice, and not a vendor's."""

    audience: Literal["needed", "none"] = "needed"
    statements: bool = False
    changes: bool = True
    wording: bool = True
    outward: bool = False


def unfit(tree: dict[str, object], terms: Mapping[str, Taking]) -> Iterator[Finding]:
    """Routes that ask of their target what its kind does not do; a kind without terms has the usual ones."""
    targets = {name: str(table.get("kind")) for name, table in named_tables(tree, "targets").items()}
    for index, route in tables(tree, "routes"):
        kind = targets.get(str(route.get("to")))
        if kind is None:
            yield from _without_target(route, index)
        else:
            for key, message, suggestion in _unfit(route, kind, terms.get(kind, Taking())):
                yield Finding(("routes", index, key), message, suggestion)


def _without_target(route: dict[str, object], index: int) -> Iterator[Finding]:
    """What its target is, is said elsewhere; every kind but few needs an audience."""
    if "audience" not in route:
        yield Finding(("routes", index, "audience"), NEEDED)


def _unfit(route: dict[str, object], kind: str, taking: Taking) -> Iterator[tuple[str, str, str]]:
    if taking.audience == "none" and "audience" in route:
        yield "audience", f"a target of kind {kind} is one reader: it takes no audience", "leave it out"
    if taking.audience == "needed" and _says_nobody(route.get("audience", {})):
        yield ("audience", ONE_AUDIENCE, "") if "audience" in route else ("audience", NEEDED, "")
    words = listed(route, "when")
    if STATEMENT in words and not taking.statements:
        takers = "its statements go to targets of another kind (lrs, webhook)"
        yield "when", f"a target of kind {kind} takes changes, not statements", takers
    if not taking.changes and any(word != STATEMENT for word in words):
        advice = 'when = ["statement"], with filter = { verbs = […] } where not all are wanted'
        yield "when", f"a target of kind {kind} takes statements, not changes", advice
    if not taking.wording:
        if isinstance(route.get("mode"), dict):
            yield "mode", f"a target of kind {kind} takes no digests", 'mode = "realtime"'
        if "template" in route:
            yield "template", f"what goes to a target of kind {kind} is not worded", "leave it out"
        if route.get("changed") == "update":
            yield "changed", f"a target of kind {kind} has no posts that could be rewritten", 'changed = "post"'


def _says_nobody(audience: object) -> bool:
    """A table that is right in itself, but names no way to anybody."""
    if not isinstance(audience, dict) or audience.keys() - {*_WAYS, "team"} or "team" in audience:
        return False
    return not any(audience.get(way) for way in _WAYS)
