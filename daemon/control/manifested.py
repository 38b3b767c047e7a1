"""Rows about registrations with vendors."""

import msgspec

from daemon.control.view import View


class PermissionView(msgspec.Struct, frozen=True, kw_only=True):
    """A permission that the registration asks for, or that has to be granted beside it. ``speaker``: whose token
    carries it."""

    name: str
    speaker: str
    why: str


class ManifestRow(View, frozen=True, kw_only=True, tag="manifest"):
    """A registration: what is handed to the vendor (``content``), what it may then do, and what is left to do."""

    tenant: str
    target: str
    file: str
    media_type: str
    content: bytes
    permissions: tuple[PermissionView, ...]
    notes: tuple[str, ...]
