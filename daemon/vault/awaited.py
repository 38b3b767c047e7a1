"""Secrets that the configuration in force refers to and that are nowhere yet: what needs one waits until it is put in.

Nothing is opened here. A name counts as there if the vault has it for the tenant or for all, or if systemd handed a
file of that name over; whether it is good is found out by who uses it.
"""

from collections.abc import Callable, Container, Mapping
from typing import NamedTuple

from config.model import Configuration, Secret
from config.numbers import agreeing
from config.referring import references
from config.secrets import is_awaited
from daemon.vault.secrets import Who


class Lack(NamedTuple):
    """``places`` of one tenant refer to the credential ``name``, which is nowhere."""

    tenant: str
    name: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        waits = f"{', '.join(self.places)} {agreeing(len(self.places), 'waits', 'wait')}"
        return f"{waits} for a secret: lmsyncctl secret set {self.name}"


class Awaited:
    """``configure`` with each configuration that comes into force. ``stored`` tells what the vault has."""

    def __init__(self, stored: Callable[[], Container[Who]], environ: Mapping[str, str]) -> None:
        self._stored = stored
        self._environ = environ
        self._wanted: tuple[Lack, ...] = ()

    def configure(self, configuration: Configuration) -> None:
        """These references are in force. What the daemon itself refers to cannot be waited for."""
        wanted: dict[Who, list[str]] = {}
        for name, places in references(configuration).items():
            for tenant, where in places:
                if tenant:
                    wanted.setdefault((tenant, name), []).append(where)
        self._wanted = tuple(Lack(tenant, name, tuple(places)) for (tenant, name), places in sorted(wanted.items()))

    def now(self) -> list[Lack]:
        """Those that are nowhere at this moment, in order."""
        stored = self._stored()
        return [
            each
            for each in self._wanted
            if (each.tenant, each.name) not in stored
            and ("", each.name) not in stored
            and is_awaited(Secret(credential=each.name), self._environ)
        ]
