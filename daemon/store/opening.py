"""What is done before a store can be used, told while it is done: it may take minutes, and whoever waits wants to know
for what."""


class Opening:
    """Hears of it from whichever thread does it; keeps it to itself. Whoever passes it on overrides these."""

    def step(self, what: str) -> None:
        """This is being done from now on."""

    def migrating(self, migration: str, at: int, last: int) -> None:
        """One migration of an older store begins, of those up to ``last``."""

    def migrated(self, migration: str, took_s: float) -> None:
        """It has ended; it holds once all of them have."""

    def rest(self) -> None:
        """Whatever it was, nobody waits for it any more."""


UNHEARD = Opening()
