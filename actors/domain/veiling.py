"""What a vendor answers may repeat what it was sent: a secret among that is masked before anybody reads on.

Of an address that is a secret, a router names the path, a framework the query, a person neither; so each part that is
long enough to be one is a secret of its own.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

HIDDEN_CHARS_MIN = 8
"""What is shorter is a word: to mask it would only tell which one it is."""
_APART = re.compile(r"[/?&=;]")


def parts_of(url: str) -> tuple[str, ...]:
    """The address, and what follows the host, whole and in parts, as spelt and as meant."""
    try:
        split = urlsplit(url)
    except ValueError:
        return (url,)
    behind = f"{split.path}?{split.query}" if split.query else split.path
    found = [url, behind, *_APART.split(behind), split.username or "", split.password or ""]
    return tuple(dict.fromkeys([*found, *map(unquote, found)]))


def veiled(text: str, hidden: Iterable[str]) -> str:
    """The text without these; the longest first, so that none leaves a rest."""
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= HIDDEN_CHARS_MIN:
            text = text.replace(secret, "***")
    return text
