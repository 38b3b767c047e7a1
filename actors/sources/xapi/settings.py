"""``[sources.NAME] kind = "xapi"``."""

from typing import Literal

from config.model import Secret, Words

Scope = Literal[
    "all",
    "all/read",
    "statements/write",
    "statements/read",
    "statements/read/mine",
    "state",
    "profile",
    "define",
]


class Credential(Words, frozen=True, kw_only=True):
    """One client of the LRS: Basic user name ``key`` and its secret, and what it may do (xAPI's scope names)."""

    key: str
    """User name, unique in the tenant."""
    secret: Secret
    """Password."""
    scopes: tuple[Scope, ...] = ("statements/write", "statements/read/mine")
    """What this client may do, in xAPI's words."""


class XapiSettings(Words, frozen=True, kw_only=True):
    """Who may send statements here. ``dedupe``: a statement without id but with a timestamp gets its id from its
    content, so that a batch sent twice is one; false: always a fresh id."""

    dedupe: bool = True
    """Whether a statement without id but with a timestamp gets its id from its content."""
    credentials: tuple[Credential, ...] = ()
    """Who may send; nobody without."""
