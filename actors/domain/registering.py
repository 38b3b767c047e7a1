"""Registering an app with a vendor: what a ready-made registration needs to know of where we are. Pure."""

from collections.abc import Sequence

import msgspec

from actors.domain.scopes import Need


class Unregistrable(Exception):
    """Something is missing. The text says what, and where to write it."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where one target's doors are. ``public_url`` is empty where the internet cannot reach us."""

    public_url: str
    tenant: str
    target: str

    @property
    def reachable(self) -> bool:
        """Vendors call nothing but https."""
        return self.public_url.startswith("https://")

    @property
    def callback(self) -> str:
        """Where whoever connected an account is sent back to."""
        return self._door("connect", "/callback")

    @property
    def events(self) -> str:
        """Where the vendor tells what happens."""
        return self._door("events")

    def _door(self, kind: str, rest: str = "") -> str:
        return f"{self.public_url.rstrip('/')}/t/{self.tenant}/{kind}/{self.target}{rest}"


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A registration, ready to be handed to the vendor: the same for the same configuration, to the byte. ``notes``
    say what is left to do, a line each."""

    file: str
    media_type: str
    content: bytes
    needs: Sequence[Need]
    notes: Sequence[str]
