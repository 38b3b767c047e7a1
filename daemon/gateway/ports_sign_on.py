"""What pages for people need of the rest of the process: signing in, and connecting accounts."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from actors.ports import Http, Persons
from actors.ports.conflicts import Conflicts, Decided, Decider
from actors.ports.tokens import Desk
from config.model import Configuration
from daemon.store.saml import SqlSaml
from daemon.store.sessions import Errand, StoredSession


class SessionStore(Protocol):
    """``daemon.store.sessions.SqlSessions``. All raise StoreUnavailable."""

    async def begin(self, new: StoredSession, replaces: bytes | None) -> list[StoredSession]: ...

    async def get(self, session_id: bytes) -> StoredSession | None: ...

    async def all(self, tenant: str = "") -> list[StoredSession]: ...

    async def seen(self, session_id: bytes, now_us: int) -> None: ...

    async def end(self, ids: Sequence[bytes]) -> list[StoredSession]: ...

    async def set_out(self, errand: Errand, now_us: int) -> bool: ...

    async def come_back(self, errand_id: bytes, session_id: bytes) -> Errand | None: ...


class Told(Protocol):
    """A line for the log."""

    def __call__(self, name: str, /, **fields: object) -> None: ...


class ReviewPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What pages for reviewers need. ``followed`` is told (tenant, verb, what was decided, by whom)."""

    conflicts: Conflicts
    followed: Callable[[str, str, Decided, Decider], None]


class SignOnPorts(msgspec.Struct, frozen=True, kw_only=True):
    """``configuration`` is asked at each request, so that a reload takes effect. ``saml`` is what sign-on by SAML
    remembers."""

    configuration: Callable[[], Configuration]
    http: Callable[[], Http]
    sessions: SessionStore
    saml: SqlSaml
    persons: Persons
    desk: Desk
    event: Told
    review: ReviewPorts | None = None
    """None: there are no pages for reviewers."""
