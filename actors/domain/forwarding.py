"""What consumers of statements choose by: a statement seen from outside, and a route's filter. Pure.

Every statement of the log is looked at, also those that tell no change: verbs that nobody knows, groups,
sub-statements, and statements that void others.
"""

from collections.abc import Sequence

import msgspec

from actors.domain.changes import Activity, StatementStored
from actors.domain.people import Directory, Learner
from actors.domain.recognise import ADL, Agent, learner_of
from config.routes import Filter

NOBODY = Learner(key="")


class _Verb(msgspec.Struct):
    id: str


class _Definition(msgspec.Struct):
    type: str = ""


class _Object(msgspec.Struct, rename="camel"):
    id: str = ""
    object_type: str = "Activity"
    definition: _Definition = msgspec.field(default_factory=_Definition)


class Sight(msgspec.Struct, rename="camel"):
    """A valid statement, as far as a filter and a consumer's line need to know it."""

    actor: Agent
    verb: _Verb
    object: _Object

    @property
    def activity(self) -> str:
        """The IRI of the activity that is its object; empty where the object is something else."""
        return self.object.id if self.object.object_type == "Activity" else ""

    @property
    def voids(self) -> str:
        """The id of the statement that it voids, in lower case."""
        return self.object.id.lower() if self.verb.id == ADL + "voided" else ""


look_at = msgspec.json.Decoder(Sight).decode
"""Of a stored (so: valid) statement's bytes."""


def passes(wanted: Filter | None, seen: Sight, source: str) -> bool:
    """Whether a route's filter lets the statement through: every key that is given must fit, by any of its values."""
    if wanted is None:
        return True
    return (
        _fits(wanted.verbs, seen.verb.id)
        and _fits(wanted.activities, seen.activity)
        and _fits(wanted.activity_types, seen.object.definition.type if seen.activity else "")
        and (not wanted.sources or source in wanted.sources)
    )


def _fits(wanted: Sequence[str], value: str) -> bool:
    """Exactly, or by its beginning where the pattern ends with ``*``."""
    if not wanted:
        return True
    return any(value.startswith(one[:-1]) if one.endswith("*") else value == one for one in wanted)


def stored(seen: Sight, *, statement_id: str, at: str, directory: Directory) -> StatementStored:
    """What a statement is to those who take all of them. ``at``: when it was stored, RFC 3339."""
    learner = learner_of(seen.actor)
    return StatementStored(
        learner=directory.enrich(learner) if learner else NOBODY,
        at=at,
        statement_id=statement_id,
        verb=seen.verb.id,
        activity=Activity(id=seen.activity, type=seen.object.definition.type) if seen.activity else None,
        voids=seen.voids,
    )
