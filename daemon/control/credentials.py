"""Rows about the clients of the embedded LRS. ``views`` re-exports them."""

from daemon.control.view import View


class CredentialRow(View, frozen=True, kw_only=True, tag="credential"):
    """A client. ``origin``: ``file`` (the tenant's) or ``stored``. ``state``: ``active``, ``expired``, ``revoked``,
    ``hidden`` (the tenant file has one of this name), ``unplaced`` (its source is not configured), ``sealed`` (its
    hash is by a key that is lost: rotate it). ``overlap``: a former secret works too, until ``former_until_us`` or,
    where that is None, until it is taken out of the file. ``used``: how often it was let in."""

    tenant: str
    source: str
    name: str
    origin: str
    state: str
    scopes: tuple[str, ...]
    rate_per_s: float | None = None
    burst: int | None = None
    used: int = 0
    used_us: int | None = None
    overlap: bool = False
    former_until_us: int | None = None
    former_used_us: int | None = None
    made_us: int | None = None
    made_by: str = ""
    rotated_us: int | None = None
    expires_us: int | None = None
    revoked_us: int | None = None
    revoked_by: str = ""


class SecretRow(View, frozen=True, kw_only=True, tag="secret"):
    """A secret, the only time that it is shown. ``endpoint``: where it is good for, if the public address is known."""

    tenant: str
    source: str
    name: str
    secret: str
    scopes: tuple[str, ...]
    endpoint: str
    expires_us: int | None = None
    former_until_us: int | None = None
