"""Known secrets never leave in a log line or a span.

Every line and every batch of spans is checked as the bytes it would be sent as; only what looks suspicious is gone
through string by string. The check must be cheap with thousands of secrets, so it samples: every eight-byte piece of
every secret is known, and a text is looked at in aligned eight-byte blocks. A secret of 15 bytes or more cannot hide
between two blocks; shorter ones are searched for one by one. Secrets that we made are known by how they begin: nobody
has kept them.
"""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote

import msgspec

BLOCK = 8
SAMPLED_BYTES_MIN = 2 * BLOCK - 1
MASK = "***"
OURS = b"lmsyncd_"
_ours = re.compile(r"lmsyncd_[A-Za-z0-9_-]{43}")


class Redactor:
    """``secrets`` is asked each time; give back the same set object as long as nothing changed."""

    def __init__(self, secrets: Callable[[], Collection[str]]) -> None:
        self._secrets = secrets
        self._known: Collection[str] | None = None
        self._forms: tuple[str, ...] = ()
        self._blocks: frozenset[int] = frozenset()
        self._short: tuple[bytes, ...] = ()

    def suspects(self, rendered: bytes) -> bool:
        """Whether a secret may be in here, as JSON, percent-encoded or bare. Never misses one; seldom errs."""
        self._refresh()
        if OURS in rendered or any(short in rendered for short in self._short):
            return True
        whole = len(rendered) // BLOCK * BLOCK
        return not self._blocks.isdisjoint(memoryview(rendered)[:whole].cast("Q"))

    def text(self, text: str) -> str:
        """With every secret in it masked."""
        self._refresh()
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return _ours.sub(MASK, text)

    def label(self, text: str) -> str:
        """As ``text``; quicker where there is nothing to mask."""
        return self.text(text) if self.suspects(text.encode("utf-8", "replace")) else text

    def value(self, value: object) -> object:
        """The same for every string inside, keys included; other things as they are."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.text(value.decode("utf-8", "replace"))
            case Mapping():
                return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(inner) for inner in value]
            case int() | float() | None:
                return value
            case _:
                return self.text(repr(value))

    def _refresh(self) -> None:
        secrets = self._secrets()
        if secrets is self._known or (self._known is not None and set(secrets) == set(self._known)):
            return
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        ordered = tuple(sorted(forms, key=len, reverse=True))  # the longest first: one may contain another
        blocks: set[int] = set()
        short: list[bytes] = []
        for form in ordered:
            for encoded in {form.encode(), msgspec.json.encode(form)[1:-1]}:
                if len(encoded) < SAMPLED_BYTES_MIN:
                    short.append(encoded)
                    continue
                for at in range(len(encoded) - BLOCK + 1):
                    blocks.add(int.from_bytes(encoded[at : at + BLOCK], sys.byteorder))
        self._forms, self._blocks, self._short = ordered, frozenset(blocks), tuple(short)
        self._known = secrets  # last: the span thread reads this too
