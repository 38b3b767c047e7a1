"""What is wrong with what we were sent: where, and which rule it breaks. Texts are answers to the sender."""

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One broken rule. ``path`` names the property (``context.contextActivities.parent[0].id``), empty: the whole."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}" if self.path else self.rule


class Refusal(Exception):
    """The sender's batch is refused whole. ``index`` is the statement's place in the array, None for the body
    itself; ``faults`` has at least one entry and is bounded."""

    def __init__(self, faults: tuple[Fault, ...], index: int | None = None) -> None:
        self.faults = faults
        self.index = index
        where = "" if index is None else f"statement {index}: "
        super().__init__(where + "; ".join(map(str, faults)))

    @property
    def path(self) -> str:
        return self.faults[0].path

    @property
    def reason(self) -> str:
        return self.faults[0].rule
