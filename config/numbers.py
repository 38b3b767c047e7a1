"""Numbers with what they count, as people read them: ``1 tenant``, ``2 tenants``, ``1,204 deliveries``."""

from re import compile

_PEOPLE = compile(r"\bpeople\b")
_PLURAL = compile(r"(?P<y>ies)\b|(?<=ss|sh|ch)(?P<es>es)\b|(?<=x)(?P<x>es)\b|(?<![s])(?P<s>s)\b")


def number_of(n: int, nouns: str, one: str = "", many: str = "") -> str:
    """``nouns`` in the plural, with adjectives before them if need be: of one thing the last word that is a plural
    loses its ending. ``one`` and ``many``: the verb that comes after it."""
    counted = f"{n:,} {one_of(nouns) if n == 1 else nouns}"
    return f"{counted} {agreeing(n, one, many)}" if many else counted


def one_of(nouns: str) -> str:
    """``open deliveries`` is ``open delivery``."""
    if (found := list(_PEOPLE.finditer(nouns))) or (found := list(_PLURAL.finditer(nouns))):
        last = found[-1]
        ending = "person" if last.group() == "people" else "y" if last.group() == "ies" else ""
        return nouns[: last.start()] + ending + nouns[last.end() :]
    return nouns


def agreeing(n: int, one: str, many: str) -> str:
    """The verb (or whatever else) that goes with so many."""
    return one if n == 1 else many
