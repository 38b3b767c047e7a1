"""Rows about the tokens of connections. ``views`` re-exports them."""

from daemon.control.view import View


class TokenRow(View, frozen=True, kw_only=True, tag="token"):
    """Whose token speaks for a connection, and how it stands; never the token. ``state``: ``live`` (renewed by what is
    configured), ``connected`` (by a person), ``configured`` (an operator looks after it, nobody renews it), ``waiting``
    (the first is being asked for), ``unconnected``, ``lost`` (somebody must connect again), ``revoked``. ``usable``:
    there is one to speak with now. ``asked_us``: a renewal was asked for, and its answer is not known."""

    connection: str
    platform: str
    speaker: str
    state: str
    usable: bool
    account: str = ""
    by: str = ""
    since_us: int | None = None
    obtained_us: int | None = None
    expires_us: int | None = None
    renews_us: int | None = None
    renewable: bool = False
    asked_us: int | None = None
    version: int = 0
    lacking: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()
    why: str = ""
    note: str = ""


class ScopeRow(View, frozen=True, kw_only=True, tag="scope"):
    """One permission. ``verdict``: ``granted`` and needed, ``lacking``, ``excess`` (granted, and of no use to any
    route), ``needed`` (nobody knows whether it is granted: the vendor did not say)."""

    connection: str
    speaker: str
    scope: str
    verdict: str
    why: str = ""
    features: tuple[str, ...] = ()
