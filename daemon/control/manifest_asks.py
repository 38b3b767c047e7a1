"""What is asked in order to register an app with a vendor."""

from typing import Literal

from daemon.control.ask import Ask, Role, Word


class Manifest(Ask, frozen=True, kw_only=True, tag="manifest"):
    """A ready-made registration for one of a tenant's targets. ``target`` empty: its only one of this kind (for Slack
    also one that is still to come). ``name`` is how people see the app."""

    platform: Literal["slack", "teams"]
    tenant: Word
    target: Word = ""
    name: Word = "lmsyncd"

    role = Role.VIEWER
