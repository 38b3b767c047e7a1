"""Whether a source that is expected to call still does."""

from actors.ports import Witness
from actors.ports.records import SourceState
from config.durations import seconds


class Silence:
    """Of one source. ``longest``: how long it need not call, a duration. ``born_us``: whoever never called is waited
    for from then on."""

    def __init__(self, name: str, longest: str, born_us: int, witness: Witness) -> None:
        self._name = name
        self._longest_us = round(seconds(longest) * 1e6)
        self._born_us = born_us
        self._witness = witness
        self._silent = False

    def since_us(self, state: SourceState, now_us: int) -> int | None:
        """Since when it is silent, None: it is not. Tells when that begins, and when it is over."""
        since_us = self._born_us if state.heard_us is None else state.heard_us
        silent = now_us - since_us > self._longest_us
        if silent and not self._silent:
            self._witness.trouble("source.silent", None, source=self._name, seconds=round((now_us - since_us) / 1e6))
        elif self._silent and not silent:
            self._witness.event("source.heard_again", source=self._name)
        self._silent = silent
        return since_us if silent else None
