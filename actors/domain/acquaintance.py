"""What the ledger knows of the person behind a learner's key: who it is, and by what address they are reached. Pure."""

from collections.abc import Iterable, Sequence

import msgspec


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the ledger. ``anchor``: the text by which their entities are counted, for good; ``also``: further
    ones by which some were counted before they were known to be one person. ``contacts``: what targets call them, as
    an operator said. ``withheld``: why the address that is told for them is not used (then ``email`` is empty).
    ``person`` is 0 where any of several may be meant (``one_of``)."""

    person: int
    anchor: str
    also: tuple[str, ...] = ()
    name: str = ""
    email: str = ""
    locale: str = ""
    timezone: str = ""
    org_unit: str = ""
    contacts: dict[str, str] = {}
    withheld: str = ""


def one_of(address: str) -> Known:
    """Whoever of several is meant by an address that they have beside each other. What is told by it is counted apart
    from what is told of each of them: it may be any one's."""
    return Known(person=0, anchor=f"shared:{address}", email=address)


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A persona that has or had a value. Times in microseconds since the epoch."""

    persona: int
    person: int
    source: str
    from_us: int
    until_us: int | None
    inactive_us: int | None

    @property
    def has(self) -> bool:
        """Whether it is in force."""
        return self.until_us is None

    @property
    def active(self) -> bool:
        return self.until_us is None and self.inactive_us is None


def holder(holders: Sequence[Holder], at_us: int) -> int | None:
    """Whose value it was at that time; None where that is nobody, or nobody knows. What was told before anybody was
    known with it is the first one's; what was told after all had lost it, the last one's."""
    then = [h for h in holders if h.from_us <= at_us and (h.until_us is None or at_us < h.until_us)]
    if not then:
        later = [h for h in holders if at_us < h.from_us]
        if later:
            first_us = min(h.from_us for h in later)
            then = [h for h in later if h.from_us == first_us]
        elif holders:
            last_us = max(h.until_us or 0 for h in holders)
            then = [h for h in holders if h.until_us == last_us]
    persons = {h.person for h in then}
    if len(persons) > 1:
        persons = {h.person for h in then if h.inactive_us is None or at_us < h.inactive_us}
    return persons.pop() if len(persons) == 1 else None


def withheld(address: str, person: int, holders: Iterable[Holder]) -> str:
    """Why an address that is told for a person is not used: it may be somebody else's by now. Empty: it is used.

    Two whom one source itself gives the same address share it. But where a source took it from somebody and gave it
    to another, whoever has it elsewhere may be either."""
    everybody = list(holders)
    own = [h for h in everybody if h.person == person and h.has]
    others = [h for h in everybody if h.person != person and h.active]
    if not others or any(not h.source for h in own):  # an operator said so
        return ""
    if not any(h.active for h in own):
        return f"{address} is now that of another active user in {others[0].source or 'what people linked'}"
    here = {h.source for h in own if h.active}
    for other in others:
        before = [h for h in everybody if h.source == other.source and h.person != other.person and not h.active]
        if before and other.source not in here:
            return f"{address} was given from one user to another in {other.source}, and nobody said which one this is"
    return ""
