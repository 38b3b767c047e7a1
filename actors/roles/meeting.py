"""Before statements are judged: who is meant by them, and by what text that which they tell is counted already.

Two bounded reads of the store for a batch. The first finds the ledger's persons behind the learners' keys, as of the
time that each statement tells of. A person may have been counted by other texts before they were known to be one with
somebody, so the second looks, for each change, by which of them it is counted.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.domain.acquaintance import Known
from actors.domain.changes import AnyChange
from actors.domain.forwarding import look_at
from actors.domain.people import Directory
from actors.domain.recognise import NotRouted, learner_of
from actors.domain.speech import moment_of
from actors.ports import LoggedStatement, Persons
from actors.ports.persons import Asked


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """Who is meant. ``counted``: of changes whose person has several texts, by entity, the one that counts."""

    known: Mapping[Asked, Known] = {}
    counted: Mapping[str, str] = {}

    def settle(self, change: AnyChange) -> AnyChange:
        """The change, counted by the text that it is counted by already."""
        learner = change.learner
        if not learner.also:
            return change
        anchor = self.counted.get(change.entity, learner.anchor)
        return msgspec.structs.replace(change, learner=learner.counted(anchor))


NOBODY = Company()


def told_us(statement: LoggedStatement) -> int:
    """When what a statement tells happened, never later than it was stored."""
    moment = moment_of(statement.timestamp) if statement.timestamp else None
    return statement.stored_us if moment is None else min(statement.stored_us, int(moment.timestamp() * 1e6))


class Reader(Protocol):
    """What reads changes in statements: a tenant's plan."""

    @property
    def directory(self) -> Directory: ...

    def read(self, statement: LoggedStatement, company: Company) -> AnyChange | NotRouted: ...


async def meet(reader: Reader, persons: Persons, tenant: str, batch: Sequence[LoggedStatement]) -> Company:
    """Who is meant by these. Raises StoreUnavailable."""
    asked: dict[Asked, None] = {}
    for statement in batch:
        at_us = told_us(statement)
        asked.update(((key, at_us), None) for key in _keys(statement, reader.directory))
    known = await persons.known(tenant, list(asked))
    if not known:
        return NOBODY
    company = Company(known=known)
    several: dict[str, dict[str, str]] = {}
    for statement in batch:
        change = _change(reader, statement, company)
        if change is not None and change.learner.also:
            texts = (change.learner.anchor, *change.learner.also)
            several[change.entity] = {_counted(change, text).entity: text for text in texts}
    first = await persons.first_known(tenant, [list(names) for names in several.values()])
    counted = {entity: names[name] for (entity, names), name in zip(several.items(), first, strict=True)}
    return msgspec.structs.replace(company, counted=counted)


def _counted(change: AnyChange, text: str) -> AnyChange:
    return msgspec.structs.replace(change, learner=change.learner.counted(text))


def _keys(statement: LoggedStatement, directory: Directory) -> tuple[str, ...]:
    try:
        learner = learner_of(look_at(statement.body).actor)
    except msgspec.MsgspecError:
        return ()  # whoever judges it says what is wrong with it
    return directory.keys(learner.key) if learner is not None else ()


def _change(reader: Reader, statement: LoggedStatement, company: Company) -> AnyChange | None:
    try:
        found = reader.read(statement, company)
    except Exception:  # noqa: BLE001  # whoever judges it says what is wrong with it
        return None
    return None if isinstance(found, NotRouted) else found
